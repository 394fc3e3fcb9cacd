"""``keyproof hook``: installs and runs the git hooks, and keeps the baseline."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click

from keyproof.cli.baseline import hook_baseline
from keyproof.cli.terminal import note
from keyproof.errors import ExitCode, UsageError

_MARK = "# keyproof hook"


@click.group()
def hook() -> None:
    """Install or run the git hooks; keep the baseline of accepted leaks.

    With the pre-commit framework, name the hooks keyproof and keyproof-push instead.
    """


@hook.command()
@click.option("--pre-push", is_flag=True, help="The hook that looks at pushes, too.")
@click.option("--force", is_flag=True, help="Replace a hook that is not keyproof's.")
def install(*, pre_push: bool, force: bool) -> int:
    """Install the hook into this repository."""
    for stage in ("pre-commit", "pre-push") if pre_push else ("pre-commit",):
        path = _hooks_folder() / stage
        if path.exists() and not _is_ours(path) and not force:
            raise UsageError(
                f"there is a {stage} hook already: {path}",
                hint="call 'keyproof-hook' from it, or replace it with --force",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        # -P: else Python would import what lies in the repository before its own library
        command = f"{shlex.quote(sys.executable)} -P -m keyproof.hook {stage}"
        path.write_text(f'#!/bin/sh\n{_MARK}\nexec {command} "$@"\n', newline="\n")
        path.chmod(0o755)
        click.echo(f"installed {path}")
    return ExitCode.OK


@hook.command()
def uninstall() -> int:
    """Remove keyproof's hooks from this repository; others are left alone."""
    removed = 0
    for stage in ("pre-commit", "pre-push"):
        path = _hooks_folder() / stage
        if path.exists() and _is_ours(path):
            path.unlink()
            removed += 1
            click.echo(f"removed {path}")
    if not removed:
        note("no hook of keyproof's is installed here")
    return ExitCode.OK


@hook.command("run")
@click.argument(
    "stage", type=click.Choice(["pre-commit", "pre-push", "pre-receive"]), default="pre-commit"
)
@click.argument("words", nargs=-1)
@click.option("--no-inline", is_flag=True, help="Comments on a secret's line count for nothing.")
def run_hook(stage: str, words: tuple[str, ...], *, no_inline: bool) -> int:
    """Run a hook by hand, as git would."""
    from keyproof.hook import run

    return run([stage, *words, *(["--no-inline"] if no_inline else [])], os.environ)


def _hooks_folder() -> Path:
    """Return the folder in which git looks for this repository's hooks."""
    done = subprocess.run(
        ["git", "rev-parse", "--path-format=absolute", "--git-path", "hooks"],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise UsageError("this is no git repository", hint="run it inside one")
    return Path(os.fsdecode(done.stdout.rstrip(b"\n")))


def _is_ours(path: Path) -> bool:
    try:
        return _MARK in path.read_text(errors="replace").splitlines()[:2]
    except OSError:
        return False


hook.add_command(hook_baseline)
