"""Matcher: every trigger in one hyperscan database; what it reports opens the exact check.

Facts about hyperscan that shape this module: input over 4 GiB gives no match and no error, so
windows are bounded; scanning releases the interpreter lock, so threads are enough.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keyproof.leaks.databases import (
    SEARCHED,
    WIDTHS,
    Databases,
    made_databases,
    stored_databases,
)
from keyproof.leaks.exact import confirm, resolve
from keyproof.leaks.hit import Hit
from keyproof.leaks.lines import refused_within
from keyproof.leaks.rules import RuleSet
from keyproof.leaks.rules_digested import Digested

if TYPE_CHECKING:
    from keyproof.leaks.encoded_search import EncodedSearch

WINDOW_BYTES = 64 << 20
_LINE = 512
"""How far beyond its window an exact check looks at the line that it stands in."""

Trigger = tuple[int, int]
"""What hyperscan reported: index of the trigger, offset after the match's last byte."""


class Reach(NamedTuple):
    """What a trigger and its exact check look at.

    Attributes:
        width: the most bytes that the trigger matches.
        left: how far before its end the check looks; ``right``: how far behind.
        into: see ``Detector.into``.
    """

    width: int
    left: int
    right: int
    into: int


class Matcher:
    """The rules' databases with scratches of one thread: made by :func:`open_matcher`."""

    def __init__(self, rules: RuleSet, databases: Databases) -> None:
        """Take the rules and their databases."""
        self.rules = rules
        self.first_encoding = len(rules.triggers)
        self._encoded: EncodedSearch | None = None
        self.databases = databases
        self.overlap = max((t.before + t.after for t in rules.triggers), default=0) + 1
        self.longest = max((t.width for t in rules.triggers), default=1)

    def copy(self) -> Matcher:
        """Return a matcher for another thread: the same databases, scratches of its own."""
        return Matcher(self.rules, self.databases.copy())

    def triggers(self, data: Any) -> list[Trigger]:
        """Return where exact checks must look in a buffer of at most ``WINDOW_BYTES``."""
        return [found for part in SEARCHED for found in self.databases.scan(part, data)]

    def searches(self) -> list[tuple[int, Callable[[Any], list[Trigger]]]]:
        """Return what :meth:`triggers` is made of, each search with how wide its triggers are."""
        scan = self.databases.scan
        return [
            (WIDTHS[0], lambda data: scan("short", data) + scan("encoded", data)),
            (WIDTHS[1], lambda data: scan("middle", data)),
            (max(self.longest, WIDTHS[1]), lambda data: scan("long", data)),
        ]

    def has_wide_text(self, data: Any) -> bool:
        """Tell whether a buffer holds a run of text in UTF-16 or UTF-32."""
        return bool(self.databases.scan("wide", data))

    def reaches(self) -> list[Reach]:
        """Return, by trigger, how far it and its exact check look."""
        return _reaches(Digested(self.rules))

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

    def refused(self, text: bytes, number: int, end: int) -> tuple[int, int] | None:
        """Return the bounds of the lines that refuse what a trigger reported, where they alone do."""
        if number >= self.first_encoding:
            return None
        return refused_within(self.rules, self.rules.triggers[number].detector, text, end)

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


def _place(hit: Hit) -> tuple[int, int, int, bytes]:
    """Order hits by place; of values read there in two ways, the more decoded one is first."""
    value = hit.secret.reveal()
    return hit.start, hit.end, len(value), value


def _groups(hits: Iterable[Hit]) -> Iterator[list[Hit]]:
    """Split hits into runs of overlapping ones: resolving compares each with each."""
    group: list[Hit] = []
    reach = -1
    for hit in sorted(set(hits), key=_place):
        if group and hit.start >= reach:
            yield group
            group = []
        group.append(hit)
        reach = max(reach, hit.end)
    if group:
        yield group


@lru_cache(maxsize=4)
def _reaches(digested: Digested) -> list[Reach]:
    rules, made = digested.rules, []
    for trigger in rules.triggers:
        detector = rules.detectors[trigger.detector]
        within = max(detector.companion.within if detector.companion else 0, detector.around)
        left = max(trigger.before, detector.before) + within + _LINE
        right = max(trigger.after, detector.after) + within + _LINE
        made.append(Reach(trigger.width, left, right, detector.into))
    from keyproof.leaks.encoded import ENCODINGS

    return made + [Reach(one.width, one.left, one.right, 0) for one in ENCODINGS]


def open_matcher(rules: RuleSet, cache_folder: Path) -> Matcher:
    """Return the matcher of ``rules``, its databases read from the user's cache or compiled."""
    folder = os.fspath(cache_folder)
    databases = stored_databases(rules.digest, folder) or made_databases(rules, folder)
    return Matcher(rules, databases)


def open_lazily(rules: RuleSet, cache_folder: Path) -> Matcher:
    """Return the matcher of ``rules``; what is not compiled yet is so once there is much to search."""
    from keyproof.leaks.plain import PlainAtFirst

    folder = os.fspath(cache_folder)
    return Matcher(rules, stored_databases(rules.digest, folder) or PlainAtFirst(rules, folder))
