"""From ``overlap`` to ``closed``: consumers move over, then the old key goes, slowly.

Nothing here acts on the old key before the new one is verified and current in every target, and
deletion, which nothing can undo, comes last.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from keyproof.errors import RotationError, SourceError
from keyproof.model.rotation import Rotation
from keyproof.pipeline.rotation_issue import (
    delete_key,
    find_orphan,
    unanswered,
    with_distribution,
)
from keyproof.pipeline.rotation_reach import Reach, delivery_of
from keyproof.pipeline.rotation_record import Deps, Step, announce, entered_at, move, needs_person
from keyproof.ports.rotator import Slot


def overlap(step: Step, reach: Reach, deps: Deps) -> Step:
    """Make the new key current everywhere, then let both keys live for the overlap."""
    rotation = step.rotation
    if rotation.overlap_started_at is None:
        return _promote(rotation, reach, deps)
    if deps.clock.now() < (rotation.overlap_until or deps.clock.now()):
        return step
    return Step(move(rotation, deps, "draining", "looking whether the old key is still used"))


def _promote(rotation: Rotation, reach: Reach, deps: Deps) -> Step:
    for distribution in rotation.distributions:
        if distribution.state == "staged":
            reach.place(distribution.target).promote(delivery_of(distribution))
            rotation = announce(
                rotation,
                deps,
                f"{distribution.target} serves the new key",
                distributions=with_distribution(rotation, replace(distribution, state="current")),
            )
    rotation = _delete_second(rotation, reach, deps)
    if rotation.request.emergency:
        return Step(_leave(rotation, reach, deps, "emergency: no overlap; deactivating"))
    seconds = rotation.request.overlap_seconds
    started = issuer_time(rotation, reach, deps.clock.now())
    return Step(
        move(
            rotation,
            deps,
            "overlap",
            f"both keys work for {seconds} s; consumers take up the new one",
            overlap_started_at=started,
            overlap_until=deps.clock.now() + timedelta(seconds=seconds),
        )
    )


def _delete_second(rotation: Rotation, reach: Reach, deps: Deps) -> Rotation:
    """Delete a key of ours that an issuer's list showed too late to be seen in ``creating``."""
    if not unanswered(rotation):
        return rotation
    slots = dict(reach.slots())
    slots.pop(rotation.new_native_id or "", None)
    try:
        second = find_orphan(rotation, reach, slots, deps)
    except RotationError:
        return rotation  # perhaps somebody else's: it is left alone
    if second is None:
        return rotation
    rotation = announce(rotation, deps, f"deleting {second}: made here twice")
    delete_key(reach, second)
    return rotation


def issuer_time(rotation: Rotation, reach: Reach, moment: datetime) -> datetime:
    """Return ``moment`` by the issuer's clock, never later than it truly is.

    The new key's creation is dated by both clocks; from there on both run alike. The issuer made
    the key before we recorded it, so adding our elapsed time gives a lower bound.

    Raises:
        SourceError: the issuer does not list the new key (yet).
    """
    slot = reach.slots().get(rotation.new_native_id or "")
    if slot is None:
        raise SourceError(f"the issuer does not list the new key {rotation.new_native_id}")
    recorded = entered_at(rotation, "created")
    if slot.created_at is None or recorded is None:
        return moment
    return slot.created_at + (moment - recorded)


def draining(step: Step, reach: Reach, deps: Deps) -> Step:
    """Wait for evidence that nobody uses the old key, and then announce its deactivation."""
    rotation = step.rotation
    verdict = silent(rotation, rotation.old_native_id, reach, deps)
    if verdict is None:
        return step
    return Step(_leave(rotation, reach, deps, f"deactivating the old key: {verdict}"))


def silent(rotation: Rotation, native_id: str, reach: Reach, deps: Deps) -> str | None:
    """Return why a key counts as out of use; ``None`` while it is still in use.

    Raises:
        RotationError: the issuer cannot say, or the key is in use beyond the longest wait.
    """
    if rotation.confirmed_by:
        return f"{rotation.confirmed_by} confirmed that it is out of use"
    use = reach.last_use(native_id)
    confirm = f"keyproof rotate confirm {rotation.id} --by NAME"
    if use.state == "never":
        return "it was never used"
    if use.state != "known" or use.at is None:
        raise needs_person(
            f"the issuer does not tell when {native_id} was last used",
            f"ask its consumers whether they have moved over; then: {confirm}",
        )
    started, until = rotation.overlap_started_at, rotation.overlap_until
    assert started is not None
    assert until is not None
    if use.at <= started:
        return f"its last use ({use.at:%Y-%m-%d %H:%M:%S}) was before the overlap began"
    overlap_length = timedelta(seconds=rotation.request.overlap_seconds)
    issuer_now = started + (deps.clock.now() - (until - overlap_length))
    if issuer_now - use.at >= max(overlap_length, timedelta(seconds=deps.limits.quiet)):
        return f"it has been silent since {use.at:%Y-%m-%d %H:%M:%S}"
    if deps.clock.now() >= until + timedelta(seconds=deps.limits.drain):
        raise needs_person(
            f"{native_id} is still in use ({use.at:%Y-%m-%d %H:%M:%S})",
            f"find the consumer that has not moved over; then: keyproof rotate resume "
            f"{rotation.id}, or {confirm}",
        )
    return None


def _leave(rotation: Rotation, reach: Reach, deps: Deps, detail: str) -> Rotation:
    """Announce the deactivation, if the new key demonstrably works in every target."""
    if not rotation.distributions or any(d.state != "current" for d in rotation.distributions):
        raise needs_person(
            "a target does not serve the new key", f"keyproof rotate resume {rotation.id}"
        )
    _require_new(rotation, reach.slots())
    key = reach.read_new(rotation)
    if key is not None and not reach.verify(key):
        raise SourceError(
            "the new key does not authenticate any more, so the old one stays",
            hint=f"keyproof rotate rollback {rotation.id}",
        )
    return move(rotation, deps, "deactivating", detail)


def _require_new(rotation: Rotation, slots: Mapping[str, Slot]) -> None:
    """Insist that the issuer lists the new key as active; a list may lag, so absence is retried."""
    new, back = rotation.new_native_id, f"keyproof rotate rollback {rotation.id}"
    slot = slots.get(new or "")
    if slot is None:
        hint = f"the old key is kept; if the new one stays away: {back}"
        raise SourceError(f"the issuer does not list the new key {new}", hint=hint)
    if not slot.active:
        raise needs_person(
            f"somebody deactivated the new key {new}", f"the old one is kept; {back}"
        )


def deactivating(step: Step, reach: Reach, deps: Deps) -> Step:
    """Deactivate the old key and read that back."""
    rotation, slots = step.rotation, reach.slots()
    old = slots.get(rotation.old_native_id)
    if old is None:
        detail = f"{rotation.old_native_id} is gone: somebody else deleted it"
        return Step(move(rotation, deps, "deleted", detail))
    if old.active:
        _require_new(rotation, slots)
        reach.set_active(rotation.old_native_id, active=False)
        now = reach.slots().get(rotation.old_native_id)
        if now is not None and now.active:
            raise SourceError(f"the key {rotation.old_native_id} is still active")
    return Step(move(rotation, deps, "deactivated", "the old key is inactive; it can come back"))


def deactivated(step: Step, _reach: Reach, deps: Deps) -> Step:
    """Begin the soak."""
    seconds = step.rotation.request.soak_seconds
    until = deps.clock.now() + timedelta(seconds=seconds)
    detail = f"waiting {seconds} s for anybody who misses the old key"
    return Step(move(step.rotation, deps, "soak", detail, soak_until=until))


def soak(step: Step, reach: Reach, deps: Deps) -> Step:
    """After the soak, announce the deletion, unless somebody wanted the old key back."""
    rotation = step.rotation
    if deps.clock.now() < (rotation.soak_until or deps.clock.now()):
        return step
    slots = reach.slots()
    _require_inactive(rotation, slots)
    _require_new(rotation, slots)
    return Step(move(rotation, deps, "deleting", f"deleting {rotation.old_native_id}"))


def _require_inactive(rotation: Rotation, slots: Mapping[str, Slot]) -> None:
    old = slots.get(rotation.old_native_id)
    if old is not None and old.active:
        raise needs_person(
            f"somebody reactivated the old key {rotation.old_native_id}",
            "find the consumer that needs it; then deactivate it and "
            f"keyproof rotate resume {rotation.id}, or rollback",
        )


def deleting(step: Step, reach: Reach, deps: Deps) -> Step:
    """Delete the old key and read that back."""
    rotation, slots = step.rotation, reach.slots()
    _require_inactive(rotation, slots)
    if rotation.old_native_id in slots:
        _require_new(rotation, slots)
        delete_key(reach, rotation.old_native_id)
    return Step(move(rotation, deps, "deleted", f"{rotation.old_native_id} is gone"))


def deleted(step: Step, _reach: Reach, deps: Deps) -> Step:
    """Close the rotation."""
    return Step(move(step.rotation, deps, "closed", "rotated"))
