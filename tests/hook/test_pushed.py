"""The pre-push and pre-receive hooks: what the other side does not have yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.hook.repository import Work
from tests.support.hiding_files import zipped
from tests.support.planted import github_pat

ZEROS = "0" * 40


@pytest.fixture
def work(planted: Path, home: Path, warm: Path) -> Work:
    """A repository whose remote ``origin`` has its first commit."""
    work = Work(planted / "work", home, warm)
    work.commit("a.py", "x = 1\n")
    subprocess.run(
        ["git", "init", "-q", "--bare", str(planted / "origin.git")],
        env=work.environment,
        check=True,
    )
    work.git("remote", "add", "origin", str(planted / "origin.git"))
    work.git("push", "-q", "-u", "origin", "main")
    return work


def line(seed: str = "one") -> str:
    return f'TOKEN = "{github_pat(seed)}"\n'


def push(work: Work, new: str, old: str = ZEROS, ref: str = "refs/heads/main", **env: str):  # type: ignore[no-untyped-def]
    return work.hook("pre-push", "origin", "url", stdin=f"{ref} {new} {ref} {old}\n", **env)


def test_a_clean_push_and_nothing_to_push_pass(work: Work) -> None:
    old = work.git("rev-parse", "HEAD").strip()
    assert push(work, old, old).code == 0
    new = work.commit("b.py", "y = 1\n")
    assert push(work, new, old) == (0, "", "")
    assert work.hook("pre-push", "origin", "url").code == 0


def test_a_secret_on_its_way_stops_the_push_and_names_its_commit(work: Work) -> None:
    old = work.git("rev-parse", "HEAD").strip()
    bad = work.commit("settings.py", line())
    work.git("rm", "-q", "settings.py")
    work.git("commit", "-q", "-m", "take it out again")
    new = work.git("rev-parse", "HEAD").strip()
    ran = push(work, new, old)
    assert ran.code == 1
    assert "a new secret in this push" in ran.err
    assert f"settings.py:1:10 in {bad[:12]}" in ran.err
    assert "a later commit that deletes it does not help" in ran.err
    assert github_pat("one") not in ran.err


def test_what_the_remote_has_is_no_news(work: Work) -> None:
    work.commit("settings.py", line())
    work.git("push", "-q", "origin", "main")
    old = work.git("rev-parse", "HEAD").strip()
    work.commit("settings.py", "x = 1\n" + line())
    work.git("mv", "settings.py", "moved.py")
    work.git("commit", "-q", "-m", "move")
    new = work.git("rev-parse", "HEAD").strip()
    assert push(work, new, old).code == 0
    assert push(work, new, ZEROS, "refs/heads/topic").code == 0, "a new branch"


def test_a_deletion_brings_nothing(work: Work) -> None:
    old = work.commit("settings.py", line())
    assert push(work, ZEROS, old, "refs/heads/topic").code == 0


def test_a_forced_push_of_an_unknown_tip_is_compared_with_the_tracking_branch(work: Work) -> None:
    new = work.commit("b.py", "y = 1\n")
    assert push(work, new, "1" * 40).code == 0
    new = work.commit("settings.py", line())
    assert push(work, new, "1" * 40).code == 1


def test_several_refs_are_all_read(work: Work) -> None:
    old = work.git("rev-parse", "HEAD").strip()
    clean = work.commit("b.py", "y = 1\n")
    work.git("checkout", "-q", "-b", "topic")
    bad = work.commit("settings.py", line())
    stdin = (
        f"refs/heads/main {clean} refs/heads/main {old}\n"
        f"refs/heads/topic {bad} refs/heads/topic {ZEROS}\n"
    )
    assert work.hook("pre-push", "origin", "url", stdin=stdin).code == 1


def test_messages_tags_and_merges_are_read(work: Work) -> None:
    old = work.git("rev-parse", "HEAD").strip()
    work.git("commit", "-q", "--allow-empty", "-m", f"token {github_pat('message')}")
    new = work.git("rev-parse", "HEAD").strip()
    assert "commit message" in push(work, new, old).err
    work.git("reset", "-q", "--hard", old)
    work.git("tag", "-a", "v1", "-m", f"token {github_pat('tag')}")
    tag = work.git("rev-parse", "v1").strip()
    assert "tag message" in push(work, tag, ZEROS, "refs/tags/v1").err
    work.git("checkout", "-q", "-b", "side")
    work.commit("b.py", "y = 1\n")
    work.git("checkout", "-q", "main")
    work.commit("c.py", "z = 1\n")
    work.git("merge", "-q", "--no-commit", "--no-ff", "side")
    work.add("only-in-the-merge.py", line())
    work.git("commit", "-q", "-m", "merge")
    new = work.git("rev-parse", "HEAD").strip()
    ran = push(work, new, old)
    assert ran.code == 1
    assert "only-in-the-merge.py:1:10" in ran.err


def test_what_is_packed_in_a_tagged_file_is_said_to_be_unread(work: Work) -> None:
    work.write("packed.zip", zipped({"in.env": line().encode()}))
    oid = work.git("hash-object", "-w", "packed.zip").strip()
    ran = push(work, oid, ref="refs/tags/packed")
    assert (ran.code, f"not looked into: the object {oid[:12]}" in ran.err) == (0, True)
    assert "the push goes on without that" in ran.err


def test_nonsense_on_standard_input_is_never_a_pass(work: Work) -> None:
    assert work.hook("pre-push", "origin", "url", stdin="nonsense\n").code == 2
    assert push(work, "2" * 40).code == 4


def test_a_missing_object_is_never_a_pass(work: Work) -> None:
    old = work.git("rev-parse", "HEAD").strip()
    new = work.commit("settings.py", line())
    oid = work.git("rev-parse", "HEAD:settings.py").strip()
    (work.folder / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    assert push(work, new, old).code == 4


def test_the_framework_says_what_is_pushed(work: Work) -> None:
    old = work.git("rev-parse", "HEAD").strip()
    new = work.commit("settings.py", line())
    said = {"PRE_COMMIT": "1", "PRE_COMMIT_REMOTE_NAME": "origin"}
    ran = work.hook("pre-push", **said, PRE_COMMIT_FROM_REF=old, PRE_COMMIT_TO_REF=new)
    assert ran.code == 1
    ran = work.hook("pre-push", **said, PRE_COMMIT_LOCAL_BRANCH="refs/heads/main")
    assert ran.code == 1
    assert work.hook("pre-push", PRE_COMMIT="1").code == 2


def test_git_itself_refuses_the_push(work: Work) -> None:
    hook = work.folder / ".git" / "hooks" / "pre-push"
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m keyproof.hook pre-push "$@"\n')
    hook.chmod(0o755)
    work.commit("settings.py", line())
    refused = work.try_git("push", "origin", "main")
    assert refused.code != 0
    assert "settings.py:1:10" in refused.err


def test_a_server_refuses_what_it_receives(work: Work, planted: Path) -> None:
    hook = planted / "origin.git" / "hooks" / "pre-receive"
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m keyproof.hook pre-receive\n')
    hook.chmod(0o755)
    work.commit("b.py", "y = 1\n")
    assert work.try_git("push", "origin", "main").code == 0
    work.commit("settings.py", line())
    refused = work.try_git("push", "origin", "main")
    assert refused.code != 0
    assert "settings.py:1:10" in refused.err
    assert work.try_git("push", "origin", "main:refs/heads/other").code != 0
