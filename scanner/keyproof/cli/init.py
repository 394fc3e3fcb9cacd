"""``keyproof init``: writes a settings file for what is here."""

from __future__ import annotations

import os
from pathlib import Path

import click

from keyproof.cli.terminal import note


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="Where to look, and where the file is written.",
)
@click.option("--print", "only_print", is_flag=True, help="Print the file instead of writing it.")
def init(folder: Path, *, only_print: bool) -> int:
    """Write a keyproof.yaml for what is here: the repository, an AWS profile, inventory files.

    Nothing is asked, nothing is called, and a file that exists is never overwritten.

    \b
        keyproof init
        keyproof init --print
    """
    from keyproof.app.settings import FILE_NAMES
    from keyproof.app.starter import compose, look

    text = compose(look(folder.resolve(), os.environ))
    if only_print:
        click.echo(text, nl=False)
        return 0
    existing = next((folder / name for name in FILE_NAMES if (folder / name).exists()), None)
    if existing:
        note(f"{existing} exists already; nothing was written (see: keyproof init --print)")
        return 0
    path = folder / FILE_NAMES[0]
    path.write_text(text, encoding="utf-8")
    note(f"wrote {path}; next: keyproof doctor, then keyproof scan")
    note("guard commits too: keyproof hook install")
    return 0
