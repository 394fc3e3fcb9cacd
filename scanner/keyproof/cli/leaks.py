"""``keyproof leaks``: find secrets in git history, files and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from keyproof.cli.terminal import note, progress, result_stream
from keyproof.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from keyproof.leaks.scan import Scanner, ScanResult
    from keyproof.model.leak import Leak, Occurrence


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--no-git", is_flag=True, help="Read plain files and folders, ignored ones too.")
@click.option("--staged", is_flag=True, help="Read only what the index adds to HEAD.")
@click.option("--range", "revisions", metavar="A..B", help="Read only what these commits add.")
@click.option("--stdin", is_flag=True, help="Read standard input.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl", "json"]),
    default="table",
    show_default=True,
    help="jsonl: one object for each place of each secret.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the result to a file.")
@click.option("--coverage", is_flag=True, help="Say on stderr what was read and what was not.")
@click.option(
    "--baseline",
    "accepted",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Mark what this baseline accepts; nothing is hidden. Default: the repository's own.",
)
@click.option("--no-inline", is_flag=True, help="Comments beside a secret accept nothing.")
@click.option("--no-cache", is_flag=True, help="Neither use nor write what earlier scans read.")
@click.option("--allow-incomplete", is_flag=True, help="Do not exit 4 where something is unread.")
@click.option("--exit-zero", is_flag=True, help="Do not exit 1 where there are leaks.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr.")
def leaks(
    paths: tuple[Path, ...],
    *,
    no_git: bool,
    staged: bool,
    revisions: str | None,
    stdin: bool,
    form: str,
    output: str | None,
    coverage: bool,
    accepted: Path | None,
    no_inline: bool,
    no_cache: bool,
    allow_incomplete: bool,
    exit_zero: bool,
    quiet: bool,
) -> int:
    """Find secrets in git history, files and standard input.

    PATH is a repository (default: the one here): all its objects once each, commit and tag
    messages, notes, ref and file names, its configuration and its worktree. No secret is printed.

    Exit codes: 0 no leak, 1 leaks, 2 usage, 4 something could not be read.
    """
    if sum(map(bool, (no_git, staged, revisions, stdin))) > 1:
        raise UsageError("--no-git, --staged, --range and --stdin exclude one another")
    if stdin and paths:
        raise UsageError("--stdin takes no PATH")
    with progress(quiet=quiet) as shown:
        chosen = accepted or _own_baseline(paths, no_git=no_git or stdin)
        scanner = _scanner(shown, chosen, cached=not no_cache, inline=not no_inline)
        results = list(_results(scanner, paths or (Path(),), no_git, staged, revisions, stdin))
    with result_stream(output) as stream:
        _write(stream, form, results)
    gaps = [gap for result in results for gap in result.gaps]
    for gap in gaps:
        note(f"incomplete: {gap.detail} ({gap.call})")
        if gap.hint:
            note(f"  fix: {gap.hint}")
    found = [leak for result in results for leak in result.leaks]
    if coverage:
        _coverage(results)
    if not quiet:
        note(_summary(found, len(gaps)))
    if found and not exit_zero:
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if gaps and not allow_incomplete else ExitCode.OK


def _own_baseline(paths: tuple[Path, ...], *, no_git: bool) -> Path | None:
    """Return the baseline of the only repository that is scanned."""
    from keyproof.leaks.baseline import find

    return None if no_git or len(paths) > 1 else find((*paths, Path())[0])


def _scanner(shown: Any, accepted: Path | None, *, cached: bool, inline: bool) -> Scanner:
    from keyproof.app.clock import SystemClock
    from keyproof.identity import cache_folder, load_fingerprinter
    from keyproof.leaks.baseline import load
    from keyproof.leaks.hitcache import SqliteHitCache
    from keyproof.leaks.scan import open_scanner
    from keyproof.leaks.suppress import Suppressor

    baseline = load(accepted) if accepted else None
    if accepted and baseline is None:
        raise UsageError(f"there is no {accepted}", hint="check the path of the baseline")
    suppressor = Suppressor(baseline, SystemClock().now().date(), inline)
    cache = SqliteHitCache(cache_folder(os.environ)) if cached else None
    fingerprinter = load_fingerprinter(os.environ)
    return open_scanner(
        os.environ, fingerprinter, progress=shown, cache=cache, suppressor=suppressor
    )


def _results(
    scanner: Scanner,
    paths: tuple[Path, ...],
    no_git: bool,  # noqa: FBT001 - the command's own flags
    staged: bool,  # noqa: FBT001
    revisions: str | None,
    stdin: bool,  # noqa: FBT001
) -> Iterator[ScanResult]:
    from keyproof.errors import SourceError
    from keyproof.leaks.gitio import NotARepository
    from keyproof.leaks.scan import scan_paths, scan_repository, scan_stream

    if stdin:
        if sys.stdin is None:
            raise UsageError("standard input is closed")
        yield scan_stream(scanner, sys.stdin.buffer)
        return
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}", hint="check the path")
        if no_git:
            yield scan_paths(scanner, (path,))
            continue
        if path.is_file() and not staged and revisions is None:
            yield scan_paths(scanner, (path,))
            continue
        try:
            yield scan_repository(scanner, path, revisions=revisions, staged=staged)
        except NotARepository as error:
            raise UsageError(error.message, hint=error.hint) from None
        except SourceError as error:
            yield _unread(scanner, error)


def _unread(scanner: Scanner, error: Any) -> ScanResult:
    """Return the result of a repository that could not be opened: one gap, no silence."""
    from keyproof.leaks.scan import ScanResult
    from keyproof.model.source import Gap

    gap = Gap(
        source=scanner.source,
        call=error.where or "git rev-parse",
        reason=error.reason,
        detail=error.message,
        hint=error.hint,
    )
    return ScanResult((), (gap,), (), 0, 0)


def _write(stream: IO[str], form: str, results: list[ScanResult]) -> None:
    if form == "table":
        _table(stream, results)
        return
    import json

    rows = (_row(leak, place) for result in results for leak, place in _places(result))
    if form == "jsonl":
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    import msgspec

    document = {
        "schema": "keyproof/leaks/v1",
        "leaks": list(rows),
        "gaps": [gap for result in results for gap in msgspec.to_builtins(result.gaps)],
        "coverage": [dict(result.coverage) for result in results],
    }
    json.dump(document, stream, ensure_ascii=False, indent=2)
    stream.write("\n")


def _places(result: ScanResult) -> Iterator[tuple[Leak, Occurrence]]:
    for leak in result.leaks:
        for place in leak.occurrences:
            yield leak, place


def _row(leak: Leak, place: Occurrence) -> dict[str, Any]:
    """Return one line of ``--format jsonl``: fields may be added, never renamed."""
    at = place.introduced_at
    return {
        "where": place.where,
        "detector": leak.detector,
        "provider": leak.provider,
        "kind": leak.kind,
        "named": leak.named,
        "confidence": leak.confidence,
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "commit": place.commit,
        "author": place.author,
        "introduced_at": at.isoformat().replace("+00:00", "Z") if at else None,
        "in_head": place.in_head,
        "secret_id": leak.secret_id,
        "occurrence_id": place.occurrence_id,
        "redacted": leak.redacted,
        "repository": place.repository,
        "reachable": place.reachable,
        "key_ids": list(leak.key_native_ids),
        "suppressed": _accepted(place),
    }


def _accepted(place: Occurrence) -> str | None:
    """Return who accepts a place: ``inline`` or ``baseline``; an entry that ended does not."""
    stated = place.suppression
    return None if stated is None or stated.expired else stated.kind


def _table(stream: IO[str], results: list[ScanResult]) -> None:
    for result in results:
        for leak in result.leaks:
            head = f"{leak.detector}  {leak.redacted}  {leak.confidence} confidence"
            stream.write(_printable(f"{head}  {leak.secret_id}") + "\n")
            for place in leak.occurrences:
                stream.write("  " + _printable(_place(place)) + "\n")


def _place(place: Occurrence) -> str:
    at = place.path or place.where.replace("_", " ")
    if place.line is not None:
        at += f":{place.line}" + (f":{place.column}" if place.column is not None else "")
    parts = [at if place.where in {"blob", "worktree"} else f"{at} ({place.where})"]
    if place.commit:
        day = f" {place.introduced_at:%Y-%m-%d}" if place.introduced_at else ""
        parts.append(f"{place.commit[:12]}{day} {place.author or ''}".rstrip())
    if place.in_head:
        parts.append("in HEAD")
    elif place.reachable is False:
        parts.append("unreachable")
    if _accepted(place):
        parts.append(f"accepted ({_accepted(place)})")
    return "  ".join(parts)


def _printable(text: str) -> str:
    """Replace what a terminal would obey: names in a repository are its author's choice."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _coverage(results: list[ScanResult]) -> None:
    for result in results:
        counted = ", ".join(f"{number:,} {kind}" for kind, number in result.coverage)
        note(f"coverage: {result.parsed:,} of {result.listed:,} read: {counted or 'nothing'}")


def _summary(found: list[Leak], gaps: int) -> str:
    places = sum(len(leak.occurrences) for leak in found)
    text = f"{_counted(len(found), 'leak')} in {_counted(places, 'place')}" if found else "no leaks"
    return text + (f"; incomplete: {_counted(gaps, 'gap')}" if gaps else "")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
