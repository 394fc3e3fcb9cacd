"""Report: everything that a reporter may print about one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from keyproof.model.finding import Control, Finding
from keyproof.model.leak import Leak
from keyproof.model.policy import Severity, SubjectType
from keyproof.model.record import Document, UtcTime
from keyproof.model.source import Gap, Source
from keyproof.model.waiver import ApprovalState, ControlEvidence, WaiverState


class PolicySummary(Document, frozen=True, kw_only=True):
    """One evaluated policy and its tie-out: the population equals the sum of its verdicts.

    ``severity`` is what its findings have; ``declared_severity`` what its METADATA says.
    """

    id: str
    title: str
    description: str
    severity: Severity
    declared_severity: Severity | None = None
    subject: SubjectType
    remediation: str
    digest: str
    modified: bool
    origin: str
    parameters: Mapping[str, str] = {}
    controls: tuple[Control, ...] = ()
    population: int
    verdicts: Mapping[str, int]
    notes: tuple[str, ...] = ()


class CriterionSummary(Document, frozen=True, kw_only=True):
    """One criterion: paraphrased title, policies, and the verdicts over all of them."""

    id: str
    title: str
    policies: tuple[str, ...]
    verdicts: Mapping[str, int]


class FrameworkSummary(Document, frozen=True, kw_only=True):
    """One framework's version with its criteria and which policies give evidence for each."""

    id: str
    title: str
    version: str
    criteria: tuple[CriterionSummary, ...]


class WaiverNote(Document, frozen=True, kw_only=True):
    """What became of one waiver in this run."""

    id: str
    policy: str
    state: WaiverState
    reason: str
    requester: str
    approver: str
    approval: ApprovalState
    approval_basis: str = ""
    compensating_control: str | None = None
    control_evidence: str | None = None
    control_state: ControlEvidence = "none"
    ticket: str | None = None
    created_on: str
    expires_on: str
    findings: tuple[str, ...] = ()


class Report(Document, frozen=True, kw_only=True):
    """One run, decided: what the table, JSON, SARIF and HTML outputs are rendered from.

    ``exit_code`` is the process's, so that a saved report says what the run ended with.
    ``problems`` are run-level statements that made the run incomplete or deserve a reader
    (a waiver that matched nothing, a policy that fired on everything). ``incomplete`` says, one
    statement each, why the run does not cover everything; it is empty for a whole run.
    """

    tool_version: str
    as_of: UtcTime
    started_at: UtcTime
    finished_at: UtcTime
    engine: str
    pack_digest: str
    facts_digest: str
    counts: Mapping[str, int]
    fingerprint_key_id: str
    fingerprint_key_local: bool
    fail_on: Severity
    scope: Literal["whole", "partial"] = "whole"
    sources: tuple[Source, ...] = ()
    gaps: tuple[Gap, ...] = ()
    leaks: tuple[Leak, ...] = ()
    policies: tuple[PolicySummary, ...] = ()
    frameworks: tuple[FrameworkSummary, ...] = ()
    findings: tuple[Finding, ...] = ()
    waivers: tuple[WaiverNote, ...] = ()
    resolved: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    exit_code: int = 0

    def summary(self) -> Mapping[str, int]:
        """Return how many findings have each status, every status present."""
        counts = dict.fromkeys(("pass", "fail", "unknown", "skip", "error", "waived"), 0)
        for finding in self.findings:
            counts[finding.status] += 1
        return counts
