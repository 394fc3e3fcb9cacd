"""Texts that stand beside the objects: ref names, configuration, files, the index."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from keyproof.errors import SourceError
from keyproof.leaks import gitio
from keyproof.leaks.gitio import Repository
from keyproof.leaks.known_ids import holds

LARGE_BYTES = 64 << 20
"""A larger file is not read into memory, but searched window by window."""

_OBJECTS = frozenset({"objects", "modules"})
"""Folders of a git directory that are read as objects, and as repositories of their own."""
_CLOSED = re.compile(rb"^warning: could not open directory '(.*?)(?:/': |$)", re.MULTILINE)
_UNTRACKED = ("--others", "--exclude-standard")
_NO_TEXT = frozenset({"index", "packed-refs"})
"""Files of a git directory whose content is read as names and refs."""


class Text(NamedTuple):
    """One text to search.

    Attributes:
        where: a word of ``model.leak.Where``.
        path: its raw path, as it is shown.
        data: its bytes; ``None`` where it is large or unread.
        large: the file to read window by window.
        reason: why it is unread: a ``GapReason``.
    """

    where: str
    path: bytes
    data: bytes | None = None
    large: Path | None = None
    reason: str = ""


def ref_names(repository: Repository) -> list[bytes]:
    """Return every ref's full name."""
    return gitio.run(
        repository, "for-each-ref", "--format=%(refname)", allow_failure=True
    ).splitlines()


def refs_state(repository: Repository) -> bytes:
    """Return what names which object now: refs, HEAD and the shallow boundary."""
    refs = gitio.run(
        repository, "for-each-ref", "--format=%(objectname) %(refname)", allow_failure=True
    )
    head = gitio.run(repository, "rev-parse", "--verify", "-q", "HEAD", allow_failure=True)
    return b"\0".join((refs, head, shallow_boundary(repository)))


def shallow_boundary(repository: Repository) -> bytes:
    """Return the commits behind which a shallow clone has no history; empty for a whole one."""
    try:
        return (repository.common_dir / "shallow").read_bytes()
    except OSError:
        return b""


def has_promisor(repository: Repository) -> bool:
    """Tell whether objects were left with a remote that is still known (a partial clone)."""
    packs = repository.common_dir / "objects" / "pack"
    try:
        left = any(entry.name.endswith(".promisor") for entry in os.scandir(packs))
    except OSError:
        return False
    return left and gitio.run(repository, "remote", allow_failure=True) != b""


def configuration(repository: Repository) -> Iterator[Text]:
    """Yield every file of the git directory that is not an object, a ref's name or the index.

    That is configuration, reflogs, hooks, messages being written, attributes and exclusions, the
    state of a rebase, what linked worktrees keep here, and what Git LFS keeps here.
    """
    prefix = b".git/" if repository.worktree else b""
    for entry in _git_files(repository):
        text = _read_entry(entry, repository.common_dir, "config", prefix)
        if text and text.reason != "unsupported":  # a running git has sockets here
            yield text
    names = b"\n".join([*_staged_names(repository), *_hidden_refs(repository)])
    if names:
        yield Text("config", prefix + b"index", names)


def _git_files(repository: Repository) -> Iterator[Path | OSError]:
    folders = {repository.common_dir.resolve()}
    own = repository.git_dir.resolve()
    if not any(folder in own.parents for folder in folders):
        folders.add(own)
    for folder in sorted(folders):
        left_out = frozenset(folder / name for name in _OBJECTS)
        for entry in files_below(folder, left_out):
            if isinstance(entry, OSError) or entry.name not in _NO_TEXT:
                yield entry
    yield repository.common_dir / "objects" / "info" / "alternates"


def _staged_names(repository: Repository) -> list[bytes]:
    """Return the names of files that the index adds: no tree holds them yet."""
    if not (repository.git_dir / "index").exists():
        return []
    added = ("--cached", "--name-only", "--diff-filter=A", "--no-renames", "-z")
    try:
        out = gitio.run(repository, "diff-index", *added, "--ignore-submodules=all", "HEAD", "--")
    except SourceError:
        out = gitio.run(repository, "ls-files", "-z", "--full-name", allow_failure=True)
    return [name for name in out.split(b"\0") if name]


def _hidden_refs(repository: Repository) -> Iterator[bytes]:
    """Yield the lines of ``packed-refs`` that git does not list as refs."""
    path = repository.common_dir / "packed-refs"
    text = read_file(path, "config", b"")
    if text is None or text.data is None:
        return
    known = frozenset(ref_names(repository))
    for line in text.data.splitlines():
        if line.partition(b" ")[2] not in known and line[:1] != b"^":
            yield line


def read_file(path: Path, where: str, shown: bytes) -> Text | None:
    """Read one file without following a link; a link's text is its target. ``None`` if absent."""
    try:
        state = path.lstat()
        if stat.S_ISLNK(state.st_mode):
            return Text(where, shown, os.fsencode(path.readlink()))
        if stat.S_ISDIR(state.st_mode):
            return None
        if not stat.S_ISREG(state.st_mode):
            return Text(where, shown, reason="unsupported")
        if state.st_size > LARGE_BYTES and os.access(path, os.R_OK):
            return Text(where, shown, large=path)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as handle:
            return Text(where, shown, handle.read())
    except FileNotFoundError:
        return None
    except OSError:
        return Text(where, shown, reason="access_denied")


def worktree_files(repository: Repository, *, ignored: bool = False) -> Iterator[Text]:
    """Yield tracked files as they lie in the worktree, and untracked ones.

    Args:
        ignored: those that git ignores, too.
    """
    root = repository.worktree
    if root is None:
        return
    untracked = ("--cached", "--others") if ignored else ("--cached", *_UNTRACKED)
    inside: dict[str, bool] = {}
    names, closed = _listed(repository, *untracked)
    for name, reason in closed:
        yield Text("worktree", name, reason=reason)
    for name in sorted(set(names)):
        path = root / os.fsdecode(name)
        folder = str(path.parent)
        if folder not in inside:
            real = path.parent.resolve()
            inside[folder] = real == root or root in real.parents
        text = read_file(path, "worktree", name) if inside[folder] else None
        if text:
            yield text


def worktree_names(repository: Repository, *which: str) -> list[bytes]:
    """Return the paths that ``git ls-files`` gives; a folder's ends with a slash."""
    return _listed(repository, *which)[0]


def _listed(repository: Repository, *which: str) -> tuple[list[bytes], list[tuple[bytes, str]]]:
    """Return what ``git ls-files`` lists, and the folders that it could not open, and why."""
    # core.worktree is the repository's own word: git is told where the folder really lies
    root = {"GIT_WORK_TREE": str(repository.worktree)}
    here = repository._replace(environment={**repository.environment, **root})
    arguments = ("ls-files", "-z", "--full-name", *which)
    with gitio.start(here, *arguments, stderr=subprocess.PIPE) as process:
        out, said = process.communicate()
    closed = [(name, "access_denied") for name in _CLOSED.findall(said)]
    if process.returncode:
        closed.append((b".", "corrupt"))
    return [name for name in out.split(b"\0") if name], closed


def folder_files(folder: Path) -> Iterator[Text]:
    """Yield every file below a folder, as plain files: nothing is ignored, no link followed."""
    for entry in files_below(folder):
        text = _read_entry(entry, folder, "worktree", b"")
        if text:
            yield text


def _read_entry(entry: Path | OSError, folder: Path, where: str, prefix: bytes) -> Text | None:
    """Read what :func:`files_below` found in a folder; what it could not list is unread.

    What is gone since is absent, as a file would be.
    """
    if isinstance(entry, FileNotFoundError):
        return None
    path = entry if isinstance(entry, Path) else Path(entry.filename or folder)
    shown = prefix + os.fsencode(os.path.relpath(path, folder))
    if isinstance(entry, OSError):
        return Text(where, shown, reason="access_denied")
    return read_file(path, where, shown)


def files_below(folder: Path, left_out: frozenset[Path] = frozenset()) -> Iterator[Path | OSError]:
    """Yield all that is no folder, by name, and what could not be listed.

    Not recursive: folders may lie in one another deeper than functions may call one another.
    """
    pending: list[Path] = [folder]
    while pending:
        path = pending.pop()
        try:
            with os.scandir(path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            error.filename = error.filename or str(path)
            yield error
            continue
        yield from (Path(entry.path) for entry in found if not entry.is_dir(follow_symlinks=False))
        folders = [Path(e.path) for e in reversed(found) if e.is_dir(follow_symlinks=False)]
        pending += [one for one in folders if one not in left_out]


def known_blob(data: bytes, ids: bytes) -> bool:
    """Tell whether a blob with these bytes is among sorted object ids, one a line."""
    width = ids.find(b"\n") + 1
    if not width:
        return False
    algorithm = hashlib.sha1 if width == 41 else hashlib.sha256  # noqa: PLR2004
    state = algorithm(b"blob %d\0" % len(data))
    state.update(data)
    return holds(ids, state.hexdigest().encode())
