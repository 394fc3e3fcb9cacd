"""Rotation plans: what tickets ask for, saved, approved and started exactly so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from keyproof.app import tickets
from keyproof.app.rotations import deps
from keyproof.app.tickets import Desk
from keyproof.errors import NothingToCheck, UsageError
from keyproof.model.record import Document, UtcTime, canonical_json, digest
from keyproof.model.rotation import TERMINAL, Rotation
from keyproof.model.ticket import RotationRequest, Ticket, rotation_hash
from keyproof.pipeline import rotate

_AGAIN = "make a new one: keyproof rotate plan -o plan.json"


class PlannedRotation(Document, frozen=True, kw_only=True):
    """One rotation that a plan starts; ``hash`` is the one that its ticket shows."""

    ticket: str
    title: str
    approved_by: str | None = None
    request: RotationRequest
    hash: str


class RotationPlan(Document, frozen=True, kw_only=True):
    """Exactly what ``rotate --apply`` approves and starts; ``digest`` covers all the rest."""

    schema: Literal["keyproof/rotation-plan/v1"] = "keyproof/rotation-plan/v1"
    created_at: UtcTime
    rotations: tuple[PlannedRotation, ...]
    digest: str = ""


def make_plan(desk: Desk, only: Sequence[str] = ()) -> RotationPlan:
    """Return what tickets ask for and is neither under way nor done: a closed rotation's key is gone.

    Of shared trackers only what is approved there; of others, which know no approvals, what is open.

    Args:
        only: ticket ids, finding ids or native key ids to confine the plan to.

    Raises:
        NothingToCheck: ``only`` names nothing that can be rotated.
        UsageError: the plan is larger than the settings allow.
    """
    settled = {
        rotation.request.key_id
        for rotation in desk.store.rotations()
        if rotation.state not in TERMINAL or rotation.state == "closed"
    }
    planned: dict[str, PlannedRotation] = {}
    for ticket in desk.store.tickets():
        request = ticket.rotation
        if request is None or request.key_id in settled or not _may_start(desk, ticket):
            continue
        if only and not {ticket.id, ticket.finding_id, request.native_id} & set(only):
            continue
        known = planned.get(request.key_id)
        if known is None or (request.emergency and not known.request.emergency):
            planned[request.key_id] = _planned(ticket, request)
    if only and not planned:
        raise NothingToCheck(
            "no ticket asks for that rotation, or it is under way or done",
            hint="see: keyproof rotate",
        )
    most = desk.loaded.settings.tickets.max_rotations
    if len(planned) > most:
        raise UsageError(
            f"the plan has {len(planned)} rotations, and {most} are allowed",
            hint="name some of them (--only TICKET), or raise tickets.max_rotations",
        )
    rotations = tuple(sorted(planned.values(), key=lambda one: one.ticket))
    plan = RotationPlan(created_at=desk.clock.now(), rotations=rotations)
    return replace(plan, digest=digest(plan))


def _planned(ticket: Ticket, request: RotationRequest) -> PlannedRotation:
    return PlannedRotation(
        ticket=ticket.id,
        title=ticket.title,
        approved_by=ticket.approved_by if ticket.state == "approved" else None,
        request=request,
        hash=rotation_hash(request),
    )


def _may_start(desk: Desk, ticket: Ticket) -> bool:
    if ticket.state == "approved":
        return not _begun(desk, ticket, ticket.approved_at)
    return ticket.state == "open" and not _is_shared(desk, ticket)


def _begun(desk: Desk, ticket: Ticket, since: UtcTime | None) -> bool:
    """Tell whether a ticket's request was begun (and finished) since a moment."""
    return any(
        rotation.ticket_id == ticket.id
        and rotation.request == ticket.rotation
        and (since is None or rotation.created_at >= since)
        for rotation in desk.store.rotations()
    )


def _is_shared(desk: Desk, ticket: Ticket) -> bool:
    """Tell whether a ticket's system has approvals of its own; one unknown here may have."""
    if ticket.tracker not in desk.loaded.settings.trackers:
        return True
    module, _ = desk.loaded.adapter("trackers", ticket.tracker)
    return bool(module.SHARED)


def save(plan: RotationPlan) -> bytes:
    """Return the file that ``rotate --apply`` takes."""
    return canonical_json(plan) + b"\n"


def read_plan(path: Path) -> RotationPlan:
    """Return the plan of a file that :func:`save` made.

    Raises:
        UsageError: it cannot be read, is no rotation plan, or was changed since it was saved.
    """
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=RotationPlan)
    except OSError as error:
        raise UsageError(f"cannot read {path} ({error.strerror})") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UsageError("the file is no rotation plan", where=str(path), hint=_AGAIN) from None
    if plan.digest != digest(replace(plan, digest="")):
        raise UsageError("the plan was changed after it was saved", where=str(path), hint=_AGAIN)
    return plan


def apply_plan(desk: Desk, plan: RotationPlan, by: str) -> Iterator[Rotation]:
    """Approve (where the tracker leaves that to this command) and start exactly the plan.

    Every ticket is checked before the first rotation starts; what the plan started already is
    yielded as it stands.

    Raises:
        UsageError: a ticket has changed since the plan was made, or is not approved.
    """
    found = {ticket.id: ticket for ticket in desk.store.tickets()}
    _read_approvals(desk, [found[one.ticket] for one in plan.rotations if one.ticket in found])
    found = {ticket.id: ticket for ticket in desk.store.tickets()}
    ready = [(one, _checked(desk, one, found.get(one.ticket))) for one in plan.rotations]
    for one, ticket in ready:
        begun = _started_by(desk, one, plan)
        if begun is None:
            begun = rotate.start(_approved(desk, ticket, plan, by), deps(desk))
        yield begun


def _read_approvals(desk: Desk, affected: Sequence[Ticket]) -> None:
    """Read the approvals of shared trackers again from the systems themselves."""
    names = {t.tracker for t in affected if t.tracker in desk.loaded.settings.trackers}
    for name in sorted(names):
        module, _ = desk.loaded.adapter("trackers", name)
        if module.SHARED:
            for _synced in tickets.sync(desk, name):
                pass  # each is recorded as it is read


def _checked(desk: Desk, one: PlannedRotation, ticket: Ticket | None) -> Ticket:
    if ticket is None or ticket.rotation is None or ticket.state == "closed":
        raise UsageError(f"the ticket {one.ticket} is closed or asks for nothing now", hint=_AGAIN)
    if one.hash != rotation_hash(one.request) or rotation_hash(ticket.rotation) != one.hash:
        raise UsageError(f"the ticket {one.ticket} asks for another rotation now", hint=_AGAIN)
    if ticket.state != "approved" and _is_shared(desk, ticket):
        raise UsageError(
            f"the ticket {one.ticket} is not approved in {ticket.tracker}",
            hint="approve it there, then: keyproof tickets sync",
        )
    return ticket


def _started_by(desk: Desk, one: PlannedRotation, plan: RotationPlan) -> Rotation | None:
    for rotation in desk.store.rotations():
        same = rotation.ticket_id == one.ticket and rotation.plan_hash == one.hash
        if same and rotation.created_at >= plan.created_at:
            return rotation
    return None


def _approved(desk: Desk, ticket: Ticket, plan: RotationPlan, by: str) -> Ticket:
    """Return the ticket as approved: by its system, by this plan before, or by this plan now."""
    at = ticket.approved_at
    if ticket.state == "approved" and at and (_is_shared(desk, ticket) or at >= plan.created_at):
        return ticket
    assert ticket.rotation is not None
    now = desk.clock.now()
    approved = replace(
        ticket,
        state="approved",
        approved_by=by,
        approved_at=now,
        plan_hash=rotation_hash(ticket.rotation),
        updated_at=now,
    )
    desk.store.put_ticket(approved)
    return approved
