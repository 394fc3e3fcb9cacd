"""A repository in which each hiding place that anybody knows of holds one secret of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from tests.support.hiding_files import FILES, UNREAD
from tests.support.planted import github_pat
from tests.support.repository import Repo, Trap, line, trap_repository

Secret = Callable[[str], str]


def everything(path: Path, home: Path) -> Trap:
    """Build it: the trap repository, with every form of file and every place beside the files."""
    trap = trap_repository(path, home, _committed)
    secrets = dict(trap.secrets)

    def planted(place: str) -> str:
        secrets[place] = github_pat(f"trap-{place}")
        return secrets[place]

    _git_directory(trap.repo, planted)
    _worktree(trap.repo, planted)
    _nested(trap.repo, planted, path.parent, home)
    return Trap(trap.repo, secrets)


def _committed(repo: Repo, secret: Secret) -> None:
    _files(repo, secret)
    _refs(repo, secret)
    _large_files(repo, secret)


def _files(repo: Repo, secret: Secret) -> None:
    for place, hidden in FILES.items():
        repo.write(hidden.path, hidden.made(line(secret(place)).encode()))
    for name, data, _ in UNREAD.values():
        repo.write(name, data)
    repo.write(".mailmap", f"Ada <ada@example.org> <{secret('mailmap')}@example.org>\n")
    repo.write("old-name.env", line(secret("renamed")))
    repo.commit("every form")
    repo.git("mv", "old-name.env", "new-name.env")
    repo.commit("another name")
    _bundle(repo, secret("bundle"))


def _bundle(repo: Repo, secret: str) -> None:
    """Commit a bundle of a history whose second version of a file is a delta that holds a secret."""
    other = Repo(repo.path.parent / "bundled", repo.path.parent / "git-home")
    steady = "".join(f"line {number}\n" for number in range(200))
    other.write("app.py", steady)
    other.commit("one")
    other.write("app.py", steady + line(secret))
    other.commit("two")
    other.git("bundle", "create", "-q", str(repo.path / "history.bundle"), "--all")
    repo.commit("a bundle")


def _refs(repo: Repo, secret: Secret) -> None:
    for place, ref in {
        "other_branch": "refs/heads/other",
        "pull_request": "refs/pull/7/head",
        "odd_ref": "refs/changes/34/1234/1",
        "remote_ref": "refs/remotes/up/main",
    }.items():
        repo.git("checkout", "-q", "--detach")
        repo.write(f"{place}.env", line(secret(place)))
        repo.commit(place)
        repo.git("update-ref", ref, "HEAD")
        repo.git("checkout", "-q", "main")


def _git_directory(repo: Repo, secret: Secret) -> None:
    top = repo.path / ".git"
    header = f"AUTHORIZATION: bearer {secret('extra_header')}"
    repo.git("config", "http.https://git.example.org/.extraheader", header)
    address = f"https://x:{secret('instead_of')}@git.example.org/"
    repo.git("config", f"url.{address}.insteadOf", "git:")
    fetched = f"https://x:{secret('fetch_head')}@git.example.org/x.git"
    (top / "FETCH_HEAD").write_text(f"{'0' * 40}\tnot-for-merge\tbranch 'x' of {fetched}\n")
    repo.git("update-ref", "-m", f"pull https://x:{secret('reflog_message')}@h", "HEAD", "HEAD")
    (top / "hooks").mkdir(exist_ok=True)
    (top / "hooks" / "pre-push").write_text(f"#!/bin/sh\n{line(secret('hook_script'))}")
    (top / "info" / "exclude").write_text(f"ignored/\n# {secret('exclude_file')}\n")
    (top / "rebase-merge").mkdir()
    (top / "rebase-merge" / "message").write_text(line(secret("rebase_message")))
    (top / "description").write_text(line(secret("description")))


def _large_files(repo: Repo, secret: Secret) -> None:
    """Files of Git LFS: the content of one is in its store, that of the other is not."""
    for place, stored in (("lfs_stored", True), ("lfs_absent", False)):
        content = line(secret(place) if stored else "nothing").encode()
        digest = hashlib.sha256(content).hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 55\n"
        repo.write(f"big/{place}.bin", pointer)
        if stored:
            folder = repo.path / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4]
            folder.mkdir(parents=True)
            (folder / digest).write_bytes(content)
    repo.commit("large files")


def _worktree(repo: Repo, secret: Secret) -> None:
    repo.write("ignored/local.env", line(secret("ignored")))
    name = f"new-{secret('staged_name')}.txt"
    repo.write(name, "nothing\n")
    repo.git("add", name)
    linked = Path(".worktrees", "linked")
    repo.git("worktree", "add", "-q", str(linked), "-b", "linked")
    (repo.path / linked / "staged.py").write_text(line(secret("linked_index")))
    repo.git("-C", str(linked), "add", "staged.py")
    (repo.path / linked / "draft.py").write_text(line(secret("linked_draft")))
    repo.git("-C", str(linked), "checkout", "-q", "--detach")
    repo.git("-C", str(linked), "commit", "-q", "-m", f"only here {secret('linked_head')}")


def _nested(repo: Repo, secret: Secret, around: Path, home: Path) -> None:
    library = Repo(around / "library", home)
    library.write("old.env", line(secret("submodule_history")))
    library.commit("first")
    library.git("rm", "-q", "old.env")
    library.commit("second")
    allow = ("-c", "protocol.file.allow=always")
    repo.git(*allow, "submodule", "--quiet", "add", str(library.path), "libs/here")
    repo.write("libs/here/draft.env", line(secret("submodule_worktree")))
    repo.write(".git/modules/libs/here/hooks/post-merge", line(secret("submodule_git_directory")))
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},libs/absent")
    removed = Repo(around / "removed", home)
    removed.write("app.env", line(secret("removed_submodule")))
    removed.commit("first")
    modules = repo.path / ".git" / "modules"
    removed.git("clone", "-q", "--bare", str(removed.path), str(modules / "group" / "removed"))
    inner = Repo(repo.path / "checkouts" / "inner", home)
    inner.write("app.env", line(secret("nested_history")))
    inner.commit("first")
    inner.git("rm", "-q", "app.env")
    inner.commit("second")
    inner.write("draft.env", line(secret("nested_worktree")))
    deeper = Repo(repo.path / "checkouts" / "inner" / "deeper", home)
    deeper.write("app.env", line(secret("nested_twice")))
    deeper.commit("first")
