"""Deltas: what a version takes over from its base, and what it adds (gitformat-pack).

The innermost loops of a history scan. Plain Python whose every name has a type, so that mypyc can
compile it unchanged (see docs/development.md): compiled, it takes a quarter of
the time. Numbers fit 64 bits by the checks below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_extensions import i64

MAXIMUM_BYTES: Final = 32 << 20
"""A larger object is left to git's own reader, which is bounded in windows."""

_MOSTLY_PERCENT: Final = 60
"""Where so much of a text would be looked at in pieces, it is looked at whole."""


class Irregular(Exception):
    """An entry of a pack is not what this reader understands."""


def apply_delta(  # noqa: C901, PLR0912, PLR0915 - the innermost loop is one function
    base: bytes, delta: bytes, least: i64
) -> tuple[bytes, list[tuple[int, int, int]]]:
    """Return the version that a delta makes of its base, and the stretches that both share.

    A stretch is where it stands in the version, where in the base, and its length. Copies that go
    on in the base are one stretch; those below ``least`` bytes are left out.

    Raises:
        Irregular: the delta does not fit its base or itself.
    """
    said_base, at = _size(delta, 0)
    result_size, at = _size(delta, at)
    base_size: i64 = len(base)
    if said_base != base_size or result_size > MAXIMUM_BYTES:
        raise Irregular
    pieces: list[bytes] = []
    shared: list[tuple[int, int, int]] = []
    end: i64 = len(delta)
    place: i64 = 0
    while at < end:
        op: i64 = delta[at]
        at += 1
        if op < 0x80:  # noqa: PLR2004 - the high bit says copy
            if op == 0 or at + op > end:
                raise Irregular
            pieces.append(delta[at : at + op])
            at += op
            place += op
            continue
        if at + 7 > end and at + _arguments(op) > end:
            raise Irregular
        source: i64 = 0
        length: i64 = 0
        if op & 0x01:
            source = delta[at]
            at += 1
        if op & 0x02:
            source |= delta[at] << 8
            at += 1
        if op & 0x04:
            source |= delta[at] << 16
            at += 1
        if op & 0x08:
            source |= delta[at] << 24
            at += 1
        if op & 0x10:
            length = delta[at]
            at += 1
        if op & 0x20:
            length |= delta[at] << 8
            at += 1
        if op & 0x40:
            length |= delta[at] << 16
            at += 1
        length = length or 0x10000
        if source + length > base_size:
            raise Irregular
        pieces.append(base[source : source + length])
        if length >= least:
            _share(shared, place, source, length)
        place += length
    if place != result_size:
        raise Irregular
    return b"".join(pieces), shared


def _share(shared: list[tuple[int, int, int]], at: i64, source: i64, length: i64) -> None:
    """Add a shared stretch, or prolong the last one: an instruction copies 16 MiB at most."""
    if shared:
        last, before, known = shared[-1]
        if last + known == at and before + known == source:
            shared[-1] = (last, before, known + length)
            return
    shared.append((at, source, length))


def stretches(shared: list[tuple[int, int, int]], size: i64, width: i64) -> list[tuple[int, int]]:
    """Return what to look at in a version of ``size`` bytes: from where to where.

    That is all that is not shared, and ``width`` bytes around the edges of what is.
    """
    kept: list[tuple[int, int]] = []
    total: i64 = 0
    low: i64 = 0
    behind: i64 = 0
    at: i64 = 0
    source: i64 = 0
    length: i64 = 0
    begin: i64 = 0
    finish: i64 = 0
    for stretch in shared:
        at = stretch[0]
        source = stretch[1]
        length = stretch[2]
        # the inside of the stretch, less what a trigger that crosses its edges may reach
        begin = at + width if at or source else 0
        finish = at + length - width
        if finish > begin:
            if begin > low:
                kept.append((low, begin))
                total += begin - low
            low = finish
            behind = at + length
    if behind < size:
        kept.append((low, size))
        total += size - low
    return [(0, size)] if total * 100 > size * _MOSTLY_PERCENT else kept


def differing(before: bytes, after: bytes) -> tuple[i64, i64]:
    """Return from where to where ``after`` is not ``before``: what both begin and end with is not."""
    most: i64 = min(len(before), len(after))
    low: i64 = 0
    high: i64 = most
    middle: i64 = 0
    while low < high:
        middle = (low + high + 1) >> 1
        if before[low:middle] == after[low:middle]:
            low = middle
        else:
            high = middle - 1
    begin: i64 = low
    older: i64 = len(before)
    newer: i64 = len(after)
    low = 0
    high = most - begin
    while low < high:
        middle = (low + high + 1) >> 1
        if before[older - middle : older - low] == after[newer - middle : newer - low]:
            low = middle
        else:
            high = middle - 1
    return begin, newer - low


def _arguments(op: i64) -> i64:
    """Return how many bytes of arguments a copy instruction has."""
    count: i64 = 0
    bits: i64 = op & 0x7F
    while bits:
        count += bits & 1
        bits >>= 1
    return count


def _size(delta: bytes, at: i64) -> tuple[i64, i64]:
    """Read a size of seven bits a byte; return it and what stands behind it."""
    size: i64 = 0
    shift: i64 = 0
    byte: i64 = 0
    while shift < 63 and at < len(delta):  # noqa: PLR2004 - what fits
        byte = delta[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the high bit says that more follow
            return size, at
    raise Irregular
