"""Searches what encoded runs hold, as deep as they go, and reports it where the runs stand."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Protocol

from keyproof.leaks.encoded import DEPTH, ENCODINGS
from keyproof.leaks.encoded_origin import RUN_BYTES, Decoded
from keyproof.leaks.hit import Hit

_REMEMBERED = 8192
"""So many decoded texts are known again."""
_WINDOW_BYTES = 64 << 20
"""A text of this length is a window of a longer one."""
_TIMES = 4
"""Of one text, no more than so many times its size is decoded, all depths together..."""
_SPARE_BYTES = 1 << 20
"""... and so much more, for what is short."""


class Searched(Protocol):
    """What is asked of a matcher here. Triggers from ``first`` on announce encoded runs."""

    first_encoding: int

    def triggers(self, data: Any) -> list[tuple[int, int]]:
        """See ``Matcher.triggers``."""
        ...

    def plain(self, text: bytes, number: int, end: int) -> Iterable[Hit]:
        """Run the exact check of a trigger that is not an encoding's."""
        ...

    def settle(self, hits: Iterable[Hit]) -> list[Hit]:
        """See ``Matcher.settle``."""
        ...


class _Visited:
    """A text in which runs are being decoded: what may still be decoded, and the last run."""

    def __init__(self, text: bytes, left: list[int]) -> None:
        self.text = text
        self.left = left
        self.last: dict[str, tuple[int, int, tuple[Hit, ...]]] = {}


class EncodedSearch:
    """Decodes runs and searches them; identical runs once. Belongs to one thread.

    Attributes:
        decoded: how many different runs were decoded.
        cut: how often a run was too long or not to be read, or a text held too much that is encoded.
    """

    def __init__(self, matcher: Searched) -> None:
        """Take the matcher that decoded texts are given to."""
        self.decoded = 0
        self.cut = 0
        self._matcher = matcher
        self._known: OrderedDict[tuple[bytes, int, int, int], tuple[Hit, ...]] = OrderedDict()
        self._visited = _Visited(b"", [0])

    def hits(self, text: bytes, number: int, end: int) -> tuple[Hit, ...]:
        """Return the hits in the run that trigger ``number`` (of ``ENCODINGS``) announced."""
        if self._visited.text is not text:
            self._visited = _Visited(text, [_TIMES * len(text) + _SPARE_BYTES])
        return self._hits(self._visited, number, end, 1)

    def _hits(self, visited: _Visited, number: int, end: int, depth: int) -> tuple[Hit, ...]:
        encoding = ENCODINGS[number]
        place = end - encoding.back
        last = visited.last.get(encoding.name)
        if last and last[0] <= place < last[1] and (place - last[0]) % encoding.stride == 0:
            return last[2]
        if visited.left[0] <= 0:
            self.cut += 1
            return ()
        hits: list[Hit] = []
        begin, finish, whole = place, place + 1, True
        for decoded in encoding.decode(visited.text, end):
            visited.left[0] -= len(decoded.text)
            whole = whole and decoded.whole
            low, high = decoded.origin(decoded.low, decoded.high)
            begin, finish = min(begin, low), max(finish, high)
            for hit in self._search(visited, decoded, depth):
                start, stop = decoded.origin(hit.start, hit.end)
                hits.append(hit._replace(start=start, end=stop))
        if not whole or finish - begin >= RUN_BYTES or finish == len(visited.text) == _WINDOW_BYTES:
            self.cut += 1
        visited.last[encoding.name] = (begin, finish, tuple(hits))
        return visited.last[encoding.name][2]

    def _search(self, visited: _Visited, decoded: Decoded, depth: int) -> tuple[Hit, ...]:
        digest = hashlib.blake2b(decoded.text, digest_size=20).digest()
        key = (digest, decoded.low, decoded.high, depth)
        known = self._known.get(key)
        if known is not None:
            return known
        self.decoded += 1
        cut = self.cut
        matcher, text = self._matcher, decoded.text
        inside = _Visited(text, visited.left)
        found: list[Hit] = []
        for number, end in sorted(set(matcher.triggers(text)), key=lambda one: one[1]):
            if number < matcher.first_encoding:
                found += matcher.plain(text, number, end)
            elif depth < DEPTH:
                found += self._hits(inside, number - matcher.first_encoding, end, depth + 1)
        hits = tuple(
            hit
            for hit in matcher.settle(found)
            if hit.end > decoded.low and hit.start < decoded.high
        )
        if self.cut == cut:  # another text may leave more to decode
            self._known[key] = hits
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return hits
