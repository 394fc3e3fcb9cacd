"""Pushed: what a push brings that the remote does not have yet."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, NamedTuple

from keyproof.errors import SourceError, UsageError
from keyproof.leaks import attribution, gitio
from keyproof.leaks.added import Judge, Sighting, added
from keyproof.leaks.assemble import Cleaner
from keyproof.leaks.gitio import Repository
from keyproof.leaks.matcher import Matcher
from keyproof.leaks.staged import Olds, old_contents, parse_changes, suspicious

_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PIECE_BYTES = 32 << 20


class Update(NamedTuple):
    """One ref that a push moves; an id of zeros stands for "not there"."""

    ref: str
    new: str
    old: str

    @property
    def is_deletion(self) -> bool:
        """Whether the push removes the ref: it brings nothing."""
        return not self.new.strip("0")


def read_updates(lines: Iterable[str], *, received: bool) -> list[Update]:
    """Parse what git writes to a hook's standard input.

    Args:
        received: pre-receive's form (``old new ref``), else pre-push's
            (``local-ref local-id remote-ref remote-id``).

    Raises:
        UsageError: a line is of neither form.
    """
    updates = []
    for line in lines:
        words = line.split()
        if not words:
            continue
        if len(words) != (3 if received else 4):
            raise UsageError("standard input is not what git writes to this hook")
        old, new, ref = words if received else (words[3], words[1], words[2])
        if not (_OID.fullmatch(old) and _OID.fullmatch(new)):
            raise UsageError("standard input is not what git writes to this hook")
        updates.append(Update(ref, new, old))
    return updates


class Range(NamedTuple):
    """The commits that a push brings: revisions as ``git rev-list`` takes them."""

    revisions: tuple[str, ...]


def outgoing(repository: Repository, updates: Sequence[Update], remote: str | None) -> Range | None:
    """Return what a push to ``remote`` brings; ``None`` if it only deletes.

    What the remote had is excluded by its old ids, where they are here (after a forced push they
    may not be), and by its tracking branches.
    """
    tips = [update.new for update in updates if not update.is_deletion]
    if not tips:
        return None
    known = [u.old for u in updates if u.old.strip("0") and _is_here(repository, u.old)]
    tracking = [f"--remotes={remote}"] if remote else []
    return Range((*dict.fromkeys(tips), "--not", *dict.fromkeys(known), *tracking))


def announced(repository: Repository, environment: Mapping[str, str]) -> Range | None:
    """Return what the pre-commit framework says is pushed: it reads standard input itself.

    A branch that is new to the remote comes without a range: all that the remote lacks is taken.

    Raises:
        UsageError: the framework does not run its pre-push stage.
    """
    remote = environment.get("PRE_COMMIT_REMOTE_NAME")
    tip = environment.get("PRE_COMMIT_TO_REF") or environment.get("PRE_COMMIT_LOCAL_BRANCH")
    if not remote and not tip:
        raise UsageError(
            "pre-commit does not say what is pushed", hint="run this hook with stages: [pre-push]"
        )
    known = environment.get("PRE_COMMIT_FROM_REF", "")
    base = [known] if known and _is_here(repository, known) else []
    for word in (tip or "HEAD", remote or "", *base):
        if word.startswith("-"):
            raise UsageError("a ref's name begins with a dash")
    tracking = [f"--remotes={remote}"] if remote else []
    return Range((tip or "HEAD", "--not", *base, *tracking))


def incoming(updates: Sequence[Update]) -> Range | None:
    """Return what a received push brings that no ref of this repository reaches."""
    tips = [update.new for update in updates if not update.is_deletion]
    return Range((*dict.fromkeys(tips), "--not", "--all")) if tips else None


def _is_here(repository: Repository, oid: str) -> bool:
    found = gitio.run(repository, "cat-file", "--batch-check", data=f"{oid}\n".encode())
    return not found.rstrip().endswith(b"missing")


def sightings(
    repository: Repository, matcher: Matcher, judge: Judge, wanted: Range
) -> Iterator[Sighting]:
    """Yield the secrets that the commits of a range add: in files, names and messages.

    Raises:
        SourceError: git cannot read an object of the range: what it holds is unknown.
    """
    commits = gitio.run(repository, "rev-list", "--date-order", *wanted.revisions).splitlines()
    lines = gitio.run(repository, "rev-list", "--objects", *wanted.revisions).splitlines()
    oids = [line.split(b" ", 1)[0].decode() for line in lines]
    suspects: dict[str, bytes] = {}
    for oid, kind, data in _objects(repository, oids):
        if kind == "blob" and suspicious(matcher, data):
            suspects[oid] = data
        elif kind in {"commit", "tag"} and suspicious(matcher, data):
            where = "commit_message" if kind == "commit" else "tag_message"
            for one in added(matcher, judge, data, (), where, None):
                yield one._replace(commit=oid, found=one.found._replace(line=None, column=None))
    yield from _names(repository, matcher, judge, lines)
    yield from _in_files(repository, matcher, judge, suspects, commits)


def _objects(repository: Repository, oids: Sequence[str]) -> Iterator[tuple[str, str, bytes]]:
    """Yield ``(id, kind, content)``, one at a time: a push may be a whole history."""
    with tempfile.TemporaryFile() as names:
        names.write("".join(f"{oid}\n" for oid in oids).encode())
        names.seek(0)
        with gitio.start(repository, "cat-file", "--batch", "--buffer", stdin=names) as process:
            assert process.stdout is not None
            with open(process.stdout.fileno(), "rb", _PIECE_BYTES, closefd=False) as stream:
                for oid in oids:
                    yield (oid, *_object(stream, oid))


def _object(stream: IO[bytes], oid: str) -> tuple[str, bytes]:
    header = stream.readline().split()
    if len(header) != 3:  # noqa: PLR2004 (id, kind, size)
        raise _unreadable(oid)
    size = int(header[2])
    data = stream.read(size + 1)
    if len(data) != size + 1:
        raise _unreadable(oid)
    return header[1].decode(), data[:-1]


def _unreadable(oid: str) -> SourceError:
    return SourceError(
        f"git cannot read the object {oid}",
        reason="missing_object",
        hint="git fsck says what is broken",
    )


def _names(
    repository: Repository, matcher: Matcher, judge: Judge, lines: Sequence[bytes]
) -> Iterator[Sighting]:
    """Search the names that the range brings; each is seen once."""
    cleaner = Cleaner(matcher)
    for path in dict.fromkeys(line.split(b" ", 1)[1] for line in lines if b" " in line):
        for one in added(matcher, judge, path, (), "file_name", cleaner.show(path)):
            yield one._replace(found=one.found._replace(line=None, column=None))


def _in_files(
    repository: Repository,
    matcher: Matcher,
    judge: Judge,
    suspects: Mapping[str, bytes],
    commits: Sequence[bytes],
) -> Iterator[Sighting]:
    if not suspects:
        return
    placed: set[str] = set()
    before: dict[str, Olds] = {}
    cleaner = Cleaner(matcher)
    for one in attribution.introductions(repository, frozenset(suspects), commits, 1):
        placed.add(one.oid)
        if one.commit not in before:
            before = {one.commit: _before(repository, one.commit)}
        shown = cleaner.show(one.path)
        olds = before[one.commit].of(one.path)
        for sighting in added(matcher, judge, suspects[one.oid], olds, "blob", shown):
            yield sighting._replace(commit=one.commit)
    for oid in sorted(suspects.keys() - placed):
        yield from added(matcher, judge, suspects[oid], (), "blob", None)


def _before(repository: Repository, commit: str) -> Olds:
    """Return every file that a commit changes or removes, as its parents hold them."""
    out = gitio.run(
        repository,
        *("diff-tree", "-r", "-m", "-z", "--raw", "--no-renames", "--no-abbrev"),
        *("--no-commit-id", "--no-ext-diff", "--no-textconv", commit),
    )
    return old_contents(repository, parse_changes(out))
