"""Listing: which objects a repository holds, in the order and the pieces in which to read them.

``cat-file`` is fed with lists in the order of delta chains, so that a base is still in git's cache
when its deltas are asked for.
"""

from __future__ import annotations

import io
import os
from array import array
from binascii import hexlify, unhexlify
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from keyproof.errors import SourceError
from keyproof.leaks import gitio
from keyproof.leaks.gitio import Repository

_FORMAT = "%(objectname) %(objecttype) %(objectsize) %(deltabase)"
_KINDS = (b"blob", b"tree", b"commit", b"tag")
_PIECE_BYTES = 16 << 20
_SHORT = 7
"""So many bytes of an id tell objects apart: were two alike, only their order would suffer."""
_RESTARTS = 200


class Unread(NamedTuple):
    """An object that is listed or referenced and could not be read; a ``GapReason`` says why."""

    oid: str
    reason: str


class Shard(NamedTuple):
    """Objects that one process reads: their type and the headers that git must answer with."""

    kind: str
    headers: bytes
    bytes_total: int


class Listing:
    """Listed objects, and by type the order in which to read them.

    Of two million objects, what git says of each would take more memory than all else: it is kept
    in arrays, and put together again for the pieces that are read.

    Attributes:
        unread: what is listed and cannot be asked for.
    """

    def __init__(self) -> None:
        """Begin without objects."""
        self.unread: list[Unread] = []
        self._width = 0
        self._oids = bytearray()
        self._sizes = array("Q")
        self._kinds = bytearray()
        self._is_root = bytearray()
        self._order = {kind: array("Q") for kind in _KINDS}

    def add(self, header: bytes, *, root: bool) -> int:
        """Add an object that git described as ``oid type size``, and return its number."""
        oid, kind, size = header.split(b" ")
        raw = unhexlify(oid)
        self._width = len(raw)  # of a repository's ids, all are as long
        self._oids += raw
        self._sizes.append(int(size))
        self._kinds.append(_KINDS.index(kind))
        self._is_root.append(root)
        return len(self._sizes) - 1

    def read_next(self, number: int) -> int:
        """Put an object behind what is to be read of its type; return its short id."""
        self._order[_KINDS[self._kinds[number]]].append(number)
        begin = number * self._width
        return int.from_bytes(self._oids[begin : begin + _SHORT])

    def roots(self) -> list[int]:
        """Return the numbers of the objects at which a chain of deltas begins."""
        return [number for number, root in enumerate(self._is_root) if root]

    def total(self) -> int:
        """Return the number of objects that can be asked for."""
        return len(self._sizes)

    def size(self) -> int:
        """Return how many bytes all objects hold."""
        return sum(self._sizes)

    def shards(self, workers: int) -> Iterator[Shard]:
        """Yield pieces of about equal work, largest types first."""
        for kind, order in self._order.items():
            if order:
                total = sum(self._sizes[number] for number in order)
                pieces = 1 if workers == 1 else max(1, min(4 * workers, total // _PIECE_BYTES))
                yield from self._cut(kind, order, total // pieces + 1)

    def _cut(self, kind: bytes, order: array[int], limit: int) -> Iterator[Shard]:
        """Cut where a chain begins: a version whose base is in another piece costs its whole text."""
        begin, weight = 0, 0
        for index, number in enumerate(order):
            if weight >= limit and self._is_root[number]:
                yield Shard(kind.decode(), self._headers(kind, order[begin:index]), weight)
                begin, weight = index, 0
            weight += self._sizes[number]
        yield Shard(kind.decode(), self._headers(kind, order[begin:]), weight)

    def _headers(self, kind: bytes, numbers: Iterable[int]) -> bytes:
        joined, width = io.BytesIO(), self._width  # joining them would need a list of a million
        for number in numbers:
            oid = hexlify(self._oids[number * width : (number + 1) * width])
            joined.write(b"%b %b %d\n" % (oid, kind, self._sizes[number]))
        return joined.getvalue()


def object_ids(repository: Repository) -> bytes:
    """Return the sorted ids of all objects, one a line: the cheapest listing that git has."""
    return gitio.large(
        repository, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)", "--buffer"
    )


def list_objects(repository: Repository, wanted: bytes | None = None) -> Listing:
    """List all objects, or those ``wanted`` (ids, one a line), in reading order."""
    if wanted is None:
        try:
            every = ("--batch-all-objects", "--unordered", "--buffer", f"--batch-check={_FORMAT}")
            return plan(gitio.lines(repository, "cat-file", *every))
        except SourceError:  # git ends at the first object whose header it cannot bear
            wanted = object_ids(repository)
    return plan(_checked(repository, wanted).splitlines(keepends=True))


def _checked(repository: Repository, wanted: bytes) -> bytes:
    """Return what git says of each object; it is asked again behind one at which it ends."""
    said: list[bytes] = []
    left = wanted.splitlines(keepends=True)
    check = ("cat-file", "--buffer", f"--batch-check={_FORMAT}")
    for _ in range(_RESTARTS):
        out = gitio.run(repository, *check, data=b"".join(left), allow_failure=True)
        answers = out.splitlines(keepends=True)
        said += answers
        left = left[len(answers) :]
        if not left:
            break
        said.append(left[0].rstrip(b"\n") + b" missing\n")
        del left[0]
    return b"".join([*said, *(oid.rstrip(b"\n") + b" missing\n" for oid in left)])


def plan(lines: Iterable[bytes]) -> Listing:
    """Put listed objects into the order of their delta chains, by type.

    While lines come, little is kept: the git that says them takes as much memory as all of this.
    """
    listing, zero = Listing(), b""
    deltas, bases = array("Q"), array("Q")
    for line in lines:
        header, _, base = line.rstrip(b"\n").rpartition(b" ")
        if not zero or len(base) != len(zero):
            if base == b"missing" or header.count(b" ") != 2:  # noqa: PLR2004
                oid = line.split(b" ")[0].decode("ascii", "replace")
                listing.unread.append(Unread(oid, "corrupt"))
                continue
            zero = b"0" * len(base)
        number = listing.add(header, root=base == zero)
        if base != zero:
            deltas.append(number)
            bases.append(int(base[: 2 * _SHORT], 16))
    _order(listing, _by_base(bases, deltas))
    return listing


def _by_base(bases: array[int], deltas: array[int]) -> dict[int, int | list[int]]:
    """Return by the base's short id its delta, or all where there are several: most have one."""
    children: dict[int, int | list[int]] = {}
    for base, delta in zip(bases, deltas, strict=True):
        others = children.setdefault(base, delta)
        if isinstance(others, list):
            others.append(delta)
        elif others != delta:
            children[base] = [others, delta]
    return children


def _order(listing: Listing, children: dict[int, int | list[int]]) -> None:
    take, read_next = children.pop, listing.read_next
    pending = listing.roots()
    while pending:
        pending.reverse()
        while pending:
            under = take(read_next(pending.pop()), None)
            if under is not None:
                pending.extend(under if isinstance(under, list) else (under,))
        # a base that is not in the list itself: its deltas start chains of their own
        if children:
            under = children.pop(next(iter(children)))
            pending = under if isinstance(under, list) else [under]


def default_workers() -> int:
    """Return how many processes read at once: the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
