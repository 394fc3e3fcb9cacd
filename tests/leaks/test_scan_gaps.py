"""What cannot be read is a gap and exit code 4, and everything else is still found."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm
from tests.support.run import Ran, keyproof


@pytest.fixture(autouse=True)
def _warm(home: Path) -> None:
    warm(home)


@pytest.fixture
def repo(planted: Path) -> Repo:
    made = Repo(planted / "repo", planted / "git-home")
    for number in range(20):
        made.write("steady.txt", "".join(f"line {n}\n" for n in range(number * 50)))
        made.write(f"file{number}.txt", f"content {number}\n" * 30)
        made.commit(f"change {number}")
    return made


def _with_secret(repo: Repo) -> None:
    repo.write("app.py", line(github_pat("gaps")))
    repo.commit("secret")


def _scan(repo: Path, home: Path, *options: str) -> Ran:
    return keyproof("leaks", str(repo), "--format", "json", *options, cwd=home, home=home)


def _reasons(done: Ran) -> list[str]:
    return [gap["reason"] for gap in json.loads(done.out)["gaps"]]


def test_a_clean_whole_repository_is_0(repo: Repo, home: Path) -> None:
    done = _scan(repo.path, home)
    assert (done.code, _reasons(done)) == (0, [])


def test_a_shallow_clone_is_a_gap(repo: Repo, home: Path, planted: Path) -> None:
    repo.git("clone", "-q", "--depth", "3", f"file://{repo.path}", str(planted / "shallow"))
    done = _scan(planted / "shallow", home)
    assert (done.code, _reasons(done)) == (4, ["shallow"])
    assert "git fetch --unshallow" in done.err
    assert _scan(planted / "shallow", home, "--allow-incomplete").code == 0


def test_a_range_that_does_not_reach_the_boundary_is_whole(
    repo: Repo, home: Path, planted: Path
) -> None:
    repo.git("clone", "-q", "--depth", "5", f"file://{repo.path}", str(planted / "shallow"))
    assert _scan(planted / "shallow", home, "--range", "HEAD~2..HEAD").code == 0


def test_a_partial_clone_is_a_gap_and_the_rest_is_found(
    repo: Repo, home: Path, planted: Path
) -> None:
    _with_secret(repo)
    repo.git("config", "uploadpack.allowFilter", "true")
    origin = f"file://{repo.path}"
    repo.git("clone", "-q", "--filter=blob:none", origin, str(planted / "partial"))
    done = _scan(planted / "partial", home)
    assert _reasons(done) == ["partial_clone"]
    assert done.code == 1  # HEAD's blobs came with the checkout
    bare = planted / "bare"
    repo.git("clone", "-q", "--bare", "--filter=tree:0", origin, str(bare))
    done = _scan(bare, home)
    assert (done.code, "partial_clone" in _reasons(done)) == (4, True)
    repo.git("-C", str(bare), "remote", "remove", "origin")
    done = _scan(bare, home)
    assert (done.code, "partial_clone" in _reasons(done)) == (4, False)  # nobody to fetch from
    assert "git fetch" not in done.err


@pytest.mark.parametrize("kind", ["blob", "tree", "commit"])
def test_a_missing_object_is_a_gap(repo: Repo, home: Path, kind: str) -> None:
    name = {"blob": "HEAD~3:steady.txt", "tree": "HEAD~3^{tree}", "commit": "HEAD~3"}[kind]
    oid = repo.git("rev-parse", name)
    _with_secret(repo)
    repo.object_file(oid).unlink()
    done = _scan(repo.path, home)
    assert done.code == 1
    assert set(_reasons(done)) <= {"missing_object", "corrupt"}
    assert _reasons(done)
    assert [row["path"] for row in json.loads(done.out)["leaks"]] == ["app.py"]


@pytest.mark.parametrize("damage", ["flip", "empty", "short"])
def test_a_corrupt_loose_object_is_a_gap(repo: Repo, home: Path, damage: str) -> None:
    oid = repo.git("rev-parse", "HEAD~3:steady.txt")
    _with_secret(repo)
    path = repo.object_file(oid)
    raw = bytearray(path.read_bytes())
    path.chmod(0o644)
    middle = len(raw) // 2
    raw[middle] ^= 0xFF
    path.write_bytes({"flip": bytes(raw), "empty": b"", "short": bytes(raw[:middle])}[damage])
    done = _scan(repo.path, home)
    assert (done.code, "corrupt" in _reasons(done)) == (1, True)
    assert oid in done.err
    assert [row["path"] for row in json.loads(done.out)["leaks"]] == ["app.py"]


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
def test_a_corrupt_pack_is_a_gap_and_the_rest_is_found(
    repo: Repo, home: Path, place: float
) -> None:
    repo.git("repack", "-a", "-d", "-q")
    _with_secret(repo)
    (pack,) = (repo.path / ".git" / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    raw = bytearray(pack.read_bytes())
    at = int(len(raw) * place)
    for offset in range(at, at + 40):
        raw[offset] ^= 0x5A
    pack.write_bytes(bytes(raw))
    done = _scan(repo.path, home)
    assert (done.code, "corrupt" in _reasons(done)) == (1, True)
    assert [row["path"] for row in json.loads(done.out)["leaks"]] == ["app.py"]


@pytest.mark.parametrize("damage", ["truncate", "no_pack", "no_index", "index"])
def test_a_pack_that_cannot_be_used_is_a_gap(repo: Repo, home: Path, damage: str) -> None:
    repo.git("repack", "-a", "-d", "-q")
    _with_secret(repo)
    folder = repo.path / ".git" / "objects" / "pack"
    (pack,), (index,) = folder.glob("*.pack"), folder.glob("*.idx")
    for path in (pack, index):
        path.chmod(0o644)
    if damage == "truncate":
        pack.write_bytes(pack.read_bytes()[:200])
    elif damage == "no_pack":
        pack.unlink()
    elif damage == "no_index":
        index.unlink()
    else:
        index.write_bytes(b"\xfftOc" + os.urandom(100))
    done = _scan(repo.path, home)
    assert done.code == 1
    assert set(_reasons(done)) & {"corrupt", "missing_object"}
    assert [row["path"] for row in json.loads(done.out)["leaks"]] == ["app.py"]


def test_a_folder_that_may_not_be_read_is_a_gap(home: Path, planted: Path) -> None:
    locked = planted / "folder" / "locked"
    locked.mkdir(parents=True)
    (planted / "folder" / "app.py").write_text(line(github_pat("locked")))
    locked.chmod(0)
    try:
        if os.access(locked, os.R_OK):
            pytest.skip("this user may read everything")
        done = _scan(planted / "folder", home, "--no-git")
    finally:
        locked.chmod(0o700)
    assert (done.code, _reasons(done)) == (1, ["access_denied"])


def test_a_folder_of_the_git_directory_that_may_not_be_read_is_a_gap(
    repo: Repo, home: Path
) -> None:
    closed = repo.path / ".git" / "lfs" / "objects"
    closed.mkdir(parents=True)
    closed.chmod(0)
    if os.access(closed, os.R_OK):
        pytest.skip("root reads everything")
    try:
        done = _scan(repo.path, home)
    finally:
        closed.chmod(0o700)
    assert (done.code, _reasons(done)) == (4, ["access_denied"])
    assert ".git/lfs/objects" in done.err


def test_the_history_of_a_submodule_that_git_cannot_open_is_a_gap(repo: Repo, home: Path) -> None:
    kept = repo.path / ".git" / "modules" / "group" / "gone"
    repo.git("init", "-q", "--bare", str(kept))
    (kept / "config").write_text("[core\n")
    done = _scan(repo.path, home)
    assert done.code == 4
    assert "modules/group/gone" in done.err
