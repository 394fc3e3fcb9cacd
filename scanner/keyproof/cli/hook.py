"""``keyproof hook``: installs and runs the git hooks, and keeps the baseline."""

from __future__ import annotations

import os

import click

from keyproof.cli import hook_files
from keyproof.cli.baseline import hook_baseline
from keyproof.cli.terminal import note
from keyproof.errors import ExitCode


@click.group()
def hook() -> None:
    """Install or run the git hooks; keep the baseline of accepted leaks.

    With the pre-commit framework, name the hooks keyproof and keyproof-push instead.
    """


@hook.command()
@click.option("--pre-push", is_flag=True, help="The hook that looks at pushes, too.")
@click.option("--force", is_flag=True, help="Where another program keeps the hooks, run both.")
def install(*, pre_push: bool, force: bool) -> int:
    """Install the hook into this repository.

    A hook that stands there already is kept, and runs first. Where a program keeps the hooks
    (pre-commit, husky, lefthook), it is said how that program calls keyproof's.
    """
    folder = hook_files.hook_folder()
    for stage in hook_files.STAGES:
        if pre_push or stage != "pre-push":
            for done in hook_files.install(folder, stage, force=force):
                click.echo(done)
    return ExitCode.OK


@hook.command()
def uninstall() -> int:
    """Remove keyproof's hooks from this repository.

    What stood there before is put back.
    """
    folder = hook_files.hook_folder()
    done = [line for stage in hook_files.STAGES for line in hook_files.uninstall(folder, stage)]
    for line in done:
        click.echo(line)
    if not done:
        note("no hook of keyproof's is installed here")
    return ExitCode.OK


@hook.command("run")
@click.argument(
    "stage",
    type=click.Choice(["pre-commit", "pre-push", "pre-receive", "update"]),
    default="pre-commit",
)
@click.argument("words", nargs=-1)
@click.option("--no-inline", is_flag=True, help="Comments on a secret's line count for nothing.")
@click.option("--refuse-unread", is_flag=True, help="Packed files that cannot be read stop it.")
def run_hook(stage: str, words: tuple[str, ...], *, no_inline: bool, refuse_unread: bool) -> int:
    """Run a hook by hand, as git would."""
    from keyproof.hook import run

    flags = {"--no-inline": no_inline, "--refuse-unread": refuse_unread}
    return run([stage, *words, *(flag for flag, given in flags.items() if given)], os.environ)


hook.add_command(hook_baseline)
