"""Whatever lies in the way ends with a statement and exit code 4, never with a traceback."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.needs import missing
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm
from tests.support.run import Ran, isolated, keyproof


@pytest.fixture(autouse=True)
def _warm(home: Path) -> None:
    warm(home)


@pytest.fixture
def repo(planted: Path) -> Repo:
    made = Repo(planted / "repo", planted / "git-home")
    made.write("app.py", line(github_pat("bad-input")))
    made.write("steady.txt", "nothing\n" * 40)
    made.commit("first")
    return made


def _scan(where: Path, home: Path, *options: str, **how: object) -> Ran:
    arguments = ("leaks", str(where), "--format", "json", *options)
    done = keyproof(*arguments, cwd=home, home=home, **how)  # type: ignore[arg-type]
    assert "Traceback" not in done.err
    assert done.code != 5, done.err
    return done


def _paths(done: Ran) -> list[str]:
    return sorted({row["path"] for row in json.loads(done.out)["leaks"]})


def _reasons(done: Ran) -> set[str]:
    return {gap["reason"] for gap in json.loads(done.out)["gaps"]}


def _loose(repo: Repo, content: bytes, *, header: bytes) -> str:
    """Store a loose object whose header says what it likes."""
    oid = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    path = repo.object_file(oid)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(header + content))
    return oid


LIES = {
    "short": b"blob 10\0",
    "long": b"blob 999\0",
    "huge": b"blob 99999999999999999999\0",
    "negative": b"blob -5\0",
    "no number": b"blob x\0",
    "no kind": b"blub 60\0",
    "no header": b"",
}


@pytest.mark.parametrize("lie", LIES)
def test_an_object_that_lies_about_itself_is_a_gap(repo: Repo, home: Path, lie: str) -> None:
    _loose(repo, b"sixty bytes that are an object's and say nothing of interest", header=LIES[lie])
    done = _scan(repo.path, home)
    assert (done.code, _paths(done)) == (1, ["app.py"])
    assert _reasons(done) <= {"corrupt", "missing_object"}
    assert _reasons(done)


def test_garbage_for_an_index_of_a_worktree_is_no_end(repo: Repo, home: Path) -> None:
    (repo.path / ".git" / "index").write_bytes(b"DIRC" + os.urandom(300))
    done = _scan(repo.path, home)
    assert (done.code, _paths(done)) == (1, ["app.py"])
    assert _reasons(done) == {"corrupt"}


def test_a_sparse_file_is_read_in_windows(planted: Path, home: Path) -> None:
    folder = planted / "folder"
    folder.mkdir()
    with (folder / "disk.img").open("wb") as handle:
        handle.seek(600 << 20)
        handle.write(line(github_pat("sparse")).encode())
    done = _scan(folder, home, "--no-git", "--coverage")
    assert (done.code, _paths(done)) == (1, ["disk.img"])
    assert _reasons(done) == set()


def test_a_large_compressible_object_is_read_in_windows(repo: Repo, home: Path) -> None:
    content = b"all work and no play\n" * (8 << 20) + line(github_pat("large")).encode()
    repo.write("large.txt", content)
    repo.commit("large")
    (repo.path / "large.txt").unlink()
    limited = _limited(resource.RLIMIT_AS, 3 << 30)
    done = _run_as(repo.path, home, limited)
    assert (done.code, _paths(done)) == (1, ["app.py", "large.txt"])


def _limited(what: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (most, most))


def _run_as(where: Path, home: Path, before: Callable[[], None], **env: str) -> Ran:
    """Run the command line behind ``before``, which limits its process."""
    made = subprocess.run(
        [sys.executable, "-m", "keyproof", "leaks", str(where), "--format", "json"],
        cwd=home,
        env=isolated(home) | env | {"PYTHONDONTWRITEBYTECODE": "1"},  # half a file would stay
        preexec_fn=before,
        capture_output=True,
        check=False,
        timeout=300,
    )
    done = Ran(made.returncode, made.stdout.decode(), made.stderr.decode("utf-8", "replace"))
    assert "Traceback" not in done.err
    assert done.code != 5, done.err
    return done


def test_a_full_disk_costs_the_cache_only(repo: Repo, home: Path) -> None:
    repo.write("much.txt", "".join(f"{os.urandom(30).hex()}\n" for _ in range(4000)))
    repo.commit("much")
    shutil.rmtree(home / "cache")
    done = _run_as(repo.path, home, _limited(resource.RLIMIT_FSIZE, 4096))
    assert (done.code, _paths(done)) == (1, ["app.py"])
    assert _reasons(done) == set()


def test_folders_for_caches_may_be_anything(repo: Repo, home: Path) -> None:
    blocked = home / "file"
    blocked.write_text("no folder")
    done = _scan(repo.path, home, env={"XDG_CACHE_HOME": str(blocked)})
    assert (done.code, _paths(done)) == (1, ["app.py"])


def _without_override() -> list[str]:
    """Return what starts a program to which the rights of files apply, also when it is root's."""
    if os.geteuid() != 0:
        return []
    tool = shutil.which("setpriv")
    if tool is None:
        missing("setpriv (util-linux)")
    lost = "-dac_override,-dac_read_search"
    return [str(tool), f"--bounding-set={lost}", f"--inh-caps={lost}"]


def test_what_may_not_be_read_is_a_gap(planted: Path, home: Path) -> None:
    folder = planted / "folder"
    (folder / "closed").mkdir(parents=True)
    (folder / "open.py").write_text(line(github_pat("open")))
    (folder / "locked.py").write_text("x\n")
    with (folder / "locked.img").open("wb") as handle:
        handle.truncate(80 << 20)
    closed = (folder / "locked.py", folder / "locked.img", folder / "closed")
    for path in closed:
        path.chmod(0)
    program = [sys.executable, "-m", "keyproof", "leaks", str(folder), "--no-git", "--format"]
    try:
        made = subprocess.run(
            [*_without_override(), *program, "json"],
            cwd=home,
            env=isolated(home),
            capture_output=True,
            check=False,
        )
    finally:
        for path in closed:
            path.chmod(0o700)
    gaps = json.loads(made.stdout)["gaps"]
    assert [(gap["reason"], gap["detail"].partition(": ")[2]) for gap in gaps] == [
        ("access_denied", "closed, locked.img, locked.py")
    ]
    assert made.returncode == 1
    assert b"Traceback" not in made.stderr


def test_pipes_sockets_and_devices_do_not_block(planted: Path, home: Path) -> None:
    folder = planted / "folder"
    folder.mkdir()
    (folder / "app.py").write_text(line(github_pat("pipe")))
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket is short
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
        done = _scan(folder, home, "--no-git")
    assert (done.code, _paths(done), _reasons(done)) == (1, ["app.py"], {"unsupported"})
    assert "2 files not read, being pipes, sockets or devices: pipe, socket" in done.err


def test_links_are_not_followed_and_do_not_loop(planted: Path, home: Path) -> None:
    folder = planted / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "app.py").write_text(line(github_pat("loop")))
    (folder / "self").symlink_to("self")
    (folder / "sub" / "up").symlink_to("..")
    (folder / "dangling").symlink_to(f"/nowhere/{github_pat('dangling')}")
    done = _scan(folder, home, "--no-git")
    assert (done.code, _paths(done), _reasons(done)) == (1, ["app.py", "dangling"], set())


@pytest.mark.parametrize("git", [True, False])
def test_folders_lie_in_one_another_deeper_than_a_path_is_long(
    planted: Path, home: Path, git: bool
) -> None:
    top = Repo(planted / "top", planted / "git-home").path if git else planted / "top"
    top.mkdir(exist_ok=True)
    (top / "app.py").write_text(line(github_pat("deep")))
    here = Path.cwd()
    os.chdir(top)
    try:
        for _ in range(1200):
            Path("deeper").mkdir()
            os.chdir("deeper")
        Path("end.txt").write_text("end\n")
    finally:
        os.chdir(here)
    done = _scan(top, home, *([] if git else ["--no-git"]))
    subprocess.run(["rm", "-r", str(top / "deeper")], check=False)
    assert (done.code, _paths(done)) == (1, ["app.py"])
    assert _reasons(done) == {"access_denied"}


def test_a_tree_of_very_many_entries_is_read(repo: Repo, home: Path) -> None:
    blob = repo.git("rev-parse", "HEAD:steady.txt")
    token = github_pat("entry")
    entries = "".join(f"100644 blob {blob}\t{number:06}.txt\n" for number in range(150_000))
    tree = repo.git("mktree", data=f"{entries}100644 blob {blob}\t{token}.txt\n".encode())
    repo.git("update-ref", "refs/heads/wide", repo.git("commit-tree", tree, "-m", "wide"))
    done = _scan(repo.path, home)
    assert (done.code, _reasons(done)) == (1, set())
    assert [path[:4] for path in _paths(done)] == ["app.", "ghp_"]


ODD_COMMITS = {
    "year one": (b"A <a@b>", b"-62135596800 +0000", b""),
    "far future": (b"A <a@b>", b"99999999999999 +0000", b""),
    "overflow": (b"A <a@b>", b"9" * 40 + b" +0000", b""),
    "odd zone": (b"A <a@b>", b"1700000000 +9959", b""),
    "no date": (b"A <a@b>", b"", b""),
    "no one": (b"", b"", b""),
    "unknown encoding": (b"A <a@b>", b"1700000000 +0000", b"encoding klingon\n"),
    "not UTF-8": (b"\xc3\x28 \xff <a@b>", b"1700000000 +0000", b"encoding latin-1\n"),
    "NUL": (b"A\0B <a@b>", b"1700000000 +0000", b""),
}


def test_commits_of_any_date_author_and_encoding_are_read(repo: Repo, home: Path) -> None:
    for name, (who, when, more) in ODD_COMMITS.items():
        blob = repo.git(
            "hash-object", "-w", "--stdin", data=line(github_pat(f"odd {name}")).encode()
        )
        tree = repo.git("mktree", data=f"100644 blob {blob}\t{name}.txt\n".encode())
        raw = b"tree " + tree.encode() + b"\n"
        for role in (b"author ", b"committer "):
            raw += role + who + b" " + when + b"\n"
        oid = repo.git(
            *("hash-object", "-t", "commit", "-w", "--stdin", "--literally"),
            data=raw + more + b"\nmessage \xff\xfe\n",
        )
        repo.git("update-ref", f"refs/tags/{name.replace(' ', '-')}", oid)
    done = _scan(repo.path, home)
    assert done.code == 1
    assert _paths(done) == sorted(["app.py", *(f"{name}.txt" for name in ODD_COMMITS)])


def test_repositories_that_hold_themselves_end(repo: Repo, home: Path) -> None:
    for name in ("again", "once-more"):
        folder = repo.path / name
        folder.mkdir()
        (folder / ".git").write_text(f"gitdir: {repo.path / '.git'}\n")
        oid = repo.git("rev-parse", "HEAD")
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{oid},{name}")
    modules = repo.path / ".git" / "modules"
    modules.mkdir()
    (modules / "loop").symlink_to(repo.path / ".git")
    outside = Repo(repo.path.parent / "outside", repo.path.parent / "git-home")
    outside.write("private.py", line(github_pat("outside")))
    outside.commit("first")
    (repo.path / "leads-out").mkdir()
    (repo.path / "leads-out" / ".git").write_text(f"gitdir: {outside.path / '.git'}\n")
    done = _scan(repo.path, home)
    assert (done.code, _paths(done)) == (1, ["app.py"])
    assert "leads out of the repository: leads-out" in done.err


def _shim(folder: Path, script: str) -> str:
    """Return a PATH on which git is a script, and the real one is ``$GIT``."""
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\nGIT={shutil.which('git')}\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.parametrize("vanish", [False, True])
def test_objects_that_git_moves_or_prunes_meanwhile(
    repo: Repo, home: Path, planted: Path, vanish: bool
) -> None:
    repo.git("hash-object", "-w", "--stdin", data=b"nobody names this\n")
    clean = "gc -q --prune=now" if vanish else "repack -a -d -q"
    path = _shim(
        planted / "bin",
        f'case "$*" in *"cat-file --batch --buffer"*) mkdir {planted}/done 2>/dev/null &&'
        f' "$GIT" -C {repo.path} {clean} ;; esac\nexec "$GIT" "$@"',
    )
    done = _scan(repo.path, home, env={"PATH": path})
    assert (planted / "done").exists()
    assert (done.code, _paths(done)) == (1, ["app.py"])
    assert _reasons(done) == ({"missing_object"} if vanish else set())


def test_git_that_is_not_installed_is_said(repo: Repo, home: Path) -> None:
    empty = home / "empty"
    empty.mkdir()
    done = _scan(repo.path, home, env={"PATH": str(empty)})
    assert done.code == 4
    assert "git is not installed" in done.err


def test_git_that_is_too_old_is_said(repo: Repo, home: Path, planted: Path) -> None:
    echo = 'for a in "$@"; do case "$a" in --path-format=*) echo "$a";; esac; done'
    path = _shim(
        planted / "bin",
        f'case "$*" in *rev-parse*--path-format*) {echo}; echo .git; echo .git; exit 0;; esac\n'
        'exec "$GIT" "$@"',
    )
    done = _scan(repo.path, home, env={"PATH": path})
    assert done.code == 4
    assert "git is too old" in done.err
