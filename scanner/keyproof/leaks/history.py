"""History: reads and matches all objects of a repository, or some, and says what stayed unread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import NamedTuple

from keyproof.leaks import gitio, listing, objects
from keyproof.leaks.collector import Collector, Row
from keyproof.leaks.gitio import Repository
from keyproof.leaks.listing import Listing, Shard, Unread
from keyproof.leaks.locate import Identities
from keyproof.leaks.matcher import Matcher

SMALL_BYTES = 8 << 20
"""Below this, one process reads everything: starting more would take longer."""

Step = Callable[[str, int, int | None], None]


class ObjectsRead(NamedTuple):
    """What reading objects gave: hits, what could not be read, and how many were read of each."""

    rows: tuple[Row, ...]
    unread: tuple[Unread, ...]
    counts: tuple[tuple[str, int], ...]


def read_objects(
    repository: Repository,
    matcher: Matcher,
    identities: Identities,
    *,
    wanted: bytes | None = None,
    workers: int | None = None,
    step: Step | None = None,
) -> ObjectsRead:
    """Read all objects, or those ``wanted`` (ids, one a line), and match each once."""
    listed = listing.list_objects(repository, wanted)
    total = sum(int(h[h.rfind(b" ") + 1 :]) for headers in listed.headers.values() for h in headers)
    threads = 1 if total < SMALL_BYTES else workers or listing.default_workers()
    pieces = listing.shards(listed, threads)
    oid_bytes = _oid_bytes(listed)
    stop = threading.Event()
    done: list[tuple[Collector, Shard, list[Unread]]] = []

    def one(piece: Shard) -> tuple[Collector, Shard, list[Unread]]:
        collector = Collector(matcher.copy(), identities, oid_bytes)
        margin = 2 * matcher.overlap
        return collector, piece, objects.read_shard(repository, piece, collector, margin, stop)

    if threads == 1:
        done = [one(piece) for piece in pieces]
    else:
        with ThreadPoolExecutor(threads) as pool:
            try:
                read = 0
                for future in as_completed([pool.submit(one, piece) for piece in pieces]):
                    done.append(future.result())
                    read += done[-1][0].read
                    if step:
                        step("reading objects", read, listed.total())
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return _sum(listed, done)


def _sum(listed: Listing, done: list[tuple[Collector, Shard, list[Unread]]]) -> ObjectsRead:
    counts = dict.fromkeys(("commit", "tree", "blob", "tag"), 0)
    for collector, piece, _ in done:
        counts[piece.kind] += collector.read
    unread = [*listed.unread, *(one for _, _, part in done for one in part)]
    settled = sum(counts.values()) + len(unread) - len(listed.unread)
    assert settled == listed.total(), "objects listed and objects read differ"
    return ObjectsRead(
        tuple(sorted({row for collector, _, _ in done for row in collector.rows}, key=_order)),
        tuple(unread),
        tuple(counts.items()),
    )


def _order(row: Row) -> tuple[str, str, int, str]:
    return row.kind, row.oid, row.found.line or 0, row.found.occurrence_id


def _oid_bytes(listed: Listing) -> int:
    for headers in listed.headers.values():
        if headers:
            return headers[0].index(b" ") // 2
    return 20


class Connectivity:
    """A running check that everything referenced is there, beside the reading of objects."""

    def __init__(self, repository: Repository, *revisions: str) -> None:
        """Start it: what refs, reflogs and the index name, or what ``revisions`` do."""
        chosen = revisions or ("--all", "--reflog", "--indexed-objects")
        self._process = gitio.start(
            repository, "rev-list", "--objects", "--quiet", "--missing=print", *chosen, "--"
        )

    def missing(self) -> tuple[tuple[str, ...], bool]:
        """Return the ids of missing objects, and whether the check came to its end."""
        out, _ = self._process.communicate()
        missing = tuple(
            sorted(
                line[1:].split(b" ")[0].decode("ascii", "replace")
                for line in out.splitlines()
                if line.startswith(b"?")
            )
        )
        return missing, self._process.returncode == 0

    def stop(self) -> None:
        """End the check without its answer."""
        self._process.kill()
        self._process.communicate()
