"""Texts that stand beside the objects: ref names, configuration, files, the index."""

from __future__ import annotations

import hashlib
import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from keyproof.leaks import gitio
from keyproof.leaks.gitio import Repository

LARGE_BYTES = 64 << 20
"""A larger file is not read into memory, but searched window by window."""

_CONFIGURATION = ("config", "config.worktree", "FETCH_HEAD", "COMMIT_EDITMSG", "MERGE_MSG")


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
    """Tell whether objects were left with a remote (a partial clone)."""
    packs = repository.common_dir / "objects" / "pack"
    try:
        return any(entry.name.endswith(".promisor") for entry in os.scandir(packs))
    except OSError:
        return False


def configuration(repository: Repository) -> Iterator[Text]:
    """Yield the repository's own configuration and state files, read as plain files."""
    folders = {repository.common_dir, repository.git_dir}
    modules = repository.common_dir / "modules"
    paths = [folder / name for folder in sorted(folders) for name in _CONFIGURATION]
    if modules.is_dir() and not modules.is_symlink():
        paths += sorted(modules.glob("**/config"))[:1000]
    for path in paths:
        shown = os.fsencode(os.path.relpath(path, repository.common_dir))
        inside = b".git/" if repository.worktree else b""
        text = read_file(path, "config", inside + shown)
        if text:
            yield text


def read_file(path: Path, where: str, shown: bytes) -> Text | None:
    """Read one file without following a link; a link's text is its target. ``None`` if absent."""
    try:
        state = path.lstat()
        if stat.S_ISLNK(state.st_mode):
            return Text(where, shown, os.fsencode(path.readlink()))
        if not stat.S_ISREG(state.st_mode):
            return None
        if state.st_size > LARGE_BYTES:
            return Text(where, shown, large=path)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as handle:
            return Text(where, shown, handle.read())
    except FileNotFoundError:
        return None
    except OSError:
        return Text(where, shown, reason="access_denied")


def worktree_files(repository: Repository) -> Iterator[Text]:
    """Yield tracked files as they lie in the worktree, and untracked ones that are not ignored."""
    root = repository.worktree
    if root is None:
        return
    # core.worktree is the repository's own word: git is told where the folder really lies
    here = repository._replace(environment={**repository.environment, "GIT_WORK_TREE": str(root)})
    out = gitio.run(
        here,
        *("ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard"),
        allow_failure=True,
    )
    inside: dict[str, bool] = {}
    for name in sorted(set(out.split(b"\0")) - {b""}):
        path = root / os.fsdecode(name)
        folder = str(path.parent)
        if folder not in inside:
            real = path.parent.resolve()
            inside[folder] = real == root or root in real.parents
        text = read_file(path, "worktree", name) if inside[folder] else None
        if text:
            yield text


def folder_files(folder: Path) -> Iterator[Text]:
    """Yield every file below a folder, as plain files: nothing is ignored, no link followed."""
    failed: list[OSError] = []
    for top, names, files in os.walk(folder, onerror=failed.append):
        names.sort()
        for name in sorted(files):
            path = Path(top, name)
            shown = os.fsencode(os.path.relpath(path, folder))
            text = read_file(path, "worktree", shown)
            if text:
                yield text
    for error in failed:
        unread = os.path.relpath(str(error.filename or folder), folder)
        yield Text("worktree", os.fsencode(unread), reason="access_denied")


def known_blob(data: bytes, ids: bytes) -> bool:
    """Tell whether a blob with these bytes is among sorted object ids, one a line."""
    width = ids.find(b"\n") + 1
    if not width:
        return False
    algorithm = hashlib.sha1 if width == 41 else hashlib.sha256  # noqa: PLR2004
    state = algorithm(b"blob %d\0" % len(data))
    state.update(data)
    wanted = state.hexdigest().encode() + b"\n"
    line: Callable[[int], bytes] = lambda i: ids[i * width : (i + 1) * width]  # noqa: E731
    place = bisect_left(range(len(ids) // width), wanted, key=line)
    return line(place) == wanted
