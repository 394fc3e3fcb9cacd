"""Matcher: every trigger in one hyperscan database; what it reports opens the exact check.

Facts about hyperscan that shape this module: input over 4 GiB gives no match and no error, so
windows are bounded; a database read from a file has no scratch; a scratch belongs to one thread;
scanning releases the interpreter lock, so threads are enough.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import hyperscan

from keyproof.leaks.exact import confirm, resolve
from keyproof.leaks.hit import Hit
from keyproof.leaks.rules import RuleSet

WINDOW_BYTES = 64 << 20
_FORMAT = 1
_WIDE = rb"(?:[\x20-\x7e]\x00){10}|(?:[\x20-\x7e]\x00\x00\x00){10}"

Trigger = tuple[int, int]
"""What hyperscan reported: index of the trigger, offset after the match's last byte."""


class Matcher:
    """The rules' database with one scratch: made by :func:`open_matcher`, copied per thread."""

    def __init__(self, rules: RuleSet, database: Any, wide: Any) -> None:
        """Take a loaded database; ``wide`` finds runs of UTF-16 and UTF-32 text."""
        self.rules = rules
        self._database = database
        self._wide = wide
        self._scratch = hyperscan.Scratch(database)
        self._wide_scratch = hyperscan.Scratch(wide)
        self.overlap = max((t.before + t.after for t in rules.triggers), default=0) + 1

    def copy(self) -> Matcher:
        """Return a matcher for another thread: the same database, a scratch of its own."""
        return Matcher(self.rules, self._database, self._wide)

    def triggers(self, data: Any) -> list[Trigger]:
        """Return where exact checks must look in a buffer of at most ``WINDOW_BYTES``."""
        found: list[Trigger] = []

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((number, end))

        self._database.scan(data, match_event_handler=on_match, scratch=self._scratch)
        return found

    def has_wide_text(self, data: Any) -> bool:
        """Tell whether a buffer holds a run of text in UTF-16 or UTF-32."""
        found: list[int] = []

        def on_match(number: int, *_: object) -> None:
            found.append(number)

        self._wide.scan(data, match_event_handler=on_match, scratch=self._wide_scratch)
        return bool(found)

    def confirm(self, text: bytes, triggers: Iterable[Trigger]) -> list[Hit]:
        """Run the exact checks that ``triggers`` ask for, and keep one hit a place."""
        hits: list[Hit] = []
        reached: dict[int, int] = {}
        for number, end in triggers:
            detector = self.rules.triggers[number].detector
            if end <= reached.get(detector, -1) and self.rules.detectors[detector].covers:
                continue  # a repeat calls back for every byte that prolongs the same token
            for hit in confirm(self.rules, detector, text, end):
                hits.append(hit)
                reached[detector] = max(hit.end, reached.get(detector, -1))
        return [kept for group in _groups(hits) for kept in resolve(self.rules, group)]

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


def _groups(hits: list[Hit]) -> Iterator[list[Hit]]:
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
    library = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    _compile(library, [_WIDE], [hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL])
    named = f"{_FORMAT}:{rules.digest}:{library.info()!r}:{platform.machine()}"
    name = hashlib.sha256(f"{named}:{_processor()}".encode()).hexdigest()[:32]
    path = cache_folder / f"matcher-{name}.hs"
    database = _read(path)
    if database is None:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        expressions = [trigger.expression for trigger in rules.triggers] or [rb"\x00{8}keyproof"]
        flags = [trigger.flags for trigger in rules.triggers] or [0]
        _compile(database, expressions, flags)
        _write(path, hyperscan.dumpb(database))
    return Matcher(rules, database, library)


def _compile(database: Any, expressions: list[bytes], flags: list[int]) -> None:
    database.compile(
        expressions=expressions,
        ids=list(range(len(expressions))),
        elements=len(expressions),
        flags=flags,
    )


def _processor() -> str:
    """Return what tells two processors apart: a database is compiled for one kind of them."""
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as lines:
            return next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        return platform.processor()


def _read(path: Path) -> Any:
    try:
        stored = path.read_bytes()
        if hashlib.sha256(stored[32:]).digest() != stored[:32]:
            return None
        return hyperscan.loadb(stored[32:], mode=hyperscan.HS_MODE_BLOCK)
    except (OSError, ValueError, hyperscan.error):
        return None


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(hashlib.sha256(content).digest() + content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
