"""``keyproof policies bundle``, ``sign`` and ``verify``: packs that an organisation can insist on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from keyproof.cli.terminal import note
from keyproof.errors import ExitCode

_FOLDER = click.argument("folder", required=False, type=click.Path(path_type=Path))
_SIGNING = click.option(
    "--signing-key", type=click.Path(path_type=Path),
    help="PEM file with the private key: RSA, P-256 or Ed25519.",
)  # fmt: skip


@click.command()
@_FOLDER
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("bundle.tar.gz"),
    show_default=True, help="The bundle to write.",
)  # fmt: skip
@_SIGNING
@click.option("--sign/--no-sign", "signed", default=True, help="Whether to sign it.")
def bundle(folder: Path | None, output: Path, signing_key: Path | None, *, signed: bool) -> int:
    """Write a folder of policies as a signed OPA bundle.

    Without FOLDER, that of the shipped policies. An OPA server serves it, and 'policies: {bundle: …,
    verification_key: …}' in keyproof.yaml makes every scan run it and nothing else. Without
    --signing-key the shared secret in KEYPROOF_BUNDLE_SECRET signs (HS256).
    """
    from keyproof.pipeline import policyset
    from keyproof.pipeline.bundle_files import SIGNATURES, read_bundle, render_archive
    from keyproof.pipeline.policy_lock import FILE_NAME, render_lock
    from keyproof.resources import shipped

    target = folder or shipped("policies")
    pack = policyset.of_folder(target)
    files = {name: data for name, data in read_bundle(target).items() if name != SIGNATURES}
    files.setdefault(FILE_NAME, render_lock(target).encode())
    if signed:
        files[SIGNATURES] = _signed(files, signing_key)
    output.write_bytes(render_archive(files))
    how = "signed" if signed else "not signed"
    note(f"{len(pack.policies)} policies, {len(files)} files, {how}: {output}")
    return ExitCode.OK


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_SIGNING
def sign(folder: Path, signing_key: Path | None) -> int:
    """Sign the files of a folder of policies, as 'opa sign' does.

    Writes its .signatures.json. Without --signing-key the shared secret in KEYPROOF_BUNDLE_SECRET
    signs (HS256).
    """
    from keyproof.pipeline.bundle_files import SIGNATURES, read_bundle

    files = read_bundle(folder)
    (folder / SIGNATURES).write_bytes(_signed(files, signing_key))
    number = len(files.keys() - {SIGNATURES})
    note(f"{number} {'file' if number == 1 else 'files'} signed: {folder / SIGNATURES}")
    return ExitCode.OK


@click.command()
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option(
    "--verification-key", type=click.Path(path_type=Path),
    help="PEM file with the public key or a certificate.",
)  # fmt: skip
def verify(bundle: Path, verification_key: Path | None) -> int:
    """Check that a bundle or folder is signed, whole and unedited.

    Without --verification-key the shared secret in KEYPROOF_BUNDLE_SECRET verifies (HS256).
    """
    from keyproof.app import packs
    from keyproof.pipeline.bundle_files import SIGNATURES, read_bundle
    from keyproof.pipeline.bundle_signature import verify as check

    key = packs.verification_key(verification_key, os.environ)
    files = read_bundle(bundle)
    check(files, key, where=str(bundle))
    number = len(files.keys() - {SIGNATURES})
    click.echo(f"{bundle}: {number} files, signed ({key.algorithm}) and unedited")
    return ExitCode.OK


def _signed(files: Mapping[str, bytes], signing_key: Path | None) -> bytes:
    from keyproof.app import packs
    from keyproof.pipeline.bundle_signature import sign as made

    return made(files, packs.signing_key(signing_key, os.environ))
