"""Accepted: turns what another scanner's file accepts into entries of our baseline.

A value is never needed: digests are compared with those of the values that a scan finds, and lines
are looked up in the very version of the file that they were said of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from keyproof.errors import ConfigError
from keyproof.identity import KeyedFingerprinter
from keyproof.leaks import gitio, texts
from keyproof.leaks.attribution import show_path
from keyproof.leaks.collector import search_text
from keyproof.leaks.conditions import Condition, compiled, reduce
from keyproof.leaks.gitio import Repository
from keyproof.leaks.imported import formats, read_text, read_with
from keyproof.leaks.imports._known import Acceptances, Known
from keyproof.leaks.locate import Found
from keyproof.leaks.matcher import Matcher
from keyproof.model.leak import Leak
from keyproof.model.secret import Secret


class Recogniser(KeyedFingerprinter):
    """A baseline's fingerprinter that remembers what it has met. For one process alone.

    Attributes:
        met: the secrets that have a wanted digest.
        left: what is left of each condition, by secret, once its value is known.
    """

    def __init__(self, salt: bytes, wanted: Iterable[Known]) -> None:
        """Take the baseline's salt, and what names digests."""
        super().__init__(salt, local=False)
        statements = list(wanted)
        self._wanted = frozenset(one.digest for one in statements if one.digest)
        self.met: dict[str, str] = {}
        self.left: dict[Known, dict[str, Condition]] = {
            one: {} for one in statements if one.condition is not False
        }

    def secret_id(self, secret: Secret) -> str:
        """See ``Fingerprinter.secret_id``."""
        secret_id = super().secret_id(secret)
        for known, left in self.left.items():
            subjects = {"secret": secret.reveal(), "match": secret.reveal()}
            left[secret_id] = reduce(known.condition, subjects)
        if self._wanted:
            value = secret.reveal()
            for name in ("sha1", "sha256"):
                digest = f"{name}:{hashlib.new(name, value, usedforsecurity=False).hexdigest()}"
                if digest in self._wanted:
                    self.met[digest] = secret_id
        return secret_id


class Spot(NamedTuple):
    """A place of a secret: what an entry is made of. Ids are keyed by the baseline's salt."""

    secret_id: str
    occurrence_id: str
    path: str | None
    detector: str
    commit: str | None = None


class _Line(NamedTuple):
    """A secret in the worktree, with the line as git-secrets shows it."""

    spot: Spot
    number: int | None
    shown: bytes


class Matched(NamedTuple):
    """What a statement accepts here: places, or a secret wherever it stands."""

    known: Known
    spots: tuple[Spot, ...]
    anywhere: str | None = None


def read_acceptances(path: Path) -> Acceptances:
    """Read a file of accepted findings of another scanner.

    Raises:
        ConfigError: it cannot be read, or is of no known form.
    """
    text = read_text(path)
    for module in formats():
        if module.recognises(str(path), text):
            if hasattr(module, "accepted"):
                found: Acceptances = read_with(module.accepted, text, path)
                return found
            if module.RULES:
                hint = f"keyproof leaks --rules {path}"
                raise ConfigError("this file holds rules", where=str(path), hint=hint)
            acceptances: Acceptances = read_with(module.read, text, path)
            return acceptances
    shown = "; ".join(module.TITLE for module in formats() if not module.RULES)
    raise ConfigError("no known form of accepted findings", where=str(path), hint=f"known: {shown}")


class Lookup:
    """Finds what statements mean in one repository that was scanned under a recogniser."""

    def __init__(
        self,
        repository: Repository,
        matcher: Matcher,
        recogniser: Recogniser,
        leaks: Sequence[Leak],
    ) -> None:
        """Take the repository, and the leaks whose ids are the recogniser's."""
        self._repository = repository
        self._matcher = matcher
        self._recogniser = recogniser
        self._spots = [
            Spot(leak.secret_id, place.occurrence_id, place.path, leak.detector, place.commit)
            for leak in leaks
            for place in leak.occurrences
        ]
        self._lines = list(self._worktree())

    def matched(self, known: Known) -> Matched:
        """Return what a statement accepts here; nothing where it matches nothing."""
        if known.digest is not None:
            return self._by_digest(known)
        if known.condition is not False:
            return Matched(known, _once(self._meeting(known)))
        if known.globs:
            globs = [re.compile(_glob(one)) for one in known.globs]
            fits = [s for s in self._spots if s.path and any(g.fullmatch(s.path) for g in globs)]
            return Matched(known, _once(fits))
        if known.pattern is not None:
            pattern = compiled(known.pattern)
            return Matched(known, _once(o.spot for o in self._lines if pattern.search(o.shown)))
        if known.path is None or known.line is None:
            return Matched(known, ())
        if known.commit:
            return Matched(known, _once(self._at_commit(known.commit, known.path, known.line)))
        at = (known.path, known.line)
        return Matched(known, _once(o.spot for o in self._lines if (o.spot.path, o.number) == at))

    def _by_digest(self, known: Known) -> Matched:
        secret_id = self._recogniser.met.get(known.digest or "")
        if secret_id is None:
            return Matched(known, ())
        if known.path is None:
            return Matched(known, (), secret_id)
        here = [s for s in self._spots if (s.secret_id, s.path) == (secret_id, known.path)]
        at = (secret_id, known.path)
        here += [o.spot for o in self._lines if (o.spot.secret_id, o.spot.path) == at]
        return Matched(known, _once(here))

    def _meeting(self, known: Known) -> Iterator[Spot]:
        """Yield what meets a condition; lines are known of the worktree alone."""
        left = self._recogniser.left[known]
        spots = [(spot, b"") for spot in self._spots]
        for spot, shown in (*spots, *((one.spot, one.shown) for one in self._lines)):
            subjects = {
                "line": shown,
                "path": (spot.path or "").encode(),
                "commit": (spot.commit or "").encode(),
            }
            if reduce(left.get(spot.secret_id, False), subjects) is True:
                yield spot

    def _worktree(self) -> Iterator[_Line]:
        for text in texts.worktree_files(self._repository):
            if text.data is not None:
                lines = text.data.split(b"\n")
                path = show_path(text.path)
                for found in self._search(text.data):
                    content = lines[found.line - 1] if found.line else b""
                    shown = b"%b:%d:%b" % (text.path, found.line or 0, content.rstrip(b"\r"))
                    yield _Line(_spot(found, path), found.line, shown)

    def _at_commit(self, commit: str, path: str, line: int) -> Iterator[Spot]:
        name = f"{commit}:{path}"
        data = gitio.run(self._repository, "cat-file", "blob", name, allow_failure=True)
        for found in self._search(data):
            if found.line == line:
                yield _spot(found, path)

    def _search(self, data: bytes) -> list[Found]:
        return search_text(self._matcher, self._recogniser, data)


def _spot(found: Found, path: str) -> Spot:
    return Spot(found.secret_id, found.occurrence_id, path, found.detector)


def _once(spots: Iterable[Spot]) -> tuple[Spot, ...]:
    """Keep one spot a secret and file: an entry covers every version of it."""
    first: dict[tuple[str, str | None], Spot] = {}
    for spot in spots:
        key = (spot.secret_id, spot.path if spot.path is not None else spot.occurrence_id)
        first.setdefault(key, spot)
    return tuple(first.values())


def _glob(pattern: str) -> str:
    """Return a pattern of paths as an expression: ``**`` crosses folders, ``*`` does not."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("./"))
    spelt = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = "".join(spelt.get(part, re.escape(part)) for part in parts)
    return expression + (".*" if pattern.endswith("/") else "(?:/.*)?")
