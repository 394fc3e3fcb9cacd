"""``keyproof leaks``: its lines, its exit codes, its refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm
from tests.support.run import isolated, keyproof

FIELDS = [
    "where", "detector", "provider", "kind", "named", "confidence", "path", "line", "column",
    "commit", "author", "introduced_at", "in_head", "secret_id", "occurrence_id", "redacted",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _warm(home: Path) -> None:
    warm(home)


@pytest.fixture
def repo(planted: Path) -> Repo:
    made = Repo(planted / "repo", planted / "git-home")
    made.write("app.py", "x = 1\n" + line(github_pat("cli")))
    made.commit("first")
    return made


def test_jsonl_has_the_promised_fields(repo: Repo, home: Path) -> None:
    done = keyproof("leaks", str(repo.path), "--format", "jsonl", cwd=home, home=home)
    (row,) = map(json.loads, done.out.splitlines())
    assert list(row)[: len(FIELDS)] == FIELDS
    shown = {name: row[name] for name in FIELDS if not name.endswith("_id")}
    assert shown == {
        "where": "blob",
        "detector": "github.pat",
        "provider": "github",
        "kind": shown["kind"],
        "named": True,
        "confidence": "high",
        "path": "app.py",
        "line": 2,
        "column": 10,
        "commit": repo.git("rev-parse", "HEAD"),
        "author": "Ada Dev <ada@example.org>",
        "introduced_at": shown["introduced_at"],
        "in_head": True,
        "redacted": "ghp_…[40 characters]",
    }
    assert str(shown["introduced_at"]).endswith("Z")
    assert row["secret_id"].startswith("s1_")
    assert row["occurrence_id"].startswith("o1_")
    assert done.code == 1


def test_the_table_names_place_commit_and_author(repo: Repo, home: Path) -> None:
    done = keyproof("leaks", cwd=repo.path, home=home)
    assert done.code == 1
    assert "github.pat  ghp_…[40 characters]  high confidence" in done.out
    assert "app.py:2:10" in done.out
    assert "Ada Dev" in done.out
    assert "1 leak in 1 place" in done.err


def test_a_file_full_of_leaks_drowns_no_table(repo: Repo, home: Path) -> None:
    repo.write("dump.txt", "".join(line(github_pat(f"dump {n}")) for n in range(60)))
    repo.commit("a dump")
    done = keyproof("leaks", cwd=repo.path, home=home)
    assert "app.py:2:10" in done.out
    assert len(done.out.splitlines()) == 2 * (1 + 20) + 1
    assert "and 40 more of github.pat in dump.txt: --format jsonl lists them all" in done.out
    assert "61 leaks in 61 places" in done.err
    done = keyproof("leaks", "--format", "jsonl", cwd=repo.path, home=home)
    assert len(done.out.splitlines()) == 61


def test_exit_codes(repo: Repo, home: Path, planted: Path) -> None:
    clean = Repo(planted / "clean", planted / "git-home")
    clean.write("a.txt", "nothing\n")
    clean.commit("a")
    assert keyproof("leaks", str(clean.path), cwd=home, home=home).code == 0
    both = keyproof("leaks", str(clean.path), str(repo.path), cwd=home, home=home)
    assert both.code == 1
    assert keyproof("leaks", str(repo.path), "--exit-zero", cwd=home, home=home).code == 0


def test_a_repository_without_a_commit_is_clean(planted: Path, home: Path) -> None:
    empty = Repo(planted / "empty", planted / "git-home")
    assert keyproof("leaks", str(empty.path), cwd=home, home=home).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plain"], "keyproof leaks --no-git"),
        (["nowhere"], "there is no nowhere"),
        (["--staged", "--no-git"], "exclude one another"),
        (["--range", "main", "repo"], "write A..B"),
        (["--range", "--all..x", "repo"], "not a range"),
        (["--stdin", "repo"], "--stdin takes no PATH"),
    ],
)
def test_usage_errors_say_the_cure(
    repo: Repo, home: Path, planted: Path, arguments: list[str], said: str
) -> None:
    (planted / "plain").mkdir()
    done = keyproof("leaks", *arguments, cwd=planted, home=home)
    assert (done.code, said in done.err) == (2, True)


def test_a_range_that_is_not_there_is_incomplete(repo: Repo, home: Path) -> None:
    done = keyproof("leaks", str(repo.path), "--range", "nope..HEAD", cwd=home, home=home)
    assert (done.code, "fetch-depth: 0" in done.err) == (4, True)


def test_plain_folders_files_and_stdin(home: Path, planted: Path) -> None:
    folder = planted / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / ".env").write_text(line(github_pat("plain")))
    done = keyproof("leaks", "--no-git", "folder", "--format", "jsonl", cwd=planted, home=home)
    row = json.loads(done.out)
    assert (done.code, row["where"], row["path"], row["line"]) == (1, "worktree", "sub/.env", 1)
    single = keyproof("leaks", "folder/sub/.env", "--format", "jsonl", cwd=planted, home=home)
    assert json.loads(single.out)["path"] == "folder/sub/.env"
    piped = keyproof(
        "leaks", "--stdin", "--format", "jsonl", cwd=planted, home=home,
        stdin=("a\n" * 5 + line(github_pat("plain"))).encode(),
    )  # fmt: skip
    again = json.loads(piped.out)
    assert (again["path"], again["line"], again["secret_id"]) == ("stdin", 6, row["secret_id"])


def test_a_file_larger_than_a_window(home: Path, planted: Path) -> None:
    with (planted / "big.log").open("wb") as handle:
        for _ in range(66):
            handle.write(b"nothing to see in this line of text\n" * 29128)
        handle.write(line(github_pat("big")).encode())
    done = keyproof("leaks", "big.log", "--format", "jsonl", cwd=planted, home=home)
    assert [json.loads(row)["line"] for row in done.out.splitlines()] == [66 * 29128 + 1]


def test_output_goes_to_a_file_and_coverage_to_stderr(repo: Repo, home: Path) -> None:
    target = home / "out.json"
    done = keyproof(
        "leaks", str(repo.path), "--format", "json", "-o", str(target), "--coverage",
        cwd=home, home=home,
    )  # fmt: skip
    assert done.out == ""
    assert json.loads(target.read_text())["schema"] == "keyproof/leaks/v1"
    assert "1 commit, 1 tree, 1 blob" in done.err


def test_the_second_scan_gives_the_same_and_reads_only_what_is_new(repo: Repo, home: Path) -> None:
    first = keyproof("leaks", str(repo.path), "--format", "jsonl", cwd=home, home=home)
    assert (
        keyproof("leaks", str(repo.path), "--format", "jsonl", cwd=home, home=home).out == first.out
    )
    repo.write("new.py", line(github_pat("second")))
    repo.commit("second")
    second = keyproof("leaks", str(repo.path), "--format", "jsonl", cwd=home, home=home)
    plain = keyproof(
        "leaks", str(repo.path), "--no-cache", "--format", "jsonl", cwd=home, home=home
    )
    assert second.out == plain.out
    assert len(second.out.splitlines()) == 2
    for name in ("hits-1.db",):
        stored = home / "cache" / "keyproof" / name
        stored.write_bytes(b"damaged" * 1000)
    assert (
        keyproof("leaks", str(repo.path), "--format", "jsonl", cwd=home, home=home).out
        == second.out
    )


def test_submodules_and_linked_worktrees_open(repo: Repo, home: Path, planted: Path) -> None:
    repo.git("worktree", "add", "-q", str(planted / "linked"), "-b", "linked")
    done = keyproof("leaks", str(planted / "linked"), "--format", "jsonl", cwd=home, home=home)
    assert [json.loads(row)["path"] for row in done.out.splitlines()] == ["app.py"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupt_leaves_130_and_nobody_behind(repo: Repo, home: Path) -> None:
    for number in range(40):
        repo.write(f"f{number}.bin", os.urandom(400_000).hex())
    repo.commit("much")
    started = subprocess.Popen(
        [sys.executable, "-m", "keyproof", "leaks", str(repo.path), "--no-cache"],
        cwd=home, env=isolated(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not _children(started.pid):
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=30)
    if started.returncode not in {0, 1}:  # it may have been faster than the signal
        assert (started.returncode, b"interrupted" in err) == (130, True)
    time.sleep(0.2)
    assert _session(started.pid) == []


def _children(pid: int) -> list[int]:
    return [p for p, parent, _ in _processes() if parent == pid]


def _session(pid: int) -> list[int]:
    return [p for p, _, session in _processes() if session == pid and p != pid]


def _processes() -> list[tuple[int, int, int]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                found.append((int(entry.name), int(fields[1]), int(fields[3])))
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sarif", "github.pat"),
        ("junit", "github.pat"),
        ("github", "::error title=keyproof%3A github.pat (high),file=app.py,line=2,col=10::"),
        ("gitlab", '"file": "app.py"'),
        ("codequality", '"path": "app.py"'),
        ("csv", "github.pat,high,fail"),
        ("markdown", "github.pat"),
    ],
)
def test_outputs_of_a_scan_hold_the_leaks_with_the_vendors_advice(
    repo: Repo, home: Path, name: str, expected: str
) -> None:
    done = keyproof("leaks", str(repo.path), "--format", name, cwd=home, home=home)
    assert done.code == 1
    assert expected in done.out
    if name in {"sarif", "junit", "github", "gitlab"}:
        assert "scopes than needed" in done.out or "Rotate" in done.out


def test_the_ending_of_the_output_says_the_format(repo: Repo, home: Path) -> None:
    done = keyproof("leaks", str(repo.path), "-o", "leaks.sarif", cwd=home, home=home)
    assert done.code == 1
    assert json.loads((home / "leaks.sarif").read_text())["version"] == "2.1.0"
    unknown = keyproof("leaks", str(repo.path), "--format", "runs", cwd=home, home=home)
    assert unknown.code == 2
    assert "sarif" in unknown.err


def test_what_somebody_accepts_everywhere_is_told_and_fails_nothing(
    planted: Path, home: Path
) -> None:
    made = Repo(planted / "accepted", planted / "git-home")
    made.write("app.py", line(github_pat("accepted")).rstrip() + "  # keyproof:allow a sample\n")
    made.commit("first")
    done = keyproof("leaks", str(made.path), cwd=home, home=home)
    assert done.code == 0
    assert "accepted (inline)" in done.out
    assert "1 leak in 1 place (1 accepted)" in done.err
    strict = keyproof("leaks", str(made.path), "--no-inline", cwd=home, home=home)
    assert strict.code == 1
    junit = keyproof("leaks", str(made.path), "--format", "junit", cwd=home, home=home)
    assert 'skipped="1"' in junit.out
