"""Listing: which objects a repository holds, in the order and the pieces in which to read them.

``cat-file`` is fed with lists in the order of delta chains, so that a base is still in git's cache
when its deltas are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from keyproof.errors import SourceError
from keyproof.leaks import gitio
from keyproof.leaks.gitio import Repository

_FORMAT = "%(objectname) %(objecttype) %(objectsize) %(deltabase)"
_PIECE_BYTES = 16 << 20
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


class Listing(NamedTuple):
    """All objects by type, as header lines (``oid type size``) in reading order.

    ``roots`` are the headers at which a chain of deltas begins.
    """

    headers: dict[str, list[bytes]]
    unread: tuple[Unread, ...]
    roots: frozenset[bytes] = frozenset()

    def total(self) -> int:
        """Return the number of objects that can be asked for."""
        return sum(map(len, self.headers.values()))


def object_ids(repository: Repository) -> bytes:
    """Return the sorted ids of all objects, one a line: the cheapest listing that git has."""
    return gitio.run(
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
    """Put listed objects into the order of their delta chains, by type."""
    children: dict[bytes, bytes | list[bytes]] = {}
    roots: list[bytes] = []
    unread: list[Unread] = []
    zero: bytes | None = None
    for line in lines:
        header, _, base = line.rstrip(b"\n").rpartition(b" ")
        if zero is None or len(base) != len(zero):
            if base == b"missing" or header.count(b" ") != 2:  # noqa: PLR2004
                unread.append(Unread(line.split(b" ")[0].decode("ascii", "replace"), "corrupt"))
                continue
            zero = b"0" * len(base)
        if base == zero:
            roots.append(header)
        elif (others := children.setdefault(base, header)) is header:
            pass  # most have one child, and a list for it would take as much again
        elif isinstance(others, list):
            others.append(header)
        else:
            children[base] = [others, header]
    begins = frozenset(roots)
    return Listing(_in_chains(roots, children), tuple(unread), begins)


def _in_chains(
    roots: list[bytes], children: dict[bytes, bytes | list[bytes]]
) -> dict[str, list[bytes]]:
    by_kind: dict[str, list[bytes]] = {"commit": [], "tag": [], "tree": [], "blob": []}
    take = children.pop
    pending = roots
    while pending:
        pending.reverse()
        while pending:
            header = pending.pop()
            oid, kind, _ = header.split(b" ")
            by_kind[kind.decode()].append(header)
            under = take(oid, None)
            if under:
                pending.extend(under if isinstance(under, list) else (under,))
        # a base that is not in the list itself: its deltas start chains of their own
        if children:
            under = children.pop(next(iter(children)))
            pending = under if isinstance(under, list) else [under]
    return by_kind


def shards(listing: Listing, workers: int) -> list[Shard]:
    """Cut a listing into pieces of about equal work, largest kinds first."""
    made: list[Shard] = []
    for kind in ("blob", "tree", "commit", "tag"):
        headers = listing.headers[kind]
        if not headers:
            continue
        sizes = [int(header[header.rfind(b" ") + 1 :]) for header in headers]
        total = sum(sizes)
        pieces = 1 if workers == 1 else max(1, min(4 * workers, total // _PIECE_BYTES))
        made.extend(_cut(kind, headers, sizes, total // pieces + 1, listing.roots))
    return made


def _cut(
    kind: str, headers: list[bytes], sizes: list[int], limit: int, roots: frozenset[bytes]
) -> Iterator[Shard]:
    """Cut where a chain begins: a version whose base is in another piece costs its whole text."""
    begin, weight = 0, 0
    for index, size in enumerate(sizes):
        if weight >= limit and headers[index] in roots:
            yield Shard(kind, b"\n".join(headers[begin:index]) + b"\n", weight)
            begin, weight = index, 0
        weight += size
    yield Shard(kind, b"\n".join(headers[begin:]) + b"\n", weight)


def default_workers() -> int:
    """Return how many processes read at once: the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
