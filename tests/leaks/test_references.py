"""What objects name is collected from what differs between them; what is named and not there is told."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm
from tests.support.run import keyproof

from keyproof.leaks.references import Absent, References, Referred, absent
from keyproof.leaks.trees import TreeNames

_MODES = (b"100644", b"100755", b"120000", b"40000", b"040000", b"160000")
_NAME = st.binary(min_size=1, max_size=9).filter(lambda name: not set(name) & {0, 10, 47})
_FOLDER = st.dictionaries(
    _NAME, st.tuples(st.sampled_from(_MODES), st.integers(0, 40)), min_size=1, max_size=12
)


def _oid(number: int, size: int = 20) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()[:size]


@pytest.mark.parametrize("size", [20, 32])
@given(folders=st.lists(_FOLDER, min_size=1, max_size=6))
def test_every_id_that_trees_name_is_collected(
    size: int, folders: list[dict[bytes, tuple[bytes, int]]]
) -> None:
    references = References()
    names = TreeNames(lambda _: [], size, references)
    trees = [
        b"".join(
            mode + b" " + name + b"\0" + _oid(number, size)
            for name, (mode, number) in sorted(folder.items())
        )
        for folder in folders
    ]
    list(names.suspicious(trees))
    entries = {entry for folder in folders for entry in folder.values()}
    files = {_oid(number, size) for mode, number in entries if mode[:2] in (b"10", b"12")}
    others = {_oid(number, size) for mode, number in entries if mode[-5:] == b"40000"}
    referred = references.referred()
    assert _cut(referred.files, size) == files
    assert _cut(referred.others, size) == others


def _cut(ids: bytes, size: int) -> set[bytes]:
    return {ids[at : at + size] for at in range(0, len(ids), size)}


def test_commits_and_tags_name_what_stands_in_their_head() -> None:
    tree, one, two, other = (_oid(number).hex() for number in range(4))
    commit = f"tree {tree}\nparent {one}\nparent {two}\nauthor A <a@b> 0 +0000\n\nparent {other}\n"
    references = References()
    references.in_header(b"before" + commit.encode(), 6, 6 + len(commit))
    assert _cut(references.referred().others, 20) == {bytes.fromhex(i) for i in (tree, one, two)}
    references = References()
    references.in_header(f"object {other}\ntype commit\ntag v1\n".encode(), 0, 60)
    assert references.referred() == Referred(b"", bytes.fromhex(other))


def test_what_was_absent_is_so_until_it_is_there() -> None:
    one, two, three = sorted(_oid(number) for number in range(3))
    ids = b"".join(oid.hex().encode() + b"\n" for oid in (one, two))
    named = [Referred(one + three, two), Referred(b"", three)]
    lacking = absent(ids, named, Absent())
    assert lacking == Absent((three.hex(),), (three.hex(),))
    assert absent(ids, [], lacking) == lacking
    assert absent(ids + three.hex().encode() + b"\n", [], lacking) == Absent()


@pytest.fixture
def repo(planted: Path, home: Path) -> Repo:
    warm(home)
    made = Repo(planted / "repo", planted / "git-home")
    made.write("app.py", line(github_pat("references")))
    made.write("folder/kept.txt", "kept\n")
    made.commit("first")
    return made


def _gaps(repo: Repo, home: Path) -> list[tuple[str, str]]:
    done = keyproof("leaks", str(repo.path), "--format", "json", cwd=home, home=home)
    return [(gap["reason"], gap["detail"]) for gap in json.loads(done.out)["gaps"]]


@pytest.mark.parametrize("in_reflog", [True, False])
def test_what_nobody_can_reach_may_be_missing(repo: Repo, home: Path, *, in_reflog: bool) -> None:
    repo.write("folder/lost.txt", "lost\n")
    repo.commit("dropped")
    lost = repo.git("rev-parse", "HEAD:folder/lost.txt")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.object_file(lost).unlink()
    if not in_reflog:
        repo.git("reflog", "expire", "--expire=all", "--all")
    assert [reason for reason, _ in _gaps(repo, home)] == ["missing_object"] * in_reflog


def test_a_missing_file_stays_missing_when_commits_are_added(repo: Repo, home: Path) -> None:
    lost = repo.git("rev-parse", "HEAD:folder/kept.txt")
    repo.object_file(lost).unlink()
    for number in range(3):
        ((reason, detail),) = _gaps(repo, home)
        assert reason == "missing_object"
        assert lost in detail
        repo.write("app.txt", f"{number}\n")
        repo.git("add", "app.txt")
        repo.git("commit", "-q", "-m", f"more {number}")
    repo.write("folder/kept.txt", "kept\n")
    repo.git("add", "-A")
    assert _gaps(repo, home) == []


def test_a_staged_file_that_is_missing_is_a_gap(repo: Repo, home: Path) -> None:
    repo.write("new.txt", "staged\n")
    repo.git("add", "new.txt")
    staged = repo.git("ls-files", "-s", "new.txt").split()[1]
    repo.object_file(staged).unlink()
    ((reason, detail),) = _gaps(repo, home)
    assert (reason, staged in detail) == ("missing_object", True)


def test_a_submodule_is_no_missing_object(repo: Repo, home: Path) -> None:
    elsewhere = _oid(7).hex()
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{elsewhere},module")
    repo.git("commit", "-q", "-m", "a submodule that nobody has")
    ((_, detail),) = _gaps(repo, home)
    assert elsewhere not in detail  # it says that the submodule is not checked out
