"""Secrets in packed files are found by the paths inside; what cannot be unpacked is a gap."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.leaks.test_unpack import png, tarred, zipped
from tests.support.planted import github_pat
from tests.support.repository import Repo
from tests.support.run import Ran, keyproof


def _line(seed: str) -> bytes:
    return f"one\ntoken = {github_pat(seed)}\n".encode()


def _document(seed: str) -> bytes:
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "word/document.xml": b"<w:p>\n<w:t>" + _line(seed) + b"</w:t></w:p>",
        }
    )


def _planted() -> dict[str, bytes]:
    import zlib

    return {
        "a.zip": zipped({"conf/app.env": _line("zip")}),
        "stored.bin": zipped({"s.env": _line("stored")}, zipfile.ZIP_STORED),
        "b.tar": tarred({"b.env": _line("tar")}),
        "c.tgz": gzip.compress(tarred({"x/in.zip": zipped({"c.env": _line("nested")})})),
        "log.gz": gzip.compress(_line("gzip")),
        "paper.docx": _document("office"),
        "image.png": png((b"zTXt", b"Comment\0\0" + zlib.compress(_line("png")))),
    }


EXPECTED = {
    ("a.zip!conf/app.env", 2),
    ("stored.bin!s.env", 2),
    ("b.tar!b.env", 2),
    ("c.tgz!x/in.zip!c.env", 2),
    ("log.gz", 2),
    ("paper.docx!word/document.xml", 3),
    ("image.png", 2),
}


@pytest.fixture
def repo(planted: Path) -> Repo:
    made = Repo(planted / "repo", planted / "git-home")
    made.write("steady.txt", "nothing\n")
    made.commit("begin")
    return made


def _put(repo: Repo, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (repo.path / name).write_bytes(data)


def _scan(where: Path, home: Path, *options: str) -> Ran:
    return keyproof(
        "leaks", str(where), "--format", "json", "--coverage", *options, cwd=home, home=home
    )


def _places(done: Ran) -> set[tuple[str, int]]:
    return {(row["path"], row["line"]) for row in json.loads(done.out)["leaks"]}


def _gaps(done: Ran) -> list[dict[str, Any]]:
    gaps: list[dict[str, Any]] = json.loads(done.out)["gaps"]
    return gaps


def test_history_is_unpacked_and_remembered(repo: Repo, home: Path) -> None:
    _put(repo, _planted())
    repo.commit("packed")
    first = _scan(repo.path, home)
    assert (_places(first), _gaps(first)) == (EXPECTED, [])
    assert "7 archives" in first.err
    again = _scan(repo.path, home)
    assert _places(again) == EXPECTED
    assert first.err.endswith(again.err)
    rows = json.loads(again.out)["leaks"]
    assert len(rows) == len(EXPECTED)
    assert {(row["where"], row["in_head"]) for row in rows} == {("blob", True)}
    repo.git("repack", "-a", "-d", "-q")
    assert _places(_scan(repo.path, home, "--no-cache")) == EXPECTED


@pytest.mark.parametrize("options", [("--staged",), ("--range", "HEAD~1..HEAD"), (), ("--no-git",)])
def test_every_scope_unpacks(repo: Repo, home: Path, options: tuple[str, ...]) -> None:
    _put(repo, _planted())
    if options == ("--staged",):
        repo.git("add", "-A")
    elif "--range" in options:
        repo.commit("packed")
    done = _scan(repo.path, home, *options)
    assert {place for place in _places(done) if ".git/" not in place[0]} == EXPECTED


def test_standard_input_is_unpacked(home: Path) -> None:
    data = zipped({"in.env": _line("stdin")})
    done = keyproof("leaks", "--stdin", "--format", "json", cwd=home, home=home, stdin=data)
    assert _places(done) == {("stdin!in.env", 2)}


def _encrypted() -> bytes:
    made = bytearray(zipped({"s.txt": b"text" * 30, "open.env": _line("beside")}))
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


UNREAD = {
    "encrypted": (_encrypted, "unsupported", "bad.bin!s.txt"),
    "damaged": (lambda: gzip.compress(_line("damage") * 3)[:-9], "corrupt", "bad.bin"),
    "bomb": (lambda: gzip.compress(bytes(40 << 20)), "limit", "bad.bin"),
}


@pytest.mark.parametrize("scope", ["history", "worktree", "staged"])
@pytest.mark.parametrize("form", UNREAD)
def test_what_cannot_be_unpacked_is_a_gap(repo: Repo, home: Path, form: str, scope: str) -> None:
    make, reason, path = UNREAD[form]
    _put(repo, {"bad.bin": make()})
    if scope != "worktree":
        repo.git("add", "-A")
    if scope == "history":
        repo.commit("bad")
    done = _scan(repo.path, home, *(["--staged"] if scope == "staged" else []))
    (gap,) = _gaps(done)
    assert (gap["reason"], gap["call"]) == (reason, "unpack")
    assert gap["detail"].endswith(f": {path}")
    assert done.code == (4 if form == "bomb" else 1)
    if scope == "history":
        again = _scan(repo.path, home)
        assert (again.code, _gaps(again)) == (done.code, [gap])


def test_a_secret_in_a_members_name_is_redacted(repo: Repo, home: Path) -> None:
    token = github_pat("name")
    _put(repo, {"n.zip": zipped({f"{token}.txt": b"nothing"})})
    repo.commit("named")
    done = _scan(repo.path, home)
    (row,) = json.loads(done.out)["leaks"]
    assert (row["line"], row["detector"]) == (None, "github.pat")
    assert token not in done.out + done.err


def test_encoded_and_packed_go_together(repo: Repo, home: Path) -> None:
    import base64

    inner = zipped({"deep.yaml": b"data: " + base64.b64encode(_line("deep")) + b"\n"})
    _put(repo, {"e.jar": inner})
    repo.commit("both")
    assert _places(_scan(repo.path, home)) == {("e.jar!deep.yaml", 1)}


def test_plain_and_packed_is_one_leak(repo: Repo, home: Path) -> None:
    text = _line("both")
    made = io.BytesIO(zipped({"z.env": text}))
    _put(repo, {"z.env": text, "z.zip": made.getvalue()})
    repo.commit("both")
    rows = json.loads(_scan(repo.path, home).out)["leaks"]
    assert {row["path"] for row in rows} == {"z.env", "z.zip!z.env"}
    assert len({row["secret_id"] for row in rows}) == 1
