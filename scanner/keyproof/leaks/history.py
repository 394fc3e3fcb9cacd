"""History: reads and matches all objects of a repository, or some, and says what stayed unread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from keyproof.errors import SourceError
from keyproof.leaks import listing, named_blobs, objects
from keyproof.leaks.archives import Inside
from keyproof.leaks.collector import Collector, Row
from keyproof.leaks.gitio import Repository
from keyproof.leaks.listing import Shard, Unread
from keyproof.leaks.locate import Identities
from keyproof.leaks.matcher import Matcher
from keyproof.leaks.packs import open_packs
from keyproof.leaks.references import Referred
from keyproof.leaks.versions import VersionReader
from keyproof.leaks.workers import Crashed, spread

SMALL_BYTES = 8 << 20
"""Below this, one process reads everything: starting more would take longer."""

Step = Callable[[str, int, int | None], None]


class ObjectsRead(NamedTuple):
    """What reading objects gave: hits, what could not be read, and how many were read of each.

    ``inside`` is what is packed in objects and could not be read; ``referred`` what objects name,
    ``None`` where not all could be asked.
    """

    rows: tuple[Row, ...]
    unread: tuple[Unread, ...]
    counts: tuple[tuple[str, int], ...]
    inside: tuple[Inside, ...] = ()
    referred: tuple[Referred, ...] | None = ()


def read_objects(
    repository: Repository,
    matcher: Matcher,
    identities: Identities,
    *,
    wanted: bytes | None = None,
    workers: int | None = None,
    step: Step | None = None,
    paths: Iterable[tuple[str, bytes]] = (),
) -> ObjectsRead:
    """Read all objects, or those ``wanted`` (ids, one a line), and match each once.

    Args:
        paths: ids and paths of files, where the trees that name them are not read.
    """
    pieces, processes, total, lost = _planned(repository, matcher, wanted, workers)
    oid_bytes = _oid_bytes(pieces)
    packs = open_packs(repository.common_dir / "objects", oid_bytes)

    def work(piece: Shard) -> _Done:
        collector = Collector(matcher.copy(), identities, oid_bytes, unpacks=True)
        left = VersionReader(packs, collector).read(piece) if piece.kind == "blob" else piece
        margin = 2 * matcher.overlap
        unread = objects.read_shard(repository, left, collector, margin, threading.Event())
        return _done(collector, unread)

    done: list[tuple[Shard, _Done]] = []
    for piece, result in spread(work, pieces, processes):
        if isinstance(result, Crashed):
            oids = [h.split(b" ", 1)[0].decode() for h in piece.headers.splitlines()]
            done.append((piece, _Done([], [Unread(oid, "crash") for oid in oids], 0, [], {}, None)))
        else:
            done.append((piece, result))
        if step:
            step("reading objects", sum(one.read for _, one in done), total)
    read = _sum(total, lost, done)
    telling = {(oid.hex(), name) for _, one in done for oid, name in one.telling}
    named = named_blobs.rows(repository, matcher.rules, identities, telling.union(paths))
    return read._replace(rows=tuple(sorted({*read.rows, *named}, key=_order)))


class _Planned(NamedTuple):
    """What to read: in pieces, by how many processes, how many objects; and what cannot be read."""

    pieces: list[Shard]
    processes: int
    total: int
    lost: tuple[Unread, ...]


def _planned(
    repository: Repository, matcher: Matcher, wanted: bytes | None, workers: int | None
) -> _Planned:
    """List the objects and cut the list into pieces, which take a fraction of its memory."""
    listed = listing.list_objects(repository, wanted)
    size = listed.size()
    matcher.databases.expect(size)
    count = 1 if size < SMALL_BYTES else workers or listing.default_workers()
    return _Planned(list(listed.shards(count)), count, listed.total(), tuple(listed.unread))


class _Done(NamedTuple):
    """What one piece gave."""

    rows: list[Row]
    unread: list[Unread]
    read: int
    inside: list[Inside]
    within: dict[str, int]
    referred: Referred | None
    telling: frozenset[tuple[bytes, bytes]] = frozenset()


def _done(collector: Collector, unread: list[Unread]) -> _Done:
    return _Done(
        collector.rows,
        unread,
        collector.read,
        collector.unread,
        collector.within(),
        collector.references.referred() if collector.references.whole else None,
        frozenset(collector.references.telling),
    )


def _sum(total: int, lost: tuple[Unread, ...], done: list[tuple[Shard, _Done]]) -> ObjectsRead:
    counts = dict.fromkeys(("commit", "tree", "blob", "tag"), 0)
    for piece, one in done:
        counts[piece.kind] += one.read
    unread = [*lost, *(missed for _, one in done for missed in one.unread)]
    damaged = {one.oid for one in unread}
    if sum(counts.values()) + len(damaged) < total:
        raise SourceError("objects listed and objects read differ", reason="truncated")
    for _, one in done:
        for name, number in one.within.items():
            counts[name] = counts.get(name, 0) + number
    referred = tuple(one.referred for _, one in done if one.referred is not None)
    counts["bytes"] = sum(piece.bytes_total for piece, _ in done)
    return ObjectsRead(
        tuple(sorted({row for _, one in done for row in one.rows}, key=_order)),
        tuple(unread),
        tuple(counts.items()),
        tuple(sorted({one for _, piece in done for one in piece.inside})),
        None if unread or len(referred) < len(done) else referred,
    )


def _order(row: Row) -> tuple[str, str, bytes, int, str]:
    return row.kind, row.oid, row.inner, row.found.line or 0, row.found.occurrence_id


def _oid_bytes(pieces: list[Shard]) -> int:
    return pieces[0].headers.index(b" ") // 2 if pieces else 20
