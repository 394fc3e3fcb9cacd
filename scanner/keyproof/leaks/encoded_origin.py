"""Origin: the way back from places in a decoded text to the bytes that encode them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

RUN_BYTES = 8 << 20
"""No more than this much of a run is decoded."""
Origin = Callable[[int, int], tuple[int, int]]
"""Takes a stretch of a decoded text and returns that of the text that encodes it."""

_TEXT = bytes([9, 10, 13, *range(32, 127), *range(128, 256)])
_TEXT_SHARE = 0.85


class Decoded(NamedTuple):
    """A decoded text with what stands before and behind it.

    Attributes:
        text: to be searched.
        low: where the decoded part begins in it; ``high``: where it ends.
        origin: takes a stretch of ``text`` and returns that of the original text.
        whole: false where more is encoded there than could be read.
    """

    text: bytes
    low: int
    high: int
    origin: Origin
    whole: bool = True


class Piece(NamedTuple):
    """A stretch that came over as it is (``plain``), or one escape sequence."""

    at: int
    start: int
    end: int
    plain: bool


def looks_like_text(data: bytes) -> bool:
    """Tell whether most of ``data`` could be read by a person; empty is no text."""
    return bool(data) and len(data.translate(None, _TEXT)) <= len(data) * (1 - _TEXT_SHARE)


def framed(
    text: bytes,
    run: tuple[int, int],
    around: tuple[int, int],
    decoded: bytes,
    inner: Origin,
) -> Decoded:
    """Put a decoded part into its surroundings.

    Args:
        run: what of ``text`` was decoded.
        around: where the surroundings begin and end in ``text``.
        inner: as ``Decoded.origin``, for the decoded part alone.
    """
    begin, finish = run
    left, right = text[around[0] : begin], text[finish : around[1]]
    low, high = len(left), len(left) + len(decoded)

    def origin(start: int, end: int) -> tuple[int, int]:
        inside = max(start, low) - low, min(end, high) - low
        first, last = inner(*inside) if inside[0] < inside[1] else (begin, finish)
        if start < low:
            first = around[0] + start
        if end > high:
            last = finish + end - high
        return first, last

    return Decoded(left + decoded + right, low, high, origin)


def line_around(text: bytes, begin: int, finish: int, reach: int) -> tuple[int, int]:
    """Return up to ``reach`` bytes before and behind a run, on its own lines."""
    low = max(0, begin - reach)
    low = max(low, text.rfind(b"\n", low, begin) + 1)
    high = min(len(text), finish + reach)
    newline = text.find(b"\n", finish, high)
    return low, high if newline < 0 else newline


def by_pieces(pieces: Sequence[Piece]) -> Origin:
    """Return the origin of a text that was put together from ``pieces``."""
    places = [piece.at for piece in pieces]

    def origin(start: int, end: int) -> tuple[int, int]:
        first = pieces[bisect_right(places, start) - 1]
        last = pieces[bisect_right(places, end - 1) - 1]
        begin = first.start + start - first.at if first.plain else first.start
        return begin, last.start + end - last.at if last.plain else last.end

    return origin


def by_share(run: tuple[int, int], length: int) -> Origin:
    """Return the origin of what was unpacked from ``run``: in proportion, never empty."""
    begin, finish = run
    size = finish - begin

    def origin(start: int, end: int) -> tuple[int, int]:
        first = min(begin + start * size // length, finish - 1)
        return first, max(first + 1, begin + end * size // length)

    return origin
