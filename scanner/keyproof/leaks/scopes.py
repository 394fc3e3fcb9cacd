"""Scopes: what is asked of a path, and everything in it that has a history of its own, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from keyproof.errors import SourceError
from keyproof.leaks import coverage, gitio
from keyproof.leaks.coverage import Statement
from keyproof.leaks.gitio import NotARepository, Repository
from keyproof.leaks.nested import nested
from keyproof.leaks.scan import (
    Scanner,
    ScanResult,
    scan_paths,
    scan_repository,
    scan_stream,
    scan_worktree,
)
from keyproof.model.source import Gap, GapReason

Naming = Callable[[Repository], str]


class Scope(NamedTuple):
    """What is asked of each path.

    Attributes:
        no_git: plain files only.
        staged: only what the index adds to HEAD.
        revisions: only what this range adds.
        ignored: what git ignores, too.
    """

    no_git: bool = False
    staged: bool = False
    revisions: str | None = None
    ignored: bool = False

    @property
    def name(self) -> str:
        """Return the word that a statement carries."""
        if self.no_git:
            return "files"
        return "staged" if self.staged else "range" if self.revisions else "whole"


WHOLE = Scope()


def scan_path(
    scanner: Scanner, path: Path, scope: Scope = WHOLE, naming: Naming | None = None
) -> Iterator[Statement]:
    """Scan a path as asked, then each repository that lies in it; a gap is no exception.

    Args:
        naming: what occurrences call a repository; its folder by default.

    Raises:
        NotARepository: ``path`` lies in none.
        UsageError: the range is none.
    """
    whole_file = path.is_file() and scope.name == "whole"
    if scope.no_git or whole_file:
        result = scan_paths(scanner, (path,))
        left_out = () if whole_file else coverage.not_asked("files", None, ignored=True)
        yield Statement(str(path), "files", result, left_out)
        return
    try:
        repository = gitio.open_repository(path, scanner.environment)
        yield _scanned(scanner, repository, scope, naming)
    except NotARepository:
        raise
    except SourceError as error:
        yield Statement(str(path), scope.name, _unread(scanner, error), ())
        return
    if scope.name == "whole":
        yield from _nested(scanner, repository, scope, naming)


def scan_standard_input(scanner: Scanner, stream: IO[bytes]) -> Statement:
    """Scan a stream to its end."""
    return Statement("stdin", "stream", scan_stream(scanner, stream), ())


def _scanned(
    scanner: Scanner, repository: Repository, scope: Scope, naming: Naming | None
) -> Statement:
    name = naming(repository) if naming else str(repository.root)
    result = scan_repository(
        scanner,
        repository.root,
        revisions=scope.revisions,
        staged=scope.staged,
        ignored=scope.ignored,
        name=name,
    )
    left_out = coverage.not_asked(scope.name, repository, ignored=scope.ignored)
    return Statement(name, scope.name, result, left_out)


def _nested(
    scanner: Scanner, repository: Repository, scope: Scope, naming: Naming | None
) -> Iterator[Statement]:
    every = nested(repository, scanner.environment, source=scanner.source, ignored=scope.ignored)
    missing: list[Gap] = []
    for one in every:
        if isinstance(one, Gap):
            missing.append(one)
            continue
        try:
            if not one.linked:
                yield _scanned(scanner, one.repository, scope, naming)
                continue
            name = naming(one.repository) if naming else str(one.repository.root)
            result = scan_worktree(scanner, one.repository, ignored=scope.ignored, name=name)
        except SourceError as error:
            result, name = _unread(scanner, error), str(one.repository.root)
        yield Statement(name, "worktree", result, ())
    if missing:
        count = len(missing)
        absent = ScanResult((), tuple(missing), (("unread", count),), count, 0)
        yield Statement(f"{repository.root}: repositories in it", "whole", absent, ())


def _unread(scanner: Scanner, error: SourceError) -> ScanResult:
    """Return the result of a repository that could not be opened: one gap, no silence."""
    gap = Gap(
        source=scanner.source,
        call=error.where or "git rev-parse",
        reason=cast("GapReason", error.reason),
        detail=error.message,
        hint=error.hint,
    )
    return ScanResult((), (gap,), (), 0, 0)
