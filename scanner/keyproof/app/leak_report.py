"""Leak report: a scan for leaks as a report, where no policy is asked: every leak is a failure.

Each detector that hit stands where a policy does, with its vendor's advice, so that every output
can print it. No framework's criterion is named: evidence for controls is what ``scan`` makes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from keyproof import __version__
from keyproof.identity import KeyedFingerprinter
from keyproof.leaks.advice import Advice, advice
from keyproof.leaks.assemble import merge
from keyproof.leaks.scan import ScanResult
from keyproof.model.facts import Facts
from keyproof.model.finding import Finding, finding_id
from keyproof.model.leak import Leak
from keyproof.model.policy import Severity
from keyproof.model.record import digest
from keyproof.model.report import PolicySummary, Report
from keyproof.model.source import REPOSITORIES, Source
from keyproof.pipeline.message import amount
from keyproof.pipeline.references import Subject, references
from keyproof.pipeline.report import unread
from keyproof.pipeline.waive import SUPPRESSIBLE, Waivers

_SEVERITY: Mapping[str, Severity] = {"high": "high", "medium": "medium", "low": "low"}
_GENERAL = (
    "Rotate it at its issuer, then remove it from the file; what was published stays readable in"
    " git history."
)


def leak_report(
    results: Iterable[ScanResult],
    started_at: datetime,
    as_of: datetime,
    fingerprinter: KeyedFingerprinter,
    scope: Literal["whole", "partial"] = "whole",
) -> Report:
    """Return the report of scans for leaks, whose ids that fingerprinter made."""
    results = tuple(results)
    leaks = merge(*(result.leaks for result in results))
    facts = Facts(
        as_of=as_of,
        fingerprint_key_id=fingerprinter.key_id,
        fingerprint_key_local=fingerprinter.local,
        sources=(_source(results, started_at, as_of, scope),),
        leaks=leaks,
        gaps=tuple(gap for result in results for gap in result.gaps),
    )
    texts = advice(leak.detector for leak in leaks)
    findings = tuple(_findings(facts, texts))
    return Report(
        tool_version=__version__,
        as_of=as_of,
        started_at=started_at,
        finished_at=as_of,
        engine="none: every leak counts",
        pack_digest=digest([]),
        facts_digest=facts.digest(),
        counts=facts.counts(),
        fingerprint_key_id=fingerprinter.key_id,
        fingerprint_key_local=fingerprinter.local,
        fail_on="info",
        scope=scope,
        sources=facts.sources,
        gaps=facts.gaps,
        leaks=leaks,
        policies=_detectors(findings, leaks, texts),
        findings=findings,
        incomplete=tuple(unread(facts)),
    )


def _source(
    results: Sequence[ScanResult],
    started_at: datetime,
    as_of: datetime,
    scope: Literal["whole", "partial"],
) -> Source:
    coverage: Counter[str] = Counter({REPOSITORIES: len(results)})
    for result in results:
        coverage.update(dict(result.coverage))
    return Source(
        id="leaks",
        connector="git",
        kind="repository",
        instance="leaks",
        started_at=started_at,
        finished_at=as_of,
        complete=not any(result.gaps for result in results),
        scope=scope,
        listed=sum(result.listed for result in results),
        parsed=sum(result.parsed for result in results),
        coverage=tuple(sorted(coverage.items())),
        transport="local",
        audit_log="not_applicable",
    )


def _findings(facts: Facts, texts: Mapping[str, Advice]) -> Iterable[Finding]:
    register = Waivers((), today=facts.as_of.astimezone(UTC).date(), leaks=facts.leaks)
    subjects = references(facts)
    for leak in facts.leaks:
        yield _finding(leak, subjects[leak.record_id], register, texts.get(leak.detector))


def _finding(leak: Leak, subject: Subject, register: Waivers, told: Advice | None) -> Finding:
    number = finding_id(leak.detector, leak.record_id)
    waiver = register.apply(SUPPRESSIBLE, subject, number)
    places = amount(len(leak.occurrences), "place")
    return Finding(
        id=number,
        policy=leak.detector,
        policy_title=_title(leak, told),
        policy_digest="",
        subject=subject.ref,
        status="waived" if waiver else "fail",
        severity=_SEVERITY[leak.confidence],
        message=f"{_title(leak, told)} in {places}",
        remediation=_remediation(told),
        waiver=waiver,
    )


def _title(leak: Leak, told: Advice | None) -> str:
    issuer = told.issuer if told and told.issuer else leak.provider
    return f"{issuer}: {leak.kind.replace('_', ' ')}"


def _remediation(told: Advice | None) -> str:
    stated = [text for text in (told.rotate, told.revoke) if text] if told else []
    return " ".join(stated) or _GENERAL


def _detectors(
    findings: Sequence[Finding], leaks: Sequence[Leak], texts: Mapping[str, Advice]
) -> tuple[PolicySummary, ...]:
    """Return one summary for each detector that hit, in the order of their ids."""
    by_detector: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_detector[finding.policy].append(finding)
    made = []
    for name, found in sorted(by_detector.items()):
        counts = Counter(str(finding.status) for finding in found)
        docs = texts[name].docs if name in texts else ""
        made.append(
            PolicySummary(
                id=name,
                title=found[0].policy_title,
                description=f"{found[0].policy_title}." + (f" {docs}" if docs else ""),
                severity=max((f.severity for f in found), key=list(_SEVERITY)[::-1].index),
                subject="leak",
                remediation=found[0].remediation,
                digest="",
                modified=False,
                origin="detector",
                population=len(found),
                verdicts=dict(counts),
            )
        )
    return tuple(made)
