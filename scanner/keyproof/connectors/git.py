"""Git repositories: leaks in everything that a repository holds. A thin door to ``leaks``."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from keyproof.connectors._travel import worst
from keyproof.errors import ConfigError, KeyproofError, SourceError
from keyproof.identity import cache_folder
from keyproof.leaks import baseline, remotes
from keyproof.leaks.gitio import open_repository
from keyproof.leaks.scan import Scanner, ScanResult, open_scanner
from keyproof.leaks.scopes import Scope, scan_path
from keyproof.leaks.several import LARGE_BYTES, packed_bytes, several
from keyproof.leaks.suppress import Suppressor
from keyproof.leaks.workers import Crashed
from keyproof.model.facts import Record
from keyproof.model.leak import Leak
from keyproof.model.source import REPOSITORIES, Gap, Source
from keyproof.ports import Check, Context

if TYPE_CHECKING:
    from keyproof.leaks.imported import Opened
    from keyproof.leaks.imports._rule import Refusal

TITLE = "Git repositories: history, messages, notes, names, configuration, worktree"
SCOPES = ("read access to the repository's folder",)


class SETTINGS(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which repositories are read.

    Attributes:
        path: one repository.
        paths: several, or patterns (``/srv/git/*.git``).
        range: only what ``A..B`` adds; the source's scope is then ``partial``.
        baseline: a baseline file whose entries mark occurrences as accepted; that of the
            repository, where there is only one.
        inline: comments beside a secret count (``keyproof:allow why``).
        rules: files of rules besides ours: of other scanners, or in our own form.
        skip_untranslatable: leave out rules that have no equal, as a gap; else they are an error.
    """

    path: str | None = None
    paths: tuple[str, ...] = ()
    range: str | None = None
    baseline: str | None = None
    inline: bool = True
    rules: tuple[str, ...] = ()
    skip_untranslatable: bool = False


def collect(settings: SETTINGS, context: Context) -> Iterator[Record]:
    """See ``Connector.collect``."""
    started = context.clock.now()
    opened = _opened(settings, context)
    scanner = open_scanner(
        context.environment,
        context.fingerprinter,
        matcher=opened.matcher if opened else None,
        source=context.source,
        progress=context.progress,
        cache=context.cache,
        suppressor=_suppressor(settings, started.date()),
    )
    read = _read_all(scanner, _repositories(settings), Scope(revisions=settings.range))
    results = [result for one in read for result in one.results]
    yield from _leaks(results, context.source)
    gaps = [gap for result in results for gap in result.gaps]
    gaps += [_left_out(context.source, one) for one in (opened.skipped if opened else ())]
    yield from gaps
    yield Source(
        id=context.source,
        connector="git",
        kind="repository",
        instance=", ".join(_shown(settings)),
        started_at=started,
        finished_at=context.clock.now(),
        complete=not gaps,
        scope="whole" if settings.range is None else "partial",
        listed=sum(result.listed for result in results),
        parsed=sum(result.parsed for result in results),
        calls=("git cat-file", "git rev-list", "git diff-tree"),
        coverage=_coverage(results),
        transport=worst([url for one in read for url in one.urls]),
        audit_log="not_applicable",
    )


def local_bytes(settings: SETTINGS) -> int:
    """See ``Connector``: the size of the packs."""
    try:
        return sum(map(packed_bytes, _repositories(settings)))
    except SourceError:
        return 0  # collecting says why


def check(settings: SETTINGS, context: Context) -> Iterator[Check]:
    """See ``Connector.check``."""
    try:
        found = _repositories(settings)
    except SourceError as error:
        yield Check("find repositories", ok=False, detail=error.message, hint=error.hint)
        return
    for path in found:
        try:
            open_repository(path, context.environment)
        except SourceError as error:
            yield Check(f"open {path}", ok=False, detail=error.message, hint=error.hint)
        else:
            yield Check(f"open {path}", ok=True, detail="git can read it")


def _opened(settings: SETTINGS, context: Context) -> Opened | None:
    """Return the matcher with rules that were brought along; ``None`` where none were."""
    if not settings.rules:
        return None
    from keyproof.leaks.imported import open_with

    return open_with(
        [Path(one) for one in settings.rules],
        cache_folder(context.environment),
        skip_untranslatable=settings.skip_untranslatable,
    )


class _Read(NamedTuple):
    """What one path gave: the addresses of its remotes, and a result for each repository in it."""

    urls: list[str]
    results: list[ScanResult]


def _read_all(scanner: Scanner, paths: Sequence[Path], scope: Scope) -> list[_Read]:
    """Read repositories, small ones several at once; return what each gave, in their order."""
    if len(paths) == 1:
        return [_read_one(scanner, paths[0], scope)]
    # before processes are started, each of which would compile for itself
    scanner.matcher.databases.expect(sum(map(packed_bytes, paths)))
    done: dict[Path, _Read] = {}
    for path, one in several(lambda each: _read(scanner, each, scope), paths, packed_bytes):
        if isinstance(one, Crashed):
            died = SourceError("the process that read it died", reason="crash", where=str(path))
            done[path] = _Read([], [_unread(scanner.source, died)])
        else:
            # an error that stops the run is raised here: not every one can be pickled
            done[path] = one or _read_one(scanner, path, scope)
        scanner.step("reading repositories", len(done), len(paths))
    return [done[path] for path in paths]


def _read(scanner: Scanner, path: Path, scope: Scope) -> _Read | None:
    """Read one of many repositories, perhaps in another process; ``None``: the run must stop."""
    if packed_bytes(path) < LARGE_BYTES:
        scanner = scanner._replace(progress=None)
    try:
        return _read_one(scanner, path, scope)
    except KeyproofError:
        return None


def _read_one(scanner: Scanner, path: Path, scope: Scope) -> _Read:
    urls: list[str] = []
    try:
        repository = open_repository(path, scanner.environment)
        urls += [url for _, url in remotes.remote_urls(repository)]
        scanned = scan_path(scanner, path, scope, remotes.identity)
        return _Read(urls, [statement.result for statement in scanned])
    except SourceError as error:
        return _Read(urls, [_unread(scanner.source, error)])


def _left_out(source: str, refusal: Refusal) -> Gap:
    """Return the gap of a rule that was brought along and has no equal here."""
    return Gap(source=source, call="leaks.rules", reason="unsupported", detail=str(refusal))


def _suppressor(settings: SETTINGS, today: date) -> Suppressor:
    """Return what accepts places: the named baseline, or that of the only repository."""
    own = None
    if settings.baseline is None and len(_shown(settings)) == 1:
        own = baseline.find(Path(_shown(settings)[0]).expanduser())
    if settings.baseline is None and own is None:
        return Suppressor(None, today, settings.inline)
    accepted = baseline.load(own or Path(settings.baseline or "").expanduser())
    if accepted is None:
        raise ConfigError(
            "there is no baseline file", where=settings.baseline, hint="check 'baseline'"
        )
    return Suppressor(accepted, today, settings.inline)


def _repositories(settings: SETTINGS) -> list[Path]:
    found: list[Path] = []
    for pattern in _shown(settings):
        expanded = str(Path(pattern).expanduser())
        magic = any(letter in expanded for letter in "*?[")
        matches = sorted(glob.glob(expanded)) if magic else [expanded]  # noqa: PTH207 - absolute
        if not matches:
            raise SourceError(
                f"no repository matches {pattern}", hint="check 'paths' in keyproof.yaml"
            )
        found += [Path(match) for match in matches]
    return found


def _shown(settings: SETTINGS) -> tuple[str, ...]:
    chosen = (*((settings.path,) if settings.path else ()), *settings.paths)
    return chosen or (".",)


def _leaks(results: list[ScanResult], source: str) -> Iterator[Leak]:
    """Yield one leak a secret, though several repositories hold it."""
    from keyproof.leaks.assemble import merge

    yield from merge(*(result.leaks for result in results))


def _coverage(results: list[ScanResult]) -> tuple[tuple[str, int], ...]:
    total: dict[str, int] = {REPOSITORIES: len(results)}
    for result in results:
        for kind, number in result.coverage:
            total[kind] = total.get(kind, 0) + number
    return tuple(sorted(total.items()))


def _unread(source: str, error: SourceError) -> ScanResult:
    gap = msgspec.convert(
        {
            "record": "gap",
            "source": source,
            "call": error.where or "git rev-parse",
            "reason": error.reason,
            "detail": error.message,
            "hint": error.hint,
        },
        Gap,
    )
    return ScanResult((), (gap,), (), 0, 0)
