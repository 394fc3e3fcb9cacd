"""Builds git repositories with traps: each secret stands in exactly one hiding place."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.planted import github_pat
from tests.support.run import isolated, share_rules

from keyproof.leaks.matcher import open_matcher
from keyproof.leaks.rules import load_rules


class Repo:
    """A repository under test, driven by real git with an environment of its own."""

    def __init__(self, path: Path, home: Path, *options: str) -> None:
        self.path = path
        self.environment = isolated(home) | {"GIT_CONFIG_GLOBAL": os.devnull}
        self._clock = 1_700_000_000
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *arguments: str, data: bytes = b"", env: Mapping[str, str] = {}) -> str:
        """Run git and return its output; each call is a minute later than the one before."""
        self._clock += 60
        date = {
            "GIT_AUTHOR_DATE": f"{self._clock} +0100",
            "GIT_COMMITTER_DATE": f"{self._clock} +0100",
        }
        done = subprocess.run(
            ["git", "-c", "gc.auto=0", *arguments],
            cwd=self.path,
            env=self.environment | date | dict(env),
            input=data,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace").strip()

    def write(self, name: str | bytes, content: str | bytes) -> None:
        """Write a file of the worktree."""
        path = self.path / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str = "change", *options: str) -> str:
        """Commit everything and return the commit's id."""
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", message, *options)
        return self.git("rev-parse", "HEAD")

    def object_file(self, oid: str) -> Path:
        """Return the loose file of an object."""
        return self.path / ".git" / "objects" / oid[:2] / oid[2:]


class Trap(NamedTuple):
    """A repository in which each hiding place holds one secret of its own."""

    repo: Repo
    secrets: Mapping[str, str]


def line(secret: str) -> str:
    """Return a line of code that holds a secret."""
    return f'token = "{secret}"\n'


def trap_repository(
    path: Path, home: Path, more: Callable[[Repo, Callable[[str], str]], None] | None = None
) -> Trap:
    """Build the trap repository: see the names in ``Trap.secrets``.

    Args:
        more: commits further places, before what is left uncommitted.
    """
    repo = Repo(path, home)
    secrets: dict[str, str] = {}

    def secret(place: str) -> str:
        secrets[place] = github_pat(f"trap-{place}")
        return secrets[place]

    repo.write("app.py", "print('hello')\n")
    repo.write("other.py", "x = 1\n")
    repo.commit("first")
    repo.write("old.env", line(secret("deleted_file")))
    repo.commit("add")
    (path / "old.env").unlink()
    repo.commit("remove")
    repo.write("app.py", "print('hello')\n" + line(secret("deleted_line")))
    repo.commit("add a line")
    repo.write("app.py", "print('hello')\n")
    repo.commit("remove the line")
    _merge(repo, secret)
    _encodings(repo, secret)
    _names(repo, secret)
    _messages(repo, secret)
    if more:
        more(repo, secret)
    _unreachable(repo, secret)
    return Trap(repo, secrets)


def _merge(repo: Repo, secret) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.write("other.py", "x = 2\n")
    repo.commit("side")
    repo.git("checkout", "-q", "main")
    repo.write("app.py", "print('hi')\n")
    repo.commit("main")
    repo.git("merge", "-q", "--no-commit", "--no-ff", "side")
    repo.write("app.py", "print('hi')\n" + line(secret("merge_result")))
    repo.commit("merge")
    repo.write("app.py", "print('hi')\n")
    repo.commit("after the merge")


def _encodings(repo: Repo, secret) -> None:
    repo.write(
        "wide-le.txt", b"\xff\xfe" + ("# größe\n" + line(secret("utf16_bom"))).encode("utf-16-le")
    )
    repo.write("wide-be.txt", ("first\n" + line(secret("utf16_be"))).encode("utf-16-be"))
    repo.write("wide.txt", ("first\n" + line(secret("utf16_le"))).encode("utf-16-le"))
    repo.write("wide-32.txt", ("first\n" + line(secret("utf32"))).encode("utf-32"))
    inside = (
        bytes(range(256)) * 20
        + line(secret("utf16_in_binary")).encode("utf-16-le")
        + b"\xff\xfe\xfd" * 99
    )
    repo.write("program.bin", inside)
    repo.write("nul.bin", b"\x00\x01\x02" + line(secret("nul_bytes")).encode() + b"\x00" * 40)
    repo.write("latin.txt", b"caf\xe9\n" + line(secret("latin1")).encode())
    repo.write(".gitattributes", "secret.dat -diff\n*.lock binary\n")
    repo.write("secret.dat", line(secret("no_diff")))
    repo.write("yarn.lock", line(secret("lock_file")))
    repo.write("node_modules/m/index.js", line(secret("node_modules")))
    repo.write(
        "long.json", '{"a": "' + "x" * 8_000_000 + '", ' + f'"t": "{secret("long_line")}"' + "}\n"
    )
    repo.write(b"caf\xe9/name.txt", line(secret("odd_path")))
    (repo.path / "link").symlink_to(f"/nowhere/{secret('symlink')}")
    repo.commit("encodings")


def _names(repo: Repo, secret) -> None:
    repo.write(f"dir/{secret('file_name')}.txt", "nothing\n")
    repo.commit("a name")
    repo.git("rm", "-q", "-r", "dir")
    repo.commit("no name")
    repo.git("branch", f"topic/{secret('ref_name')}")
    repo.git("remote", "add", "up", f"https://bot:{secret('config_url')}@git.example.org/x.git")


def _messages(repo: Repo, secret) -> None:
    repo.commit(f"fix the build\n\nused {secret('commit_message')} for it")
    repo.git(
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "who",
        f"--author=Bot {secret('author_line')} <bot@example.org>",
    )
    repo.git("tag", "-a", "v1", "-m", f"release\n\n{line(secret('tag_message'))}")
    repo.git("notes", "add", "-m", line(secret("note")), "HEAD")


def _unreachable(repo: Repo, secret) -> None:
    repo.write("app.py", line(secret("stash")))
    repo.write("untracked.txt", line(secret("stash_untracked")))
    repo.git("stash", "push", "-q", "-u", "-m", "later")
    repo.write("app.py", line(secret("older_stash")))
    repo.git("stash", "push", "-q")
    repo.write("app.py", line(secret("amended_away")))
    repo.commit("oops")
    repo.git("checkout", "-q", "--", "app.py")
    repo.write("app.py", "print('hi')\n")
    repo.git("commit", "-q", "-a", "--amend", "--allow-empty", "-m", "better")
    repo.write("gone.py", line(secret("unreachable")))
    repo.commit("unreachable")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("reflog", "expire", "--expire=all", "--all", "--expire-unreachable=all")
    repo.write("stage.py", line(secret("index_only")))
    repo.git("add", "stage.py")
    (repo.path / "stage.py").unlink()
    repo.git("hash-object", "-w", "--stdin", data=line(secret("loose_blob")).encode())
    repo.write("draft.py", line(secret("worktree_untracked")))
    repo.write("other.py", line(secret("worktree_modified")))


@functools.cache
def compiled_rules() -> Path:
    """Compile rules and matcher once a process; runs under test start from these."""
    folder = Path(tempfile.mkdtemp(prefix="keyproof-rules-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_matcher(load_rules(folder), folder)
    return folder


def warm(home: Path) -> None:
    """Give a home folder the compiled rules, so that a run under test does not compile them."""
    share_rules(compiled_rules(), home / "cache" / "keyproof")
