"""``keyproof scan``: the whole flow, from sources to findings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from keyproof.cli.options import CONFIG, OUTPUT, REPORT_FORMAT
from keyproof.cli.terminal import note

if TYPE_CHECKING:
    from keyproof.app.run import ScanOptions
    from keyproof.app.settings import Loaded
    from keyproof.model.policy import Severity
    from keyproof.model.report import Report

_SEVERITY = click.Choice(["critical", "high", "medium", "low", "info"])
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("repositories", nargs=-1, type=_PATH, metavar="[PATH]...")
@CONFIG
@click.option(
    "--source", "names", multiple=True, metavar="NAME", help="Only this configured source."
)
@click.option(
    "--file", "files", multiple=True, type=_PATH, help="An inventory file: CSV, JSON, JSONL."
)
@click.option("--range", "commits", metavar="BASE..HEAD", help="Only what these commits add.")
@click.option("--policy", "policies", multiple=True, metavar="ID", help="Only this policy.")
@click.option(
    "--engine", type=click.Choice(["embedded", "opa"]), help="Where policies are evaluated."
)
@click.option("--opa-url", metavar="URL", help="The OPA server (with --engine opa).")
@click.option(
    "--fail-on", type=_SEVERITY, help="Exit with 1 from this severity on (default: high)."
)
@click.option("--strict", is_flag=True, help="An honest 'unknown' counts as incomplete too.")
@click.option(
    "--allow-incomplete", is_flag=True, help="Gaps and errors are a warning, not exit code 4."
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where findings would give 1.")
@click.option("--no-store", is_flag=True, help="Do not record the run.")
@REPORT_FORMAT
@OUTPUT
@click.option(
    "--save", metavar="FILE", help="Save the whole run too, for: keyproof report --run FILE."
)
@click.option("--all", "every", is_flag=True, help="Do not fold long lists in the table.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no summary on stderr.")
def scan(
    *,
    repositories: tuple[Path, ...],
    config: Path | None,
    names: tuple[str, ...],
    files: tuple[Path, ...],
    commits: str | None,
    policies: tuple[str, ...],
    engine: Literal["embedded", "opa"] | None,
    opa_url: str | None,
    fail_on: Severity | None,
    strict: bool,
    allow_incomplete: bool,
    exit_zero: bool,
    no_store: bool,
    format_name: str | None,
    output: str | None,
    save: str | None,
    every: bool,
    quiet: bool,
) -> int:
    """Gather keys and leaks, join them, decide with policies, and print what is wrong.

    Without settings, the repository here is scanned: its whole history, with the shipped policies.

    \b
        keyproof scan
        keyproof scan --config keyproof.yaml -o report.html
        keyproof scan --range origin/main..HEAD --fail-on high
    """
    from keyproof.app import settings
    from keyproof.app.run import ScanOptions
    from keyproof.app.sources import Wanted
    from keyproof.cli.rendering import format_of, write
    from keyproof.pipeline.report import RunOptions

    name = format_of(format_name, output)
    loaded = settings.load(config, os.environ, Path.cwd())
    loaded = settings.override(loaded, fail_on=fail_on, engine=engine, opa_url=opa_url)
    wanted = Wanted(names=names, repositories=repositories, files=files, range=commits)
    options = ScanOptions(
        wanted=wanted,
        only_policies=policies,
        record=not no_store,
        run=RunOptions(
            fail_on=loaded.settings.fail_on,
            scope="partial" if wanted.partial or policies else "whole",
            strict=strict,
            allow_incomplete=allow_incomplete,
            exit_zero=exit_zero,
        ),
    )
    report = _run(loaded, options, quiet=quiet)
    if not quiet and (name != "table" or output not in {None, "-"}):  # the table shows them itself
        for problem in report.problems:
            note(problem)
    write(report, name, output, every=every)
    if save:
        write(report, "run", save)
    if not quiet and output not in {None, "-"}:
        note(f"wrote {output}")
    return report.exit_code


def _run(loaded: Loaded, options: ScanOptions, *, quiet: bool) -> Report:
    from keyproof.app import run
    from keyproof.app.clock import SystemClock
    from keyproof.app.registry import missing_extra
    from keyproof.app.sources import Surroundings
    from keyproof.cli.terminal import progress
    from keyproof.identity import cache_folder, load_fingerprinter
    from keyproof.leaks.hitcache import SqliteHitCache

    fingerprinter = load_fingerprinter(os.environ)
    cache = SqliteHitCache(cache_folder(os.environ))
    with progress(quiet=quiet) as shown:
        surroundings = Surroundings(os.environ, fingerprinter, SystemClock(), shown, cache)
        try:
            return run.scan(loaded, options, surroundings)
        except ModuleNotFoundError as error:
            raise missing_extra(error, "keyproof scan") from None
