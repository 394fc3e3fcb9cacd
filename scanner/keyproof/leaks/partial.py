"""Parts of a repository: what a range of commits adds, what the index adds to HEAD."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from keyproof.errors import SourceError, UsageError
from keyproof.leaks import attribution, gitio, history, lfs, listing, texts
from keyproof.leaks.archives import inside
from keyproof.leaks.collector import Row, search_text
from keyproof.leaks.gaps import shallow_gap
from keyproof.leaks.gitio import Repository
from keyproof.leaks.places import Place, Placer
from keyproof.leaks.whole import Given, packed_gaps, repository_gaps
from keyproof.model.source import Gap

_OBJECTS = frozenset({"commit", "tree", "blob", "tag"})


class Seen(NamedTuple):
    """What scanning a part of a repository gave."""

    places: list[Place]
    gaps: list[Gap]
    counts: tuple[tuple[str, int], ...]


def revision_range(given: Given, repository: Repository, revisions: str) -> Seen:
    """Scan what the commits of ``A..B`` add to what stands at their edge.

    Raises:
        UsageError: it is no range. SourceError: it names a commit that is not there.
    """
    if revisions.startswith("-") or ".." not in revisions:
        raise UsageError(f"not a range: {revisions}", hint="write A..B, for example main..HEAD")
    try:
        out = gitio.run(repository, "rev-list", "--date-order", "--boundary", revisions, "--")
    except SourceError:
        hint = "fetch both ends first (in CI: fetch-depth: 0)"
        raise SourceError(
            f"the range {revisions} cannot be read", reason="missing_object", hint=hint
        ) from None
    commits = [line for line in out.splitlines() if not line.startswith(b"-")]
    edges = [line[1:].decode() for line in out.splitlines() if line.startswith(b"-")]
    wanted, missing = _objects(repository, revisions)
    read = history.read_objects(
        repository, given.matcher, given.fingerprinter, wanted=wanted, workers=given.workers
    )
    gaps = repository_gaps(given.source, repository, read.unread, missing)
    gaps = [gap for gap in gaps if gap.reason != "shallow"]
    cut = set(texts.shallow_boundary(repository).split()).intersection(commits)
    if cut:
        gaps.append(shallow_gap(given.source, (oid.decode() for oid in cut)))
    placer = Placer(repository, given.workers or listing.default_workers(), commits=commits)
    # trees of the range name older files, too, and what only their names give away is read then
    fresh = frozenset(wanted.decode().split())
    rows = [row for row in read.rows if row.kind != "blob" or row.oid in fresh]
    places = _added(given, repository, placer.place(rows), edges, copies(rows))
    within = lfs.absent(repository, read.inside)
    paths = placer.outer_paths(one.oid for one in within)
    gaps += packed_gaps(given, within, paths)
    unread = len(read.unread) + len(missing) + len(within)
    counts = dict(read.counts) | {"unread": unread}
    return Seen(places, gaps, tuple(counts.items()))


def _objects(repository: Repository, revisions: str) -> tuple[bytes, tuple[str, ...]]:
    arguments = ("--objects", "--no-object-names", "--missing=print", revisions)
    lines = gitio.run(repository, "rev-list", *arguments, "--").splitlines()
    missing = tuple(sorted(line[1:].decode() for line in lines if line.startswith(b"?")))
    return b"".join(line + b"\n" for line in lines if not line.startswith(b"?")), missing


def _times(rows: Iterable[Row]) -> Counter[tuple[str, bytes, str]]:
    return Counter((row.oid, row.member, row.found.secret_id) for row in rows)


def copies(rows: Iterable[Row]) -> dict[str, int]:
    """Return, by occurrence, how often its secret stands in the file that holds it."""
    rows = list(rows)
    times = _times(rows)
    found: dict[str, int] = {}
    for row in rows:
        own = times[row.oid, row.member, row.found.secret_id]
        found[row.found.occurrence_id] = max(own, found.get(row.found.occurrence_id, 0))
    return found


def _added(
    given: Given,
    repository: Repository,
    places: list[Place],
    edges: list[str],
    times: Mapping[str, int],
) -> list[Place]:
    """Return the places that do not stand at the edge of the range already.

    A secret stood there before if the same occurrence did, wherever (a file was renamed), or if
    the same path held the same secret as often (lines around it changed).

    Args:
        times: see :func:`copies`.
    """
    if not edges or not any(place.where in {"blob", "file_name"} for place in places):
        return places
    paths: dict[str, list[bytes]] = {}
    for edge in edges:
        for oid, path in attribution.tree_entries(repository, edge):
            paths.setdefault(oid, []).append(path)
    wanted = "".join(f"{oid}\n" for oid in sorted(paths)).encode()
    before = history.read_objects(
        repository,
        given.matcher,
        given.fingerprinter,
        wanted=wanted,
        workers=given.workers,
        paths=[(oid, path) for oid, every in paths.items() for path in every],
    )
    occurrences = {(row.kind == "tree", row.found.occurrence_id) for row in before.rows}
    stood = _stood(before.rows, paths)

    def is_new(place: Place) -> bool:
        if place.where not in {"blob", "file_name"}:
            return True
        key = (place.where == "file_name", place.found.occurrence_id)
        known = stood.get((place.path, place.found.secret_id), 0)
        return key not in occurrences and times[place.found.occurrence_id] > known

    return [place for place in places if is_new(place)]


def _stood(
    rows: Iterable[Row], paths: Mapping[str, Iterable[bytes]]
) -> dict[tuple[bytes | None, str], int]:
    """Return how often each secret stands at each path."""
    rows = list(rows)
    times = _times(rows)
    stood: dict[tuple[bytes | None, str], int] = {}
    for row in rows:
        own = times[row.oid, row.member, row.found.secret_id]
        for path in paths.get(row.oid, ()):
            key = (inside(path, row.member), row.found.secret_id)
            stood[key] = max(own, stood.get(key, 0))
    return stood


def staged(given: Given, repository: Repository) -> Seen:
    """Scan what the index that git names adds to HEAD (``git commit -a`` uses another index)."""
    changed = staged_entries(repository)
    oids = {oid for old, new, _ in changed for oid in (old, new) if oid.strip("0")}
    wanted = "".join(f"{oid}\n" for oid in sorted(oids)).encode()
    paths = [(oid, path) for old, new, path in changed for oid in (old, new) if oid.strip("0")]
    read = history.read_objects(
        repository, given.matcher, given.fingerprinter, wanted=wanted, workers=1, paths=paths
    )
    by_oid: dict[str, list[Row]] = {}
    for row in read.rows:
        by_oid.setdefault(row.oid, []).append(row)
    known = {row.found.occurrence_id for old, _, _ in changed for row in by_oid.get(old, ())}
    times = copies(read.rows)
    olds: dict[str, list[bytes]] = {}
    for old, _, path in changed:
        olds.setdefault(old, []).append(path)
    stood = _stood(read.rows, olds)
    places = []
    for old, new, path in changed:
        places += [
            Place(row.found, "index", inside(path, row.member), in_head=False)
            for row in by_oid.get(new, ())
            if row.found.occurrence_id not in known
            and times[row.found.occurrence_id]
            > stood.get((inside(path, row.member), row.found.secret_id), 0)
        ]
        if not old.strip("0"):
            names = search_text(given.matcher, given.fingerprinter, path)
            places += [
                Place(found._replace(line=None, column=None), "file_name", path, in_head=False)
                for found in names
            ]
    gaps = repository_gaps(given.source, repository, read.unread, ())
    fresh = {new for _, new, _ in changed}
    within = lfs.absent(repository, (one for one in read.inside if one.oid in fresh))
    gaps += packed_gaps(given, within, {new: path for _, new, path in changed})
    counts = Counter(files=len(changed), unread=len(read.unread) + len(within))
    counts.update({kind: n for kind, n in read.counts if kind not in _OBJECTS})
    gaps = [gap for gap in gaps if gap.reason != "shallow"]
    return Seen(places, gaps, tuple(counts.items()))


def staged_entries(repository: Repository) -> list[tuple[str, str, bytes]]:
    """Return ``(old id, new id, path)`` of every file that the index changes."""
    head = gitio.run(repository, "rev-parse", "--verify", "-q", "HEAD", allow_failure=True).strip()
    tree = head.decode() or gitio.run(repository, "hash-object", "-t", "tree", "--stdin").decode()
    out = gitio.run(
        repository,
        *("diff-index", "--cached", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"),
        *("--ignore-submodules=all", "--diff-filter=d", tree.strip(), "--"),
    )
    fields = iter(out.split(b"\0"))
    entries = []
    for field in fields:
        if field.startswith(b":"):
            parts = field.split(b" ")
            entries.append((parts[2].decode(), parts[3].decode(), next(fields)))
    return entries
