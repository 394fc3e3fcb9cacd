"""Finding: a decision recorded over time, waivers and controls applied by the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from keyproof.model.policy import Severity, SubjectType
from keyproof.model.record import Document, UtcTime, record_id

FindingStatus = Literal["pass", "fail", "unknown", "skip", "error", "waived"]


class SubjectRef(Document, frozen=True, kw_only=True):
    """What a finding is about; ``name`` is for people.

    ``native_id`` and ``principal`` (a key's, as its issuer calls them) are what a rotation needs.
    """

    type: SubjectType
    id: str
    name: str
    source: str
    owner: str | None = None
    environment: str | None = None
    native_id: str | None = None
    principal: str | None = None


class Control(Document, frozen=True, kw_only=True):
    """One criterion of one framework's version that a policy gives evidence for."""

    framework: str
    version: str
    id: str
    strength: Literal["direct", "supporting", "proxy"]
    reason: str


class AppliedWaiver(Document, frozen=True, kw_only=True):
    """The waiver that turned a fail into ``waived``, as the report prints it."""

    id: str
    reason: str
    requester: str
    approver: str
    approval: Literal["verified", "declared"]
    approval_basis: str = ""
    created_on: str
    expires_on: str


class History(Document, frozen=True, kw_only=True):
    """A finding's life in the store; absent where no store was used."""

    first_seen_at: UtcTime
    last_seen_at: UtcTime
    due_at: UtcTime | None = None
    resolved_at: UtcTime | None = None
    reopened: int = 0
    state: Literal["open", "resolved", "waived"] = "open"


class Finding(Document, frozen=True, kw_only=True):
    """A policy's verdict on one subject. Its id holds no line and no time: it is the ticket's key."""

    id: str
    policy: str
    policy_title: str
    policy_digest: str
    subject: SubjectRef
    status: FindingStatus
    severity: Severity
    message: str
    reason: str | None = None
    evidence: Mapping[str, Any] = {}
    parameters: Mapping[str, Any] = {}
    parameter_origins: Mapping[str, str] = {}
    remediation: str = ""
    controls: tuple[Control, ...] = ()
    waiver: AppliedWaiver | None = None
    history: History | None = None


def finding_id(policy: str, subject_id: str) -> str:
    """Return the permanent id of the pair policy × subject."""
    return record_id("f", policy, subject_id)
