"""``keyproof tickets``: plans tickets for findings, applies a saved plan, reads approvals back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyproof.cli.desk import open_desk
from keyproof.cli.options import CONFIG, TEXT_OR_JSON
from keyproof.cli.terminal import note, result_stream
from keyproof.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from keyproof.app.tickets import Desk
    from keyproof.model.report import Report
    from keyproof.model.ticket import TicketPlan

_TRACKER = click.option("--tracker", metavar="NAME", help="Which entry of 'trackers:'.")


@click.group(invoke_without_command=True)
@CONFIG
@_TRACKER
@click.option("--run", metavar="FILE|last", default="last", help="A saved run, or the store's.")
@click.option("-o", "--output", metavar="FILE", help="Where to save the plan; - for stdout.")
@click.option("--apply", "plan_file", metavar="PLAN", help="Do exactly what a saved plan says.")
@TEXT_OR_JSON
@click.pass_context
def tickets(
    ctx: click.Context,
    config: Path | None,
    tracker: str | None,
    run: str,
    output: str | None,
    plan_file: str | None,
    format_name: str,
) -> int:
    """Plan one ticket for each finding that deserves one, and close what is resolved.

    Nothing is opened, changed or closed without --apply, which does exactly what the plan says. A
    plan is refused once it was changed, or when a newer run was recorded.

    \b
        keyproof tickets -o plan.json
        keyproof tickets --apply plan.json
        keyproof tickets sync
    """
    ctx.obj = (config, tracker)
    if ctx.invoked_subcommand:
        return ExitCode.OK
    if plan_file:
        if output or tracker or run != "last":
            raise UsageError("--apply takes nothing but the plan, and --config")
        return _apply(config, Path(plan_file), format_name)
    return _plan(config, tracker, run, output, format_name)


@tickets.command()
@CONFIG
@_TRACKER
@TEXT_OR_JSON
@click.pass_obj
def sync(
    outer: tuple[Path | None, str | None],
    config: Path | None,
    tracker: str | None,
    format_name: str,
) -> int:
    """Read states and approvals again from the ticket system.

    They are recorded. Approved rotations are then started by: keyproof rotate
    """
    from keyproof.app import tickets as work

    with open_desk(config or outer[0]) as desk:
        name = work.tracker_name(desk.loaded, tracker or outer[1])
        approved = count = 0
        for synced in work.sync(desk, name):
            count += 1
            approved += synced.after.state == "approved"
            changed = synced.before.state != synced.after.state
            if changed or synced.note:
                by = f" by {synced.after.approved_by}" if synced.after.approved_by else ""
                text = f"{synced.after.state}{by}" + (f" ({synced.note})" if synced.note else "")
                note(f"{_place(synced.after.url or synced.before.url, synced.after.id)}: {text}")
        note(f"{count} tickets read again, {approved} approved for rotation")
        _print_tickets(desk, name, format_name)
    return ExitCode.OK


@tickets.command("list")
@CONFIG
@_TRACKER
@TEXT_OR_JSON
@click.pass_obj
def list_tickets(
    outer: tuple[Path | None, str | None],
    config: Path | None,
    tracker: str | None,
    format_name: str,
) -> int:
    """List the tickets that keyproof opened, as they were last recorded."""
    from keyproof.app import tickets as work

    with open_desk(config or outer[0]) as desk:
        wanted = tracker or outer[1]
        name = work.tracker_name(desk.loaded, wanted) if wanted else None
        _print_tickets(desk, name, format_name)
    return ExitCode.OK


def _plan(
    config: Path | None, tracker: str | None, run: str, output: str | None, format_name: str
) -> int:
    from keyproof.app import tickets as work

    with open_desk(config) as desk:
        name = work.tracker_name(desk.loaded, tracker)
        plan = work.make_plan(desk, name, None if run == "last" else _saved_run(run))
        data = work.save(plan)
        if work.lacks_shared_key(desk, name):
            note(f"'{name}' is shared with others: --apply needs KEYPROOF_KEY, in the scan as well")
    if output == "-" or format_name == "json":
        click.echo(data.decode(), nl=False)
    else:
        _print_plan(plan, name)
    if not plan.actions and not output:
        note("nothing to do: every ticket says what there is to say")
    elif output != "-":
        path = Path(output) if output else _default_path(plan)
        with result_stream(str(path), binary=True) as stream:
            stream.write(data)
        note(f"saved: {path}; nothing was done yet. To do it: keyproof tickets --apply {path}")
    return ExitCode.OK


def _saved_run(run: str) -> Report:
    from keyproof.reporters.run import load

    try:
        return load(Path(run).read_bytes(), name=run)
    except OSError as error:
        raise UsageError(f"cannot read {run} ({error.strerror})") from None


def _default_path(plan: TicketPlan) -> Path:
    from keyproof.identity import data_folder

    folder = data_folder(os.environ) / "plans"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"cannot make {folder} ({error.strerror})", hint="use -o FILE") from None
    return folder / f"tickets-{plan.hash.removeprefix('sha256:')[:12]}.json"


def _print_plan(plan: TicketPlan, name: str) -> None:
    for action in plan.actions:
        mark = "  [rotation]" if action.rotation else ""
        click.echo(f"{action.action:<7} {action.severity:<9} {action.title}{mark}")
        click.echo(f"        {action.reason}  {action.finding_id}")
    counts = dict.fromkeys(("open", "update", "close"), 0)
    for action in plan.actions:
        counts[action.action] += 1
    total = ", ".join(f"{count} to {kind}" for kind, count in counts.items())
    click.echo(f"{name}: {total}   plan {plan.hash}")


def _apply(config: Path | None, path: Path, format_name: str) -> int:
    from keyproof.app import tickets as work

    plan = work.read_plan(path)
    done = 0
    with open_desk(config) as desk:
        try:
            for action, ticket in work.apply_plan(desk, plan):
                done += 1
                if format_name == "json":
                    from keyproof.model.record import canonical_json

                    click.echo(canonical_json(ticket).decode())
                else:
                    place = _place(ticket.url, ticket.id)
                    click.echo(f"{action.action:<7} {place}  {ticket.title}")
        finally:
            note(f"{done} of {len(plan.actions)} actions are done and recorded")
    return ExitCode.OK


def _print_tickets(desk: Desk, name: str | None, format_name: str) -> None:
    for ticket in desk.store.tickets():
        if name not in {None, ticket.tracker}:
            continue
        if format_name == "json":
            from keyproof.model.record import canonical_json

            click.echo(canonical_json(ticket).decode())
            continue
        by = f" by {ticket.approved_by}" if ticket.approved_by else ""
        place = _place(ticket.url, ticket.id)
        click.echo(f"{ticket.state + by:<9} {ticket.severity:<9} {place}  {ticket.title}")


def _place(url: str | None, fallback: str) -> str:
    return url or fallback
