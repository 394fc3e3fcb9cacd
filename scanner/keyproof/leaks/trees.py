"""Trees: the names in them, each searched once, and the ids that they name.

Most of a tree stands in the tree that was read before it, which is an older or newer version of the
same folder. Only the entries are read that lie where the two differ.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Any

from keyproof.leaks.delta import differing
from keyproof.leaks.file_names import may_tell
from keyproof.leaks.gather import Gather
from keyproof.leaks.matcher import Trigger
from keyproof.leaks.references import References

_FILE = b"10"
"""How the modes of files begin."""
_REMEMBERED = 100_000
"""So many names in which no trigger ends are known again."""

Entry = tuple[bytes, bytes, bytes]
"""Mode, name and id, as a tree holds them."""


class TreeNames:
    """Says which names of a sequence of trees need to be searched. Belongs to one thread."""

    def __init__(
        self, search: Callable[[Any], list[Trigger]], oid_bytes: int, references: References
    ) -> None:
        """Take ``Matcher.triggers``, the length of the ids in these trees, and who notes them."""
        self._gather: Gather[bytes] = Gather(search)
        self._references = references
        self._entry = entry_form(oid_bytes)
        self._around = oid_bytes + 2
        self._last = b""
        self._starts: list[int] = []
        self._ordinary: set[bytes] = set()

    def suspicious(self, trees: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
        """Yield each name in which a trigger ends, with the id of what bears it."""
        bearers: dict[bytes, list[bytes]] = {}
        ordinary, ids = self._ordinary, self._references.in_trees
        telling = self._references.telling
        for tree in trees:
            for mode, name, oid in self._fresh(tree):
                ids[mode].add(oid)
                if name not in ordinary:
                    bearers.setdefault(name, []).append(oid)
                    if mode[:2] == _FILE and may_tell(name):
                        telling.add((oid, name))
        for name in bearers:
            self._gather.add(name, memoryview(name), 0, len(name))
        triggered = {name for name, _, _ in self._gather.found()}
        if len(ordinary) > _REMEMBERED:
            ordinary.clear()
        ordinary.update(name for name in bearers.keys() - triggered if not may_tell(name))
        for name, oids in bearers.items():
            if name in triggered:
                yield from ((name, oid.hex()) for oid in oids)

    def _fresh(self, tree: bytes) -> list[Entry]:
        """Return the entries that the last tree does not hold, and perhaps one beside them.

        Where entries begin is known of the last tree; it is so here, too, before and behind what
        differs, where they are ``grown`` bytes further.
        """
        last, starts = self._last, self._starts
        low, high = differing(last, tree)
        grown = len(tree) - len(last)
        first = max(0, bisect_right(starts, low) - 1)
        behind = bisect_left(starts, high - grown)
        begin = starts[first] if starts else 0
        end = starts[behind] + grown if behind < len(starts) else len(tree)
        self._last = tree
        entries, fresh, whole = self._parsed(tree, begin, end)
        if whole:
            rest = starts[behind:] if not grown else [start + grown for start in starts[behind:]]
            self._starts = starts[:first] + fresh + rest
            return entries
        entries, self._starts, whole = self._parsed(tree, 0, len(tree))
        self._references.whole &= whole  # if not, git cannot read it either, and will say so
        return entries

    def _parsed(self, tree: bytes, begin: int, end: int) -> tuple[list[Entry], list[int], bool]:
        """Return entries, where each begins, and whether they follow each other to the end."""
        entries: list[Entry] = self._entry.findall(tree, begin, end)
        around = self._around
        sizes = [len(mode) + len(name) + around for mode, name, _ in entries]
        starts = list(accumulate(sizes, initial=begin))
        return entries, starts, starts.pop() == end


def entry_form(oid_bytes: int) -> re.Pattern[bytes]:
    """Return the form of one entry of a tree."""
    return re.compile(rb"([0-7]{1,7}) ([^\0]+)\0(.{%d})" % oid_bytes, re.DOTALL)
