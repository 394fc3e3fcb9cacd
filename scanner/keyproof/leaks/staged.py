"""Staged: what a commit in the making adds, read from the index that git names.

This is the pre-commit hook's path: it imports nothing that a clean commit does not need.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING, NamedTuple

from keyproof.errors import SourceError
from keyproof.leaks import gitio
from keyproof.leaks.gitio import Repository

if TYPE_CHECKING:
    from keyproof.leaks.matcher import Matcher

_PIPE = 32_000
"""So many bytes fit into a pipe before anybody reads."""
_LARGE = 64 << 20
"""Larger than this, a text is searched in windows, and so needs the exact check's care."""
_REDIRECTIONS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
)
"""What git tells its hooks: which repository, index and quarantined objects they are about."""


class Change(NamedTuple):
    """One entry of the index that differs from HEAD; ids of zeros stand for "not there"."""

    old: str
    new: str
    path: bytes

    @property
    def is_added(self) -> bool:
        """Whether the index holds a file at this path."""
        return bool(self.new.strip("0"))


def hook_repository(folder: Path, environment: Mapping[str, str]) -> Repository:
    """Return the repository that git started a hook for, without asking git again.

    Its own variables decide where they are set, as they do for every git command in a hook.

    Raises:
        NotARepository: neither a variable nor a folder above names one.
    """
    clean = gitio.git_environment(environment)
    clean.update({name: environment[name] for name in _REDIRECTIONS if environment.get(name)})
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


def ask_changes(repository: Repository, treeish: str = "HEAD") -> Popen[bytes]:
    """Start git on what the index changes; :func:`changes` takes its answer."""
    return gitio.start(
        repository,
        *("diff-index", "--cached", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"),
        *("--ignore-submodules=all", treeish, "--"),
    )


def changes(repository: Repository, asked: Popen[bytes]) -> list[Change]:
    """Return what the index changes in HEAD (in an empty tree before the first commit).

    Raises:
        SourceError: git cannot read the index.
    """
    out = _answer(asked)
    if out is None:
        if gitio.run(repository, "rev-parse", "-q", "--verify", "HEAD", allow_failure=True):
            raise _unreadable_index()
        tree = gitio.run(repository, "hash-object", "-t", "tree", os.devnull)
        out = _answer(ask_changes(repository, tree.decode().strip()))
    if out is None:
        raise _unreadable_index()
    return parse_changes(out)


def _unreadable_index() -> SourceError:
    return SourceError("git cannot read the index", reason="corrupt", hint="git status says why")


def _answer(asked: Popen[bytes]) -> bytes | None:
    with asked:
        out, _ = asked.communicate()
    return None if asked.returncode else out


def parse_changes(out: bytes) -> list[Change]:
    """Parse git's raw diff format with zero bytes; submodules are no content."""
    fields = iter(out.split(b"\0"))
    found = []
    for field in fields:
        if field.startswith(b":"):
            parts = field.split(b" ")
            gone = parts[4] == b"D" or parts[1] == b"160000"
            new = "0" if gone else parts[3].decode()
            old = "0" if parts[0] == b":160000" else parts[2].decode()
            found.append(Change(old, new, next(fields)))
    return found


def ask_blobs(repository: Repository, oids: Sequence[str]) -> Popen[bytes] | None:
    """Start git on reading objects, where a pipe takes all their ids at once."""
    wanted = "".join(f"{oid}\n" for oid in oids).encode()
    if not wanted or len(wanted) > _PIPE:
        return None
    asked = gitio.start(repository, "cat-file", "--batch", "--buffer", stdin=PIPE)
    assert asked.stdin is not None
    asked.stdin.write(wanted)
    asked.stdin.close()
    asked.stdin = None
    return asked


def blobs(
    repository: Repository, names: Sequence[str], asked: Popen[bytes] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield ``(name, content)`` of each object that ``names`` (ids) name.

    Args:
        asked: git at work on exactly these already.

    Raises:
        SourceError: an object that should be there cannot be read.
    """
    if not names:
        return
    wanted = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    out = _answer(asked) if asked else None
    if out is None:
        out = gitio.run(repository, "cat-file", "--batch", "--buffer", data=wanted)
    at = 0
    for name in names:
        end = out.find(b"\n", at)
        header = out[at:end].split(b" ")
        if end < 0 or not header[-1].isdigit():
            raise SourceError(
                f"git cannot read the object {name}",
                reason="missing_object",
                hint="git fsck says what is broken; a partial clone must be fetched first",
            )
        start = end + 1
        at = start + int(header[-1]) + 1
        yield name, out[start : at - 1]


def suspicious(matcher: Matcher, data: bytes) -> bool:
    """Tell whether a text needs exact checks at all: the only question that a clean commit pays."""
    if len(data) > _LARGE:
        return True
    return bool(matcher.triggers(data)) or (b"\0" in data and matcher.has_wide_text(data))


def added_blobs(found: Sequence[Change]) -> list[str]:
    """Return the ids of the contents that changes bring."""
    return sorted({change.new for change in found if change.is_added})


def suspects(
    repository: Repository, matcher: Matcher, found: Sequence[Change], asked: Popen[bytes] | None
) -> list[tuple[Change, bytes | None]]:
    """Return the changes that need exact checks, with the content; ``None`` for a suspicious name."""
    read = blobs(repository, added_blobs(found), asked)
    contents = {oid: data for oid, data in read if suspicious(matcher, data)}
    texts = [(change, contents[change.new]) for change in found if change.new in contents]
    new_names = [change for change in found if change.is_added and not change.old.strip("0")]
    return [*texts, *((change, None) for change in new_names if suspicious(matcher, change.path))]


class Olds(NamedTuple):
    """What stood there before: each file's own older versions, and the lines that others lost."""

    own: Mapping[bytes, list[bytes]]
    lost: tuple[bytes, ...]

    def of(self, path: bytes) -> list[bytes]:
        """Return the texts whose lines are no news in a file."""
        return [*self.own.get(path, ()), *self.lost]


def old_contents(repository: Repository, found: Sequence[Change]) -> Olds:
    """Return what changes replace or remove, so that what only moved can be told from news.

    Raises:
        SourceError: an object cannot be read.
    """
    replaced = [change for change in found if change.old.strip("0")]
    oids = {change.old for change in replaced} | {c.new for c in replaced if c.is_added}
    data = dict(blobs(repository, sorted(oids)))
    own: dict[bytes, list[bytes]] = {}
    lost: set[bytes] = set()
    for change in replaced:
        own.setdefault(change.path, []).append(data[change.old])
        kept = set(data[change.new].split(b"\n")) if change.is_added else set()
        gone = [line for line in data[change.old].split(b"\n") if line not in kept]
        lost.add(b"\n".join(gone))
    return Olds(own, tuple(sorted(lost)))


def merged_contents(repository: Repository, found: Sequence[Change], olds: Olds) -> Olds:
    """Return ``olds`` with what a merge in the making brings along from the other branch."""
    out = gitio.run(repository, "rev-parse", "-q", "--verify", "MERGE_HEAD", allow_failure=True)
    if not out:
        return olds
    paths = {change.path for change in found}
    rows = gitio.run(repository, "ls-tree", "-r", "-z", "--full-tree", "MERGE_HEAD").split(b"\0")
    theirs = [row.split(b"\t", 1) for row in rows if row]
    wanted = {path: head.split()[2].decode() for head, path in theirs if path in paths}
    data = dict(blobs(repository, sorted(set(wanted.values()))))
    own = {path: list(texts) for path, texts in olds.own.items()}
    for path, oid in wanted.items():
        own.setdefault(path, []).append(data[oid])
    return Olds(own, olds.lost)
