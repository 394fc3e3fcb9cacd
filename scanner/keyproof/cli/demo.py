"""``keyproof demo``: the whole flow on a sample organisation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyproof.cli.terminal import note

if TYPE_CHECKING:
    from keyproof.app.demo.show import Act
    from keyproof.model.report import Report


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="keyproof-demo",
    show_default=True,
    help="Where everything is written; an earlier demo's folder is made anew.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def demo(folder: Path, *, quiet: bool) -> int:
    """Build a sample organisation, scan it, report, plan tickets, rotate the leaked key.

    A git repository with years of history, an AWS account of some sixty users on a local server, a
    spreadsheet of gateway and exchange keys. Nothing outside the folder is touched, and nothing
    leaves this machine. Ends with exit code 1, because there are findings.
    """
    from keyproof.app.registry import missing_extra

    try:
        from keyproof.app.demo import moto_server, show
        from keyproof.cli.terminal import progress

        server = moto_server.MotoServer()
        with server, progress(quiet=quiet) as shown:
            act = show.open_act(server, folder.resolve(), os.environ, shown)
            report = show.scan(act)
            if shown:
                shown.clear()
            _print(report, folder)
            _remediate(act, folder)
    except ModuleNotFoundError as error:
        raise missing_extra(error, "keyproof demo") from None
    return report.exit_code


def _print(report: Report, folder: Path) -> None:
    from keyproof.cli.rendering import write

    write(report, "table", None)
    for name, file_name in (
        ("html", "report.html"),
        ("json", "scan.json"),
        ("run", "scan.run.json"),
    ):
        write(report, name, str(folder / file_name))
    note(f"\nwrote the report: {folder / 'report.html'} (also scan.json, scan.run.json)")


def _remediate(act: Act, folder: Path) -> None:
    from keyproof.app.demo import show
    from keyproof.app.rotations import next_step

    plan = show.plan_tickets(act, folder / "tickets.plan.json")
    note(f"planned and opened {len(plan.actions)} tickets: {folder / 'tickets'}")
    note(
        f"\nrotation of {act.account.leaked_key_id} ({act.account.leaked_user}), approved by the"
        f" {show.APPROVER}, on a simulated clock (an emergency: a leaked key gets no overlap):"
    )
    rotation = show.rotate_leaked_key(
        act, lambda step, at: note(f"  {at:%Y-%m-%d %H:%M}  {step.state:<14} {next_step(step)}")
    )
    note(f"the new key {rotation.new_native_id} is in use, the old one is deleted")
