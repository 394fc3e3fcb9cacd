"""What steps share: the limits, the write-ahead record, and when a rotation is due again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from keyproof.errors import KeyproofError, RotationError
from keyproof.model.rotation import TERMINAL, Rotation, RotationState, RotationStep
from keyproof.model.ticket import RotationRequest
from keyproof.pipeline.rotation_reach import Reach
from keyproof.ports.context import Clock
from keyproof.ports.rotator import IssuedKey
from keyproof.ports.store import Store


class Limits(NamedTuple):
    """Bounds of a rotation. Times are seconds.

    Attributes:
        attempts: how often one failing step is tried before a person is asked.
        creations: how many keys one rotation may make before a person is asked.
        verifications: how often the new key is tried in one step, waiting 1, 2, 4 … seconds.
        lease: how long a dead process keeps others from its principal.
        settle: how long an issuer's list may lag behind a call whose answer was lost.
        window: how far from our request, by two clocks, a key may be dated to count as made by it.
        poll: how often a waiting rotation looks again.
        quiet: the least silence that shows an old key to be out of use, once it was used again.
        drain: how long after the overlap a key still in use is waited for.
        rotations: how many rotations may be unfinished at once.
        approval_days: how long an approval holds.
    """

    attempts: int = 5
    creations: int = 3
    verifications: int = 6
    lease: int = 120
    settle: int = 10
    window: int = 120
    poll: int = 900
    quiet: int = 3600
    drain: int = 14 * 86400
    rotations: int = 10
    approval_days: int = 30


class Deps(NamedTuple):
    """What the rotation engine works with. ``reach`` opens the issuer and targets of a request.

    ``written`` notes what a running step has persisted, so that its failure is recorded on top of
    that and never on top of what another process wrote.
    """

    store: Store
    clock: Clock
    reach: Callable[[RotationRequest], Reach]
    limits: Limits = Limits()
    written: list[Rotation] | None = None


class Step(NamedTuple):
    """A rotation as persisted, and the new key while its value is still to be distributed."""

    rotation: Rotation
    held: IssuedKey | None = None


Handler = Callable[[Step, Reach, Deps], Step]


def move(
    rotation: Rotation, deps: Deps, state: RotationState, detail: str, **changes: Any
) -> Rotation:
    """Persist a transition before the call that it announces.

    Raises:
        StoreError: another process was faster, or the store failed: nothing may be called.
    """
    now = deps.clock.now()
    step = RotationStep(at=now, state=state, detail=detail)
    fields: dict[str, Any] = {"attempts": 0, "problem": None, "resume_state": None, **changes}
    moved = replace(
        rotation,
        version=rotation.version + 1,
        state=state,
        updated_at=now,
        steps=(*rotation.steps, step),
        **fields,
    )
    deps.store.update_rotation(moved)
    if deps.written is not None:
        deps.written.append(moved)
    return moved


def announce(rotation: Rotation, deps: Deps, detail: str, **changes: Any) -> Rotation:
    """Persist what is about to be called within a state; failed attempts stay counted."""
    kept = {"attempts": rotation.attempts, "problem": rotation.problem}
    return move(rotation, deps, rotation.state, detail, **{**kept, **changes})


def needs_person(problem: str, hint: str) -> RotationError:
    """Return what a step raises where only a person can go on: it becomes ``needs_attention``."""
    return RotationError(problem, hint=hint)


def ask(rotation: Rotation, deps: Deps, error: KeyproofError) -> Rotation:
    """Persist that a person is needed, why, and where the rotation will go on."""
    problem = f"{error}; {error.hint}" if error.hint else str(error)
    return move(
        rotation, deps, "needs_attention", problem, problem=problem, resume_state=rotation.state
    )


def again(rotation: Rotation, deps: Deps, error: KeyproofError) -> Rotation:
    """Persist a failed attempt; after the last one a person is needed."""
    attempts = rotation.attempts + 1
    if attempts >= deps.limits.attempts:
        hint = error.hint or "mend the cause, then: keyproof rotate resume " + rotation.id
        last = RotationError(f"{error} ({attempts} attempts)", hint=hint)
        return ask(rotation, deps, last)
    detail = f"attempt {attempts} failed: {error}"
    return move(rotation, deps, rotation.state, detail, attempts=attempts, problem=str(error))


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts: 10 s doubling to 5 minutes."""
    return timedelta(seconds=min(300, 5 * 2**attempts))


def due_at(rotation: Rotation, limits: Limits) -> datetime | None:
    """Return when a rotation can next move on; ``None`` if it is at its end or needs a person."""
    if rotation.state in TERMINAL or rotation.state == "needs_attention":
        return None
    if rotation.attempts:
        return rotation.updated_at + backoff(rotation.attempts)
    if rotation.state == "soak" and rotation.soak_until:
        return rotation.soak_until
    waits = rotation.state in {"overlap", "rolling_back"} and rotation.overlap_started_at
    if waits and rotation.overlap_until:
        return rotation.overlap_until
    return rotation.updated_at


def entered_at(rotation: Rotation, *states: RotationState) -> datetime | None:
    """Return when one of ``states`` was last recorded."""
    return next((step.at for step in reversed(rotation.steps) if step.state in states), None)
