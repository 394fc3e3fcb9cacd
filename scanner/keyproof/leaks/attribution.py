"""Attribution, for hits only: which commit introduced an object, at which path, by whom.

``rev-list`` gives the commits, newest first and children before parents, and ``diff-tree -c`` what
each brought that none of its parents had: so a merge is blamed for what only its result holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from keyproof.leaks import gitio
from keyproof.leaks.gitio import Repository

_FILTERED = 400
"""Up to so many objects are named to git; beyond, its whole output is filtered here."""
_AT_ONCE = 20_000
"""So many commits one process compares: git keeps what it reads of each."""
_BASES = "core.deltaBaseCacheLimit=24m"
"""As fast as with git's own 96 MiB: commits that follow one another share their trees."""
_SIGNED = re.compile(rb"^(?:author|tagger) (?P<who>.*?) ?(?P<at>-?\d+) (?P<zone>[+-]\d{4})$")


class Introduction(NamedTuple):
    """An object came to a path with a commit. The greater the rank, the older."""

    oid: str
    path: bytes
    commit: str
    rank: int
    reachable: bool


class Signed(NamedTuple):
    """Who wrote a commit or tag and when.

    ``target`` is what a tag points at, ``header_lines`` how many lines stand above the message.
    """

    author: str | None
    at: datetime | None
    target: str | None = None
    header_lines: int = 0


def reachable_commits(repository: Repository, *revisions: str) -> list[bytes]:
    """Return commits, children first, newest first (all refs and HEAD where none are named)."""
    chosen = revisions or ("--all",)
    return gitio.run(
        repository, "rev-list", "--date-order", *chosen, "--", allow_failure=True
    ).splitlines()


def introductions(
    repository: Repository,
    wanted: frozenset[str],
    commits: Sequence[bytes],
    workers: int,
    *,
    reachable: bool = True,
    folders: bool = True,
) -> list[Introduction]:
    """Return where ``commits`` introduced the ``wanted`` objects.

    Args:
        folders: trees may be among them; without, git is a fifth faster.
    """
    if not wanted or not commits:
        return []
    size = min(_AT_ONCE, max(2000, -(-len(commits) // workers)))
    slices = [(begin, commits[begin : begin + size]) for begin in range(0, len(commits), size)]
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(
            lambda s: list(_introduced(repository, wanted, s[1], s[0], folders)), slices
        )
        return [one._replace(reachable=reachable) for part in parts for one in part]


def _introduced(
    repository: Repository,
    wanted: frozenset[str],
    commits: Sequence[bytes],
    rank: int,
    folders: bool,  # noqa: FBT001
) -> Iterator[Introduction]:
    named = [f"--find-object={oid}" for oid in sorted(wanted)] if len(wanted) <= _FILTERED else []
    below = ("-r", "-t") if folders else ("-r",)
    # diff-tree reads the index, which it needs for nothing here and which may be damaged
    none = {"GIT_INDEX_FILE": str(repository.git_dir / "keyproof-no-index")}
    fields = gitio.fields(
        repository._replace(environment={**repository.environment, **none}),
        *("-c", _BASES, "diff-tree", "--stdin", "--root", *below, "-c", "--raw", "-z"),
        *("--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv"),
        *named,
        data=b"\n".join(commits) + b"\n",
    )
    ranks = {commit: rank + index for index, commit in enumerate(commits)}
    commit = b""
    for field in fields:
        if not field.startswith(b":"):
            commit = field
            continue
        # one colon a parent, then as many modes and ids as parents, and the result's behind each
        parents = len(field) - len(field.lstrip(b":"))
        oid = field.split(b" ")[2 * parents + 1].decode("ascii")
        path = next(fields, None)
        if path is not None and oid in wanted:
            yield Introduction(oid, path, commit.decode("ascii"), ranks[commit], reachable=True)


def tree_entries(repository: Repository, treeish: str) -> Iterator[tuple[str, bytes]]:
    """Yield ``(object id, path)`` of everything below a tree; nothing where it does not exist."""
    out = gitio.run(
        repository, "ls-tree", "-r", "-t", "-z", "--full-tree", treeish, allow_failure=True
    )
    for entry in out.split(b"\0"):
        if entry:
            head, _, path = entry.partition(b"\t")
            yield head.split(b" ")[2].decode("ascii"), path


def index_entries(repository: Repository) -> Iterator[tuple[str, bytes]]:
    """Yield ``(object id, path)`` of everything in the index that git names."""
    for entry in gitio.run(repository, "ls-files", "-s", "-z", allow_failure=True).split(b"\0"):
        if entry:
            head, _, path = entry.partition(b"\t")
            yield head.split(b" ")[1].decode("ascii"), path


def signatures(repository: Repository, oids: Iterable[str]) -> dict[str, Signed]:
    """Return author and date of commits and tags."""
    wanted = sorted(set(oids))
    if not wanted:
        return {}
    data = "\n".join(wanted).encode() + b"\n"
    out = gitio.run(repository, "cat-file", "--batch", "--buffer", data=data, allow_failure=True)
    signed: dict[str, Signed] = {}
    at = 0
    while at < len(out):
        newline = out.find(b"\n", at)
        header = out[at:newline].split(b" ")
        at = newline + 1
        if newline < 0:
            break
        if len(header) == 3 and header[2].isdigit():  # noqa: PLR2004
            signed[header[0].decode()] = parse_signature(out[at : at + int(header[2])])
            at += int(header[2]) + 1
    return signed


def parse_signature(raw: bytes) -> Signed:
    """Read the author of a commit, or the tagger of a tag."""
    header = raw.partition(b"\n\n")[0]
    signed = Signed(None, None, None, header.count(b"\n") + 2)
    for line in header.split(b"\n"):
        if line.startswith(b"object "):
            signed = signed._replace(target=line[7:].decode("ascii", "replace"))
        match = _SIGNED.match(line)
        if match:
            who = match["who"].decode("utf-8", "replace")
            return signed._replace(author=who, at=_moment(match["at"], match["zone"]))
    return signed


def _moment(seconds: bytes, zone: bytes) -> datetime | None:
    try:
        minutes = int(zone[1:3]) * 60 + int(zone[3:])
        offset = timezone(timedelta(minutes=-minutes if zone.startswith(b"-") else minutes))
        return datetime.fromtimestamp(int(seconds), offset).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def show_path(path: bytes) -> str:
    r"""Return a path as text; bytes that are no UTF-8 as ``\xNN``."""
    return path.decode("utf-8", "backslashreplace")
