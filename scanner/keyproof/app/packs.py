"""Packs: which policies a run loads, and that an organisation which signs them gets no others."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from keyproof.app.policy_settings import SeverityChange
from keyproof.app.settings import Loaded
from keyproof.errors import ConfigError, PolicyError, UsageError
from keyproof.model.policy import SEVERITIES, Policy, Severity
from keyproof.pipeline import policyset
from keyproof.pipeline.bundle_files import read_bundle, write_folder
from keyproof.pipeline.bundle_keys import SECRET_VARIABLE, Key, key_file, shared_secret
from keyproof.pipeline.bundle_signature import verify
from keyproof.pipeline.policyset import PolicySet


def verification_key(path: Path | None, environment: Mapping[str, str]) -> Key:
    """Return the key to verify with: of a file, else the shared secret of the environment.

    Raises:
        PolicyError: the key cannot be used.
        ConfigError: there is none.
    """
    return _key(path, environment, private=False, option="--verification-key")


def signing_key(path: Path | None, environment: Mapping[str, str]) -> Key:
    """Return the key to sign with: of a file, else the shared secret of the environment.

    Raises:
        PolicyError: the key cannot be used.
        ConfigError: there is none.
    """
    return _key(path, environment, private=True, option="--signing-key")


def _key(path: Path | None, environment: Mapping[str, str], *, private: bool, option: str) -> Key:
    if path is not None:
        return key_file(path, private=private)
    secret = environment.get(SECRET_VARIABLE)
    if not secret:
        raise ConfigError(
            "there is no key for signatures of policies",
            hint=f"name a PEM file with {option}, or set {SECRET_VARIABLE}",
        )
    return shared_secret(secret)


@contextlib.contextmanager
def opened_pack(loaded: Loaded) -> Iterator[Path | None]:
    """Yield the folder of the pack that ``policies.bundle`` names; ``None`` for the shipped one.

    What is signed is verified first, and what was verified is what lies in the folder.

    Raises:
        PolicyError: a pack or folder cannot be read, or is not signed as it must be.
    """
    settings = loaded.settings.policies
    key = None
    if settings.verification_key:
        key = key_file(loaded.path(settings.verification_key), private=False)
        for folder in settings.folders:
            path = loaded.path(folder)
            verify(read_bundle(path), key, where=str(path))
    if settings.bundle is None:
        yield None
        return
    bundle = loaded.path(settings.bundle)
    files = read_bundle(bundle)
    if key is not None:
        verify(files, key, where=str(bundle))
    with tempfile.TemporaryDirectory(prefix="keyproof-pack-") as made:
        write_folder(files, Path(made))
        yield Path(made)


def load_policies(loaded: Loaded, *, disable: Sequence[str] = ()) -> PolicySet:
    """Return the policies that the settings name, but for those to leave out.

    Raises:
        PolicyError: a policy does not fit, or is not signed as it must be.
        UsageError: an id that does not exist.
        NothingToCheck: nothing is left to run.
    """
    with opened_pack(loaded) as pack:
        return policyset.narrowed(policies_of(loaded, pack), disable=disable)


def policies_of(loaded: Loaded, pack: Path | None) -> PolicySet:
    """Return all policies of an opened pack and of the user's folders; see :func:`load_policies`.

    Args:
        pack: what :func:`opened_pack` yielded.
    """
    settings = loaded.settings.policies
    folders = [loaded.path(folder) for folder in settings.folders]
    found = _graded(loaded, policyset.load(folders, pack=pack, instead=settings.instead()))
    if pack is None:
        if settings.verification_key:
            _expect_unedited(found)
        return found
    here, there = f"{pack}{os.sep}", f"{loaded.path(str(settings.bundle))}{os.sep}"
    moved = tuple(replace(p, path=p.path.replace(here, there, 1)) for p in found.policies)
    return replace(found, policies=moved)


def _graded(loaded: Loaded, found: PolicySet) -> PolicySet:
    """Give policies the severities that the settings name; what they declare stays beside it."""
    changes = {
        name: SeverityChange(severity=given)
        if isinstance(given, str)
        else loaded.document.convert(SeverityChange, "policies", "severities", name)
        for name, given in loaded.settings.policies.severities.items()
    }
    for name, change in changes.items():
        where = loaded.document.where("policies", "severities", name)
        try:
            found.get(name)
        except UsageError as unknown:
            raise ConfigError(unknown.message, where=where, hint=unknown.hint) from None
        if change.severity not in SEVERITIES:
            words = ", ".join(reversed(SEVERITIES))
            raise ConfigError(f"the severity of '{name}' must be one of: {words}", where=where)

    def graded(policy: Policy) -> Policy:
        change = changes.get(policy.id)
        if change is None or change.severity == policy.severity:
            return policy
        return replace(
            policy,
            severity=msgspec.convert(change.severity, Severity),
            declared_severity=policy.severity,
            severity_reason=change.reason or "",
        )

    return replace(found, policies=tuple(map(graded, found.policies)))


def _expect_unedited(found: PolicySet) -> None:
    """Where signatures are demanded, what ships must be what shipped."""
    for policy in found.policies:
        if policy.modified:
            raise PolicyError(
                "was edited, and policies.verification_key demands signed ones",
                where=policy.path,
                hint="sign a pack of your own and name it in policies.bundle",
            )
