"""Rotation: one run of create → distribute → verify → overlap → deactivate → delete."""

from __future__ import annotations

from typing import Literal

from keyproof.model.record import Document, UtcTime
from keyproof.model.ticket import RotationRequest

RotationState = Literal[
    "approved",
    "creating",
    "created",
    "distributing",
    "distributed",
    "verifying_new",
    "overlap",
    "draining",
    "deactivating",
    "deactivated",
    "soak",
    "deleting",
    "deleted",
    "closed",
    "rolling_back",
    "rolled_back",
    "needs_attention",
    "cancelled",
]
TERMINAL: frozenset[RotationState] = frozenset({"closed", "rolled_back", "cancelled"})


class RotationStep(Document, frozen=True, kw_only=True):
    """One recorded transition: written before the external call that it announces."""

    at: UtcTime
    state: RotationState
    detail: str


class Distribution(Document, frozen=True, kw_only=True):
    """How far one target has got, by version ids: never a value."""

    target: str
    version: str | None = None
    previous_version: str | None = None
    state: Literal["pending", "staged", "current", "rolled_back"] = "pending"


class Rotation(Document, frozen=True, kw_only=True):
    """The persisted state of one rotation. ``version`` is its compare-and-set counter.

    Attributes:
        known_native_ids: the principal's keys before the new one was asked for.
        released_native_ids: keys that may be deleted: made here with a value that was lost, or
            named by a person.
        overlap_started_at: when every target served the new key, by the issuer's clock.
        confirmed_by: who stated that the key to be retired is out of use.
    """

    id: str
    ticket_id: str | None = None
    version: int = 0
    request: RotationRequest
    plan_hash: str
    approved_by: str
    state: RotationState
    resume_state: RotationState | None = None
    old_native_id: str
    new_native_id: str | None = None
    known_native_ids: tuple[str, ...] = ()
    released_native_ids: tuple[str, ...] = ()
    confirmed_by: str | None = None
    distributions: tuple[Distribution, ...] = ()
    overlap_started_at: UtcTime | None = None
    overlap_until: UtcTime | None = None
    old_last_used_at: UtcTime | None = None
    soak_until: UtcTime | None = None
    attempts: int = 0
    problem: str | None = None
    steps: tuple[RotationStep, ...] = ()
    created_at: UtcTime
    updated_at: UtcTime
