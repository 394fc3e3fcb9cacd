"""How ``keyproof rotate`` prints plans and rotations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from keyproof.errors import ExitCode, KeyproofError

if TYPE_CHECKING:
    from keyproof.app.rotation_plan import RotationPlan
    from keyproof.app.tickets import Desk
    from keyproof.model.rotation import Rotation


def print_plan(desk: Desk, made: RotationPlan) -> None:
    """Print what a plan would do, with what the issuers say now."""
    from keyproof.app.rotations import slot_use

    for one in made.rotations:
        request = one.request
        consent = f"approved by {one.approved_by}" if one.approved_by else "not approved yet"
        click.echo(f"start  {request.native_id} of {request.principal}: {one.title}")
        click.echo(f"       {consent}; ticket {one.ticket}; hash {one.hash}")
        try:
            use = slot_use(desk, request)
            room = "" if use.used < use.most and use.active else ": a person will be needed"
            state = "active" if use.active else "not active"
            click.echo(f"       {use.used} of {use.most} keys, this one {state}{room}")
        except KeyproofError as error:
            click.echo(f"       the issuer cannot be asked: {error}")
        overlap = "none: it has leaked" if request.emergency else _hours(request.overlap_seconds)
        click.echo(
            f"       create, stage in {', '.join(request.targets)}, verify, overlap {overlap},"
            f" deactivate, soak {_hours(request.soak_seconds)}, delete"
        )
    click.echo(f"{len(made.rotations)} to start")


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:g} h"


def print_rotation(rotation: Rotation, format_name: str) -> None:
    """Print one rotation and what happens next; as JSON, all that is stored of it."""
    from keyproof.app.rotations import next_step

    if format_name == "json":
        from keyproof.model.record import canonical_json

        sys.stdout.write(canonical_json(rotation).decode() + "\n")
        return
    request = rotation.request
    new = f" -> {rotation.new_native_id}" if rotation.new_native_id else ""
    click.echo(f"{rotation.state:<15} {rotation.old_native_id}{new} of {request.principal}")
    click.echo(f"                {rotation.id}; next: {next_step(rotation)}")


def exit_code(rotations: list[Rotation]) -> int:
    """Return 4 if a person is needed, else 0."""
    needy = any(rotation.state == "needs_attention" for rotation in rotations)
    return ExitCode.INCOMPLETE if needy else ExitCode.OK
