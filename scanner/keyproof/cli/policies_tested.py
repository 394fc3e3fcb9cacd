"""``keyproof policies test`` and ``coverage``: what the tests of policies say, and what they reach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyproof.cli.options import TEXT_OR_JSON
from keyproof.cli.terminal import note
from keyproof.errors import ExitCode, NothingToCheck

if TYPE_CHECKING:
    from keyproof.app.policy_tests import Tested

_FOLDER = click.argument("folder", required=False, type=click.Path(path_type=Path))
_ONLY = click.option(
    "--run", "only", metavar="REGEX", help="Only tests whose package.name this is found in."
)


@click.command()
@_FOLDER
@_ONLY
@click.option("-v", "--verbose", is_flag=True, help="Name the tests that pass, too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    help="How to print the result. Default: text.",
)
@click.option("--coverage", is_flag=True, help="Print how much of each policy the tests reach.")
def test(folder: Path | None, only: str | None, form: str, *, verbose: bool, coverage: bool) -> int:
    """Run the test_ rules of every _test.rego, as 'opa test' does.

    Those in FOLDER, else those of the shipped policies. A rule passes if it is true. No test at all
    is a failure.

    \b
        keyproof policies test mine
        keyproof policies test mine --run keys.named_well -v
        keyproof policies test mine --format junit > policies.xml
    """
    from keyproof.app.policy_tests import as_json, as_junit

    tested = _tested(folder, only)
    if form == "json":
        click.echo(as_json(tested))
    elif form == "junit":
        click.echo(as_junit(tested))
    else:
        _text(tested, verbose=verbose)
        for name, share in tested.coverage.items() if coverage else ():
            click.echo(f"{share:4d} %  {name}")
    return ExitCode.FINDINGS if any(not o.passed for o in tested.outcomes) else ExitCode.OK


@click.command()
@_FOLDER
@click.option(
    "--at-least", type=click.IntRange(0, 100), default=100, show_default=True, metavar="PERCENT",
    help="Exit with 1 if the tests of a policy reach less of it.",
)  # fmt: skip
@TEXT_OR_JSON
def coverage(folder: Path | None, at_least: int, format_name: str) -> int:
    """Print how much of each policy its tests reach.

    Lines that no test reaches are named. A policy without tests counts 0 %. A test that fails makes
    the command fail as well: what it reaches, it does not prove.
    """
    import msgspec

    tested = _tested(folder, None)
    if format_name == "json":
        rows = [
            {"policy": name, "percent": share, "missed": tested.missed[name]}
            for name, share in tested.coverage.items()
        ]
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        for name, share in tested.coverage.items():
            lines = ", ".join(map(str, tested.missed[name]))
            click.echo(f"{share:4d} %  {name}{f'  not reached: {lines}' if lines else ''}")
    failed = [o for o in tested.outcomes if not o.passed]
    for outcome in failed:
        click.echo(f"FAIL  {outcome.package}.{outcome.name}", err=True)
    short = any(share < at_least for share in tested.coverage.values())
    return ExitCode.FINDINGS if failed or short else ExitCode.OK


def _tested(folder: Path | None, only: str | None) -> Tested:
    from keyproof.app.policy_tests import run_tests
    from keyproof.resources import shipped

    tested = run_tests(folder or shipped("policies"), only)
    if not tested.outcomes:
        hint = "tests are test_… rules in *_test.rego files"
        raise NothingToCheck(
            "there is no such test" if only else "there is no test",
            hint="'-v' names all of them" if only else hint,
        )
    return tested


def _text(tested: Tested, *, verbose: bool) -> None:
    for outcome in tested.outcomes:
        if not outcome.passed:
            word = f"ERROR ({outcome.error})" if outcome.error else "FAIL"
            click.echo(f"{word}  {outcome.package}.{outcome.name}")
        elif verbose:
            click.echo(f"PASS  {outcome.package}.{outcome.name}")
    if any(outcome.error for outcome in tested.outcomes):
        note("'keyproof policies check' on this folder says which file is wrong, and why")
    failed = sum(not outcome.passed for outcome in tested.outcomes)
    click.echo(f"{len(tested.outcomes) - failed} passed, {failed} failed")
