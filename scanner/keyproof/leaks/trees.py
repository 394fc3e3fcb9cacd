"""Trees: the names in them, each searched where a version of a folder brings it.

Most of a tree stands in the tree that was read before it, which is an older or newer version of the
same folder. What differs is a stretch that holds every entry which only one of them has.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from keyproof.leaks.delta import differing
from keyproof.leaks.gather import Gather
from keyproof.leaks.matcher import Trigger
from keyproof.leaks.references import References


class TreeNames:
    """Says which names of a sequence of trees need to be searched. Belongs to one thread."""

    def __init__(
        self, search: Callable[[Any], list[Trigger]], oid_bytes: int, references: References
    ) -> None:
        """Take ``Matcher.triggers``, the length of the ids in these trees, and who notes them."""
        self._gather: Gather[int] = Gather(search)
        self._oid_bytes = oid_bytes
        self._references = references
        self._last = b""

    def suspicious(self, trees: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
        """Yield each name in which a trigger ends, with the id of what bears it."""
        taken = list(trees)
        for number, tree in enumerate(taken):
            self._gather.add(number, memoryview(tree), *self._fresh(tree))
            self._last = tree
        ends: dict[int, list[int]] = {}
        for number, end, _ in self._gather.found():
            ends.setdefault(number, []).append(end)
        for number, own in ends.items():
            yield from named(taken[number], self._oid_bytes, sorted(own))

    def _fresh(self, tree: bytes) -> tuple[int, int]:
        """Return the stretch in which entries stand that the last tree does not hold, names whole.

        No name holds a zero, and one ends each; more of them may stand in an id.
        """
        low, high = differing(self._last, tree)
        self._references.in_tree(tree, low, high)
        ended = tree.rfind(b"\0", 0, low)
        begin = tree.rfind(b"\0", 0, max(0, ended - self._oid_bytes)) + 1
        finish = tree.find(b"\0", high)
        return begin, len(tree) if finish < 0 else finish


def named(
    tree: bytes, oid_bytes: int, ends: Sequence[int] | None = None
) -> Iterator[tuple[bytes, str]]:
    """Yield the names of a tree's entries, with the entries' ids.

    Args:
        ends: sorted; only names in which one of these ends are wanted. All if ``None``.
    """
    position = 0
    while position < len(tree):
        begin = tree.index(b" ", position) + 1
        end = tree.index(b"\0", begin)
        position = end + 1 + oid_bytes
        if ends is None or bisect_right(ends, end) > bisect_right(ends, begin):
            yield tree[begin:end], tree[end + 1 : position].hex()
