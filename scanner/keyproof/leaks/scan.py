"""The library's public door: a repository, a range, the index, a folder, a file, a stream."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

from keyproof.errors import SourceError
from keyproof.identity import cache_folder
from keyproof.leaks import gitio, gitsafe, listing, partial, texts, whole
from keyproof.leaks.archives import inside
from keyproof.leaks.assemble import Cleaner, assemble, merge
from keyproof.leaks.collector import Collector, search_file, search_text
from keyproof.leaks.gaps import file_gaps, inside_gaps
from keyproof.leaks.gitio import Repository
from keyproof.leaks.locate import WithBaseline, locate
from keyproof.leaks.matcher import Matcher, open_lazily
from keyproof.leaks.named_files import hits_at
from keyproof.leaks.places import Place
from keyproof.leaks.rules import RuleSet, load_rules
from keyproof.leaks.suppress import Suppressor
from keyproof.leaks.texts import Text
from keyproof.model.leak import Leak
from keyproof.model.source import Gap
from keyproof.ports.context import Fingerprinter, HitCache, Progress

_OF_OTHERS = frozenset({"archives", "decoded", "wide", "bytes"})
"""Counts of what is counted as an object or a file already."""


class Scanner(NamedTuple):
    """What every scan is given. Made by :func:`open_scanner`.

    Attributes:
        source: the id that leaks and gaps carry.
        workers: how many git processes read at once; ``None``: one a processor.
    """

    matcher: Matcher
    fingerprinter: Fingerprinter
    environment: Mapping[str, str]
    source: str = "leaks"
    progress: Progress | None = None
    cache: HitCache | None = None
    workers: int | None = None
    suppressor: Suppressor = Suppressor()

    def step(self, what: str, done: int, total: int | None) -> None:
        """Report progress, where somebody listens."""
        if self.progress:
            self.progress.step(what, done, total)


class ScanResult(NamedTuple):
    """What a scan saw and did not see.

    Attributes:
        coverage: counts of what was read, by kind.
        listed: how many objects and texts there are; ``parsed``: how many of them were read.
    """

    leaks: tuple[Leak, ...]
    gaps: tuple[Gap, ...]
    coverage: tuple[tuple[str, int], ...]
    listed: int
    parsed: int


def open_scanner(
    environment: Mapping[str, str],
    fingerprinter: Fingerprinter,
    *,
    rules: RuleSet | None = None,
    source: str = "leaks",
    matcher: Matcher | None = None,
    progress: Progress | None = None,
    cache: HitCache | None = None,
    workers: int | None = None,
    suppressor: Suppressor = Suppressor(),  # noqa: B008 - frozen
) -> Scanner:
    """Load the rules and their matcher, from the user's cache where it holds them.

    Args:
        matcher: one that is loaded already, in place of the rules'.
    """
    folder = cache_folder(environment)
    matcher = matcher or open_lazily(rules or load_rules(folder), folder)
    if suppressor.baseline is not None:
        fingerprinter = WithBaseline(fingerprinter, suppressor.baseline.identities())
    return Scanner(
        matcher, fingerprinter, environment, source, progress, cache, workers, suppressor
    )


def scan_repository(
    scanner: Scanner,
    path: Path,
    *,
    revisions: str | None = None,
    staged: bool = False,
    ignored: bool = False,
    name: str | None = None,
) -> ScanResult:
    """Scan a repository: everything in it and its worktree, or what a range or the index adds.

    Args:
        revisions: a range ``A..B``: only what it adds.
        staged: only what the index adds to HEAD.
        ignored: files of the worktree that git ignores, too.
        name: what occurrences call the repository; its path by default.

    Raises:
        NotARepository: ``path`` is none.
        SourceError: git cannot open it, or the range names what is not there.
    """
    repository = gitio.open_repository(path, scanner.environment)
    shown = name or str(repository.root)
    if staged:
        index = scanner.environment.get("GIT_INDEX_FILE")
        named = gitsafe.git_environment(scanner.environment, index_file=index)
        repository = repository._replace(environment=named)
        seen = partial.staged(scanner, repository)
        return _result(scanner, shown, seen.places, seen.gaps, seen.counts)
    if revisions is not None:
        seen = partial.revision_range(scanner, repository, revisions)
        return _result(scanner, shown, seen.places, seen.gaps, seen.counts)
    history = whole.scan_objects(scanner, repository, shown)
    changed = _changed_files(repository, history.ids, ignored=ignored)
    places, gaps, counts = _search(scanner, chain(texts.configuration(repository), changed))
    beside = _result(scanner, shown, places, gaps, counts)
    return _joined(history.leaks, history.gaps, history.counts, beside)


def scan_worktree(
    scanner: Scanner, repository: Repository, *, ignored: bool = False, name: str | None = None
) -> ScanResult:
    """Scan what a linked worktree holds besides objects, which are another worktree's, too."""
    ids = listing.object_ids(repository)
    places, gaps, counts = _search(scanner, _changed_files(repository, ids, ignored=ignored))
    return _result(scanner, name or str(repository.root), places, gaps, counts)


def scan_paths(scanner: Scanner, paths: Iterable[Path], *, name: str | None = None) -> ScanResult:
    """Scan plain files and folders, without git: every file, ignored or not.

    Raises:
        SourceError: a path does not exist.
    """
    found: list[Place] = []
    gaps: list[Gap] = []
    counts: Counter[str] = Counter()
    shown = name
    for path in paths:
        shown = shown or str(path)
        if path.is_dir():
            one = _search(scanner, texts.folder_files(path))
        else:
            text = texts.read_file(path.resolve(), "worktree", os.fsencode(path))
            if text is None:
                raise SourceError(f"there is no file {path}", hint="check the path")
            one = _search(scanner, [text])
        found += one[0]
        gaps += one[1]
        counts.update(dict(one[2]))
    return _result(scanner, shown or "", found, gaps, tuple(counts.items()))


def scan_stream(scanner: Scanner, stream: IO[bytes], *, name: str = "stdin") -> ScanResult:
    """Scan one stream of bytes to its end."""
    collector = search_file(scanner.matcher, scanner.fingerprinter, stream)
    raw = name.encode()
    places = [Place(row.found, "worktree", inside(raw, row.inner)) for row in collector.rows]
    named = [one._replace(oid=name) for one in collector.unread]
    gaps = whole.packed_gaps(scanner, named, {})
    return _result(scanner, name, places, gaps, {"files": 1, **_within(collector)}.items())


def _changed_files(repository: Repository, ids: bytes, *, ignored: bool) -> Iterable[Text]:
    """Yield the worktree's files that are not objects already."""
    for text in texts.worktree_files(repository, ignored=ignored):
        if text.data is None or not texts.known_blob(text.data, ids):
            yield text


def _search(
    scanner: Scanner, every: Iterable[Text]
) -> tuple[list[Place], list[Gap], tuple[tuple[str, int], ...]]:
    places: list[Place] = []
    unread: list[tuple[str, str]] = []
    packed: list[tuple[str, str]] = []
    counts: Counter[str] = Counter()
    cleaner = Cleaner(scanner.matcher)
    decoded = scanner.matcher.effort[0]
    for text in every:
        collector = None if text.reason else _search_one(scanner, text)
        if collector is None:
            unread.append((text.reason or "corrupt", cleaner.show(text.path)))
            counts["unread"] += 1
            continue
        in_head = False if text.where == "worktree" else None
        places += [
            Place(row.found, text.where, inside(text.path, row.inner), in_head=in_head)
            for row in collector.rows
        ]
        packed += [
            (o.reason, cleaner.show(inside(text.path, o.path) or b"")) for o in collector.unread
        ]
        counts.update(_within(collector))
        if text.where != "config":  # names there are those of refs, which are searched as such
            places += _name(scanner, text.path)
        counts["config_files" if text.where == "config" else "files"] += 1
        counts["bytes"] += collector.bytes
        scanner.step("reading files", counts["files"] + counts["config_files"], None)
    counts["decoded"] = scanner.matcher.effort[0] - decoded
    gaps = file_gaps(scanner.source, unread) + inside_gaps(scanner.source, packed)
    return places, gaps, tuple(counts.items())


def _within(collector: Collector) -> dict[str, int]:
    """Count what was found packed in a file."""
    return {**collector.within(), "unread": len(collector.unread)}


def _search_one(scanner: Scanner, text: Text) -> Collector | None:
    """Search a text; ``None`` where its file cannot be read to the end."""
    if text.data is not None:
        collector = search_file(scanner.matcher, scanner.fingerprinter, BytesIO(text.data))
        named = hits_at(scanner.matcher.rules, text.path, text.data)
        collector.keep("blob", "", locate(scanner.fingerprinter, text.data, named))
        return collector
    assert text.large is not None
    try:
        with text.large.open("rb") as stream:
            return search_file(scanner.matcher, scanner.fingerprinter, stream)
    except OSError:
        return None


def _name(scanner: Scanner, path: bytes) -> list[Place]:
    """Search a path; lines and columns mean nothing in it."""
    return [
        Place(found._replace(line=None, column=None), "file_name", path)
        for found in search_text(scanner.matcher, scanner.fingerprinter, path)
    ]


def _result(
    scanner: Scanner,
    repository: str,
    places: Iterable[Place],
    gaps: Iterable[Gap],
    counts: Iterable[tuple[str, int]],
) -> ScanResult:
    leaks = assemble(
        places,
        scanner.matcher,
        source=scanner.source,
        repository=repository,
        suppressor=scanner.suppressor,
    )
    return _summed(leaks, tuple(gaps), dict(counts))


def _joined(
    leaks: tuple[Leak, ...],
    gaps: tuple[Gap, ...],
    counts: tuple[tuple[str, int], ...],
    beside: ScanResult,
) -> ScanResult:
    total = Counter(dict(counts))
    total.update(dict(beside.coverage))
    return _summed(merge(leaks, beside.leaks), (*gaps, *beside.gaps), total)


def _summed(
    leaks: tuple[Leak, ...], gaps: tuple[Gap, ...], counts: Mapping[str, int]
) -> ScanResult:
    listed = sum(number for kind, number in counts.items() if kind.split(":")[0] not in _OF_OTHERS)
    coverage = tuple((kind, number) for kind, number in counts.items() if number)
    return ScanResult(leaks, gaps, coverage, listed, listed - counts.get("unread", 0))
