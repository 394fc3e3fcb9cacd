"""Ticket: one piece of remediation work in a tracker; Plan: what would be done, and its hash."""

from __future__ import annotations

from typing import Literal

from keyproof.model.policy import Severity
from keyproof.model.record import Document, UtcTime, digest


class RotationRequest(Document, frozen=True, kw_only=True):
    """What an approved ticket starts: which key, by which driver, into which targets."""

    key_id: str
    native_id: str
    rotator: str
    source: str
    principal: str
    targets: tuple[str, ...]
    emergency: bool = False
    overlap_seconds: int
    soak_seconds: int


class Ticket(Document, frozen=True, kw_only=True):
    """A ticket as the store keeps it. ``finding_id`` makes it one per finding, for ever."""

    id: str
    tracker: str
    finding_id: str
    title: str
    severity: Severity
    state: Literal["open", "approved", "closed"]
    url: str | None = None
    external_id: str | None = None
    plan_hash: str | None = None
    approved_by: str | None = None
    approved_at: UtcTime | None = None
    rotation: RotationRequest | None = None
    opened_at: UtcTime
    updated_at: UtcTime
    body_digest: str


class TicketAction(Document, frozen=True, kw_only=True):
    """One step of a ticket plan.

    ``body_digest`` decides whether a ticket is out of date: numbers that only count the days are
    left out of it.
    """

    action: Literal["open", "update", "close"]
    tracker: str
    finding_id: str
    title: str
    severity: Severity
    body: str
    reason: str
    external_id: str | None = None
    rotation: RotationRequest | None = None
    body_digest: str = ""


class TicketPlan(Document, frozen=True, kw_only=True):
    """Exactly what ``--apply`` will do; the hash binds an approval to it."""

    created_at: UtcTime
    report_digest: str
    actions: tuple[TicketAction, ...]

    @property
    def hash(self) -> str:
        """Digest over the actions alone: the same work gives the same hash."""
        return digest([self.actions])


def rotation_hash(request: RotationRequest) -> str:
    """Return the hash that a ticket shows and an approval is bound to."""
    return digest(["rotation", request])
