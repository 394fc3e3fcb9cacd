"""Entries survive what teams do to their history; another secret, and another place, never pass."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm
from tests.support.run import keyproof

from keyproof.errors import ConfigError
from keyproof.identity import KeyedFingerprinter
from keyproof.leaks import baseline
from keyproof.leaks.baseline import Baseline, Entry
from keyproof.leaks.collector import search_text
from keyproof.leaks.scan import open_scanner, scan_repository
from keyproof.model.secret import Secret

SECRET = "survivor"


class World:
    """A repository whose one secret is accepted where it stands."""

    def __init__(self, folder: Path, home: Path) -> None:
        warm(home)
        self.repo = Repo(folder / "repo", folder / "git-home")
        self.repo.write("app.py", "import os\n" + line(github_pat(SECRET)) + "run()\n")
        self.repo.commit("first")
        self.baseline = Baseline("b", bytes(16), ())
        environment = os.environ | {"XDG_CACHE_HOME": str(home / "cache")}
        self.scanner = open_scanner(environment, self.baseline.identities(), workers=1)
        (leak,) = self.leaks()
        (place,) = leak.occurrences
        entry = Entry(place.occurrence_id, "occurrence", "d", "why", None, None, "2026-01-01", None)
        self.baseline = self.baseline.replaced([entry._replace(of=leak.secret_id, path=place.path)])

    def leaks(self):
        return scan_repository(self.scanner, self.repo.path).leaks

    def unaccepted(self) -> list[str | None]:
        return [
            place.path
            for leak in self.leaks()
            for place in leak.occurrences
            if not self.baseline.entry(leak.secret_id, place.occurrence_id, place.path)
        ]


@pytest.fixture
def world(planted: Path, home: Path) -> World:
    return World(planted, home)


def test_an_entry_survives_moves_edits_and_rewritten_history(world: World) -> None:
    repo = world.repo
    repo.write("app.py", "# a\n# b\n# c\nimport os\n" + line(github_pat(SECRET)) + "run()\n")
    repo.commit("lines move")
    assert world.unaccepted() == []
    repo.git("mv", "app.py", "main.py")
    repo.commit("a new name, the same lines")
    assert world.unaccepted() == []
    repo.git("mv", "main.py", "app.py")
    repo.write("app.py", "import sys\n" + line(github_pat(SECRET)).strip() + "  # used\nstop()\n")
    repo.commit("its lines are edited")
    assert world.unaccepted() == []
    repo.git("commit", "-q", "--amend", "-m", "amended")
    assert world.unaccepted() == []
    repo.git("checkout", "-q", "-b", "topic", "HEAD~2")
    repo.write("other.txt", "x\n")
    repo.commit("topic")
    repo.git("rebase", "-q", "main")
    assert world.unaccepted() == []
    repo.git("checkout", "-q", "main")
    repo.git("reset", "-q", "--soft", "HEAD~3")
    repo.commit("squashed")
    assert world.unaccepted() == []


def test_another_secret_and_another_place_are_new(world: World) -> None:
    world.repo.write("app.py", "import os\n" + line(github_pat("other")) + "run()\n")
    world.repo.commit("another secret in the accepted place")
    assert world.unaccepted() == ["app.py"]
    world.repo.write("copy.py", "def f():\n    " + line(github_pat(SECRET)) + "    return\n")
    world.repo.commit("the accepted secret in another place")
    assert sorted(map(str, world.unaccepted())) == ["app.py", "copy.py"]


def test_a_copy_is_told_from_a_new_secret(world: World) -> None:
    known = world.baseline
    found = search_text(
        world.scanner.matcher, known.identities(), b"x = 1\n" + line(github_pat(SECRET)).encode()
    )
    (copy,) = found
    assert known.entry(copy.secret_id, copy.occurrence_id, "copy.py") is None
    assert known.elsewhere(copy.secret_id, copy.occurrence_id) == known.entries[0]
    fresh = known.identities().secret_id(Secret(github_pat("fresh")))
    assert known.elsewhere(fresh, "o1_0") is None


def test_the_narrowest_entry_answers(world: World) -> None:
    (entry,) = world.baseline.entries
    wide = entry._replace(id=str(entry.of), scope="anywhere", reason="wide", of=None, path=None)
    middle = wide._replace(scope="path:*.py", reason="middle")
    every = world.baseline.replaced([wide, middle, entry])

    def reason(occurrence: str, path: str) -> str:
        found = every.entry(str(entry.of), occurrence, path)
        assert found
        return found.reason

    assert reason(entry.id, "app.py") == "why"
    assert reason(entry.id, "moved.rb") == "why"
    assert reason("o1_x", "app.py") == "why"
    assert reason("o1_x", "b.py") == "middle"
    assert reason("o1_x", "b.rb") == "wide"


def test_ten_thousand_entries_are_looked_up_by_id() -> None:
    entries = [
        Entry(f"o1_{n:032x}", "occurrence", "d", "r", None, None, "2026-01-01", None)._replace(
            of=f"s1_{n:032x}", path=f"f{n}.py"
        )
        for n in range(10_000)
    ]
    text = baseline.dump(Baseline("b", bytes(16), entries))
    known = baseline.parse(text, "b")
    assert baseline.dump(known) == text
    assert all(known.entry(str(e.of), "o1_x", e.path) == e for e in known.entries)
    assert known.entry("s1_none", "o1_none", "f1.py") is None


def test_the_baseline_itself_holds_no_leak(world: World) -> None:
    many = [
        Entry(f"o1_{os.urandom(16).hex()}", "occurrence", "generic.password", "the password", "a",
              "b", "2026-01-01", None, f"s1_{os.urandom(16).hex()}", "secrets/token.env", "T-1",
              ".secrets.baseline")
        for _ in range(50)
    ]  # fmt: skip
    text = baseline.dump(baseline.with_entries(baseline.new_baseline(), many)).encode()
    assert search_text(world.scanner.matcher, KeyedFingerprinter(bytes(16), local=True), text) == []


def test_branches_that_add_entries_at_one_spot_merge_by_union(world: World) -> None:
    repo, path = world.repo, world.repo.path / ".keyproof-baseline"

    def on_branch(name: str, number: int) -> None:
        repo.git("checkout", "-q", "-b", name, "main")
        more = Entry(f"o1_{number:032x}", "occurrence", "d", name, None, None, "2026-01-01", None)
        known = baseline.load(path)
        assert known
        baseline.write(baseline.with_entries(known, [more]), path)
        repo.commit(name)

    def merge() -> str:
        return repo.git("-c", "merge.conflictStyle=merge", "merge", "-q", "-m", "m", "one")

    baseline.write(baseline.new_baseline(), path)
    repo.commit("base")
    on_branch("one", 1)
    on_branch("two", 2)
    with pytest.raises(AssertionError):
        merge()
    with pytest.raises(ConfigError, match="not a baseline entry") as caught:
        baseline.load(path)
    assert "keep the lines of both sides" in str(caught.value.hint)
    repo.git("merge", "--abort")
    repo.write(".gitattributes", ".keyproof-baseline merge=union\n")
    repo.commit("attributes")
    merge()
    merged = baseline.load(path)
    assert merged is not None
    assert {entry.reason for entry in merged.entries} == {"one", "two"}


def test_audit_fails_for_what_wants_attention(world: World, home: Path) -> None:
    def run(*arguments: str):
        return keyproof("baseline", *arguments, cwd=world.repo.path, home=home)

    assert run("add", "--reason", "known", "--owner", "ada").code == 0
    assert run("audit").code == 0
    world.repo.write("copy.py", "def f():\n    " + line(github_pat(SECRET)) + "    return\n")
    world.repo.commit("copy")
    told = run("audit")
    assert (told.code, "a new place of it is copy.py:2" in told.out) == (1, True)
    path = world.repo.path / ".keyproof-baseline"
    known = baseline.load(path)
    assert known
    today = datetime.now(UTC).date().isoformat()
    idle = known.entries[0]._replace(id="o1_" + "0" * 32, of=None, path=None, created=today)
    ended = known.entries[0]._replace(expires="2026-01-01")
    baseline.write(known.replaced([idle, ended]), path)
    told = run("audit")
    assert told.code == 1
    assert ": accepts nothing" in told.out
    assert ": ended on 2026-01-01" in told.out
    assert run("audit", "--exit-zero").code == 0
    assert "1 entries removed, 1 left" in run("remove", "o1_000000").out
    assert run("remove", "o1_000000").code == 2
    assert run("list").out.startswith("ended")
