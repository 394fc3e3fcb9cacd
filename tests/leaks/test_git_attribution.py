"""Each secret is placed at the commit that introduced it, with author, date, line and column."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, compiled_rules, line

from keyproof.identity import KeyedFingerprinter
from keyproof.leaks.matcher import open_matcher
from keyproof.leaks.rules import load_rules
from keyproof.leaks.scan import Scanner, ScanResult, scan_repository
from keyproof.model.leak import Occurrence


@pytest.fixture
def scanner() -> Scanner:
    folder = compiled_rules()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    matcher = open_matcher(load_rules(folder), folder)
    return Scanner(matcher, KeyedFingerprinter(b"k" * 32, local=True), environment)


@pytest.fixture
def repo(planted: Path) -> Repo:
    made = Repo(planted / "repo", planted / "git-home")
    made.write("start.txt", "start\n")
    made.commit("start")
    return made


def _one(result: ScanResult) -> Occurrence:
    assert len(result.leaks) == 1
    assert len(result.leaks[0].occurrences) == 1
    return result.leaks[0].occurrences[0]


def test_the_oldest_commit_counts_though_lines_shift(repo: Repo, scanner: Scanner) -> None:
    token = github_pat("shift")
    repo.write("app.py", "a = 1\n\n    grüße = 1; " + line(token))
    first = repo.commit("introduce")
    for number in range(5):
        repo.write("app.py", "# more\n" * number * 7 + "a = 1\n\n    grüße = 1; " + line(token))
        repo.commit(f"shift {number}")
    one = _one(scan_repository(scanner, repo.path))
    assert (one.commit, one.path, one.line) == (first, "app.py", 3)
    assert one.column == len('    grüße = 1; token = "') + 1
    assert one.author == "Ada Dev <ada@example.org>"
    assert one.introduced_at is not None
    assert str(int(one.introduced_at.timestamp())) == repo.git("log", "-1", "--format=%at", first)
    assert (one.in_head, one.reachable) == (True, True)


def test_a_merge_is_blamed_for_what_only_its_result_holds(repo: Repo, scanner: Scanner) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.write("side.txt", "x\n")
    repo.commit("side")
    repo.git("checkout", "-q", "main")
    repo.write("main.txt", "x\n")
    repo.commit("main")
    repo.git("merge", "-q", "--no-commit", "--no-ff", "side")
    repo.write("start.txt", line(github_pat("evil merge")))
    merge = repo.commit("merge")
    assert _one(scan_repository(scanner, repo.path)).commit == merge


def test_what_a_merge_brought_along_is_the_branchs(repo: Repo, scanner: Scanner) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.write("side.txt", line(github_pat("branch")))
    introduced = repo.commit("side")
    repo.git("checkout", "-q", "main")
    repo.write("main.txt", "x\n")
    repo.commit("main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    assert _one(scan_repository(scanner, repo.path)).commit == introduced


def test_ids_survive_rename_shift_and_rebase_and_a_copy_is_a_place_of_its_own(
    repo: Repo, scanner: Scanner
) -> None:
    token = github_pat("rename")
    repo.write("a.py", "before\n" + line(token) + "after\n")
    repo.commit("a")
    repo.git("mv", "a.py", "b.py")
    second = repo.commit("b")
    (leak,) = scan_repository(scanner, repo.path).leaks
    assert [(o.path, o.in_head) for o in leak.occurrences] == [("a.py", False), ("b.py", True)]
    assert leak.occurrences[1].commit == second
    assert len({o.occurrence_id for o in leak.occurrences}) == 1
    repo.write("c.py", "other\n" + line(token))
    repo.commit("c")
    (leak,) = scan_repository(scanner, repo.path).leaks
    assert len({o.occurrence_id for o in leak.occurrences}) == 2


def test_equal_contexts_are_counted_apart(repo: Repo, scanner: Scanner) -> None:
    token = github_pat("twice")
    repo.write("a.py", ("same\n" + line(token) + "same\n") * 3)
    repo.commit("a")
    (leak,) = scan_repository(scanner, repo.path).leaks
    assert [o.line for o in leak.occurrences] == [2, 5, 8]
    assert len({o.occurrence_id for o in leak.occurrences}) == 3


def test_unreachable_and_reflog_commits_are_said_to_be_so(repo: Repo, scanner: Scanner) -> None:
    repo.write("gone.py", line(github_pat("unreachable")))
    commit = repo.commit("gone")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    one = _one(scan_repository(scanner, repo.path))
    assert (one.commit, one.path, one.reachable, one.in_head) == (commit, "gone.py", False, False)


def test_a_sha256_repository(planted: Path, scanner: Scanner) -> None:
    repo = Repo(planted / "repo256", planted / "git-home", "--object-format=sha256")
    name = f"a-{github_pat('in a sha256 name')}.txt"
    repo.write("app.py", line(github_pat("sha256")))
    repo.write(name, "text\n")
    commit = repo.commit("one")
    result = scan_repository(scanner, repo.path)
    assert {(o.where, o.commit) for leak in result.leaks for o in leak.occurrences} == {
        ("blob", commit),
        ("file_name", commit),
    }
    assert result.gaps == ()


def test_a_range_shows_only_what_it_adds(repo: Repo, scanner: Scanner) -> None:
    old, new = github_pat("old"), github_pat("new")
    repo.write("app.py", line(old))
    repo.commit("old")
    repo.write("app.py", "# moved\n" * 9 + line(old))
    repo.git("mv", "start.txt", "renamed.txt")
    repo.commit("shift")
    repo.write("extra.py", line(new))
    added = repo.commit(f"new, with {github_pat('range message')}")
    result = scan_repository(scanner, repo.path, revisions="HEAD~2..HEAD")
    places = {(o.where, o.path, o.commit) for leak in result.leaks for o in leak.occurrences}
    assert places == {("blob", "extra.py", added), ("commit_message", None, added)}


def test_staged_shows_only_what_the_named_index_adds(repo: Repo, scanner: Scanner) -> None:
    repo.write("app.py", line(github_pat("committed")))
    repo.commit("old")
    repo.write(
        "app.py", "# shifted\n\n" + line(github_pat("committed")) + line(github_pat("staged"))
    )
    repo.git("add", "app.py")
    one = _one(scan_repository(scanner, repo.path, staged=True))
    assert (one.where, one.path, one.line, one.commit) == ("index", "app.py", 4, None)
    other = str(repo.path / ".git" / "other-index")
    repo.git("read-tree", "HEAD", env={"GIT_INDEX_FILE": other})
    named = scanner._replace(environment={**scanner.environment, "GIT_INDEX_FILE": other})
    assert scan_repository(named, repo.path, staged=True).leaks == ()


def test_staged_before_the_first_commit(planted: Path, scanner: Scanner) -> None:
    repo = Repo(planted / "unborn", planted / "git-home")
    repo.write("app.py", line(github_pat("unborn")))
    repo.git("add", "app.py")
    assert _one(scan_repository(scanner, repo.path, staged=True)).path == "app.py"
    assert _one(scan_repository(scanner, repo.path)).where == "index"


def test_a_name_with_a_secret_is_not_that_of_another_file_of_equal_content(
    repo: Repo, scanner: Scanner
) -> None:
    repo.write("empty.txt", "")
    repo.write(f"{github_pat('a name')}.txt", "")
    repo.commit("both are empty")
    one = _one(scan_repository(scanner, repo.path))
    assert (one.where, str(one.path)[:4]) == ("file_name", "ghp_")
