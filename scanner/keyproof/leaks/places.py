"""Places: where each secret stands, from rows of objects to occurrences that a person can open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from keyproof.leaks import attribution
from keyproof.leaks.archives import inside
from keyproof.leaks.attribution import Introduction, Signed
from keyproof.leaks.collector import Row
from keyproof.leaks.gitio import Repository, run
from keyproof.leaks.locate import Found


class Place(NamedTuple):
    """One secret at one place. ``path`` is raw: it is shown through :func:`attribution.show_path`.

    ``origin`` is what a path or author was read from, and may itself hold secrets: the scan
    redacts it before it leaves.
    """

    found: Found
    where: str
    path: bytes | None = None
    commit: str | None = None
    author: str | None = None
    introduced_at: datetime | None = None
    in_head: bool | None = None
    reachable: bool | None = None


class Placer:
    """Finds the places of what stands in the objects of one repository."""

    def __init__(
        self,
        repository: Repository,
        workers: int,
        *,
        commits: list[bytes] | None = None,
        all_commits: bytes = b"",
    ) -> None:
        """Take the repository; nothing is read before there is an object to place.

        Args:
            commits: the commits among which an introduction counts; all reachable ones if ``None``.
            all_commits: ids of every commit object, for what only unreachable ones hold.
        """
        self.repository = repository
        self.workers = workers
        self._commits = commits
        self._all_commits = all_commits
        self._placed: dict[str, list[Introduction]] = {}

    def learn(self, oids: Iterable[str], *, folders: bool = True) -> None:
        """Ask git where objects came from: once for all, because it looks at every commit.

        Args:
            folders: trees may be among them.
        """
        wanted = frozenset(oids) - self._placed.keys()
        if not wanted:
            return
        known = self._known()
        found = attribution.introductions(
            self.repository, wanted, known, self.workers, folders=folders
        )
        left = wanted - {one.oid for one in found}
        if left and self._all_commits:
            reached = set(known)
            rest = [oid for oid in self._all_commits.splitlines() if oid not in reached]
            found += attribution.introductions(
                self.repository, left, rest, self.workers, reachable=False, folders=folders
            )
        self._placed |= {oid: [] for oid in wanted}
        for one in found:
            self._placed[one.oid].append(one)

    def place(self, rows: Iterable[Row]) -> list[Place]:
        """Return the places of ``rows``."""
        rows = list(rows)
        if not rows:
            return []
        named = [row for row in rows if row.kind in {"blob", "tree"}]
        placed = self._introduced(row.oid for row in named)
        signed = self._signatures(rows, placed)
        places = self._content(named, placed, signed)
        reachable = frozenset(commit.decode() for commit in self._known())
        for row in rows:
            if row.kind == "commit":
                places.append(self._message(row, signed, row.oid in reachable))
            elif row.kind == "tag":
                places.append(self._tag(row, signed))
        return places

    def outer_paths(self, oids: Iterable[str]) -> dict[str, bytes]:
        """Return a path of each object, where one is known: the one that it had first."""
        wanted = frozenset(oids)
        if not wanted:
            return {}
        placed = self._introduced(wanted)
        first = {oid: max(many, key=lambda one: one.rank).path for oid, many in placed.items()}
        left = wanted - first.keys()
        if left:
            first |= {o: p for o, p in attribution.index_entries(self.repository) if o in left}
        return first

    def is_reachable(self, oid: str) -> bool:
        """Whether a commit that can be reached introduced an object that was learnt of."""
        return any(one.reachable for one in self._placed.get(oid, ()))

    def _known(self) -> list[bytes]:
        if self._commits is None:
            self._commits = attribution.reachable_commits(self.repository)
        return self._commits

    def _introduced(self, oids: Iterable[str]) -> dict[str, list[Introduction]]:
        wanted = frozenset(oids)
        self.learn(wanted)
        return {oid: self._placed[oid] for oid in wanted if self._placed[oid]}

    def _signatures(
        self, rows: list[Row], placed: dict[str, list[Introduction]]
    ) -> dict[str, Signed]:
        oids = {one.commit for many in placed.values() for one in many}
        oids.update(row.oid for row in rows if row.kind in {"commit", "tag"})
        return attribution.signatures(self.repository, oids)

    def _content(
        self, rows: list[Row], placed: dict[str, list[Introduction]], signed: dict[str, Signed]
    ) -> list[Place]:
        oldest: dict[tuple[str, str, bytes, bytes, str], tuple[Row, Introduction]] = {}
        wanted = {row.oid for row in rows}
        head = {e for e in attribution.tree_entries(self.repository, "HEAD") if e[0] in wanted}
        in_head: set[tuple[str, str, bytes, bytes, str]] = set()
        for row in rows:
            for one in placed.get(row.oid, ()):
                if row.kind == "tree" and one.path.rpartition(b"/")[2] != row.inner:
                    continue  # other names of the same content
                # what waits for its place stands beside what is sure, never instead of it
                waits = row.found.pending
                key = (row.kind, row.found.occurrence_id, one.path, row.member, waits)
                if (row.oid, one.path) in head:
                    in_head.add(key)
                best = oldest.get(key)
                if best is None or _older(one, best[1]):
                    oldest[key] = (row, one)
        notes = self._note_commits() if oldest else frozenset()
        places = []
        for key, (row, one) in oldest.items():
            by = signed.get(one.commit, Signed(None, None))
            where = "file_name" if row.kind == "tree" else "blob"
            if one.commit in notes:
                where = "note"
            places.append(
                Place(
                    row.found._replace(line=None, column=None) if row.kind == "tree" else row.found,
                    where,
                    None if where == "note" else inside(one.path, row.member),
                    one.commit,
                    by.author,
                    by.at,
                    key in in_head,
                    one.reachable,
                )
            )
        return places + self._loose([row for row in rows if row.oid not in placed])

    def _loose(self, rows: list[Row]) -> list[Place]:
        """Place objects that no commit holds: staged ones by the index, the rest without a path."""
        if not rows:
            return []
        staged: dict[str, list[bytes | None]] = {}
        for oid, path in attribution.index_entries(self.repository):
            staged.setdefault(oid, []).append(path)
        places: list[Place] = []
        for row in rows:
            where = "index" if row.oid in staged else "blob"
            if row.kind == "tree":
                where = "file_name"
            places.extend(
                Place(
                    row.found,
                    where,
                    inside(path, row.member),
                    in_head=False,
                    reachable=row.oid in staged,
                )
                for path in staged.get(row.oid, [None])
            )
        return places

    def _note_commits(self) -> frozenset[str]:
        refs = run(self.repository, "for-each-ref", "--count=1", "refs/notes", allow_failure=True)
        if not refs:
            return frozenset()
        commits = attribution.reachable_commits(self.repository, "--glob=refs/notes")
        return frozenset(commit.decode() for commit in commits)

    def _message(self, row: Row, signed: dict[str, Signed], reachable: bool) -> Place:  # noqa: FBT001
        by = signed.get(row.oid, Signed(None, None))
        found = _in_message(row.found, by)
        return Place(
            found, "commit_message", None, row.oid, by.author, by.at, None, reachable=reachable
        )

    def _tag(self, row: Row, signed: dict[str, Signed]) -> Place:
        by = signed.get(row.oid, Signed(None, None))
        pointing = run(self.repository, "for-each-ref", "--points-at", row.oid, allow_failure=True)
        return Place(
            _in_message(row.found, by),
            "tag_message",
            None,
            by.target,
            by.author,
            by.at,
            None,
            reachable=bool(pointing),
        )


def _in_message(found: Found, signed: Signed) -> Found:
    """Count lines from the message's first one; in the header before it they mean nothing."""
    line = (found.line or 0) - signed.header_lines
    if line < 1:
        return found._replace(line=None, column=None)
    return found._replace(line=line)


def _older(one: Introduction, than: Introduction) -> bool:
    return (one.reachable, one.rank) > (than.reachable, than.rank)
