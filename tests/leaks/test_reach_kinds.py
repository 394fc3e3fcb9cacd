"""Every kind of repository is read, and every scope says what it did not look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm
from tests.support.run import Ran, keyproof


@pytest.fixture(autouse=True)
def _warm(home: Path) -> None:
    warm(home)


def _repo(planted: Path, name: str, *options: str) -> Repo:
    made = Repo(planted / name, planted / "git-home", *options)
    made.write(f"{name}.env", line(github_pat(name)))
    made.commit("first")
    return made


def _scan(home: Path, *options: str, cwd: Path | None = None, **env: str) -> Ran:
    arguments = ("leaks", "--format", "json", "--coverage-file", str(home / "c.json"), *options)
    return keyproof(*arguments, cwd=cwd or home, home=home, env=env)


def _paths(done: Ran) -> list[str]:
    return sorted(row["path"] for row in json.loads(done.out)["leaks"])


def _statement(home: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((home / "c.json").read_text())
    return read


def test_repositories_of_every_kind_are_read(planted: Path, home: Path) -> None:
    sha256 = _repo(planted, "sha256", "--object-format=sha256")
    lender = _repo(planted, "lender")
    bare, borrower = planted / "bare.git", planted / "borrower"
    sha256.git("clone", "-q", "--bare", str(sha256.path), str(bare))
    lender.git("clone", "-q", "--shared", str(lender.path), str(borrower))
    apart = _repo(planted, "apart", f"--separate-git-dir={planted / 'elsewhere.git'}")
    empty = Repo(planted / "empty", planted / "git-home")
    paths = [sha256.path, bare, borrower, apart.path, empty.path, sha256.path / "sha256.env"]
    done = _scan(home, *map(str, paths))
    assert done.code == 1, done.err
    rows = json.loads(done.out)["leaks"]
    assert [(row["repository"], row["where"]) for row in rows] == [
        (str(sha256.path), "blob"),
        (str(bare), "blob"),
        (str(borrower), "blob"),
        (str(apart.path), "blob"),
        (str(sha256.path / "sha256.env"), "worktree"),
    ]
    statement = _statement(home)
    assert statement["complete"]
    assert [one["scope"] for one in statement["scans"]] == [*["whole"] * 5, "files"]


def test_git_dir_names_the_repository_where_none_is_here(planted: Path, home: Path) -> None:
    repo = _repo(planted, "named")
    done = _scan(home, cwd=planted, GIT_DIR=str(repo.path / ".git"))
    assert (done.code, _paths(done)) == (1, ["named.env"])


def test_a_plain_folder_is_read_with_packs_and_loose_objects_in_it(
    planted: Path, home: Path
) -> None:
    folder = planted / "folder"
    packed = _repo(folder, "packed")
    packed.git("repack", "-a", "-d", "-q")
    (packed.path / "packed.env").unlink()
    _repo(folder, "loose")
    (folder / "loose" / "loose.env").unlink()
    done = _scan(home, str(folder), "--no-git")
    found = {row["path"].rpartition(".")[2][:12] for row in json.loads(done.out)["leaks"]}
    assert any(path.startswith("pack") for path in found)
    assert len(json.loads(done.out)["leaks"]) == 2
    (one,) = _statement(home)["scans"]
    assert (one["scope"], one["texts"].keys()) == ("files", {"files"})
    assert one["not_asked"]


SCOPES = {
    "whole": ((), {"files and folders that git ignores"}),
    "staged": (("--staged",), {"files that are not staged"}),
    "range": (("--range", "HEAD~1..HEAD"), {"objects that the scope does not reach"}),
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_says_what_it_did_not_look_at(planted: Path, home: Path, scope: str) -> None:
    options, left_out = SCOPES[scope]
    repo = _repo(planted, "repo")
    repo.write("second.txt", "x\n")
    repo.commit("second")
    (repo.path / ".git" / "info" / "exclude").write_text("build/\n")
    repo.write("build/out.env", line(github_pat("built")))
    done = _scan(home, str(repo.path), *options, "--coverage")
    (one,) = _statement(home)["scans"]
    assert one["scope"] == scope
    assert left_out <= {what["what"] for what in one["not_asked"]}
    for what in left_out:
        assert f"{what} (" in done.err
    assert f"{one['read']:,} of {one['listed']:,} read" in done.err
    assert done.code == (1 if scope == "whole" else 0)


def test_gaps_that_are_alike_are_told_once(planted: Path, home: Path) -> None:
    origin = _repo(planted, "origin")
    origin.write("second.txt", "x\n")
    origin.commit("second")
    clones = [planted / f"clone{number}" for number in range(1, 11)]
    for clone in clones:
        origin.git("clone", "-q", "--depth=1", f"file://{origin.path}", str(clone))
    done = _scan(home, *map(str, clones), "--allow-incomplete", "--exit-zero")
    assert (done.code, done.err.count("incomplete: ")) == (0, 2)  # the last is the summary's
    assert "and 9 more like it" in done.err
    (unread,) = _statement(home)["unread"]
    assert (unread["reason"], unread["gaps"]) == ("shallow", 10)


def test_names_are_sorted_as_people_do(planted: Path, home: Path) -> None:
    folder = planted / "folder"
    folder.mkdir()
    for number in (10, 9, 1, 100):
        (folder / f"a{number}.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(40))
    done = _scan(home, str(folder), "--no-git")
    assert done.code == 4
    assert "a1.7z, a9.7z, a10.7z, a100.7z" in done.err
