"""Known ids: the objects that were read before, kept small, and what has come since.

Git lists ids sorted, in hexadecimal, one a line. Of two million of them, a set would be the largest
thing in memory; two lists of one repository are alike but for a few.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

_PARTS = 256


def packed(ids: bytes) -> bytes:
    """Return listed ids in bytes, one behind the other."""
    return bytes.fromhex(ids.decode("ascii"))


def holds(ids: bytes, oid: bytes) -> bool:
    """Tell whether listed ids hold this one, in hexadecimal."""
    width = len(oid) + 1
    line: Callable[[int], bytes] = lambda n: ids[n * width : (n + 1) * width]  # noqa: E731
    wanted = oid + b"\n"
    return line(bisect_left(range(len(ids) // width), wanted, key=line)) == wanted


def added(before: bytes, now: bytes) -> bytes | None:
    """Return the ids that only ``now`` holds; ``None`` where it lacks one of ``before``.

    Args:
        before: packed ids; ``now``: listed ones.
    """
    width = now.find(b"\n") + 1 or 1
    fresh: list[bytes] = []
    for old, new in zip(_parts(_listed(before, width), width), _parts(now, width), strict=True):
        if old == new:
            continue
        known, present = set(old.splitlines()), set(new.splitlines())
        if not known <= present:
            return None
        fresh += sorted(present - known)
    return b"".join(oid + b"\n" for oid in fresh)


def _listed(ids: bytes, width: int) -> bytes:
    return f"{ids.hex(chr(10), width // 2)}\n".encode("ascii") if ids else b""


def _parts(ids: bytes, width: int) -> Iterator[bytes]:
    """Cut listed ids by their first byte."""
    begin, numbers = 0, range(len(ids) // width)
    for first in range(1, _PARTS + 1):
        start = b"%02x" % first if first < _PARTS else b"g"
        end = width * bisect_left(numbers, start, key=lambda n: ids[n * width : n * width + 2])
        yield ids[begin:end]
        begin = end
