"""Gather: stretches of many texts, searched in one call: most of them are far too short for one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from keyproof.leaks.matcher import Trigger

T = TypeVar("T")


class Gather(Generic[T]):
    """Collects stretches for one of the matcher's searches.

    Between two stretches stands a newline. A trigger that reaches over it is no match of either;
    the exact check, which sees a stretch in its own text, says so.
    """

    def __init__(self, search: Callable[[Any], list[Trigger]]) -> None:
        """Take the search: a method of ``Matcher``."""
        self._search = search
        self._pieces: list[memoryview] = []
        self._starts: list[int] = []
        self._of: list[tuple[T, int]] = []
        self.size = 0

    def add(self, of: T, text: memoryview, low: int, high: int) -> None:
        """Add ``text[low:high]``, which belongs to ``of``."""
        self._pieces.append(text[low:high])
        self._starts.append(self.size)
        self._of.append((of, low))
        self.size += high - low + 1

    def found(self) -> Iterator[tuple[T, int, int]]:
        """Yield every trigger: whose it is, its end in that text, its number; then begin anew."""
        pieces, starts, of = self._pieces, self._starts, self._of
        if not pieces:
            return
        self._pieces, self._starts, self._of, self.size = [], [], [], 0
        joined = pieces[0] if len(pieces) == 1 else b"\n".join(pieces)
        for number, end in self._search(joined):
            index = bisect_right(starts, end - 1) - 1
            within = end - starts[index]
            if within <= len(pieces[index]):
                whose, low = of[index]
                yield whose, low + within, number
