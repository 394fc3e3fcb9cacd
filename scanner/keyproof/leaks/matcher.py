"""Matcher: every trigger in one hyperscan database; what it reports opens the exact check.

Facts about hyperscan that shape this module: input over 4 GiB gives no match and no error, so
windows are bounded; a database read from a file has no scratch; a scratch belongs to one thread;
scanning releases the interpreter lock, so threads are enough.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import hyperscan

from keyproof.leaks.exact import confirm, resolve
from keyproof.leaks.hit import Hit
from keyproof.leaks.rules import RuleSet

if TYPE_CHECKING:
    from keyproof.leaks.encoded_search import EncodedSearch

WINDOW_BYTES = 64 << 20
_LINE = 512
"""How far beyond its window an exact check looks at the line that it stands in."""
_SHORT = 640
"""Triggers wider than this also have a database of their own, for looking at long stretches."""
_FORMAT = 3
_ENCODED_WIDTH = 40
"""No trigger of an encoded run is wider (said here, because a clean commit loads none of them)."""
_WIDE = rb"(?:[\x20-\x7e]\x00){10}|(?:[\x20-\x7e]\x00\x00\x00){10}"

Trigger = tuple[int, int]
"""What hyperscan reported: index of the trigger, offset after the match's last byte."""


class _Databases(NamedTuple):
    """Loaded databases: the detectors' triggers, the long ones alone, encoded runs, wide text."""

    every: Any
    long: Any
    encoded: Any
    wide: Any


class Matcher:
    """The rules' databases with scratches of one thread: made by :func:`open_matcher`."""

    def __init__(self, rules: RuleSet, databases: _Databases) -> None:
        """Take loaded databases and make scratches for them."""
        self.rules = rules
        self.first_encoding = len(rules.triggers)
        self._encoded: EncodedSearch | None = None
        self._databases = databases
        self._scratches = _Databases(*(hyperscan.Scratch(database) for database in databases))
        widths = [trigger.before for trigger in rules.triggers]
        self.overlap = max((t.before + t.after for t in rules.triggers), default=0) + 1
        self.short_width = max((width for width in widths if width <= _SHORT), default=1)
        self.encoded_width = _ENCODED_WIDTH
        self.long_width = max(widths, default=1)

    def copy(self) -> Matcher:
        """Return a matcher for another thread: the same databases, scratches of its own."""
        return Matcher(self.rules, self._databases)

    def triggers(self, data: Any) -> list[Trigger]:
        """Return where exact checks must look in a buffer of at most ``WINDOW_BYTES``."""
        return self.secret_triggers(data) + self.encoded_triggers(data)

    def secret_triggers(self, data: Any) -> list[Trigger]:
        """Return those of :meth:`triggers` that are a detector's."""
        return _scan(self._databases.every, self._scratches.every, data)

    def encoded_triggers(self, data: Any) -> list[Trigger]:
        """Return those of :meth:`triggers` that announce encoded runs."""
        return _scan(self._databases.encoded, self._scratches.encoded, data)

    def long_triggers(self, data: Any) -> list[Trigger]:
        """Return those of :meth:`secret_triggers` that are wider than ``short_width``."""
        return _scan(self._databases.long, self._scratches.long, data)

    def has_wide_text(self, data: Any) -> bool:
        """Tell whether a buffer holds a run of text in UTF-16 or UTF-32."""
        return bool(_scan(self._databases.wide, self._scratches.wide, data))

    def reaches(self) -> list[tuple[int, int, int]]:
        """Return, by trigger, how far it and its exact check look: its width, left and right."""
        made = []
        for trigger in self.rules.triggers:
            detector = self.rules.detectors[trigger.detector]
            within = max(detector.companion.within if detector.companion else 0, detector.around)
            left = max(trigger.before, detector.before) + within + _LINE
            right = max(trigger.after, detector.after) + within + _LINE
            made.append((trigger.before, left, right))
        from keyproof.leaks.encoded import ENCODINGS

        return made + [(one.width, one.left, one.right) for one in ENCODINGS]

    def confirm(self, text: bytes, triggers: Iterable[Trigger]) -> list[Hit]:
        """Run the exact checks that ``triggers`` ask for, and keep one hit a place."""
        return self.settle([hit for n, end in triggers for hit in self.check(text, n, end)])

    def check(self, text: bytes, number: int, end: int) -> Iterable[Hit]:
        """Run the exact check of one trigger, or search the encoded run that it announces."""
        if number >= self.first_encoding:
            return self.encoded.hits(text, number - self.first_encoding, end)
        return self.plain(text, number, end)

    def plain(self, text: bytes, number: int, end: int) -> Iterable[Hit]:
        """Run the exact check of a trigger that is a detector's."""
        return confirm(self.rules, self.rules.triggers[number].detector, text, end)

    @property
    def encoded(self) -> EncodedSearch:
        """Searches what encoded runs hold; loaded when one is met."""
        if self._encoded is None:
            from keyproof.leaks.encoded_search import EncodedSearch

            self._encoded = EncodedSearch(self)
        return self._encoded

    @property
    def effort(self) -> tuple[int, int]:
        """How many encoded runs were decoded, and how often a bound left one undecoded."""
        return (self._encoded.decoded, self._encoded.cut) if self._encoded else (0, 0)

    def settle(self, hits: Iterable[Hit]) -> list[Hit]:
        """Keep one hit a place, by place."""
        settled: list[Hit] = []
        for group in _groups(hits):
            settled += group if len(group) == 1 else resolve(self.rules, group)
        return settled

    def find(self, text: bytes) -> list[Hit]:
        """Return the hits in a text of any length, by place."""
        if len(text) <= WINDOW_BYTES:
            return self.confirm(text, self.triggers(text))
        step = WINDOW_BYTES - self.overlap
        seen: set[Trigger] = set()
        view = memoryview(text)
        for low in range(0, len(text), step):
            seen.update((n, low + end) for n, end in self.triggers(view[low : low + WINDOW_BYTES]))
        return self.confirm(text, sorted(seen, key=lambda trigger: trigger[1]))


def _groups(hits: Iterable[Hit]) -> Iterator[list[Hit]]:
    """Split hits into runs of overlapping ones: resolving compares each with each."""
    group: list[Hit] = []
    reach = -1
    for hit in sorted(set(hits), key=lambda h: (h.start, h.end)):
        if group and hit.start >= reach:
            yield group
            group = []
        group.append(hit)
        reach = max(reach, hit.end)
    if group:
        yield group


def open_matcher(rules: RuleSet, cache_folder: Path) -> Matcher:
    """Return the matcher of ``rules``: read from the user's cache, or compiled and kept there.

    A cache that is damaged, foreign or cannot be written costs time and nothing else.
    """
    once = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL
    wide = _compiled([_WIDE], [once], [0])
    named = f"{_FORMAT}:{rules.digest}:{wide.info()!r}:{platform.machine()}:{_processor()}"
    path = cache_folder / f"matcher-{hashlib.sha256(named.encode()).hexdigest()[:32]}.hs"
    loaded = _read(path)
    if loaded is None:
        numbers = range(len(rules.triggers))
        every = _compile(rules, numbers)
        long = _compile(rules, [n for n in numbers if rules.triggers[n].before > _SHORT])
        loaded = (every, long, _compile_encodings(len(numbers)))
        _write(path, [hyperscan.dumpb(database) for database in loaded])
    return Matcher(rules, _Databases(*loaded, wide))


def _compile(rules: RuleSet, numbers: Sequence[int]) -> Any:
    if not numbers:
        return _compiled([rb"\x00{8}keyproof"], [0], [0])
    chosen = [rules.triggers[number] for number in numbers]
    return _compiled([t.expression for t in chosen], [t.flags for t in chosen], list(numbers))


def _compile_encodings(first: int) -> Any:
    from keyproof.leaks.encoded import ENCODINGS

    expressions = [encoding.expression for encoding in ENCODINGS]
    flags = [hyperscan.HS_FLAG_DOTALL] * len(expressions)
    return _compiled(expressions, flags, [first + n for n in range(len(expressions))])


def _compiled(expressions: list[bytes], flags: list[int], ids: list[int]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=expressions, ids=ids, elements=len(ids), flags=flags)
    return database


def _scan(database: Any, scratch: Any, data: Any) -> list[Trigger]:
    found: list[Trigger] = []

    def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
        found.append((number, end))

    database.scan(data, match_event_handler=on_match, scratch=scratch)
    return found


def _processor() -> str:
    """Return what tells two processors apart: a database is compiled for one kind of them."""
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as lines:
            return next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        return platform.processor()


def _read(path: Path) -> tuple[Any, Any, Any] | None:
    try:
        stored = path.read_bytes()
        seal, body = stored[:32], stored[32:]
        if hashlib.sha256(body).digest() != seal:
            return None
        first, second = int.from_bytes(body[:8], "big"), int.from_bytes(body[8:16], "big")
        ends = (16, 16 + first, 16 + first + second, len(body))
        mode = hyperscan.HS_MODE_BLOCK
        every, long, encoded = (
            hyperscan.loadb(body[low:high], mode=mode) for low, high in pairwise(ends)
        )
    except (OSError, ValueError, hyperscan.error):
        return None
    return every, long, encoded


def _write(path: Path, databases: list[bytes]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    sizes = b"".join(len(database).to_bytes(8, "big") for database in databases[:2])
    body = sizes + b"".join(databases)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(hashlib.sha256(body).digest() + body)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
