"""Baseline: a file beside the code that accepts known leaks, each with a reason and an end.

The first line holds a random salt, and each further line is one entry, sorted: nothing is rewritten
by a scan, so branches merge. Ids are keyed by the salt, the same for every developer and for CI;
they hold no path, line, commit or detector, so an entry survives moves, and another secret in an
accepted place is always new. A standard library module: the hook reads baselines.
"""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from keyproof.errors import ConfigError
from keyproof.identity import KeyedFingerprinter

FILE_NAME = ".keyproof-baseline"
_HEADER = "keyproof_baseline"
_SALT_BYTES = 16


class Entry(NamedTuple):
    """One accepted leak.

    Attributes:
        id: an occurrence's id (``o1_…``) for the scope ``occurrence``, else a secret's (``s1_…``).
        scope: ``occurrence``, ``anywhere``, or ``path:`` and a pattern.
        created: an ISO date, as is ``expires``; an entry without an end never lapses.
        of: the secret that an occurrence is of, and ``path``, where it stood: so that an edited
            line beside it changes nothing, and a copy elsewhere is told from a new secret.
        imported_from: the file of another scanner that accepted it.
    """

    id: str
    scope: str
    detector: str
    reason: str
    owner: str | None
    approver: str | None
    created: str
    expires: str | None
    of: str | None = None
    path: str | None = None
    ticket: str | None = None
    imported_from: str | None = None

    def lapsed(self, today: date) -> bool:
        """Tell whether the entry has come to its end."""
        return self.expires is not None and self.expires < today.isoformat()


_FIELDS = Entry._fields
_OPTIONAL = frozenset({"owner", "approver", "expires", *Entry._field_defaults})


class Baseline:
    """A baseline file: its salt and its entries, found by id."""

    def __init__(self, name: str, salt: bytes, entries: Sequence[Entry]) -> None:
        """Take the entries, sorted."""
        self.name = name
        self.salt = salt
        self.entries = tuple(entries)
        self._by_id: dict[str, list[Entry]] = {}
        for entry in self.entries:
            for key in {entry.id, entry.of} - {None}:
                self._by_id.setdefault(str(key), []).append(entry)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Baseline) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Baseline{self._key()!r}"

    def _key(self) -> tuple[str, bytes, tuple[Entry, ...]]:
        return self.name, self.salt, self.entries

    def identities(self) -> KeyedFingerprinter:
        """Return the fingerprinter whose ids stand in this file."""
        return KeyedFingerprinter(self.salt, local=False)

    def entry(self, secret_id: str, occurrence_id: str, path: str | None) -> Entry | None:
        """Return the entry that accepts an occurrence, the narrowest first.

        An occurrence is known by its secret and surroundings, wherever its file was moved; else by
        its secret and path, whatever was edited around it.

        Args:
            secret_id: keyed by this file's salt, as is ``occurrence_id``.
        """
        ranked = [
            (rank, one.id, one)
            for one in self._naming(secret_id, occurrence_id)
            if (rank := _rank(one, occurrence_id, path)) is not None
        ]
        return min(ranked, default=(0, "", None))[2]

    def elsewhere(self, secret_id: str, occurrence_id: str) -> Entry | None:
        """Return an entry that accepts this secret in another place, so not in this one."""
        return next(iter(self._naming(secret_id, occurrence_id)), None)

    def replaced(self, entries: Iterable[Entry]) -> Baseline:
        """Return the file with other entries."""
        return Baseline(self.name, self.salt, sorted(entries, key=_order))

    def _naming(self, secret_id: str, occurrence_id: str) -> list[Entry]:
        return [*self._by_id.get(occurrence_id, ()), *self._by_id.get(secret_id, ())]


def _rank(entry: Entry, occurrence_id: str, path: str | None) -> int | None:
    """Return how narrowly an entry covers a place of its secret; ``None`` if it does not."""
    if entry.scope == "occurrence":
        if entry.id == occurrence_id:
            return 0 if entry.path == path else 1
        return 2 if path is not None and entry.path == path else None
    if entry.scope == "anywhere":
        return 4
    fits = path is not None and fnmatch.fnmatchcase(path, entry.scope.removeprefix("path:"))
    return 3 if fits else None


def _order(entry: Entry) -> tuple[str, str]:
    return entry.id, entry.scope


def new_baseline(name: str = FILE_NAME) -> Baseline:
    """Return an empty baseline with a salt of its own."""
    return Baseline(name, os.urandom(_SALT_BYTES), ())


def with_entries(baseline: Baseline, entries: Iterable[Entry]) -> Baseline:
    """Return the baseline with entries added; one that stands there already stays as it is."""
    known = {_order(entry): entry for entry in entries}
    known |= {_order(entry): entry for entry in baseline.entries}
    return baseline.replaced(known.values())


def dump(baseline: Baseline) -> str:
    """Return the file's text: equal baselines give equal bytes."""
    rows: list[Mapping[str, object]] = [{_HEADER: 1, "salt": baseline.salt.hex()}]
    for entry in sorted(baseline.entries, key=_order):
        fields = entry._asdict().items()
        rows.append({k: v for k, v in fields if v is not None or k not in Entry._field_defaults})
    return "".join(
        json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows
    )


def write(baseline: Baseline, path: Path) -> None:
    """Replace the file in one step.

    Raises:
        ConfigError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(dump(baseline), encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(f"cannot be written ({error.strerror})", where=str(path)) from None


def find(folder: Path) -> Path | None:
    """Return the baseline at the top of the worktree that a folder lies in."""
    for candidate in (folder.absolute(), *folder.absolute().parents):
        if (candidate / ".git").exists():
            path = candidate / FILE_NAME
            return path if path.is_file() else None
    return None


def load(path: Path) -> Baseline | None:
    """Read a baseline; ``None`` where there is no such file.

    Raises:
        ConfigError: it cannot be read, or a line is not an entry.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8", where=str(path)) from None
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", where=str(path)) from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Baseline:
    """Parse a baseline's text. See :func:`load`."""
    rows = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not rows:
        raise ConfigError("the baseline is empty", where=name, hint=_AGAIN)
    header = _row(rows[0][1], f"{name}:{rows[0][0]}")
    salt = header.get("salt")
    if header.get(_HEADER) != 1 or not isinstance(salt, str) or len(salt) < 2 * _SALT_BYTES:
        raise ConfigError("the first line is no baseline header", where=f"{name}:1", hint=_AGAIN)
    try:
        key = bytes.fromhex(salt)
    except ValueError:
        raise ConfigError("the salt is not hexadecimal", where=f"{name}:1", hint=_AGAIN) from None
    if len(key) < _SALT_BYTES:  # spaces between the digits were counted above
        raise ConfigError("the salt is too short", where=f"{name}:1", hint=_AGAIN)
    entries = [_entry(line, f"{name}:{number}") for number, line in rows[1:]]
    return with_entries(Baseline(name, key, ()), entries)


_AGAIN = "make a new one: keyproof baseline add"


def _row(line: str, where: str) -> Mapping[str, object]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        marker = line.startswith(("<<<<<<<", "=======", ">>>>>>>"))
        hint = "resolve the merge: keep the lines of both sides" if marker else None
        raise ConfigError("not a baseline entry", where=where, hint=hint)
    return row


def _entry(line: str, where: str) -> Entry:
    row = _row(line, where)
    if _HEADER in row:
        hint = "two branches made a baseline each: keep one, then: keyproof baseline add"
        raise ConfigError("a second header", where=where, hint=hint)
    unknown = sorted(row.keys() - set(_FIELDS))
    if unknown:
        raise ConfigError(f"unknown field '{unknown[0]}'", where=where, hint=", ".join(_FIELDS))
    values: dict[str, str | None] = {}
    for field in _FIELDS:
        value = row.get(field)
        absent = field in _OPTIONAL and value is None
        if not (isinstance(value, str) and value.strip()) and not absent:
            raise ConfigError(f"'{field}' is missing or no text", where=where)
        values[field] = value if isinstance(value, str) else None
    entry = Entry(**values)  # type: ignore[arg-type]
    _check(entry, where)
    return entry


def _check(entry: Entry, where: str) -> None:
    """Insist on a scope, an id of its kind, and dates.

    Raises:
        ConfigError: one of them is wrong.
    """
    kind = entry.scope.partition(":")[0]
    if kind not in {"occurrence", "path", "anywhere"} or (kind == "path") != (":" in entry.scope):
        raise ConfigError(
            "the scope is unknown", where=where, hint="occurrence, anywhere, or path:PATTERN"
        )
    if not entry.id.startswith("o1_" if kind == "occurrence" else "s1_"):
        raise ConfigError(f"the id does not fit the scope '{kind}'", where=where)
    for moment in (entry.created, entry.expires):
        try:
            date.fromisoformat(moment or "2000-01-01")
        except ValueError:
            raise ConfigError("a date is not written YYYY-MM-DD", where=where) from None


def unused(baseline: Baseline, used: Iterable[Entry]) -> Sequence[Entry]:
    """Return the entries that accepted nothing: their secrets are gone, or were never there."""
    seen = set(used)
    return [entry for entry in baseline.entries if entry not in seen]
