"""Stood: what was there before a change. A line is no news as often as it stood there, not oftener.

A line that moved within its file, or out of another one, and a line that was not touched while its
file was, are no news; a second copy of it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from keyproof.leaks import decode
from keyproof.leaks.hit import Hit


class Stood:
    """The older versions of files, and the lines that files lost. Remembers which lines it gave."""

    def __init__(self, own: Mapping[bytes, Sequence[bytes]], lost: Sequence[bytes]) -> None:
        """Take older versions by path, and the lost lines, one text a file."""
        self._own = own
        self._lost = lost
        self._given: Counter[bytes] = Counter()

    def of(self, path: bytes) -> Sequence[bytes]:
        """Return the older versions of one file."""
        return self._own.get(path, ())

    def news(
        self, path: bytes, text: bytes, hits: Sequence[Hit], *, decoded: bool = False
    ) -> list[Hit]:
        """Return the hits whose lines stand more often in ``text`` than they stood before.

        Args:
            decoded: the text was decoded, so older texts must be, too.
        """
        own, lost = self.of(path), self._lost
        if decoded:
            own, lost = _decoded(own), _decoded(lost)
        left: dict[bytes, int] = {}
        is_news: dict[int, bool] = {}
        fresh = []
        for hit in hits:
            begin, block = _lines(text, hit)
            if begin not in is_news:
                left.setdefault(block, sum(_times(old, block) for old in own))
                left[block] -= 1
                is_news[begin] = left[block] < 0 and not self._moved(block, lost)
            if is_news[begin]:
                fresh.append(hit)
        return fresh

    def _moved(self, block: bytes, lost: Sequence[bytes]) -> bool:
        """Tell whether another file lost these lines, and nobody took them yet."""
        if sum(_times(text, block) for text in lost) <= self._given[block]:
            return False
        self._given[block] += 1
        return True


def _decoded(texts: Sequence[bytes]) -> list[bytes]:
    return [view.text for text in texts if b"\0" in text for view in decode.views(text)]


def _lines(text: bytes, hit: Hit) -> tuple[int, bytes]:
    """Return where the lines of a hit begin, and those lines."""
    begin = text.rfind(b"\n", 0, hit.start) + 1
    finish = text.find(b"\n", hit.end)
    return begin, text[begin : len(text) if finish < 0 else finish].rstrip(b"\r")


def _times(text: bytes, block: bytes) -> int:
    """Count how often whole lines stand in a text."""
    count, at = 0, text.find(block)
    while at >= 0:
        stop = at + len(block)
        begins = at == 0 or text[at - 1 : at] == b"\n"
        if begins and text[stop : stop + 1] in {b"", b"\n", b"\r"}:
            count += 1
        at = text.find(block, at + 1)
    return count
