"""``keyproof rotate``: plans, approves, resumes, confirms and rolls back rotations."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keyproof.cli.desk import open_desk
from keyproof.cli.options import CONFIG, TEXT_OR_JSON
from keyproof.cli.rotate_view import exit_code, print_plan, print_rotation
from keyproof.cli.terminal import note, result_stream
from keyproof.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from keyproof.app.tickets import Desk
    from keyproof.model.rotation import Rotation

_PATIENCE = timedelta(seconds=30)
"""For how long a command that does not watch tries again what failed."""

_BY = click.option("--by", metavar="NAME", help="Who says so. Default: the user of this machine.")


@click.group(invoke_without_command=True)
@CONFIG
@click.option("--apply", "plan_file", metavar="PLAN", help="Approve and start what a plan says.")
@_BY
@TEXT_OR_JSON
@click.pass_context
def rotate(
    ctx: click.Context,
    config: Path | None,
    plan_file: str | None,
    by: str | None,
    format_name: str,
) -> int:
    """Show what approved tickets would start, and where unfinished rotations stand.

    Nothing is changed without --apply, resume, rollback or confirm. A rotation makes a new key,
    stages and verifies it, lets both work, and deactivates and deletes the old one last. Killed at
    any point, it is taken up again by resume.

    \b
        keyproof rotate plan -o plan.json
        keyproof rotate --apply plan.json
        keyproof rotate resume --watch
    """
    ctx.obj = config
    if ctx.invoked_subcommand:
        return ExitCode.OK
    with open_desk(config) as desk:
        if plan_file:
            return _apply(desk, Path(plan_file), by or _user(), format_name)
        return _status(desk, format_name)


@rotate.command()
@CONFIG
@click.option("-o", "--output", metavar="FILE", help="Where to save the plan; - for stdout.")
@click.option("--only", multiple=True, metavar="ID", help="Only this ticket, finding or key id.")
@click.pass_obj
def plan(outer: Path | None, config: Path | None, output: str | None, only: tuple[str, ...]) -> int:
    """Plan the rotations that tickets ask for. Nothing is changed."""
    from keyproof.app import rotation_plan

    with open_desk(config or outer) as desk:
        made = rotation_plan.make_plan(desk, only)
        if output != "-":
            print_plan(desk, made)
        if output:
            with result_stream(output, binary=True) as stream:
                stream.write(rotation_plan.save(made))
            if output != "-":
                note(f"nothing was done yet. To do it: keyproof rotate --apply {output}")
    return ExitCode.OK


@rotate.command()
@click.argument("names", nargs=-1, metavar="[ID]...")
@CONFIG
@_BY
@TEXT_OR_JSON
@click.option("--watch", is_flag=True, help="Stay until each one is at its end or needs a person.")
@click.pass_obj
def resume(
    outer: Path | None,
    names: tuple[str, ...],
    config: Path | None,
    by: str | None,
    format_name: str,
    *,
    watch: bool,
) -> int:
    """Take unfinished rotations on.

    All that are due, or the named ones. A rotation that needs attention goes on only if it is
    named.
    """
    from keyproof.app.rotations import deps, find_rotation
    from keyproof.pipeline import rotate as engine

    with open_desk(config or outer) as desk:
        for name in names:
            engine.take_up(find_rotation(desk, name), deps(desk), by or _user())
        chosen = [find_rotation(desk, name).id for name in names] or [
            rotation.id for rotation in desk.store.rotations(unfinished=True)
        ]
        if not chosen:
            note("no rotation is unfinished")
        return _carry_on(desk, chosen, format_name, watch=watch)


@rotate.command()
@click.argument("name", metavar="ID")
@CONFIG
@_BY
@TEXT_OR_JSON
@click.pass_obj
def rollback(
    outer: Path | None, name: str, config: Path | None, by: str | None, format_name: str
) -> int:
    """Go back to the old key.

    That key first, then the targets; the new key is deleted last. Possible until the old key is
    being deleted. Where consumers may hold the new key it works on for the overlap; resume then
    finishes.
    """
    from keyproof.pipeline import rotate as engine

    return _act(config or outer, name, format_name, engine.roll_back, by)


@rotate.command()
@click.argument("name", metavar="ID")
@CONFIG
@_BY
@TEXT_OR_JSON
@click.option("--delete", metavar="KEY", help="This key is nobody's and may be deleted.")
@click.option("--keep", metavar="KEY", help="This key is somebody else's.")
@click.pass_obj
def confirm(
    outer: Path | None,
    name: str,
    config: Path | None,
    by: str | None,
    format_name: str,
    delete: str | None,
    keep: str | None,
) -> int:
    """State what only a person can know.

    That the key to be retired is out of use; with --delete or --keep, whose a key is that stands in
    a rotation's way.
    """
    from keyproof.pipeline import rotate as engine

    if delete and keep:
        raise UsageError("--delete and --keep exclude each other")

    def state(rotation: Rotation, deps: Any, who: str) -> Rotation:
        return engine.confirm(rotation, deps, who, delete=delete, keep=keep)

    return _act(config or outer, name, format_name, state, by)


@rotate.command()
@click.argument("name", metavar="ID")
@CONFIG
@TEXT_OR_JSON
@click.pass_obj
def show(outer: Path | None, name: str, config: Path | None, format_name: str) -> int:
    """Show every step of one rotation."""
    from keyproof.app.rotations import find_rotation

    with open_desk(config or outer) as desk:
        rotation = find_rotation(desk, name)
    print_rotation(rotation, format_name)
    if format_name == "text":
        for one in rotation.distributions:
            click.echo(f"  target {one.target}: {one.state}")
        for step in rotation.steps:
            click.echo(f"  {step.at:%Y-%m-%d %H:%M:%S}  {step.state:<15} {step.detail}")
    return exit_code([rotation])


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise UsageError("nobody knows who you are", hint="say it: --by NAME") from None


def _apply(desk: Desk, path: Path, by: str, format_name: str) -> int:
    from keyproof.app import rotation_plan

    wanted = rotation_plan.read_plan(path)
    begun: list[str] = []
    try:
        begun.extend(rotation.id for rotation in rotation_plan.apply_plan(desk, wanted, by))
    finally:
        note(f"{len(begun)} of {len(wanted.rotations)} rotations are started and recorded")
    return _carry_on(desk, begun, format_name)


def _act(
    config: Path | None,
    name: str,
    format_name: str,
    act: Callable[[Rotation, Any, str], Rotation],
    by: str | None,
) -> int:
    from keyproof.app.rotations import deps, find_rotation

    with open_desk(config) as desk:
        rotation = act(find_rotation(desk, name), deps(desk), by or _user())
        return _carry_on(desk, [rotation.id], format_name)


def _carry_on(desk: Desk, ids: list[str], format_name: str, *, watch: bool = False) -> int:
    """Take rotations on as far as they are due, print each, and return the exit code."""
    from keyproof.app.rotations import deps, find_rotation
    from keyproof.pipeline.rotate import run_until
    from keyproof.pipeline.rotation_record import due_at

    working = deps(desk)
    while True:
        done = []
        for name in ids:
            deadline = desk.clock.now() + _PATIENCE
            done.append(run_until(find_rotation(desk, name), working, deadline))
        waits = [at for rotation in done if (at := due_at(rotation, working.limits))]
        if not watch or not waits:
            break
        pause = (min(waits) - desk.clock.now()).total_seconds()
        note(f"{len(waits)} of {len(done)} rotations wait; looking again")
        desk.clock.sleep(min(max(pause, 15), working.limits.poll))
    for rotation in done:
        print_rotation(rotation, format_name)
    return exit_code(done)


def _status(desk: Desk, format_name: str) -> int:
    from keyproof.app import rotation_plan

    unfinished = list(desk.store.rotations(unfinished=True))
    for rotation in unfinished:
        print_rotation(rotation, format_name)
    if format_name == "text":
        print_plan(desk, rotation_plan.make_plan(desk))
    return exit_code(unfinished)
