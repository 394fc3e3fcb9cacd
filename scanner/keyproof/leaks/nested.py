"""Nested repositories: what lies in a repository and has a history of its own.

Submodules that are checked out, those whose history git keeps under ``modules`` (also of removed
ones), repositories that lie untracked in the worktree, and linked worktrees that lie there. What a
gitlink names and is not here is a gap. A repository may name itself or its parents: each object
store is read once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from keyproof.errors import SourceError
from keyproof.leaks import gitio, texts
from keyproof.leaks.attribution import show_path
from keyproof.leaks.gaps import nested_gap
from keyproof.leaks.gitio import Repository
from keyproof.model.source import Gap

DEPTH = 16
"""So deep repositories may lie in one another."""
_MODULES = 10_000
"""So many folders are looked into for the histories of submodules."""


class Nested(NamedTuple):
    """A repository, and whether its objects are read already as another worktree's."""

    repository: Repository
    linked: bool


class _Walk(NamedTuple):
    """What was met: object stores, and worktrees with their git directories."""

    source: str
    environment: Mapping[str, str]
    ignored: bool
    stores: set[Path]
    trees: set[Path]


def nested(
    repository: Repository,
    environment: Mapping[str, str],
    *,
    source: str = "leaks",
    ignored: bool = False,
) -> Iterator[Nested | Gap]:
    """Yield what lies in a repository, all depths, and a gap for each that is not here.

    Args:
        ignored: repositories that git ignores, too.
    """
    walk = _Walk(source, environment, ignored, set(), set())
    _met(walk, repository)
    yield from _below(walk, repository, DEPTH)


def _met(walk: _Walk, repository: Repository) -> tuple[bool, bool]:
    """Note a repository; tell whether its store and its worktree are new."""
    store = repository.common_dir.resolve()
    tree = (repository.worktree or repository.git_dir).resolve()
    new = store not in walk.stores, tree not in walk.trees
    walk.stores.add(store)
    walk.trees.add(tree)
    return new


def _below(
    walk: _Walk, repository: Repository, depth: int, *, own: bool = True
) -> Iterator[Nested | Gap]:
    """Yield what lies in a repository whose store is ``own``: not another worktree's, too."""
    missing: list[bytes] = []
    deep: list[bytes] = []
    for path in _candidates(repository, ignored=walk.ignored):
        if depth == 0:
            deep.append(path)
            continue
        found = _opened(walk, repository, path)
        if found is None:
            missing.append(path)
        elif isinstance(found, Gap):
            yield found
        else:
            yield from _new(walk, found, depth)
    for one in list(_stored(walk, repository)) if own else []:
        if isinstance(one, Gap):
            yield one
        else:
            yield from _new(walk, one, depth)
    for paths, reason in ((missing, "missing_object"), (deep, "limit")):
        if paths:
            yield nested_gap(walk.source, reason, [show_path(path) for path in paths])


def _new(walk: _Walk, found: Repository, depth: int) -> Iterator[Nested | Gap]:
    new_store, new_tree = _met(walk, found)
    if new_store or (new_tree and found.worktree):
        yield Nested(found, linked=not new_store)
        yield from _below(walk, found, depth - 1, own=new_store)


def _candidates(repository: Repository, *, ignored: bool) -> list[bytes]:
    """Return the paths of gitlinks and of untracked repositories, in the worktree or in HEAD."""
    if repository.worktree is None:
        out = gitio.run(
            repository, "ls-tree", "-r", "-z", "--full-tree", "HEAD", allow_failure=True
        )
        entries = [entry.partition(b"\t") for entry in out.split(b"\0")]
        return [path for head, _, path in entries if head.startswith(b"160000 ")]
    staged = gitio.run(repository, "ls-files", "-s", "-z", allow_failure=True)
    entries = [entry.partition(b"\t") for entry in staged.split(b"\0")]
    links = {path for head, _, path in entries if head.startswith(b"160000 ")}
    which = ("--others",) if ignored else ("--others", "--exclude-standard")
    folders = {p[:-1] for p in texts.worktree_names(repository, *which) if p.endswith(b"/")}
    return sorted(links | folders)


def _opened(walk: _Walk, outer: Repository, path: bytes) -> Repository | Gap | None:
    """Open what lies at a path; ``None`` where no repository does, nor its history is kept."""
    if outer.worktree is None:
        return None
    folder = outer.worktree / os.fsdecode(path)
    kept = outer.common_dir / "modules" / os.fsdecode(path)
    real = folder.resolve()
    if outer.worktree.resolve() not in real.parents:
        return nested_gap(walk.source, "unsupported", [show_path(path)])
    if not (folder / ".git").exists():
        return _open(walk, kept, path) if (kept / "HEAD").exists() else None
    found = _open(walk, folder, path)
    if isinstance(found, Gap):
        return found
    store = found.common_dir.resolve()
    within = {outer.worktree.resolve(), outer.common_dir.resolve()}
    if not within.intersection((store, *store.parents)):
        return nested_gap(walk.source, "unsupported", [show_path(path)])
    return found


def _open(walk: _Walk, folder: Path, path: bytes) -> Repository | Gap:
    try:
        return gitio.open_repository(folder, walk.environment)
    except SourceError as error:
        return nested_gap(walk.source, error.reason, [show_path(path)], error.hint)


def _stored(walk: _Walk, outer: Repository) -> Iterator[Repository | Gap]:
    """Yield the repositories that git keeps for submodules, checked out or not."""
    pending = [outer.common_dir / "modules"]
    for _ in range(_MODULES):
        if not pending:
            return
        folder = pending.pop()
        name = folder.relative_to(outer.common_dir)
        try:
            if folder.is_symlink() or not folder.is_dir():
                continue
            if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
                yield _open(walk, folder, os.fsencode(name))
            else:
                pending += sorted(folder.iterdir(), reverse=True)
        except OSError:
            yield nested_gap(walk.source, "access_denied", [show_path(os.fsencode(name))])
    if pending:
        left = [os.fsencode(folder.relative_to(outer.common_dir)) for folder in pending]
        yield nested_gap(walk.source, "limit", map(show_path, left))
