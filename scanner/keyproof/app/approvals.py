"""Approvals: whether the commit that made a waiver what it is was signed by its approver.

The entry is followed back through the history of its file, by its content: the commit after which it
read as it does now is the one that counts, whatever else was changed since. git checks the
signature, against the allowed signers that the settings (or the user's own git configuration) name;
what the repository's configuration says of programs and signers is not used.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from keyproof import yamlfile
from keyproof.errors import ConfigError, SourceError
from keyproof.leaks.gitio import Repository, open_repository, run
from keyproof.model.waiver import Approval

MOST_COMMITS = 2000
"""Of the file's history: what lies further back is not looked at, and the approval is declared."""

_EMAIL = re.compile(r"[^\s<>,]+@[^\s<>,]+")
_GOOD = "G"
"""git's word for a signature that is good, by a key that somebody vouches for (git-log, %G?)."""

_WHOLLY = frozenset({"fully", "ultimate"})
"""How far that key must be trusted (git-log, %GT): gpg knows "marginal" too."""

_NONE, _UNCHECKED = "N", "E"

_UNTRUSTED = {
    "B": "its signature is bad",
    "G": "its signature is good, but the key is trusted in part only",
    "U": "its signature is good, but nobody vouches for the key",
    "X": "its signature has expired",
    "Y": "its key has expired",
    "R": "its key was revoked",
    "E": "its signature cannot be checked here",
    "N": "it is not signed",
}


class _Signature(NamedTuple):
    """What git says of a commit's signature."""

    word: str
    trust: str
    signer: str

    @property
    def proves(self) -> bool:
        """Whether it is good, by a key that is trusted wholly."""
        return self.word == _GOOD and self.trust in _WHOLLY


def approvals(
    path: Path, signers: Path | None, environment: Mapping[str, str]
) -> Mapping[str, Approval]:
    """Return what is known of the approval of each waiver of a file, by the waiver's id.

    Args:
        signers: a file of allowed signers (ssh-keygen, "ALLOWED SIGNERS"); without it, the one of
            the user's own git configuration. Signatures by OpenPGP are checked by gpg's keyring.
    """
    entries = _entries(_read(path))
    try:
        repository = open_repository(path.absolute().parent, environment)
        if repository.worktree is None:
            return {}
        name = path.resolve().relative_to(repository.worktree.resolve()).as_posix()
        history = _History(repository, name)
        allowed = signers or _own_signers(environment)
        return {id_: _approval(history, id_, entry, allowed) for id_, entry in entries.items()}
    except SourceError as error:
        basis = f"the history of {path.name} cannot be read: {error.message}"
        return {id_: Approval(basis=basis) for id_ in entries}
    except ValueError:  # a link that leads out of the repository
        return {}


def _approval(
    history: _History, id_: str, entry: Mapping[str, Any], signers: Path | None
) -> Approval:
    commit = history.origin(id_, entry)
    if commit is None:
        return Approval(basis="the entry is not committed as it stands, or its history is cut")
    short = commit[:12]
    signature = history.signature(commit, signers)
    if not signature.proves:
        why = _UNTRUSTED.get(signature.word, "its signature cannot be checked here")
        return Approval(basis=f"commit {short} wrote it: {why}")
    if not _same_person(signature.signer, str(entry.get("approver"))):
        return Approval(basis=f"commit {short} wrote it, signed by {signature.signer}")
    return Approval(state="verified", basis=f"commit {short}, signed by {signature.signer}")


def _same_person(signer: str, approver: str) -> bool:
    """Compare by e-mail address where both have one, else as they are written."""
    one, other = (_EMAIL.findall(text.casefold()) for text in (signer, approver))
    if one and other:
        return not set(one).isdisjoint(other)
    return bool(signer.strip()) and signer.strip().casefold() == approver.strip().casefold()


class _History:
    """The commits that changed a file, newest first, and what it held at each."""

    def __init__(self, repository: Repository, name: str) -> None:
        self._repository = repository
        self._name = name
        listed = run(
            repository,
            *("rev-list", "--parents", "--topo-order", f"--max-count={MOST_COMMITS}", "HEAD"),
            *("--", name),
            allow_failure=True,
        )
        rows = [line.split() for line in listed.decode("ascii", "replace").splitlines()]
        self._parents = {row[0]: row[1:] for row in rows}
        self._newest = rows[0][0] if rows else None
        self._held: dict[str, Mapping[str, Any]] = {}
        shallow = repository.common_dir / "shallow"
        self._cut = frozenset(shallow.read_text().split()) if shallow.is_file() else frozenset()

    def origin(self, id_: str, entry: Mapping[str, Any]) -> str | None:
        """Return the commit after which the entry read as it does now; ``None`` if nobody knows."""
        commit = self._newest
        if commit is None or self._at(commit).get(id_) != entry:
            return None
        while True:
            same = (p for p in self._parents[commit] if self._at(p).get(id_) == entry)
            before = next(same, None)
            if before is None:
                return None if commit in self._cut else commit
            if before not in self._parents:
                return None
            commit = before

    def signature(self, commit: str, signers: Path | None) -> _Signature:
        """Ask git about a commit's signature, with programs and signers of our choice."""
        chosen = (
            "gpg.program=gpg",
            "gpg.openpgp.program=gpg",
            "gpg.x509.program=gpgsm",
            "gpg.ssh.program=ssh-keygen",
            f"gpg.ssh.allowedSignersFile={signers or os.devnull}",
            "gpg.ssh.revocationFile=",
            "gpg.minTrustLevel=undefined",
        )
        settings = [part for setting in chosen for part in ("-c", setting)]

        def told(what: str) -> str:
            asked = ("log", "-1", "--no-show-signature", f"--format={what}", commit)
            return run(self._repository, *settings, *asked).decode("utf-8", "replace").strip("\n")

        word, _, signer = told("%G?%x00%GS").partition("\0")
        if word == _NONE and self._has_signature(commit):
            word = _UNCHECKED  # the program that would check it is missing, or failed
        trust = told("%GT") if word == _GOOD else ""  # git aborts where it knows no trust
        return _Signature(word, trust, signer)

    def _has_signature(self, commit: str) -> bool:
        head = run(self._repository, "cat-file", "commit", commit).partition(b"\n\n")[0]
        return b"\ngpgsig" in head

    def _at(self, commit: str) -> Mapping[str, Any]:
        if commit not in self._held:
            blob = f"{commit}:{self._name}"
            text = run(self._repository, "cat-file", "blob", blob, allow_failure=True)
            self._held[commit] = _entries(text)
        return self._held[commit]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # whoever reads the file as settings complains


def _entries(text: bytes) -> Mapping[str, Any]:
    """Return the entries of a waiver file by id, in a form that compares; none if it has none."""
    try:
        data = yamlfile.parse(text.decode("utf-8", "replace"), "waivers").data
    except ConfigError:
        return {}
    found = data.get("waivers") if isinstance(data, dict) else None
    entries = [entry for entry in found or () if isinstance(entry, dict) and "id" in entry]
    plain = [msgspec.to_builtins(entry, str_keys=True) for entry in entries]
    return {str(entry["id"]): entry for entry in plain}


def _own_signers(environment: Mapping[str, str]) -> Path | None:
    """Return the allowed signers of the user's own git configuration."""
    try:
        done = subprocess.run(
            ["git", "config", "--global", "--type=path", "--get", "gpg.ssh.allowedSignersFile"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    text = os.fsdecode(done.stdout).strip()
    return Path(text) if text else None
