"""From ``approved`` to a proven new key: make it, stage it, verify it, and nothing by halves.

The value of a new key lives only in the process that made it and in the targets. So these steps
hand it on within one call; what a dead process leaves behind is either read back from a target or,
where no target has it, deleted and made anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from keyproof.errors import KeyproofError, SourceError, StoreError
from keyproof.model.rotation import Distribution, Rotation
from keyproof.pipeline.rotation_reach import Reach, delivery_of, stage_token
from keyproof.pipeline.rotation_record import Deps, Step, announce, move, needs_person
from keyproof.ports.rotator import Delivery, IssuedKey, Slot

_STAGE_WAITS = (1, 2)
_ASKING = "asking the issuer for a new key"


def approved(step: Step, reach: Reach, deps: Deps) -> Step:
    """Check the slots, then make a new key."""
    rotation = step.rotation
    slots = reach.slots()
    old = slots.get(rotation.old_native_id)
    if old is None or not old.active:
        raise needs_person(
            f"the key {rotation.old_native_id} is {'inactive' if old else 'gone'} already",
            f"nothing was changed; cancel with: keyproof rotate rollback {rotation.id}",
        )
    if len(slots) >= reach.most_keys:
        return _free_slot(rotation, slots, reach, deps)
    return _create(rotation, slots, reach, deps)


def _free_slot(rotation: Rotation, slots: Mapping[str, Slot], reach: Reach, deps: Deps) -> Step:
    """Delete an inactive key that a person has released, else ask for one."""
    idle = [slot.native_id for slot in slots.values() if not slot.active]
    for native_id in idle:
        if native_id in rotation.released_native_ids:
            rotation = announce(rotation, deps, f"deleting {native_id}: inactive and released")
            delete_key(reach, native_id)
            return Step(announce(rotation, deps, f"deleted {native_id}: a slot is free"))
    taken = ", ".join(sorted(slots.keys() - {rotation.old_native_id}))
    problem = f"the principal has {len(slots)} keys, all that its issuer allows; beside: {taken}"
    if idle:
        raise needs_person(
            problem,
            f"{idle[0]} is inactive; if nobody needs it: "
            f"keyproof rotate confirm {rotation.id} --by NAME --delete {idle[0]}",
        )
    raise needs_person(
        problem,
        f"find who uses the other key and deactivate it; then: keyproof rotate resume {rotation.id}",
    )


def delete_key(reach: Reach, native_id: str) -> None:
    """Delete a key and read that back.

    Raises:
        SourceError: it is still listed.
    """
    reach.delete(native_id)
    if native_id in reach.slots():
        raise SourceError(f"the key {native_id} is still listed after its deletion")


def _create(rotation: Rotation, slots: Mapping[str, Slot], reach: Reach, deps: Deps) -> Step:
    """Announce, make the key, record its id. A key that cannot be recorded is deleted again."""
    if _made_in_vain(rotation) >= deps.limits.creations:
        raise needs_person(
            "new keys were made again and again, and none reached a target",
            f"mend the targets, then: keyproof rotate resume {rotation.id}",
        )
    rotation = move(
        rotation,
        deps,
        "creating",
        f"{_ASKING} beside {len(slots)}",
        known_native_ids=tuple(sorted(slots)),
        attempts=rotation.attempts,
        problem=rotation.problem,
    )
    key = reach.create()
    try:
        rotation = move(
            rotation, deps, "created", f"made {key.native_id}", new_native_id=key.native_id
        )
    except StoreError:
        with contextlib.suppress(KeyproofError):
            reach.delete(key.native_id)
        raise
    return Step(rotation, key)


def _made_in_vain(rotation: Rotation) -> int:
    """Count the keys made since a person last looked."""
    states = [step.state for step in rotation.steps]
    while "needs_attention" in states:
        states = states[states.index("needs_attention") + 1 :]
    return states.count("created")


def creating(step: Step, reach: Reach, deps: Deps) -> Step:
    """Go on after a create whose answer was lost: delete what it made, then make it again."""
    rotation = step.rotation
    await_listing(rotation, deps)
    slots = reach.slots()
    orphan = find_orphan(rotation, reach, slots, deps)
    if orphan is None:
        return _create(rotation, slots, reach, deps)
    rotation = announce(rotation, deps, f"deleting {orphan}: made here, its value was lost")
    delete_key(reach, orphan)
    return Step(announce(rotation, deps, f"deleted {orphan}"))


def await_listing(rotation: Rotation, deps: Deps) -> None:
    """Sleep until the issuer's list shows what the last request made, answered or not."""
    asked = [s.at for s in rotation.steps if s.state == "created" or s.detail.startswith(_ASKING)]
    if asked:
        shown = asked[-1] + timedelta(seconds=deps.limits.settle)
        wait = (shown - deps.clock.now()).total_seconds()
        if wait > 0:
            deps.clock.sleep(wait)


def find_orphan(
    rotation: Rotation, reach: Reach, slots: Mapping[str, Slot], deps: Deps
) -> str | None:
    """Return the one key that this rotation made and lost, if there is one.

    Ours is what a person or an earlier step released, else a single unknown key, never used and
    dated within ``limits.window`` of a request of ours that was not answered.

    Raises:
        RotationError: a key is there that may be somebody else's.
    """
    unknown = [slot for slot in slots.values() if slot.native_id not in rotation.known_native_ids]
    for slot in unknown:
        if slot.native_id in rotation.released_native_ids:
            return slot.native_id
    if not unknown:
        return None
    first = unknown[0].native_id
    ours = len(unknown) == 1 and _made_by_us(rotation, unknown[0], deps)
    if ours and reach.last_use(first).state != "known":
        return first
    confirm = f"keyproof rotate confirm {rotation.id} --by NAME"
    raise needs_person(
        f"the key {first} appeared while a new one was asked for, and may be somebody else's",
        f"look whose it is; then {confirm} --keep {first}, or --delete {first} if it is nobody's",
    )


def _made_by_us(rotation: Rotation, slot: Slot, deps: Deps) -> bool:
    if slot.created_at is None or not slot.active:
        return False
    window = timedelta(seconds=deps.limits.window)
    return any(abs(slot.created_at - at) <= window for at in unanswered(rotation))


def unanswered(rotation: Rotation) -> list[datetime]:
    """Return when new keys were asked for without an answer that was recorded."""
    following = [step.state for step in rotation.steps[1:]] + [None]
    return [
        step.at
        for step, after in zip(rotation.steps, following, strict=True)
        if step.detail.startswith(_ASKING) and after != "created"
    ]


def created(step: Step, _reach: Reach, deps: Deps) -> Step:
    """Announce every target with the token under which it will hold the key."""
    rotation = step.rotation
    distributions = tuple(
        Distribution(target=name, version=stage_token(rotation, name))
        for name in rotation.request.targets
    )
    if not distributions:
        raise needs_person(
            "the request names no target", "name one in keyproof.yaml, and approve again"
        )
    detail = "staging into " + ", ".join(rotation.request.targets)
    rotation = move(rotation, deps, "distributing", detail, distributions=distributions)
    return Step(rotation, step.held)


def distributing(step: Step, reach: Reach, deps: Deps) -> Step:
    """Stage the key into each target that does not hold it yet."""
    rotation = step.rotation
    key = step.held or reach.read_new(rotation)
    if key is None:
        return _discard(rotation, reach, deps)
    for distribution in rotation.distributions:
        if distribution.state != "pending":
            continue
        token = stage_token(rotation, distribution.target)
        delivery = _stage(reach, distribution.target, key, token, deps)
        staged = replace(
            distribution,
            version=delivery.version,
            previous_version=delivery.previous_version,
            state="staged",
        )
        detail = f"staged in {staged.target}"
        distributions = with_distribution(rotation, staged)
        rotation = move(rotation, deps, "distributing", detail, distributions=distributions)
    return Step(move(rotation, deps, "distributed", "every target holds the new key"), key)


def _stage(reach: Reach, target: str, key: IssuedKey, token: str, deps: Deps) -> Delivery:
    """Stage with patience: giving up here means making another key."""
    place = reach.place(target)
    for wait in _STAGE_WAITS:
        try:
            return place.stage(key, token)
        except SourceError:
            deps.clock.sleep(wait)
    return place.stage(key, token)


def with_distribution(rotation: Rotation, changed: Distribution) -> tuple[Distribution, ...]:
    """Return the rotation's distributions with one replaced."""
    return tuple(changed if d.target == changed.target else d for d in rotation.distributions)


def _discard(rotation: Rotation, reach: Reach, deps: Deps) -> Step:
    """Give up a new key whose value no target holds: unstage it, delete it, start again."""
    for distribution in rotation.distributions:
        if distribution.version is not None and distribution.state != "current":
            reach.place(distribution.target).restore(delivery_of(distribution))
    lost = rotation.new_native_id or ""
    return Step(
        move(
            rotation,
            deps,
            "creating",
            f"{lost} is to be deleted: its value was lost before a target held it",
            new_native_id=None,
            released_native_ids=(*rotation.released_native_ids, lost),
            distributions=(),
        )
    )


def distributed(step: Step, _reach: Reach, deps: Deps) -> Step:
    """Announce the verification."""
    detail = "trying the new key before any consumer reads it"
    return Step(move(step.rotation, deps, "verifying_new", detail), step.held)


def verifying_new(step: Step, reach: Reach, deps: Deps) -> Step:
    """Try the new key until the issuer knows it everywhere; then announce its promotion.

    A key that never authenticates is taken back: no consumer has seen it.
    """
    rotation = step.rotation
    key = step.held or reach.read_new(rotation)
    if key is None:
        return _discard(rotation, reach, deps)
    for attempt in range(deps.limits.verifications):
        if attempt:
            deps.clock.sleep(2 ** (attempt - 1))
        if _authenticates(reach, key, last=attempt == deps.limits.verifications - 1):
            detail = "the new key authenticates; making it current in every target"
            return Step(move(rotation, deps, "overlap", detail, overlap_started_at=None))
    raise SourceError(
        f"the new key {key.native_id} does not authenticate as {rotation.request.principal}",
        hint=f"the old key still works; keyproof rotate resume {rotation.id}, or rollback",
    )


def _authenticates(reach: Reach, key: IssuedKey, *, last: bool) -> bool:
    try:
        return reach.verify(key)
    except SourceError:
        if last:
            raise
        return False
