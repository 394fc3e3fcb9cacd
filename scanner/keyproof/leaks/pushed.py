"""Pushed: what a push brings that the remote does not have yet."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, NamedTuple

from keyproof.errors import SourceError, UsageError
from keyproof.leaks import attribution, gitio
from keyproof.leaks.added import Files, Judge, News, Sighting, added
from keyproof.leaks.archives import is_packed
from keyproof.leaks.assemble import Cleaner
from keyproof.leaks.file_names import may_tell
from keyproof.leaks.gitio import Repository
from keyproof.leaks.glance import parse_rows
from keyproof.leaks.held import Holding, held, hold
from keyproof.leaks.matcher import Matcher
from keyproof.leaks.staged import Change, stood_before
from keyproof.leaks.stood import Stood

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
            raise _unknown_input()
        old, new, ref = words if received else (words[3], words[1], words[2])
        if not (_OID.fullmatch(old) and _OID.fullmatch(new)):
            raise _unknown_input()
        updates.append(Update(ref, new, old))
    return updates


def _unknown_input() -> UsageError:
    return UsageError(
        "standard input is not what git writes to this hook",
        hint="let git run it: keyproof hook install --pre-push",
    )


class Range(NamedTuple):
    """The commits that a push brings.

    Attributes:
        tips: ids or names of what is pushed; ``known``: those that the other side has.
        others: arguments of ``git rev-list`` for more that the other side has.
    """

    tips: tuple[str, ...]
    known: tuple[str, ...]
    others: tuple[str, ...]

    def ask(self, repository: Repository, *arguments: str) -> list[bytes]:
        """Return what ``git rev-list`` says: of many refs, a command line could not name all."""
        wanted = [*self.tips, *(f"^{known}" for known in self.known)]
        others = ("--not", *self.others) if self.others else ()
        data = "".join(f"{one}\n" for one in wanted).encode("utf-8", "surrogateescape")
        return gitio.run(
            repository, "rev-list", *arguments, "--stdin", *others, data=data
        ).splitlines()


def outgoing(repository: Repository, updates: Sequence[Update], remote: str | None) -> Range | None:
    """Return what a push to ``remote`` brings; ``None`` if it only deletes.

    What the remote had is excluded by its old ids, where they are here (after a forced push they
    may not be), and by its tracking branches.
    """
    tips = tuple(dict.fromkeys(update.new for update in updates if not update.is_deletion))
    if not tips:
        return None
    known = _here(repository, (update.old for update in updates if update.old.strip("0")))
    return Range(tips, known, (f"--remotes={remote}",) if remote else ())


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
    base = environment.get("PRE_COMMIT_FROM_REF", "")
    known = _here(repository, [base] if base else [])
    for word in (tip or "HEAD", remote or "", *known):
        if word.startswith("-"):
            raise UsageError("a ref's name begins with a dash", hint="rename the ref")
    return Range((tip or "HEAD",), known, (f"--remotes={remote}",) if remote else ())


def incoming(updates: Sequence[Update]) -> Range | None:
    """Return what a received push brings that no ref of this repository reaches."""
    tips = tuple(dict.fromkeys(update.new for update in updates if not update.is_deletion))
    return Range(tips, (), ("--all",)) if tips else None


def _here(repository: Repository, names: Iterable[str]) -> tuple[str, ...]:
    """Return those objects that this repository holds."""
    wanted = tuple(dict.fromkeys(names))
    data = "".join(f"{name}\n" for name in wanted).encode()
    found = gitio.run(repository, "cat-file", "--batch-check", data=data).splitlines()
    pairs = zip(wanted, found, strict=True)
    return tuple(name for name, line in pairs if not line.endswith(b" missing"))


def objects(repository: Repository, wanted: Range) -> list[bytes]:
    """Return the objects that a range brings, each with its path, where it has one."""
    return wanted.ask(repository, "--objects")


def size(repository: Repository, lines: Sequence[bytes]) -> int:
    """Return how many bytes the objects on ``lines`` hold, all together."""
    oids = b"".join(line.split(b" ", 1)[0] + b"\n" for line in lines)
    told = gitio.run(repository, "cat-file", "--batch-check=%(objectsize)", "--buffer", data=oids)
    return sum(int(line) for line in told.split() if line.isdigit())


def news(
    repository: Repository, matcher: Matcher, judge: Judge, wanted: Range, lines: Sequence[bytes]
) -> News:
    """Return the secrets that the commits of a range add: in files, names and messages.

    Args:
        lines: the :func:`objects` of the range.

    Raises:
        SourceError: git cannot read an object of the range: what it holds is unknown.
    """
    oids = [line.split(b" ", 1)[0].decode() for line in lines]
    paths = {oid: line.partition(b" ")[2] for oid, line in zip(oids, lines, strict=True)}
    suspects: dict[str, _Suspect] = {}
    found: list[Sighting] = []
    for oid, kind, data in _objects(repository, oids):
        if kind == "tree":
            continue
        holding = hold(matcher, data)
        if kind == "blob":
            if holding.texts or holding.cut or is_packed(data) or may_tell(paths[oid]):
                suspects[oid] = _Suspect(data, holding)
        else:
            where = "commit_message" if kind == "commit" else "tag_message"
            fresh = added(judge, holding.texts, Stood({}, ()), b"", where, None)
            found += [_placeless(one)._replace(commit=oid) for one in fresh]
    found += _names(matcher, judge, lines)
    if not suspects:
        return News(found, [])
    commits = wanted.ask(repository, "--date-order")
    files = _in_files(repository, matcher, judge, suspects, commits)
    return News([*found, *files.sightings], files.unread)


class _Suspect(NamedTuple):
    data: bytes
    holding: Holding


def _placeless(sighting: Sighting) -> Sighting:
    return sighting._replace(found=sighting.found._replace(line=None, column=None))


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


def _names(matcher: Matcher, judge: Judge, lines: Sequence[bytes]) -> Iterator[Sighting]:
    """Search the names that the range brings; each is seen once."""
    paths = list(dict.fromkeys(line.split(b" ", 1)[1] for line in lines if b" " in line))
    if not matcher.triggers(b"\n".join(paths)):
        return
    cleaner = Cleaner(matcher)
    for path in paths:
        texts = held(matcher, path)
        for one in added(judge, texts, Stood({}, ()), b"", "file_name", cleaner.show(path)):
            yield _placeless(one)


def _in_files(
    repository: Repository,
    matcher: Matcher,
    judge: Judge,
    suspects: Mapping[str, _Suspect],
    commits: Sequence[bytes],
) -> News:
    found: list[Sighting] = []
    unread: list[tuple[str, str]] = []
    placed: set[str] = set()
    last, stood = "", Stood({}, ())
    for one in attribution.introductions(repository, frozenset(suspects), commits, 1):
        placed.add(one.oid)
        if one.commit != last:
            last, stood = one.commit, _before(repository, one.commit)
        files = Files(matcher, judge, stood, "blob")
        files.search(one.path, *suspects[one.oid])
        found += [sighting._replace(commit=one.commit) for sighting in files.sightings]
        unread += files.unread
    for oid in sorted(suspects.keys() - placed):
        data, holding = suspects[oid]
        found += added(judge, holding.texts, Stood({}, ()), b"", "blob", None)
        if holding.cut or is_packed(data):
            unread.append((f"the object {oid[:12]}, which has no path", "unsupported"))
    return News(found, unread)


def _before(repository: Repository, commit: str) -> Stood:
    """Return every file that a commit changes or removes, as its parents hold them."""
    out = gitio.run(
        repository,
        *("diff-tree", "-r", "-m", "-z", "--raw", "--no-renames", "--no-abbrev"),
        *("--no-commit-id", "--no-ext-diff", "--no-textconv", commit),
    )
    changes = [Change._make(row) for row in parse_rows(out) or ()]
    return stood_before(repository, changes, {})
