"""A repository's own configuration runs nothing, hides nothing and reaches no network."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm
from tests.support.run import keyproof


@pytest.fixture(autouse=True)
def _warm(home: Path) -> None:
    warm(home)


@pytest.fixture
def repo(planted: Path) -> Repo:
    made = Repo(planted / "repo", planted / "git-home")
    made.write("app.py", line(github_pat("hostile-app")))
    made.write("data.bin", "x\n")
    made.commit("first")
    return made


def _trap(repo: Repo, name: str) -> tuple[str, Path]:
    """Return a program that leaves a marker when it runs, and the marker."""
    marker = repo.path.parent / f"ran-{name}"
    program = repo.path.parent / f"trap-{name}.sh"
    program.write_text(f"#!/bin/sh\ntouch '{marker}'\ncat\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program), marker


SCOPES = ([], ["--staged"], ["--range", "HEAD~1..HEAD"])


@pytest.mark.parametrize("scope", SCOPES, ids=["whole", "staged", "range"])
def test_configured_programs_do_not_run(repo: Repo, home: Path, scope: list[str]) -> None:
    markers = []
    for name, setting in {
        "fsmonitor": "core.fsmonitor",
        "external": "diff.external",
        "textconv": "diff.evil.textconv",
        "command": "diff.evil.command",
        "clean": "filter.evil.clean",
        "smudge": "filter.evil.smudge",
        "process": "filter.evil.process",
        "ssh": "core.sshCommand",
        "pager": "core.pager",
        "editor": "core.editor",
        "alternate-refs": "core.alternateRefsCommand",
        "credential": "credential.helper",
        "alias": "alias.cat-file",
        "upload": "remote.origin.uploadpack",
        "gpg": "gpg.program",
    }.items():
        program, marker = _trap(repo, name)
        repo.git("config", setting, program if name != "alias" else f"!{program}")
        markers.append(marker)
    included, marker = _trap(repo, "included")
    markers.append(marker)
    extra = repo.path.parent / "included.cfg"
    extra.write_text(f"[core]\n\tfsmonitor = {included}\n\thooksPath = {repo.path.parent}\n")
    repo.git("config", "include.path", str(extra))
    repo.git("config", "log.showSignature", "true")
    for hook in ("post-index-change", "reference-transaction", "pre-commit", "post-checkout"):
        program, marker = _trap(repo, f"hook-{hook}")
        (repo.path / ".git" / "hooks" / hook).symlink_to(program)
        markers.append(marker)
    (repo.path / ".gitattributes").write_text("* filter=evil diff=evil\n")
    plumbing = repo.path.parent / "plain"
    repo.write("more.py", "y = 2\n")
    off = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={plumbing}")
    for name in ("clean", "smudge", "process"):
        off += ("-c", f"filter.evil.{name}=")
    repo.git(*off, "add", "-A")
    repo.git(*off, "commit", "-q", "-m", "second")
    repo.write("app.py", "changed = 1\n")
    for marker in markers:
        marker.unlink(missing_ok=True)

    done = keyproof("leaks", str(repo.path), *scope, "--format", "jsonl", cwd=repo.path, home=home)

    assert [marker.name for marker in markers if marker.exists()] == []
    assert (done.code, "incomplete" in done.err) == (0 if scope else 1, False)


def test_replaced_and_grafted_history_hides_nothing(repo: Repo, home: Path) -> None:
    secret_blob = repo.git("rev-parse", "HEAD:app.py")
    clean = repo.git("hash-object", "-w", "--stdin", data=b"nothing\n")
    repo.write("app.py", "nothing\n")
    repo.commit("second")
    repo.git("replace", secret_blob, clean)
    grafts = repo.path / ".git" / "info" / "grafts"
    grafts.parent.mkdir(exist_ok=True)
    grafts.write_text(repo.git("rev-parse", "HEAD") + "\n")
    done = keyproof("leaks", str(repo.path), "--format", "jsonl", cwd=repo.path, home=home)
    assert (done.code, '"path": "app.py"' in done.out) == (1, True)


def test_a_promised_object_is_not_fetched(repo: Repo, home: Path) -> None:
    program, marker = _trap(repo, "transport")
    blob = repo.git("rev-parse", "HEAD:data.bin")
    repo.git("config", "remote.origin.url", f"ext::{program}")
    repo.git("config", "remote.origin.promisor", "true")
    repo.git("config", "extensions.partialClone", "origin")
    repo.git("config", "protocol.ext.allow", "always")
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.object_file(blob).unlink()
    done = keyproof("leaks", str(repo.path), "--format", "jsonl", cwd=repo.path, home=home)
    assert not marker.exists()
    assert done.code == 1
    assert "incomplete: 1 object" in done.err


def test_the_worktree_is_where_the_repository_lies(repo: Repo, home: Path, planted: Path) -> None:
    elsewhere = planted / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "private.txt").write_text(line(github_pat("hostile-elsewhere")))
    repo.git("config", "core.worktree", str(elsewhere))
    (repo.path / "inside").symlink_to(elsewhere)
    done = keyproof("leaks", str(repo.path), "--format", "jsonl", cwd=planted, home=home)
    assert "private.txt" not in done.out
    assert '"path": "app.py"' in done.out


def test_names_do_not_drive_the_terminal(repo: Repo, home: Path) -> None:
    repo.write("a\x1b[2Jb\n.py", line(github_pat("hostile-escape")))
    repo.commit("escape")
    done = keyproof("leaks", str(repo.path), cwd=repo.path, home=home)
    assert done.code == 1
    assert "\x1b" not in done.out + done.err


def test_another_users_repository_is_refused_with_the_cure(repo: Repo, home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for path in (repo.path, *repo.path.rglob("*")):
        os.lchown(path, 12345, 12345)
    done = keyproof("leaks", str(repo.path), cwd=repo.path, home=home)
    assert done.code == 4
    assert f"git config --global --add safe.directory '{repo.path}'" in done.err
