"""``keyproof leaks``: find secrets in git history, files and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import click
from msgspec.structs import replace

from keyproof.app.brought import bring, wanted
from keyproof.app.clock import SystemClock
from keyproof.cli import leaks_view, rendering
from keyproof.cli.terminal import note, progress, result_stream
from keyproof.errors import ExitCode, UsageError
from keyproof.identity import KeyedFingerprinter, load_fingerprinter

if TYPE_CHECKING:
    from keyproof.leaks.coverage import Statement
    from keyproof.leaks.matcher import Matcher
    from keyproof.leaks.scan import Scanner
    from keyproof.leaks.scopes import Scope


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--no-git", is_flag=True, help="Read plain files and folders, ignored ones too.")
@click.option("--staged", is_flag=True, help="Read only what the index adds to HEAD.")
@click.option("--range", "revisions", metavar="A..B", help="Read only what these commits add.")
@click.option("--stdin", is_flag=True, help="Read standard input.")
@click.option(
    "--format",
    "form",
    metavar="NAME",
    help="table (default), jsonl (an object for each place of each secret), json, or an output of"
    " scan: sarif, junit, github, gitlab, codequality, csv, markdown, html. Default: by FILE.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the result to a file.")
@click.option("--ignored", is_flag=True, help="Read files that git ignores, too.")
@click.option("--coverage", is_flag=True, help="Say on stderr what was read and what was not.")
@click.option("--coverage-file", metavar="FILE", help="Write what was read to a file, as JSON.")
@click.option(
    "--baseline",
    "accepted",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Mark what this baseline accepts; nothing is hidden. Default: the repository's own.",
)
@click.option(
    "--rules",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Rules besides ours: of Gitleaks, Betterleaks, Kingfisher, Nosey Parker, Titus,"
    " TruffleHog, or in our own form. Default: 'leaks.rules' in keyproof.yaml.",
)
@click.option(
    "--skip-untranslatable", is_flag=True, help="Name rules that have no equal, and go on."
)
@click.option(
    "--detect-secrets", is_flag=True, help="detect-secrets looks at files, not history, too."
)
@click.option("--no-inline", is_flag=True, help="Comments beside a secret accept nothing.")
@click.option(
    "--list-inline", is_flag=True, help="Print what comments accept, and why, in place of leaks."
)
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
    form: str | None,
    output: str | None,
    coverage: bool,
    coverage_file: str | None,
    ignored: bool,
    accepted: Path | None,
    rules: tuple[Path, ...],
    skip_untranslatable: bool,
    detect_secrets: bool,
    no_inline: bool,
    list_inline: bool,
    no_cache: bool,
    allow_incomplete: bool,
    exit_zero: bool,
    quiet: bool,
) -> int:
    """Find secrets in git history, files and standard input.

    PATH is a repository (default: the one here): all its objects once each, commit and tag
    messages, notes, ref and file names, the files of its git directory and its worktree, and all
    that of its submodules and of repositories in it. No secret is printed.

    Exit codes: 0 no leak, or all accepted by a baseline or comment, 1 leaks, 2 usage, 4 something
    could not be read.

    \b
        keyproof leaks
        keyproof leaks --range origin/main..HEAD --format github
        keyproof leaks --no-git build -o leaks.sarif
    """
    if sum(map(bool, (no_git, staged, revisions, stdin))) > 1:
        raise UsageError("--no-git, --staged, --range and --stdin exclude one another")
    if stdin and paths:
        raise UsageError("--stdin takes no PATH")
    from keyproof.leaks.scopes import Scope

    chosen_form = _form(form, output)
    started, fingerprinter = SystemClock().now(), load_fingerprinter(os.environ)
    more = wanted(
        *(os.environ, Path.cwd(), rules),
        skip_untranslatable=skip_untranslatable,
        detect_secrets=detect_secrets,
    )
    brought = bring(more, os.environ)
    for text in brought.notes:
        note(text)
    with progress(quiet=quiet) as shown:
        chosen = accepted or _own_baseline(paths, no_git=no_git or stdin)
        scanner = _scanner(
            *(shown, fingerprinter, chosen, brought.matcher),
            cached=not no_cache,
            inline=not no_inline,
        )
        what = Scope(no_git, staged, revisions, ignored)
        given = _standard_input(keep=more.detect_secrets) if stdin else None
        statements = list(_statements(scanner, paths, what, given))
        if more.detect_secrets:
            statements += _second(scanner, paths, what, given)
    results = [one.result for one in statements]
    gaps = [gap for result in results for gap in result.gaps]
    found = [leak for result in results for leak in result.leaks]
    code = ExitCode.INCOMPLETE if gaps and not allow_incomplete else ExitCode.OK
    if not exit_zero and not all(map(leaks_view.is_accepted, found)):
        code = ExitCode.FINDINGS
    if list_inline:
        with result_stream(output) as stream:
            leaks_view.comments(stream, results)
    elif chosen_form in leaks_view.OWN:
        with result_stream(output) as stream:
            leaks_view.write(stream, chosen_form, results)
    else:
        from keyproof.app.leak_report import leak_report

        scope: Literal["whole", "partial"] = "partial" if staged or revisions else "whole"
        report = leak_report(results, started, SystemClock().now(), fingerprinter, scope)
        rendering.write(replace(report, exit_code=code), chosen_form, output)
    leaks_view.gaps(gaps)
    leaks_view.coverage(statements, told=coverage, file=coverage_file)
    if not quiet:
        note(leaks_view.summary(found, len(gaps)))
    return code


def _form(named: str | None, output: str | None) -> str:
    """Return the format: the named one, else by the file's ending.

    Raises:
        UsageError: there is none of that name, or it holds nothing of a scan for leaks alone.
    """
    from keyproof.app import registry

    if named is None and output and output.endswith((".jsonl", ".ndjson")):
        return "jsonl"
    form = rendering.format_of(named, output)
    others = set(registry.names("reporters")) - {*leaks_view.OWN, "run"}
    known = [*leaks_view.OWN, *sorted(others)]
    if form not in known:
        raise UsageError(f"there is no format '{form}' here", hint=f"one of: {', '.join(known)}")
    return form


def _own_baseline(paths: tuple[Path, ...], *, no_git: bool) -> Path | None:
    """Return the baseline of the only repository that is scanned."""
    from keyproof.leaks.baseline import find

    return None if no_git or len(paths) > 1 else find((*paths, Path())[0])


def _scanner(
    shown: Any,
    fingerprinter: KeyedFingerprinter,
    accepted: Path | None,
    matcher: Matcher | None,
    *,
    cached: bool,
    inline: bool,
) -> Scanner:
    from keyproof.identity import cache_folder
    from keyproof.leaks.baseline import load
    from keyproof.leaks.hitcache import SqliteHitCache
    from keyproof.leaks.scan import open_scanner
    from keyproof.leaks.suppress import Suppressor

    baseline = load(accepted) if accepted else None
    if accepted and baseline is None:
        raise UsageError(f"there is no {accepted}", hint="check the path of the baseline")
    suppressor = Suppressor(baseline, SystemClock().now().date(), inline)
    cache = SqliteHitCache(cache_folder(os.environ)) if cached else None
    return open_scanner(
        os.environ,
        fingerprinter,
        matcher=matcher,
        progress=shown,
        cache=cache,
        suppressor=suppressor,
    )


def _standard_input(*, keep: bool) -> IO[bytes]:
    """Return standard input, in memory where it is to be read twice."""
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    return BytesIO(sys.stdin.buffer.read()) if keep else sys.stdin.buffer


def _second(
    scanner: Scanner, paths: tuple[Path, ...], asked: Scope, stream: IO[bytes] | None
) -> Iterator[Statement]:
    from keyproof.leaks.second import candidates

    data = stream.getvalue() if isinstance(stream, BytesIO) else None
    return candidates(scanner, paths or (Path(),), asked, data)


def _statements(
    scanner: Scanner, paths: tuple[Path, ...], asked: Scope, stream: IO[bytes] | None
) -> Iterator[Statement]:
    from keyproof.leaks.gitio import NotARepository
    from keyproof.leaks.scopes import scan_path, scan_standard_input

    if stream is not None:
        yield scan_standard_input(scanner, stream)
        return
    for path in paths or (Path(),):
        if not path.exists():
            raise UsageError(f"there is no {path}", hint="check the path")
        try:
            yield from scan_path(scanner, path, asked)
        except NotARepository as error:
            named = os.environ.get("GIT_DIR")
            if paths or not named:
                raise UsageError(error.message, hint=error.hint) from None
            yield from scan_path(scanner, Path(named), asked)
