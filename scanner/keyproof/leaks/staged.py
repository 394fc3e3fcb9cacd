"""Staged: what a commit in the making adds, read from the index that git names.

What the hook's first glance leaves open is decided here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from keyproof.errors import SourceError
from keyproof.leaks import gitio
from keyproof.leaks.file_names import may_tell
from keyproof.leaks.gitio import Repository
from keyproof.leaks.gitsafe import hook_environment
from keyproof.leaks.glance import (
    DIFFERENCES,
    OBJECTS,
    Glance,
    Row,
    new_ids,
    parse_objects,
    parse_rows,
)
from keyproof.leaks.held import held, hold
from keyproof.leaks.matcher import Matcher
from keyproof.leaks.stood import Stood
from keyproof.leaks.unpack_forms import form

if TYPE_CHECKING:
    from keyproof.leaks.added import Judge, News

_HEAD = "GITHEAD_"
"""How ``git merge`` begins the variables that name what it merges."""


class Change(NamedTuple):
    """One entry of the index that differs from HEAD; ids of zeros stand for "not there"."""

    old: str
    new: str
    path: bytes

    @property
    def is_added(self) -> bool:
        """Whether the index holds content at this path that HEAD does not."""
        return bool(self.new.strip("0")) and self.new != self.old

    @property
    def is_replaced(self) -> bool:
        """Whether HEAD holds a file at this path."""
        return bool(self.old.strip("0"))


def hook_repository(folder: Path, environment: Mapping[str, str]) -> Repository:
    """Return the repository that git started a hook for, without asking git again.

    Its own variables decide where they are set, as they do for every git command in a hook.

    Raises:
        NotARepository: neither a variable nor a folder above names one.
    """
    clean = hook_environment(environment)
    if "GIT_DIR" in clean:
        git_dir = Path(folder, clean["GIT_DIR"])
        return Repository(git_dir, git_dir, folder, clean)
    for candidate in (folder, *folder.parents):
        marker = candidate / ".git"
        if marker.exists():
            return Repository(marker, marker, candidate, clean)
    if (folder / "objects").is_dir() and (folder / "HEAD").is_file():
        return Repository(folder, folder, folder, clean)
    raise gitio.NotARepository(folder)


def look(repository: Repository) -> Glance:
    """Read what the index adds to HEAD, or to an empty tree before the first commit.

    Raises:
        SourceError: the index or an object cannot be read, or a merge is not resolved yet.
    """
    rows = parse_rows(_differences(repository))
    if rows is None:
        raise SourceError(
            "a merge is not resolved yet", reason="unsupported", hint="resolve it, then git add"
        )
    return Glance(rows, objects(repository, new_ids(rows)), None)


def _differences(repository: Repository) -> bytes:
    try:
        return gitio.run(repository, *DIFFERENCES, "HEAD", "--")
    except SourceError:
        if gitio.run(repository, "rev-parse", "-q", "--verify", "HEAD", allow_failure=True):
            raise _unreadable_index() from None
    tree = gitio.run(repository, "hash-object", "-t", "tree", os.devnull).decode().strip()
    try:
        return gitio.run(repository, *DIFFERENCES, tree, "--")
    except SourceError:
        raise _unreadable_index() from None


def _unreadable_index() -> SourceError:
    return SourceError("git cannot read the index", reason="corrupt", hint="git status says why")


def objects(repository: Repository, oids: Sequence[str]) -> Mapping[str, bytes]:
    """Return objects by id.

    Raises:
        SourceError: one that should be there cannot be read.
    """
    if not oids:
        return {}
    out = gitio.run(repository, *OBJECTS, data="".join(f"{oid}\n" for oid in oids).encode())
    read = parse_objects(out, oids)
    if read is None:
        raise SourceError(
            "git cannot read an object that is staged or that it replaces",
            reason="missing_object",
            hint="git fsck says what is broken; a partial clone must be fetched first",
        )
    return read


def stood_before(
    repository: Repository,
    changes: Sequence[Change],
    contents: Mapping[str, bytes],
    theirs: Sequence[tuple[bytes, str]] = (),
) -> Stood:
    """Return what changes replace or remove, so that what only moved can be told from news.

    Args:
        contents: of the new objects, as many as are known already.
        theirs: paths and ids that a merge brings along.

    Raises:
        SourceError: an object cannot be read.
    """
    replaced = [change for change in changes if change.is_replaced and change.old != change.new]
    wanted = {change.old for change in replaced} | {c.new for c in replaced if c.is_added}
    wanted |= {oid for _, oid in theirs}
    data = {**contents, **objects(repository, sorted(wanted - contents.keys()))}
    own: dict[bytes, list[bytes]] = {}
    lost: list[bytes] = []
    for change in replaced:
        own.setdefault(change.path, []).append(data[change.old])
        kept = set(data[change.new].split(b"\n")) if change.is_added else set()
        lost.append(b"\n".join(line for line in data[change.old].split(b"\n") if line not in kept))
    for path, oid in theirs:
        own.setdefault(path, []).append(data[oid])
    return Stood(own, lost)


def merged(repository: Repository, rows: Sequence[Row]) -> list[tuple[bytes, str]]:
    """Return path and id of what a merge in the making finds in the other branches."""
    theirs = []
    for head in _merge_heads(repository):
        differing = parse_rows(gitio.run(repository, *DIFFERENCES, head, "--")) or []
        other = {path: old for old, _, path in differing}
        theirs += [(path, other.get(path, new)) for _, new, path in rows]
    return [(path, oid) for path, oid in theirs if oid.strip("0")]


def _merge_heads(repository: Repository) -> list[str]:
    """Return the commits that are merged: from git's file, else as it names them to its hook.

    ``git merge`` runs its hook before it writes the file.
    """
    out = gitio.run(repository, "rev-parse", "--git-path", "MERGE_HEAD").rstrip(b"\n")
    try:
        return (repository.root / os.fsdecode(out)).read_text("ascii").split()
    except (OSError, ValueError):
        names = [name.removeprefix(_HEAD) for name in repository.environment if _HEAD in name]
    return [name for name in names if name.isalnum()]


def news(
    repository: Repository, matcher: Matcher, make_judge: Callable[[], Judge], seen: Glance
) -> News | None:
    """Return what a commit in the making adds: in files, in what is packed in them, in names.

    ``None`` where there is nothing at all.
    """
    changes = [Change._make(row) for row in seen.rows]
    fresh = [change for change in changes if change.is_added]
    holdings = {c: hold(matcher, seen.contents[c.new]) for c in fresh}
    names = {c: held(matcher, c.path) for c in fresh if not c.is_replaced}
    packed = [change for change in fresh if form(seen.contents[change.new])]
    telling = any(one.texts or one.cut or may_tell(c.path) for c, one in holdings.items())
    if not packed and not telling and not any(names.values()):
        return None
    from keyproof.leaks.added import Files, News

    theirs = merged(repository, seen.rows)
    stood = stood_before(repository, changes, seen.contents, theirs)
    files = Files(matcher, make_judge(), stood, "index")
    for change in fresh:
        files.search(change.path, seen.contents[change.new], holdings[change])
    known = {path for path, _ in theirs}
    for change, own in names.items():
        if own and change.path not in known:
            files.search_name(change.path, own)
    if any(not one.accepted for one in files.sightings):
        for change in fresh:
            files.ask_detect_secrets(change.path, seen.contents[change.new])
    return News(files.sightings, files.unread)
