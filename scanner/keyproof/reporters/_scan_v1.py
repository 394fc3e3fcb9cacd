"""The shape of ``keyproof/scan/v1``: frozen. Members may be added, none renamed or removed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class SubjectV1(msgspec.Struct, frozen=True):
    """What a finding is about."""

    type: str
    id: str
    name: str


class ControlV1(msgspec.Struct, frozen=True):
    """One criterion that the finding is evidence for; the policy says why."""

    framework: str
    version: str
    id: str
    strength: str


class MappingV1(msgspec.Struct, frozen=True):
    """One criterion that a policy gives evidence for, and why."""

    framework: str
    version: str
    id: str
    strength: str
    reason: str


class AppliedWaiverV1(msgspec.Struct, frozen=True):
    """The waiver that turned a failed finding into ``waived``."""

    id: str
    reason: str
    requester: str
    approver: str
    approval: str
    approval_basis: str
    created_on: str
    expires_on: str


class HistoryV1(msgspec.Struct, frozen=True):
    """A finding's life over all recorded runs."""

    first_seen_at: datetime
    last_seen_at: datetime
    due_at: datetime | None
    resolved_at: datetime | None
    reopened: int
    state: str


class FindingV1(msgspec.Struct, frozen=True):
    """One verdict. ``id`` is stable from run to run: it holds no line and no time."""

    id: str
    policy: str
    subject: SubjectV1
    status: str
    severity: str
    message: str
    reason: str | None
    evidence: Mapping[str, Any]
    parameters: Mapping[str, Any]
    parameter_origins: Mapping[str, str]
    controls: tuple[ControlV1, ...]
    source: str
    owner: str | None
    environment: str | None
    waiver: AppliedWaiverV1 | None
    history: HistoryV1 | None


class GapV1(msgspec.Struct, frozen=True):
    """Something that was not read, and what stays unknown because of it."""

    source: str
    call: str
    reason: str
    detail: str
    hint: str | None
    fields: tuple[str, ...]
    subjects: tuple[str, ...]


class SourceV1(msgspec.Struct, frozen=True):
    """What was read of one source, with its tie-out."""

    id: str
    connector: str
    instance: str
    complete: bool
    scope: str
    listed: int | None
    parsed: int
    excluded: int
    calls: tuple[str, ...]


class PolicyV1(msgspec.Struct, frozen=True):
    """One policy that ran, with its tie-out."""

    id: str
    title: str
    severity: str
    declared_severity: str | None
    subject: str
    remediation: str
    digest: str
    modified: bool
    parameters: Mapping[str, str]
    controls: tuple[MappingV1, ...]
    population: int
    verdicts: Mapping[str, int]
    notes: tuple[str, ...]


class PlaceV1(msgspec.Struct, frozen=True):
    """One place where a leaked secret stands."""

    where: str
    repository: str
    path: str | None
    line: int | None
    column: int | None
    commit: str | None
    author: str | None
    introduced_at: datetime | None
    in_head: bool | None
    occurrence_id: str
    suppressed: str | None


class ExposureV1(msgspec.Struct, frozen=True):
    """Which key a leak is, and the window in which it could be used."""

    key_id: str
    basis: str
    key_state: str
    opened_at: datetime | None
    closed_at: datetime | None
    used_after_leak: str


class LeakV1(msgspec.Struct, frozen=True):
    """One leaked secret, by its keyed id; never its value."""

    id: str
    secret_id: str
    detector: str
    provider: str
    kind: str
    named: bool
    confidence: str
    redacted: str
    occurrences: tuple[PlaceV1, ...]
    exposures: tuple[ExposureV1, ...]


class WaiverV1(msgspec.Struct, frozen=True):
    """What became of one waiver."""

    id: str
    policy: str
    state: str
    reason: str
    requester: str
    approver: str
    approval: str
    approval_basis: str
    compensating_control: str | None
    control_evidence: str | None
    control_state: str
    ticket: str | None
    created_on: str
    expires_on: str
    findings: tuple[str, ...]
