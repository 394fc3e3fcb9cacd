"""Report: turns facts and decisions into one document with an exit code, and loses nothing.

Every decision becomes a finding; populations tie out or the run is incomplete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from msgspec.structs import replace

from keyproof.errors import ExitCode
from keyproof.model.facts import Facts
from keyproof.model.finding import Finding, FindingStatus, finding_id
from keyproof.model.policy import (
    SEVERITIES,
    Batch,
    Evaluation,
    Policy,
    PolicyResult,
    Severity,
)
from keyproof.model.record import Document
from keyproof.model.report import CriterionSummary, FrameworkSummary, PolicySummary, Report
from keyproof.model.waiver import Waiver
from keyproof.pipeline.controls import Crosswalk, Framework, policies_by_criterion
from keyproof.pipeline.message import amount, message_of, plain
from keyproof.pipeline.references import Subject, population, references, unknown_subject
from keyproof.pipeline.waive import Waivers
from keyproof.ports import StoredFindings

STATUSES: tuple[FindingStatus, ...] = ("pass", "fail", "unknown", "skip", "error", "waived")


class RunOptions(Document, frozen=True, kw_only=True):
    """What the caller decided about a run: its threshold, its reach, and what it tolerates."""

    fail_on: Severity = "high"
    scope: Literal["whole", "partial"] = "whole"
    strict: bool = False
    allow_incomplete: bool = False
    exit_zero: bool = False


def assemble(
    facts: Facts,
    evaluation: Evaluation,
    *,
    crosswalk: Crosswalk,
    waivers: Sequence[Waiver] = (),
    remarks: Sequence[str] = (),
    options: RunOptions,
    started_at: datetime,
    finished_at: datetime,
    tool_version: str,
) -> Report:
    """Return the report of one run over linked facts; ``remarks`` say how it was set up."""
    subjects = references(facts)
    register = Waivers(waivers, today=facts.as_of.astimezone(UTC).date(), leaks=facts.leaks)
    findings: list[Finding] = []
    policies: list[PolicySummary] = []
    incomplete = [*unread(facts), *evaluation.problems]
    for result in evaluation.results:
        made = sorted(_findings(result, subjects, crosswalk, register), key=_by_subject)
        incomplete += _untied(result, made, population(facts, result.policy.subject), subjects)
        policies.append(_summary(result, made, crosswalk))
        findings += made
    notes = register.notes(
        [r.policy.id for r in evaluation.results], whole=options.scope == "whole"
    )
    incomplete += _undecided(findings, strict=options.strict)
    return Report(
        tool_version=tool_version,
        as_of=facts.as_of,
        started_at=started_at,
        finished_at=finished_at,
        engine=evaluation.engine,
        pack_digest=evaluation.pack_digest,
        facts_digest=facts.digest(),
        counts=facts.counts(),
        fingerprint_key_id=facts.fingerprint_key_id,
        fingerprint_key_local=facts.fingerprint_key_local,
        fail_on=options.fail_on,
        scope=_scope(facts, options),
        sources=facts.sources,
        gaps=facts.gaps,
        leaks=facts.leaks,
        policies=tuple(policies),
        frameworks=tuple(_frameworks(crosswalk, policies)),
        findings=tuple(findings),
        waivers=notes,
        problems=(*remarks, *register.problems(notes), *crosswalk.problems, *_remarks(evaluation)),
        incomplete=tuple(incomplete),
        exit_code=_exit_code(findings, options, incomplete=bool(incomplete)),
    )


def with_history(report: Report, stored: StoredFindings) -> Report:
    """Return the report with what the store knows of its findings over time."""
    left = tuple(
        f"{amount(number, 'finding')} of {gone}: left open, for nothing shows what became of it"
        for gone, number in stored.left_open.items()
    )
    problems = (*report.problems, *left)
    return replace(report, findings=stored.findings, resolved=stored.resolved, problems=problems)


def _by_subject(finding: Finding) -> str:
    return finding.subject.id


def _findings(
    result: PolicyResult, subjects: Mapping[str, Subject], crosswalk: Crosswalk, register: Waivers
) -> Iterator[Finding]:
    policy = result.policy
    controls = crosswalk.controls(policy.id)
    message = message_of(policy.message, policy.title)
    for batch in result.batches:
        values, origins = batch.parameters.values, batch.parameters.origins
        told: dict[str, str] = {}  # equal sentences are held once
        for decision in batch.decisions:
            subject = subjects.get(decision.subject_id) or unknown_subject(
                policy.subject, decision.subject_id
            )
            number = finding_id(policy.id, decision.subject_id)
            sentence = message(decision, values)
            waiver = (
                register.apply(policy.id, subject, number) if decision.status == "fail" else None
            )
            yield Finding(
                id=number,
                policy=policy.id,
                policy_title=policy.title,
                policy_digest=policy.digest,
                subject=subject.ref,
                status="waived" if waiver else decision.status,
                severity=policy.severity,
                message=told.setdefault(sentence, sentence),
                reason=decision.reason,
                evidence=decision.evidence,
                parameters=values,
                parameter_origins=origins,
                remediation=policy.remediation,
                controls=controls,
                waiver=waiver,
            )


def _untied(
    result: PolicyResult, made: Sequence[Finding], held: int, subjects: Mapping[str, Subject]
) -> Iterator[str]:
    """Yield each way in which a policy's population does not tie out."""
    policy = result.policy
    distinct = len({finding.subject.id for finding in made})
    strangers = sum(1 for finding in made if finding.subject.id not in subjects)
    if not result.population == held == len(made) == distinct:
        yield (
            f"{policy.id}: the population does not tie out: {held} {policy.subject}s read, "
            f"{result.population} evaluated, {len(made)} verdicts on {distinct} of them"
        )
    if strangers:
        yield f"{policy.id}: {amount(strangers, 'verdict')} on subjects that the snapshot does not hold"


def _summary(result: PolicyResult, made: Sequence[Finding], crosswalk: Crosswalk) -> PolicySummary:
    policy = result.policy
    verdicts: Counter[FindingStatus] = Counter(finding.status for finding in made)
    return PolicySummary(
        id=policy.id,
        title=policy.title,
        description=policy.description,
        severity=policy.severity,
        declared_severity=policy.declared_severity or policy.severity,
        subject=policy.subject,
        remediation=policy.remediation,
        digest=policy.digest,
        modified=policy.modified,
        origin=policy.origin,
        parameters=_parameters(policy, result.batches),
        controls=crosswalk.controls(policy.id),
        population=result.population,
        verdicts={status: verdicts[status] for status in STATUSES},
        notes=result.notes,
    )


def _parameters(policy: Policy, batches: Sequence[Batch]) -> Mapping[str, str]:
    """Return name → each value that was used with whose number it is: ``90 (CIS AWS 3.0, 1.14)``."""
    used: dict[str, dict[str, None]] = {}
    for batch in batches:
        for name, value in batch.parameters.values.items():
            origin = batch.parameters.origins.get(name, "origin not recorded")
            used.setdefault(name, {})[f"{plain(value)} ({origin})"] = None
    if not batches:
        used = {p.name: {f"{plain(p.default)} ({p.source})": None} for p in policy.parameters}
    return {name: "; ".join(values) for name, values in sorted(used.items())}


def _frameworks(
    crosswalk: Crosswalk, policies: Sequence[PolicySummary]
) -> Iterator[FrameworkSummary]:
    ran = {policy.id: policy for policy in policies}
    for framework in crosswalk.frameworks:
        criteria = tuple(_criteria(framework, ran))
        if criteria:
            yield FrameworkSummary(
                id=framework.id,
                title=framework.title,
                version=framework.version,
                criteria=criteria,
            )


def _criteria(framework: Framework, ran: Mapping[str, PolicySummary]) -> Iterator[CriterionSummary]:
    for criterion, names in policies_by_criterion(framework).items():
        evaluated = tuple(name for name in names if name in ran)
        if evaluated:
            verdicts: dict[str, int] = {
                s: sum(ran[name].verdicts[s] for name in evaluated) for s in STATUSES
            }
            yield CriterionSummary(
                id=criterion,
                title=framework.criteria[criterion],
                policies=evaluated,
                verdicts=verdicts,
            )


def unread(facts: Facts) -> Iterator[str]:
    """Yield why the facts are not whole: gaps, sources that do not tie out or did not finish.

    What an issuer openly does not report is no hole in the reading: it shows as ``unknown``.
    """
    holes = Counter(gap.source for gap in facts.gaps if gap.reason != "not_reported")
    for name, number in sorted(holes.items()):
        yield f"{name}: {amount(number, 'gap')}: something there was not read"
    for source in facts.sources:
        if source.listed is not None and source.listed != source.parsed:
            yield (
                f"{source.id}: the source does not tie out: it counts {source.listed}, "
                f"{source.parsed} were read"
            )
        elif not source.complete and source.id not in holes:
            yield f"{source.id}: was not read whole, and no gap says why"


def _undecided(findings: Iterable[Finding], *, strict: bool) -> Iterator[str]:
    counts: Counter[tuple[str, FindingStatus]] = Counter((f.policy, f.status) for f in findings)
    for (policy, status), number in sorted(counts.items()):
        if status == "error":
            yield f"{policy}: {amount(number, 'subject')} could not be decided"
        elif status == "unknown" and strict:
            yield f"{policy}: {amount(number, 'subject')} unknown (strict)"


def _remarks(evaluation: Evaluation) -> Iterator[str]:
    for result in evaluation.results:
        for text in result.notes:
            yield f"{result.policy.id}: {text}"


def _scope(facts: Facts, options: RunOptions) -> Literal["whole", "partial"]:
    cut = any(source.scope == "partial" for source in facts.sources)
    return "partial" if cut else options.scope


def _exit_code(findings: Iterable[Finding], options: RunOptions, *, incomplete: bool) -> int:
    threshold = SEVERITIES.index(options.fail_on)
    failed = any(f.status == "fail" and SEVERITIES.index(f.severity) >= threshold for f in findings)
    if failed and not options.exit_zero:
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if incomplete and not options.allow_incomplete else ExitCode.OK
