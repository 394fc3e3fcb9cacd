"""``keyproof doctor``: tries what a scan would need, read-only."""

from __future__ import annotations

import os
from pathlib import Path

import click

from keyproof.cli.options import CONFIG

_WORDS = {True: "ok", False: "FAIL", None: "?"}


@click.command()
@CONFIG
@click.option("--source", "names", multiple=True, metavar="NAME", help="Only this source.")
def doctor(config: Path | None, names: tuple[str, ...]) -> int:
    """Check tools, settings, policies, the store and every source's rights. Changes nothing.

    Exit code 0 if everything needed is there, 4 if something is not.
    """
    from keyproof.app.examine import examine

    failed = 0
    for heading, check in examine(config, names, os.environ, Path.cwd()):
        failed += check.ok is False
        click.echo(f"{_WORDS[check.ok]:<5} {heading}: {check.name}: {check.detail}")
        if check.hint and check.ok is not True:
            click.echo(f"      fix: {check.hint}")
    return 4 if failed else 0
