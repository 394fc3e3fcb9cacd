"""Small reports and findings for tests of the store and of what is built on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from keyproof.model.finding import Finding, FindingStatus, SubjectRef, finding_id
from keyproof.model.policy import Severity
from keyproof.model.report import PolicySummary, Report
from keyproof.model.rotation import Rotation, RotationState
from keyproof.model.source import Gap, Source
from keyproof.model.ticket import RotationRequest, Ticket, rotation_hash

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SLA = {"critical": 7, "high": 30, "medium": 90}


def day(number: float) -> datetime:
    """Return the moment that many days after the start."""
    return START + timedelta(days=number)


def finding(
    status: FindingStatus = "fail",
    *,
    policy: str = "keys.max_age",
    key: str = "k1",
    source: str = "aws",
    severity: Severity = "high",
    **more: Any,
) -> Finding:
    """Return one finding about a key."""
    values: dict[str, Any] = {
        "message": f"key {key} is too old",
        "remediation": "Rotate the key.",
        "evidence": {"age_days": 400, "name": key},
        **more,
    }
    subject = SubjectRef(
        type="key",
        id=f"key_{key}",
        name=f"{key} of deploy",
        source=source,
        native_id=f"AK-{key}",
        principal="deploy",
    )
    return Finding(
        id=finding_id(policy, subject.id),
        policy=policy,
        policy_title="Key too old",
        policy_digest="sha256:0",
        subject=subject,
        status=status,
        severity=severity,
        **values,
    )


def source(name: str, at: datetime, **more: Any) -> Source:
    """Return a source that was read whole, unless ``more`` says otherwise."""
    values: dict[str, Any] = {"complete": True, **more}
    return Source(
        id=name,
        connector="file",
        kind="inventory",
        instance=name,
        started_at=at,
        finished_at=at,
        **values,
    )


def report(
    at: datetime,
    findings: Iterable[Finding] = (),
    *,
    policies: Iterable[str] = ("keys.max_age",),
    sources: Iterable[Source | str] = ("aws",),
    gaps: Iterable[str] = (),
    **more: Any,
) -> Report:
    """Return a report of one run."""
    values: dict[str, Any] = {"fingerprint_key_local": False, **more}
    return Report(
        tool_version="1",
        as_of=at,
        started_at=at,
        finished_at=at,
        engine="none",
        pack_digest="sha256:0",
        facts_digest="sha256:0",
        counts={},
        fingerprint_key_id="k1_0",
        fail_on="high",
        policies=tuple(_policy(name) for name in policies),
        sources=tuple(source(s, at) if isinstance(s, str) else s for s in sources),
        gaps=tuple(
            Gap(source=name, call="list", reason="access_denied", detail="refused") for name in gaps
        ),
        findings=tuple(findings),
        **values,
    )


def _policy(name: str) -> PolicySummary:
    return PolicySummary(
        id=name,
        title=name,
        description="",
        severity="high",
        subject="key",
        remediation="",
        digest="sha256:0",
        modified=False,
        origin="shipped",
        population=1,
        verdicts={},
    )


def request(key: str = "k1") -> RotationRequest:
    """Return a rotation's request."""
    return RotationRequest(
        key_id=f"key_{key}",
        native_id=f"AK-{key}",
        rotator="aws_iam",
        source="aws",
        principal="deploy",
        targets=("vault",),
        overlap_seconds=3600,
        soak_seconds=3600,
    )


def rotation(number: str, key: str = "k1", state: RotationState = "approved") -> Rotation:
    """Return a rotation's first state."""
    return Rotation(
        id=number,
        request=request(key),
        plan_hash=rotation_hash(request(key)),
        approved_by="ada",
        state=state,
        old_native_id=f"AK-{key}",
        created_at=START,
        updated_at=START,
    )


def ticket(about: Finding, *, tracker: str = "desk", **more: Any) -> Ticket:
    """Return an open ticket about a finding."""
    values: dict[str, Any] = {"state": "open", "body_digest": "sha256:0", **more}
    return Ticket(
        id=f"ticket_{about.id}",
        tracker=tracker,
        finding_id=about.id,
        title="Key too old",
        severity=about.severity,
        opened_at=START,
        updated_at=START,
        **values,
    )
