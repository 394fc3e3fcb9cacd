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
_FIELDS = ("id", "scope", "detector", "reason", "owner", "approver", "created", "expires")
_SALT_BYTES = 16


class Entry(NamedTuple):
    """One accepted leak.

    Attributes:
        id: an occurrence's id (``o1_…``) for the scope ``occurrence``, else a secret's (``s1_…``).
        scope: ``occurrence``, ``anywhere``, or ``path:`` and a pattern.
        created: an ISO date, as is ``expires``; an entry without an end never lapses.
    """

    id: str
    scope: str
    detector: str
    reason: str
    owner: str | None
    approver: str | None
    created: str
    expires: str | None

    def lapsed(self, today: date) -> bool:
        """Tell whether the entry has come to its end."""
        return self.expires is not None and self.expires < today.isoformat()


class Baseline(NamedTuple):
    """A baseline file: its salt and its entries by id."""

    name: str
    salt: bytes
    entries: tuple[Entry, ...]

    def identities(self) -> KeyedFingerprinter:
        """Return the fingerprinter whose ids stand in this file."""
        return KeyedFingerprinter(self.salt, local=False)

    def entry(self, secret_id: str, occurrence_id: str, path: str | None) -> Entry | None:
        """Return the entry that accepts an occurrence, the narrowest first.

        Args:
            secret_id: keyed by this file's salt, as is ``occurrence_id``.
        """
        fitting = [
            one
            for one in self.entries
            if one.id in {secret_id, occurrence_id} and _covers(one, occurrence_id, path)
        ]
        return min(fitting, key=_width, default=None)


def _covers(entry: Entry, occurrence_id: str, path: str | None) -> bool:
    if entry.scope == "occurrence":
        return entry.id == occurrence_id
    if entry.scope == "anywhere":
        return True
    return path is not None and fnmatch.fnmatchcase(path, entry.scope.removeprefix("path:"))


def _width(entry: Entry) -> tuple[int, str]:
    return (("occurrence", "path", "anywhere").index(entry.scope.partition(":")[0]), entry.id)


def new_baseline(name: str = FILE_NAME) -> Baseline:
    """Return an empty baseline with a salt of its own."""
    return Baseline(name, os.urandom(_SALT_BYTES), ())


def with_entries(baseline: Baseline, entries: Iterable[Entry]) -> Baseline:
    """Return the baseline with entries added; one that stands there already stays as it is."""
    known = {(entry.id, entry.scope): entry for entry in entries}
    known |= {(entry.id, entry.scope): entry for entry in baseline.entries}
    return baseline._replace(entries=tuple(sorted(known.values(), key=lambda e: (e.id, e.scope))))


def dump(baseline: Baseline) -> str:
    """Return the file's text: equal baselines give equal bytes."""
    header = {_HEADER: 1, "salt": baseline.salt.hex()}
    rows = [header, *(entry._asdict() for entry in sorted(baseline.entries))]
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
    entries = [_entry(line, f"{name}:{number}") for number, line in rows[1:]]
    return with_entries(Baseline(name, key, ()), entries)


_AGAIN = "make a new one: keyproof hook baseline"


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
    unknown = sorted(row.keys() - set(_FIELDS))
    if unknown:
        raise ConfigError(f"unknown field '{unknown[0]}'", where=where, hint=", ".join(_FIELDS))
    values: dict[str, str | None] = {}
    for field in _FIELDS:
        value = row.get(field)
        optional = field in {"owner", "approver", "expires"}
        if not (isinstance(value, str) and value.strip()) and not (optional and value is None):
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
