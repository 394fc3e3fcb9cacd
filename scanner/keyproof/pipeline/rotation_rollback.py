"""The way back: the old key first, then the targets, and the new key last."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from keyproof.errors import SourceError, UsageError
from keyproof.model.rotation import TERMINAL, Rotation, RotationState
from keyproof.pipeline.rotation_issue import (
    await_listing,
    delete_key,
    find_orphan,
    with_distribution,
)
from keyproof.pipeline.rotation_reach import Reach, delivery_of
from keyproof.pipeline.rotation_record import Deps, Step, announce, move, needs_person
from keyproof.pipeline.rotation_retire import issuer_time, silent

_TOO_LATE: frozenset[RotationState] = frozenset({"deleting", "deleted"})
_UNPROMOTED: frozenset[RotationState] = frozenset(
    {"creating", "created", "distributing", "distributed", "verifying_new"}
)


def turn_back(rotation: Rotation, deps: Deps, by: str) -> Rotation:
    """Announce the rollback of an unfinished rotation.

    Raises:
        UsageError: it is at its end, on its way back, or its old key is being deleted.
    """
    state = rotation.resume_state or rotation.state
    if rotation.state in TERMINAL:
        raise UsageError(
            f"the rotation {rotation.id} is {rotation.state}: there is no way back",
            hint="plan another one: keyproof rotate plan",
        )
    if state in _TOO_LATE:
        raise UsageError(
            f"the rotation {rotation.id} is deleting its old key: there is no way back",
            hint="rotate again instead: the new key works",
        )
    if state == "rolling_back":
        raise UsageError(
            f"the rotation {rotation.id} is on its way back already",
            hint=f"take it on: keyproof rotate resume {rotation.id}",
        )
    if state == "approved":
        return move(rotation, deps, "cancelled", f"cancelled by {by}: nothing was made")
    wait = timedelta(seconds=0 if state in _UNPROMOTED else rotation.request.overlap_seconds)
    return move(
        rotation,
        deps,
        "rolling_back",
        f"rolled back by {by} from {state}",
        overlap_started_at=None,
        overlap_until=None if state in _UNPROMOTED else deps.clock.now() + wait,
        confirmed_by=None,
    )


def rolling_back(step: Step, reach: Reach, deps: Deps) -> Step:
    """Take the next step back: old key, targets, a wait for consumers, then the new key."""
    rotation = _revive_old(step.rotation, reach, deps)
    rotation = _restore_targets(rotation, reach, deps)
    if rotation.overlap_until is not None:
        if rotation.overlap_started_at is None:
            return Step(_begin_wait(rotation, reach, deps))
        if deps.clock.now() < rotation.overlap_until:
            return Step(rotation)
        new = rotation.new_native_id or ""
        if new in reach.slots() and silent(rotation, new, reach, deps) is None:
            return Step(rotation)
    return Step(_remove_new(rotation, reach, deps))


def _revive_old(rotation: Rotation, reach: Reach, deps: Deps) -> Rotation:
    old = reach.slots().get(rotation.old_native_id)
    if old is None:
        raise needs_person(
            f"the old key {rotation.old_native_id} is gone: there is nothing to go back to",
            "the new key is kept; put it into the targets by hand, or rotate again",
        )
    if old.active:
        return rotation
    if not any(step.state == "deactivating" for step in rotation.steps):
        raise needs_person(
            f"the old key {rotation.old_native_id} was deactivated by somebody else",
            f"reactivate it, then: keyproof rotate resume {rotation.id}",
        )
    rotation = announce(rotation, deps, f"reactivating {rotation.old_native_id}")
    reach.set_active(rotation.old_native_id, active=True)
    now = reach.slots().get(rotation.old_native_id)
    if now is None or not now.active:
        raise SourceError(f"the key {rotation.old_native_id} is not active yet")
    return announce(rotation, deps, f"{rotation.old_native_id} is active again")


def _restore_targets(rotation: Rotation, reach: Reach, deps: Deps) -> Rotation:
    """Point every target at the old key again, having tried that it works where one can give it."""
    if all(d.state == "rolled_back" for d in rotation.distributions):
        return rotation
    promoted = rotation.overlap_until is not None
    old = reach.read_old(rotation) if promoted else None
    if old is not None and not reach.verify(old):
        raise SourceError(
            f"the old key {old.native_id} does not authenticate",
            hint=f"the new key is kept; keyproof rotate resume {rotation.id} tries again",
        )
    for distribution in rotation.distributions:
        if distribution.state == "rolled_back":
            continue
        if distribution.version is not None:
            reach.place(distribution.target).restore(delivery_of(distribution))
        back = replace(distribution, state="rolled_back")
        rotation = announce(
            rotation,
            deps,
            f"{back.target} is as it was",
            distributions=with_distribution(rotation, back),
        )
    return rotation


def _begin_wait(rotation: Rotation, reach: Reach, deps: Deps) -> Rotation:
    seconds, now = rotation.request.overlap_seconds, deps.clock.now()
    return announce(
        rotation,
        deps,
        f"the new key works on for {seconds} s: consumers may hold it",
        overlap_started_at=issuer_time(rotation, reach, now),
        overlap_until=now + timedelta(seconds=seconds),
        attempts=0,
        problem=None,
    )


def _remove_new(rotation: Rotation, reach: Reach, deps: Deps) -> Rotation:
    new = rotation.new_native_id
    if new is None:
        await_listing(rotation, deps)
        new = find_orphan(rotation, reach, reach.slots(), deps)
    if new is not None:
        rotation = announce(rotation, deps, f"deleting the new key {new}")
        delete_key(reach, new)
    return move(rotation, deps, "rolled_back", "as it was before")
