"""``keyproof report``: renders a saved run, or the last one of the store, in another format."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyproof.cli.options import CONFIG, OUTPUT, REPORT_FORMAT
from keyproof.errors import UsageError

if TYPE_CHECKING:
    from keyproof.model.report import Report


@click.command()
@click.option("--run", "run", metavar="FILE", help="A saved run (scan -o run.json); - for stdin.")
@CONFIG
@REPORT_FORMAT
@OUTPUT
@click.option("--all", "every", is_flag=True, help="Do not fold long lists in the table.")
def report(
    run: str | None,
    config: Path | None,
    format_name: str | None,
    output: str | None,
    *,
    every: bool,
) -> int:
    """Render a run again: the saved one, or the last whole run of the store.

    Nothing is read or decided anew. The exit code is 0 if the report could be written; the one that
    the run ended with stands in the report.

    \b
        keyproof scan -o run.json
        keyproof report --run run.json -o report.html
    """
    from keyproof.cli.rendering import format_of, write

    name = format_of(format_name, output)
    write(saved(run) if run else last(config), name, output, every=every)
    return 0


def saved(run: str) -> Report:
    """Read a saved run from a file, or from standard input for ``-``."""
    from keyproof.reporters.run import load

    if run == "-":
        return load(sys.stdin.buffer.read(), name="standard input")
    try:
        data = Path(run).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {run} ({error.strerror})") from None
    return load(data, name=run)


def last(config: Path | None) -> Report:
    """Return the last whole run of the store."""
    from keyproof.app.settings import load
    from keyproof.app.store import open_store

    url = load(config, os.environ, Path.cwd()).store_url(os.environ)
    store = open_store(url)
    try:
        found = store.last_report()
    finally:
        store.close()
    if found is None:
        raise UsageError(
            "the store holds no run yet",
            hint="run: keyproof scan, or name a saved run with --run FILE",
        )
    return found
