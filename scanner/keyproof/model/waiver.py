"""Waiver: a dated, reasoned, approved exception that expires; WaiverRecord: what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from keyproof.model.policy import Severity
from keyproof.model.record import Document

SOURCE = "waivers"
"""What findings about waivers name as their source."""

ApprovalState = Literal["verified", "declared"]
ControlEvidence = Literal["none", "link", "matches", "differs", "unreadable"]
WaiverState = Literal["in_force", "expired", "unused", "self_approved"]


class Approval(Document, frozen=True, kw_only=True):
    """Whether an approval is proved outside the file, and by what (else, why not)."""

    state: ApprovalState = "declared"
    basis: str = "nothing was looked for that proves it"


class Waiver(Document, frozen=True, kw_only=True):
    """One entry of ``waivers.yaml``. It matches a policy and either a subject or labels.

    ``control_evidence`` is a link, or a file beside ``waivers.yaml`` whose digest is
    ``control_sha256``. The last three fields are never written there: keyproof finds them out.
    """

    id: str
    policy: str
    subject: str | None = None
    labels: Mapping[str, str] = {}
    reason: str
    requester: str
    approver: str
    created: date
    expires: date
    compensating_control: str | None = None
    control_evidence: str | None = None
    control_sha256: str | None = None
    ticket: str | None = None
    approval: ApprovalState = "declared"
    approval_basis: str = ""
    control_state: ControlEvidence = "none"

    @property
    def self_approved(self) -> bool:
        """Whether requester and approver are one person; such a waiver has no effect."""
        return self.requester.strip().casefold() == self.approver.strip().casefold()


class WaiverRecord(Document, frozen=True, kw_only=True, tag_field="record", tag="waiver"):
    """A waiver as policies see it, at the end of a run.

    ``judged`` is false where a run could not tell whether it is needed: only a part was read, or
    its policy did not run. ``days_left`` is negative once it has expired.
    """

    record_id: str
    native_id: str
    policy: str
    policy_severity: Severity
    requester: str
    approver: str
    self_approved: bool
    approval: ApprovalState
    approval_basis: str
    lifetime_days: int
    days_left: int
    begun: bool
    judged: bool
    findings: int
    has_control: bool
    control_evidence: ControlEvidence
    ticket: str | None = None
    unread: tuple[str, ...] = ()
