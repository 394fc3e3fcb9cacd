"""Rotate: takes approved rotations on, step by step, through crashes and two processes at once.

Each step persists what it is about to do (compare-and-set) before it calls anybody, so that
whatever kills the process, the next one reads where it stood. One lease per principal keeps two
processes apart; where a lease ran out, the compare-and-set does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from keyproof.errors import KeyproofError, RotationError, SourceError, StoreError, UsageError
from keyproof.model.record import record_id
from keyproof.model.rotation import Rotation, RotationState, RotationStep
from keyproof.model.ticket import RotationRequest, Ticket, rotation_hash
from keyproof.pipeline import rotation_issue, rotation_retire, rotation_rollback
from keyproof.pipeline.rotation_record import Deps, Handler, Step, again, ask, due_at, move

HANDLERS: Mapping[RotationState, Handler] = {
    "approved": rotation_issue.approved,
    "creating": rotation_issue.creating,
    "created": rotation_issue.created,
    "distributing": rotation_issue.distributing,
    "distributed": rotation_issue.distributed,
    "verifying_new": rotation_issue.verifying_new,
    "overlap": rotation_retire.overlap,
    "draining": rotation_retire.draining,
    "deactivating": rotation_retire.deactivating,
    "deactivated": rotation_retire.deactivated,
    "soak": rotation_retire.soak,
    "deleting": rotation_retire.deleting,
    "deleted": rotation_retire.deleted,
    "rolling_back": rotation_rollback.rolling_back,
}
_DRAINS = frozenset({"draining", "rolling_back"})
_BUSY_SECONDS = 5


def start(ticket: Ticket, deps: Deps, *, approvers: frozenset[str] = frozenset()) -> Rotation:
    """Record the rotation that an approved ticket asks for; nothing is called yet.

    Starting the same approval again returns the rotation that it started.

    Args:
        approvers: who may approve; empty means everybody whom the ticket system names.

    Raises:
        UsageError: the ticket is not approved for exactly this, or too much is under way.
    """
    request = _approved_request(ticket, deps, approvers)
    assert ticket.approved_by
    now = deps.clock.now()
    rotation = Rotation(
        id=record_id("r", ticket.id, rotation_hash(request), str(ticket.approved_at)),
        ticket_id=ticket.id,
        request=request,
        plan_hash=rotation_hash(request),
        approved_by=ticket.approved_by,
        state="approved",
        old_native_id=request.native_id,
        steps=(RotationStep(at=now, state="approved", detail=f"by {ticket.approved_by}"),),
        created_at=now,
        updated_at=now,
    )
    stored = deps.store.rotation(rotation.id)
    if stored is not None:
        return stored
    unfinished = deps.store.rotations(unfinished=True)
    if len(unfinished) >= deps.limits.rotations:
        raise UsageError(
            f"{len(unfinished)} rotations are unfinished, as many as may be",
            hint="finish those (keyproof rotate), or raise tickets.max_rotations",
        )
    if not deps.store.start_rotation(rotation):
        raise UsageError(
            f"the key {request.native_id} is being rotated already",
            hint="see: keyproof rotate",
        )
    return rotation


def _approved_request(ticket: Ticket, deps: Deps, approvers: frozenset[str]) -> RotationRequest:
    request, by, at = ticket.rotation, ticket.approved_by, ticket.approved_at
    if request is None:
        raise UsageError(f"the ticket {ticket.id} asks for no rotation")
    if ticket.state != "approved" or not by or at is None:
        raise UsageError(
            f"the ticket {ticket.id} is not approved",
            hint="approve it where it is kept, then: keyproof tickets sync",
        )
    if approvers and by not in approvers:
        raise UsageError(
            f"the ticket {ticket.id} is approved by {by}, who may not approve rotations"
        )
    if ticket.plan_hash != rotation_hash(request):
        raise UsageError(
            f"the ticket {ticket.id} was approved for another plan",
            hint="have it approved again: keyproof tickets",
        )
    if deps.clock.now() - at > timedelta(days=deps.limits.approval_days):
        raise UsageError(
            f"the approval of ticket {ticket.id} is older than {deps.limits.approval_days} days",
            hint="have it approved again",
        )
    return request


def advance(rotation: Rotation, deps: Deps) -> Rotation:
    """Take one step, or the run of steps that carries a new key's value into its targets.

    Returns the rotation as stored: unchanged where it must wait or another process works on its
    principal.

    Raises:
        StoreError: the step could not be recorded; nothing was called after that.
    """
    with _lease(rotation, deps) as mine:
        stored = _stored(rotation, deps)
        if not mine or stored.state not in HANDLERS:
            return stored
        return _steps(stored, deps)


def _lease(rotation: Rotation, deps: Deps) -> AbstractContextManager[bool]:
    request = rotation.request
    return deps.store.lease(f"rotate/{request.source}/{request.principal}", deps.limits.lease)


def _stored(rotation: Rotation, deps: Deps) -> Rotation:
    stored = deps.store.rotation(rotation.id)
    if stored is None:
        raise UsageError(f"there is no rotation {rotation.id}", hint="see: keyproof rotate")
    return stored


def _steps(rotation: Rotation, deps: Deps) -> Rotation:
    reach = deps.reach(rotation.request)
    written = [rotation]
    deps = deps._replace(written=written)
    step = Step(rotation)
    try:
        step = HANDLERS[rotation.state](step, reach, deps)
        while step.held is not None:
            step = HANDLERS[step.rotation.state](step, reach, deps)
    except StoreError:
        raise
    except KeyproofError as error:
        if isinstance(error, SourceError):
            return again(written[-1], deps, error)
        return ask(written[-1], deps, error)
    return step.rotation


def run_until(rotation: Rotation, deps: Deps, deadline: datetime) -> Rotation:
    """Take steps while they are due by ``deadline``, sleeping in between; return where it stands.

    A principal that another process works on is looked at every few seconds.
    """
    while (due := due_at(rotation, deps.limits)) is not None and due <= deadline:
        wait = (due - deps.clock.now()).total_seconds()
        if wait > 0:
            deps.clock.sleep(wait)
        moved = advance(rotation, deps)
        if moved.version == rotation.version:
            pause = deps.limits.poll if _waits(moved) else _BUSY_SECONDS
            if deps.clock.now() + timedelta(seconds=pause) > deadline:
                return moved
            deps.clock.sleep(pause)
        rotation = moved
    return rotation


def _waits(rotation: Rotation) -> bool:
    """Tell whether a step that changed nothing was waiting for evidence, not for a lease."""
    return rotation.state == "draining" or rotation.overlap_started_at is not None


def roll_back(rotation: Rotation, deps: Deps, by: str) -> Rotation:
    """Turn an unfinished rotation back. See :func:`rotation_rollback.turn_back`."""
    with _exclusively(rotation, deps) as stored:
        return rotation_rollback.turn_back(stored, deps, by)


@contextlib.contextmanager
def _exclusively(rotation: Rotation, deps: Deps) -> Iterator[Rotation]:
    """Yield the rotation as stored, with its principal to ourselves."""
    with _lease(rotation, deps) as mine:
        if not mine:
            raise RotationError(
                f"another process works on {rotation.request.principal}",
                hint=f"try again; a dead one is waited for {deps.limits.lease} s at most",
            )
        yield _stored(rotation, deps)


def take_up(rotation: Rotation, deps: Deps, by: str) -> Rotation:
    """Let a rotation that needed attention go on where it stopped."""
    with _exclusively(rotation, deps) as stored:
        if stored.state != "needs_attention" or stored.resume_state is None:
            return stored
        return move(stored, deps, stored.resume_state, f"taken up again by {by}")


def confirm(
    rotation: Rotation, deps: Deps, by: str, *, delete: str | None = None, keep: str | None = None
) -> Rotation:
    """Record a person's statement, and go on where the rotation stopped.

    Args:
        delete: a key that nobody needs and that may be deleted.
        keep: a key that is somebody else's.

    With neither, the statement is that the key to be retired is out of use.

    Raises:
        UsageError: the rotation asked no such question.
        RotationError: another process works on its principal.
    """
    with _exclusively(rotation, deps) as stored:
        if stored.state != "needs_attention" or stored.resume_state is None:
            raise UsageError(
                f"the rotation {stored.id} asks for no confirmation",
                hint=f"where it stands: keyproof rotate show {stored.id}",
            )
        if delete or keep:
            return _release(stored, stored.resume_state, deps, by, delete, keep)
        if stored.resume_state not in _DRAINS or stored.overlap_started_at is None:
            raise UsageError(
                f"the rotation {stored.id} does not ask whether a key is out of use",
                hint=stored.problem,
            )
        detail = f"{by} confirms that the key to be retired is out of use"
        return move(stored, deps, stored.resume_state, detail, confirmed_by=by)


def _release(
    rotation: Rotation,
    state: RotationState,
    deps: Deps,
    by: str,
    delete: str | None,
    keep: str | None,
) -> Rotation:
    named = delete or keep or ""
    if state not in {"approved", "creating", "rolling_back"}:
        raise UsageError(f"the rotation {rotation.id} asks about no key", hint=rotation.problem)
    if named in {rotation.old_native_id, rotation.new_native_id}:
        raise UsageError(f"{named} is the key that this rotation is about")
    if delete:
        released = (*rotation.released_native_ids, delete)
        detail = f"{by} confirms that {delete} may be deleted"
        return move(rotation, deps, state, detail, released_native_ids=released)
    known = tuple(sorted({*rotation.known_native_ids, named}))
    return move(rotation, deps, state, f"{by} confirms that {named} stays", known_native_ids=known)
