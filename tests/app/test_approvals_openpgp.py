"""Approvals by OpenPGP: a real gpg signs the commits, and a keyring says who is believed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.needs import tool
from tests.support.repository import Repo

from keyproof.app.approvals import approvals
from keyproof.model.waiver import Approval

FILE = """\
version: 1
waivers:
  - id: W-1
    policy: keys.owner
    subject: AKIA1
    reason: vendor rotates it in January
    requester: ada@example.org
    approver: Grace <grace@example.org>
    created: 2026-10-01
    expires: 2027-01-31
"""
NAMES = ("Ada", "Grace", "Half", "Marge", "Revoked", "Unknown")


class Keyring:
    """A folder of gpg's, with keys made in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder

    def run(self, *arguments: str, data: str = "") -> str:
        command = [tool("gpg"), "--homedir", str(self.folder), "--batch", "--yes", "--quiet"]
        unlocked = ["--pinentry-mode", "loopback", "--passphrase", ""]
        done = subprocess.run(
            [*command, *unlocked, *arguments],
            input=data,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make(self, name: str) -> None:
        user = f"{name} <{name.lower()}@example.org>"
        self.run("--quick-generate-key", user, "ed25519", "sign", "never")

    def print_of(self, name: str) -> str:
        listed = self.run("--with-colons", "--list-keys", f"{name.lower()}@example.org")
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))

    def trust(self, name: str, level: int) -> None:
        """Say how far a key is trusted: 2 not known, 4 marginally, 6 as one's own."""
        self.run("--import-ownertrust", data=f"{self.print_of(name)}:{level}:\n")

    def vouch(self, name: str, other: str) -> None:
        """Have somebody sign the key of somebody else."""
        user = f"{name.lower()}@example.org"
        self.run("--local-user", user, "--quick-lsign-key", self.print_of(other))

    def stop(self) -> None:
        command = ["gpgconf", "--homedir", str(self.folder), "--kill", "all"]
        subprocess.run(command, check=False, capture_output=True)


@pytest.fixture(scope="module")
def keyring() -> Iterator[Keyring]:
    """Return a keyring with everybody's keys; its path is short, as its agent's socket needs it."""
    tool("gpg")
    place = Path(tempfile.mkdtemp(prefix="kp"))
    made = Keyring(place / "g")
    try:
        for name in NAMES:
            made.make(name)
            made.trust(name, {"Ada": 6, "Grace": 6, "Marge": 4}.get(name, 2))
        made.vouch("Grace", "Marge")
        made.vouch("Marge", "Half")
        yield made
    finally:
        made.stop()
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def repository(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "shop", tmp_path / "home")


def approval(repository: Repo, keyring: Keyring, signer: str, reader: Keyring | None) -> Approval:
    """Return the approval of an entry whose commit somebody signed, as a reader's keyring has it."""
    repository.write("waivers.yaml", FILE)
    repository.git("add", "-A")
    settings = ("-c", "gpg.program=gpg", "-c", f"user.signingkey={keyring.print_of(signer)}")
    home = {"GNUPGHOME": str(keyring.folder)}
    repository.git(*settings, "commit", "-q", "-S", "-m", "x", env=home)
    environment = dict(repository.environment)
    if reader is not None:
        environment["GNUPGHOME"] = str(reader.folder)
    return approvals(repository.path / "waivers.yaml", None, environment)["W-1"]


def test_the_approvers_signature_verifies(repository: Repo, keyring: Keyring) -> None:
    found = approval(repository, keyring, "Grace", keyring)
    commit = repository.git("rev-parse", "HEAD")[:12]
    basis = f"commit {commit}, signed by Grace <grace@example.org>"
    assert found == Approval(state="verified", basis=basis)


@pytest.mark.parametrize(
    ("signer", "said"),
    [
        ("Ada", "signed by Ada <ada@example.org>"),
        ("Half", "the key is trusted in part only"),
        ("Unknown", "nobody vouches for the key"),
    ],
)
def test_another_signature_is_declared(
    signer: str, said: str, repository: Repo, keyring: Keyring
) -> None:
    found = approval(repository, keyring, signer, keyring)
    assert found.state == "declared"
    assert said in found.basis


@pytest.mark.parametrize("home", [True, False], ids=["an empty keyring", "no keyring"])
def test_a_key_that_is_in_no_keyring_proves_nothing(
    home: bool, repository: Repo, keyring: Keyring
) -> None:
    if home:
        Path(repository.environment["HOME"]).mkdir()
    found = approval(repository, keyring, "Grace", None)
    assert found.state == "declared"
    assert "cannot be checked here" in found.basis


def test_a_revoked_key_proves_nothing(repository: Repo, keyring: Keyring) -> None:
    approval(repository, keyring, "Revoked", keyring)
    name = f"{keyring.print_of('Revoked')}.rev"
    certificate = (keyring.folder / "openpgp-revocs.d" / name).read_text()
    keyring.run("--import", data=certificate.replace("\n:-----BEGIN", "\n-----BEGIN"))
    environment = repository.environment | {"GNUPGHOME": str(keyring.folder)}
    found = approvals(repository.path / "waivers.yaml", None, environment)["W-1"]
    assert found.state == "declared"
    assert "its key was revoked" in found.basis


def test_a_key_with_the_approvers_name_is_not_hers(repository: Repo, keyring: Keyring) -> None:
    place = Path(tempfile.mkdtemp(prefix="kp"))
    forged = Keyring(place / "g")
    try:
        forged.make("Grace")
        keyring.run("--import", data=forged.run("--armor", "--export", "grace@example.org"))
        found = approval(repository, forged, "Grace", keyring)
        keyring.run("--delete-keys", forged.print_of("Grace"))
    finally:
        forged.stop()
        shutil.rmtree(place, ignore_errors=True)
    assert found.state == "declared"
    assert "nobody vouches for the key" in found.basis
