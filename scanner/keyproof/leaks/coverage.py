"""Coverage: what a scan read, what it could not read, and what it was not asked to read.

A scan that says nothing of its limits claims more than it did. Gaps are what should have been read
(exit code 4); what a scope leaves out by its own definition is stated beside them, with the option
that reads it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keyproof.leaks import texts
from keyproof.leaks.gitio import Repository, run
from keyproof.leaks.scan import ScanResult
from keyproof.model.source import Gap

OBJECTS = ("commit", "tree", "blob", "tag")
TEXTS = ("refs", "files", "config_files")
_NOUNS = {
    "commit": ("commit", "commits"),
    "tree": ("tree", "trees"),
    "blob": ("blob", "blobs"),
    "tag": ("tag", "tags"),
    "refs": ("ref name", "ref names"),
    "files": ("file", "files"),
    "config_files": ("file of the git directory", "files of the git directory"),
    "archives": ("archive", "archives"),
    "members": ("member of archives", "members of archives"),
    "decoded": ("encoded run", "encoded runs"),
    "wide": ("text in UTF-16 or UTF-32", "texts in UTF-16 or UTF-32"),
}
_VARYING = re.compile(r"\b[0-9a-f]{7,64}\b|[0-9][0-9,]*|: .*")


class NotAsked(NamedTuple):
    """What a scope leaves out by its own definition.

    Attributes:
        how: what reads it.
        number: how many there are; ``None`` where nobody counted.
    """

    what: str
    how: str
    number: int | None = None


class Statement(NamedTuple):
    """What was read of one repository, folder or stream.

    Attributes:
        name: what occurrences call it.
        scope: ``whole``, ``worktree``, ``range``, ``staged``, ``files`` or ``stream``.
    """

    name: str
    scope: str
    result: ScanResult
    not_asked: tuple[NotAsked, ...]


_HISTORY = NotAsked("objects that the scope does not reach", "keyproof leaks PATH")
_AROUND = NotAsked("messages, notes, ref names and the git directory", "keyproof leaks PATH")
_BY_SCOPE = {
    "staged": (_HISTORY, _AROUND, NotAsked("files that are not staged", "keyproof leaks PATH")),
    "range": (
        _HISTORY,
        NotAsked("ref names, the git directory and the worktree", "keyproof leaks PATH"),
    ),
    "worktree": (),
    "files": (NotAsked("the history of repositories in it", "keyproof leaks PATH"),),
    "stream": (),
}


def not_asked(scope: str, repository: Repository | None, *, ignored: bool) -> tuple[NotAsked, ...]:
    """Return what a scope leaves out, counted where counting is cheap."""
    if scope not in {"whole", "worktree"} or repository is None:
        return _BY_SCOPE.get(scope, ())
    return tuple(_beside(repository, ignored=ignored))


def _beside(repository: Repository, *, ignored: bool) -> Iterator[NotAsked]:
    if repository.worktree and not ignored:
        listing = ("--others", "--ignored", "--exclude-standard", "--directory")
        names = texts.worktree_names(repository, *listing)
        if names:
            yield NotAsked("files and folders that git ignores", "--ignored", len(names))
    linked = _linked_worktrees(repository)
    if linked:
        yield NotAsked("changed files of linked worktrees", "keyproof leaks WORKTREE", linked)
    config = run(repository, "config", "--get-regexp", r"^remote\..*\.url$", allow_failure=True)
    if config:
        what = "what only a remote holds: branches and pull requests that were not fetched"
        yield NotAsked(what, "git fetch REMOTE '+refs/*:refs/remotes/REMOTE/*'")


def _linked_worktrees(repository: Repository) -> int:
    """Return how many other worktrees lie elsewhere: those that lie in this one are read."""
    if not (repository.common_dir / "worktrees").exists():
        return 0
    out = run(repository, "worktree", "list", "--porcelain", allow_failure=True)
    lines = [line for line in out.splitlines() if line.startswith(b"worktree ")]
    others = [Path(os.fsdecode(line[9:])) for line in lines[1:]]
    own = repository.root.resolve()
    return sum(own not in (path, *path.parents) for path in others)


def document(statements: Sequence[Statement]) -> dict[str, Any]:
    """Return the statement as ``--coverage-file`` writes it."""
    gaps = [gap for one in statements for gap in one.result.gaps]
    return {
        "schema": "keyproof/coverage/v1",
        "complete": not gaps,
        "scans": [_scan(one) for one in statements],
        "unread": [
            {
                "call": gap.call,
                "reason": gap.reason,
                "gaps": count,
                "detail": gap.detail,
                "hint": gap.hint,
            }
            for gap, count in grouped(gaps)
        ],
    }


def _scan(one: Statement) -> dict[str, Any]:
    counts = dict(one.result.coverage)
    forms = {kind[9:]: n for kind, n in sorted(counts.items()) if kind.startswith("archives:")}
    return {
        "name": one.name,
        "scope": one.scope,
        "listed": one.result.listed,
        "read": one.result.parsed,
        "bytes": counts.get("bytes", 0),
        "objects": {kind: counts[kind] for kind in OBJECTS if kind in counts},
        "texts": {kind: counts[kind] for kind in TEXTS if kind in counts},
        "archives": forms,
        "members": counts.get("members", 0),
        "decoded": counts.get("decoded", 0),
        "wide": counts.get("wide", 0),
        "unread": counts.get("unread", 0),
        "not_asked": [what._asdict() for what in one.not_asked],
    }


def lines(statements: Sequence[Statement]) -> Iterator[str]:
    """Yield the statement as ``--coverage`` prints it."""
    for one in statements:
        counts = {**dict(one.result.coverage), "archives": _archives(one.result)}
        read = [
            f"{counts[kind]:,} {nouns[counts[kind] > 1]}"
            for kind, nouns in _NOUNS.items()
            if counts.get(kind)
        ]
        size = f" ({counts['bytes']:,} bytes)" if counts.get("bytes") else ""
        amount = f"{one.result.parsed:,} of {one.result.listed:,} read{size}"
        yield f"coverage: {one.name} ({one.scope}): {amount}: {', '.join(read) or 'nothing'}"
    left_out: dict[tuple[str, str], list[int | None]] = {}
    for one in statements:
        for what in one.not_asked:
            left_out.setdefault((what.what, what.how), []).append(what.number)
    for (thing, how), numbers in left_out.items():
        known = [number for number in numbers if number is not None]
        count = f"{sum(known):,} " if known else ""
        yield f"not asked for: {count}{thing} ({how})"


def _archives(result: ScanResult) -> int:
    return sum(number for kind, number in result.coverage if kind.startswith("archives:"))


def grouped(gaps: Iterable[Gap]) -> list[tuple[Gap, int]]:
    """Return one gap of each kind with how many there are that differ in names and numbers only."""
    kinds: dict[tuple[str, str, str], list[Gap]] = {}
    for gap in gaps:
        kinds.setdefault((gap.call, gap.reason, _VARYING.sub("#", gap.detail)), []).append(gap)
    return [(same[0], len(same)) for same in kinds.values()]
