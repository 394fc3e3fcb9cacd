"""``keyproof hook``, and the hooks as the pre-commit framework installs them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.hook.repository import Work
from tests.support import needs
from tests.support.planted import github_pat
from tests.support.run import Ran, keyproof


@pytest.fixture
def work(planted: Path, home: Path, tmp_path: Path) -> Work:
    return Work(planted / "work", home, tmp_path / "warm")


def run(work: Work, *arguments: str) -> Ran:
    return keyproof("hook", *arguments, cwd=work.folder, home=work.home, env=work.environment)


def test_hooks_are_installed_run_and_removed(work: Work) -> None:
    assert run(work, "install", "--pre-push").code == 0
    work.add("settings.py", f'TOKEN = "{github_pat("installed")}"\n')
    refused = work.try_git("commit", "-m", "x")
    assert refused.code == 1
    assert "settings.py:1:10" in refused.err
    assert run(work, "run").code == 1
    assert run(work, "run", "--no-inline").code == 1
    assert run(work, "install").code == 0
    assert len(run(work, "uninstall").out.splitlines()) == 2
    assert work.try_git("commit", "-m", "x").code == 0


def test_an_installed_hook_runs_no_code_of_the_repository(work: Work) -> None:
    assert run(work, "install").code == 0
    trap = work.home / "trapped"
    for name in ("json", "copy", "hyperscan", "subprocess", "keyproof", "typing", "datetime"):
        work.add(f"{name}.py", f"open({str(trap)!r}, 'w').close()\n")
    work.add("settings.py", f'TOKEN = "{github_pat("trap")}"\n')
    refused = work.try_git("commit", "-m", "x")
    assert refused.code == 1
    assert "settings.py:1:10" in refused.err
    assert not trap.exists()


def test_somebody_elses_hook_is_left_alone(work: Work) -> None:
    theirs = work.folder / ".git" / "hooks" / "pre-commit"
    theirs.write_text("#!/bin/sh\nexit 0\n")
    refused = run(work, "install")
    assert refused.code == 2
    assert "keyproof-hook" in refused.err
    assert run(work, "uninstall").code == 0
    assert theirs.read_text() == "#!/bin/sh\nexit 0\n"
    assert run(work, "install", "--force").code == 0


def test_outside_a_repository_it_is_a_usage_error(home: Path, tmp_path: Path) -> None:
    for command in (("install",), ("baseline", "--reason", "r")):
        assert keyproof("hook", *command, cwd=tmp_path, home=home).code == 2


def test_the_pre_commit_framework_installs_and_runs_both_hooks(work: Work) -> None:
    program = needs.tool("pre-commit")
    environment = work.environment | {
        "PRE_COMMIT_HOME": str(work.home / "pre-commit"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    environment |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    for name in (".config/pip/pip.conf", ".pip/pip.conf"):
        if (Path.home() / name).exists():
            environment["PIP_CONFIG_FILE"] = str(Path.home() / name)

    # what is committed: of an unfinished change the framework would take the tracked half only
    head = ["git", "-C", str(needs.ROOT), "rev-parse", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()

    def framework(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "try-repo", str(needs.ROOT), *arguments, "--ref", commit],
            cwd=work.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=570,
        )

    work.commit("a.py", "x = 1\n")
    work.add("b.py", "y = 1\n")
    clean = framework("keyproof", "--verbose")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert "Passed" in clean.stdout
    work.add("settings.py", f'TOKEN = "{github_pat("framework")}"\n')
    stopped = framework("keyproof")
    assert stopped.returncode == 1
    assert "settings.py:1:10" in stopped.stdout
    assert github_pat("framework") not in stopped.stdout
    base = work.git("rev-parse", "HEAD").strip()
    work.git("commit", "-q", "--no-verify", "-m", "leak")
    push = ("keyproof-push", "--hook-stage", "pre-push", "--to-ref", "HEAD", "--from-ref")
    refused = framework(*push, base)
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "settings.py:1:10" in refused.stdout
    assert framework(*push, "HEAD").returncode == 0
