"""The whole object database of a repository, remembered from one scan to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from keyproof.leaks import attribution, compiled, connectivity, history, lfs, listing, texts
from keyproof.leaks.archives import Inside
from keyproof.leaks.archives import inside as member
from keyproof.leaks.assemble import Cleaner, assemble
from keyproof.leaks.collector import Row, search_text
from keyproof.leaks.gaps import (
    LFS_CALL,
    UNPACKING,
    inside_gaps,
    object_gaps,
    shallow_gap,
    unchecked_gap,
)
from keyproof.leaks.gitio import Repository
from keyproof.leaks.known_ids import added, packed
from keyproof.leaks.listing import Unread
from keyproof.leaks.matcher import Matcher
from keyproof.leaks.places import Place, Placer
from keyproof.leaks.references import Absent, absent
from keyproof.leaks.suppress import Suppressor
from keyproof.model.leak import Leak
from keyproof.model.source import Gap
from keyproof.ports.context import Fingerprinter, HitCache

_T = TypeVar("_T")
_ABSENT = frozenset({"missing_object", "partial_clone", "shallow"})
_FORMAT = 7
"""Raised when the form of what is remembered changes."""


class Given(Protocol):
    """What is asked of a scanner here: see ``scan.Scanner``."""

    @property
    def matcher(self) -> Matcher:
        """The rules' matcher."""
        ...

    @property
    def fingerprinter(self) -> Fingerprinter:
        """Makes the ids that leave."""
        ...

    @property
    def suppressor(self) -> Suppressor:
        """Knows what is accepted."""
        ...

    @property
    def source(self) -> str:
        """The id that leaks and gaps carry."""
        ...

    @property
    def cache(self) -> HitCache | None:
        """What earlier scans remembered."""
        ...

    @property
    def workers(self) -> int | None:
        """How many git processes read at once."""
        ...

    def step(self, what: str, done: int, total: int | None) -> None:
        """Report progress."""
        ...


class ObjectsScanned(NamedTuple):
    """The leaks and gaps of an object database; ``ids`` lists it, sorted, one a line."""

    leaks: tuple[Leak, ...]
    gaps: tuple[Gap, ...]
    counts: tuple[tuple[str, int], ...]
    ids: bytes


class _Outcome(msgspec.Struct, frozen=True):
    """A whole answer, valid for exactly the same objects, refs, rules and identity key."""

    leaks: tuple[Leak, ...]
    gaps: tuple[Gap, ...]
    counts: tuple[tuple[str, int], ...]

    def is_lasting(self) -> bool:
        """Whether nothing could be read next time that was not now, of the same objects and refs.

        A git object that is absent stays so, or there are more objects; what is damaged may be
        mended in place, and what Git LFS keeps may be fetched.
        """
        return all(
            gap.call == UNPACKING or (gap.reason in _ABSENT and gap.call != LFS_CALL)
            for gap in self.gaps
        )


class _Known(msgspec.Struct, frozen=True):
    """Object ids that were read whole, the hits in them, and what in them was not unpacked.

    ``ids`` are packed (``known_ids``). ``absent`` is what they refer to and was not there; ``None`` where not all could be asked.
    """

    ids: bytes
    rows: tuple[Row, ...]
    counts: tuple[tuple[str, int], ...]
    inside: tuple[Inside, ...]
    absent: Absent | None


def scan_objects(given: Given, repository: Repository, shown: str) -> ObjectsScanned:
    """Scan all objects and ref names; read only objects that the cache does not know."""
    ids = listing.object_ids(repository)
    accepted = given.suppressor
    base = (_FORMAT, given.matcher.rules.digest, given.fingerprinter.key_id, accepted.salt)
    # places and gaps rest on code that judges nothing, and are quick to work out again
    rest = (compiled.stamp(()), given.source, shown, ids, _state(repository), accepted.state)
    outcome_key = _key(*base, *rest)
    known_key = _key(*base, str(repository.common_dir.resolve()))
    outcome = _stored(given.cache, outcome_key, _Outcome)
    if outcome is None:
        known = _stored(given.cache, known_key, _Known)
        outcome, known = _scan(given, repository, shown, ids, known)
        if given.cache:
            encode = msgspec.msgpack.encode
            entries = {known_key: encode(known)}
            if outcome.is_lasting():
                entries[outcome_key] = encode(outcome)
            given.cache.put(entries)
    return ObjectsScanned(outcome.leaks, outcome.gaps, outcome.counts, ids)


def _scan(
    given: Given, repository: Repository, shown: str, ids: bytes, known: _Known | None
) -> tuple[_Outcome, _Known]:
    read, known = _read(given, repository, ids, known)
    within = lfs.absent(repository, known.inside)
    placer = Placer(repository, given.workers or listing.default_workers(), all_commits=ids)
    objects = [row.oid for row in known.rows if row.kind in {"blob", "tree"}]
    lacking = known.absent.files if known.absent else ()
    placer.learn(
        (*objects, *(one.oid for one in within), *lacking[: connectivity.MOST_PLACED]),
        folders=any(row.kind == "tree" for row in known.rows),
    )
    places = placer.place(known.rows)
    refs = texts.ref_names(repository)
    places += _ref_places(given, refs)
    missing, whole = connectivity.missing_objects(repository, placer, known.absent, ids)
    leaks = assemble(
        places,
        given.matcher,
        source=given.source,
        repository=shown,
        suppressor=given.suppressor,
    )
    gaps = repository_gaps(given.source, repository, read.unread, missing)
    if not whole and not missing:
        gaps.append(unchecked_gap(given.source))
    paths = placer.outer_paths(one.oid for one in within)
    gaps += packed_gaps(given, within, paths)
    unread = len(read.unread) + len(missing) + len(within)
    counts = {**dict(known.counts), "refs": len(refs), "unread": unread}
    return _Outcome(leaks, tuple(gaps), tuple(counts.items())), known


def _read(
    given: Given, repository: Repository, ids: bytes, known: _Known | None
) -> tuple[history.ObjectsRead, _Known]:
    """Read what ``known`` does not hold, and return it with everything that is known now."""
    wanted = None
    rows: tuple[Row, ...] = ()
    within: tuple[Inside, ...] = ()
    counts: dict[str, int] = {}
    lacking: Absent | None = Absent()
    if known is not None:
        wanted = added(known.ids, ids)
        if wanted is not None:
            rows, within, counts = known.rows, known.inside, dict(known.counts)
            lacking = known.absent
    read = history.read_objects(
        repository,
        given.matcher,
        given.fingerprinter,
        wanted=wanted,
        workers=given.workers,
        step=given.step,
        paths=attribution.index_entries(repository),
    )
    for kind, number in read.counts:
        counts[kind] = counts.get(kind, 0) + number
    lost = {one.oid.encode() for one in read.unread}
    kept = ids if not lost else b"".join(i + b"\n" for i in ids.splitlines() if i not in lost)
    inside = (*within, *read.inside)
    if lacking is not None:
        lacking = None if read.referred is None else absent(ids, read.referred, lacking)
    read = read._replace(referred=None)  # what is large is not held while git works
    return read, _Known(packed(kept), (*rows, *read.rows), tuple(counts.items()), inside, lacking)


def packed_gaps(given: Given, within: Iterable[Inside], paths: Mapping[str, bytes]) -> list[Gap]:
    """Return the gaps of what is packed in objects, which stand at ``paths``, and was not read."""
    cleaner = Cleaner(given.matcher)
    return inside_gaps(
        given.source,
        (
            (
                one.reason,
                cleaner.show(member(paths.get(one.oid, one.oid.encode()), one.path) or b""),
            )
            for one in within
        ),
    )


def repository_gaps(
    source: str, repository: Repository, unread: tuple[Unread, ...], missing: tuple[str, ...]
) -> list[Gap]:
    """Return the gaps of objects: unread, missing, cut off."""
    reason = "partial_clone" if texts.has_promisor(repository) else "missing_object"
    damaged = {one.oid for one in unread}
    absent = [Unread(oid, reason) for oid in missing if oid not in damaged]
    gaps = object_gaps(source, [*unread, *absent])
    boundary = texts.shallow_boundary(repository).split()
    if boundary:
        gaps.append(shallow_gap(source, (oid.decode("ascii", "replace") for oid in boundary)))
    return gaps


def _ref_places(given: Given, refs: list[bytes]) -> list[Place]:
    return [
        Place(found._replace(line=None, column=None), "ref_name", ref, reachable=True)
        for ref in refs
        for found in search_text(given.matcher, given.fingerprinter, ref)
    ]


def _state(repository: Repository) -> bytes:
    """Return what an answer rests on besides objects: refs, HEAD, boundary, index."""
    index = repository.git_dir / "index"
    staged = index.read_bytes() if index.is_file() else b""
    promisor = b"promisor" if texts.has_promisor(repository) else b""
    return b"\0".join((texts.refs_state(repository), promisor, hashlib.sha256(staged).digest()))


def _key(*parts: object) -> str:
    state = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogateescape")
        state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.hexdigest()


def _stored(cache: HitCache | None, key: str, kind: type[_T]) -> _T | None:
    """Return what the cache holds; ``None`` where that is nothing, or nothing of this form."""
    stored = cache.get([key]).get(key) if cache else None
    if stored is None:
        return None
    try:
        return msgspec.msgpack.decode(stored, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
