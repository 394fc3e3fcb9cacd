"""Page: what the evidence report says, worked out before the template lays it out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from keyproof.errors import ExitCode
from keyproof.model.finding import Control, Finding
from keyproof.model.policy import SEVERITIES
from keyproof.model.record import canonical_json
from keyproof.model.report import CriterionSummary, FrameworkSummary, PolicySummary, Report
from keyproof.model.source import Gap, Source
from keyproof.reporters._outline import Group
from keyproof.reporters._plain import amount

ROWS_PER_POLICY = 400
"""Exceptions that the page prints for one policy; all of them are in the run's document."""


class SourceRow(NamedTuple):
    """One source's population: its own count, ours, and the subjects that were judged."""

    source: Source
    keys: int
    principals: int
    leaks: int
    gaps: int
    ties: bool | None


class PolicyRow(NamedTuple):
    """One policy's population: the verdicts add up to it, or they do not."""

    policy: PolicySummary
    total: int
    ties: bool


class Support(NamedTuple):
    """One policy that gives evidence for a criterion, with its part of the numbers."""

    policy: str
    title: str
    strength: str
    reason: str


class CriterionRow(NamedTuple):
    """One criterion with the policies behind it, strongest first."""

    criterion: CriterionSummary
    supports: tuple[Support, ...]
    tested: int
    exceptions: int
    undecided: int
    result: str


class FrameworkTable(NamedTuple):
    """One framework's criteria."""

    framework: FrameworkSummary
    rows: tuple[CriterionRow, ...]


class ParameterRow(NamedTuple):
    """One value that a policy compared with, whose number it is, and for how many subjects."""

    policy: str
    name: str
    value: str
    origin: str
    subjects: int


class GapRow(NamedTuple):
    """One gap and what it leaves unknown."""

    gap: Gap
    leaves: str


class Exceptions(NamedTuple):
    """One policy's exceptions as printed, and how many are not."""

    group: Group
    shown: tuple[Finding, ...]
    hidden: int
    overdue: int


def source_rows(report: Report) -> tuple[SourceRow, ...]:
    """Return the tie-out of every source."""
    judged: dict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in report.findings:
        judged[finding.subject.source, finding.subject.type].add(finding.subject.id)
    gaps = Counter(gap.source for gap in report.gaps)
    return tuple(
        SourceRow(
            source=source,
            keys=len(judged[source.id, "key"]),
            principals=len(judged[source.id, "principal"]),
            leaks=len(judged[source.id, "leak"]),
            gaps=gaps[source.id],
            ties=None if source.listed is None else source.listed == source.parsed,
        )
        for source in report.sources
    )


def policy_rows(groups: Sequence[Group]) -> tuple[PolicyRow, ...]:
    """Return the tie-out of every policy."""
    rows = []
    for group in groups:
        total = sum(group.policy.verdicts.values())
        rows.append(PolicyRow(group.policy, total, total == group.policy.population))
    return tuple(rows)


_STRENGTHS = ("direct", "supporting", "proxy")


def framework_tables(report: Report) -> tuple[FrameworkTable, ...]:
    """Return every framework's criteria with the policies that give evidence for them."""
    policies = {policy.id: policy for policy in report.policies}
    return tuple(
        FrameworkTable(
            framework, tuple(_criterion(framework, c, policies) for c in framework.criteria)
        )
        for framework in report.frameworks
    )


def _criterion(
    framework: FrameworkSummary, criterion: CriterionSummary, policies: Mapping[str, PolicySummary]
) -> CriterionRow:
    supports = [
        Support(name, policies[name].title, control.strength, control.reason)
        for name in criterion.policies
        for control in policies[name].controls
        if _is(control, framework, criterion)
    ]
    supports.sort(key=lambda s: (_STRENGTHS.index(s.strength), s.policy))
    verdicts = criterion.verdicts
    undecided = verdicts["unknown"] + verdicts["error"]
    tested = verdicts["pass"] + verdicts["fail"] + verdicts["waived"]
    return CriterionRow(
        criterion=criterion,
        supports=tuple(supports),
        tested=tested,
        exceptions=verdicts["fail"],
        undecided=undecided,
        result=_result(verdicts["fail"], undecided, tested),
    )


def _is(control: Control, framework: FrameworkSummary, criterion: CriterionSummary) -> bool:
    return (control.framework, control.version, control.id) == (
        framework.id,
        framework.version,
        criterion.id,
    )


def _result(failed: int, undecided: int, tested: int) -> str:
    if failed:
        return "Exceptions found"
    if undecided:
        return "Not fully evaluated"
    return "No exceptions found" if tested else "Nothing to evaluate"


def parameter_rows(report: Report) -> tuple[ParameterRow, ...]:
    """Return every value that was used with whose number it is."""
    used: Counter[tuple[str, str, str, str]] = Counter()
    for one, number in _judged_alike(report.findings):
        for name, value in one.parameters.items():
            origin = one.parameter_origins.get(name, "not recorded")
            used[one.policy, name, shown(value), origin] += number
    rows = [ParameterRow(*key, subjects=number) for key, number in used.items()]
    judged = {row.policy for row in rows}
    rows += [
        ParameterRow(policy.id, name, value, "as stated with the value", 0)
        for policy in report.policies
        if policy.id not in judged
        for name, value in policy.parameters.items()
    ]
    return tuple(sorted(rows))


def _judged_alike(findings: Sequence[Finding]) -> Iterator[tuple[Finding, int]]:
    """Yield one finding of all that share their parameters, and how many do."""
    shared = [(f.policy, id(f.parameters), id(f.parameter_origins)) for f in findings]
    one_of = dict(zip(shared, findings, strict=True))
    for key, number in Counter(shared).items():
        yield one_of[key], number


def shown(value: Any) -> str:
    """Return an evidence or parameter value for a reader."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value) or "none"
    if isinstance(value, dict):
        return canonical_json(value).decode()
    return "not recorded" if value is None else str(value)


def gap_rows(report: Report) -> tuple[GapRow, ...]:
    """Return the gaps with what each leaves unknown."""
    rows = []
    for gap in report.gaps:
        whom = amount(len(gap.subjects), "record") if gap.subjects else "the whole source"
        fields = ", ".join(gap.fields) or "whatever that call would have given"
        rows.append(GapRow(gap, f"{fields}, for {whom}"))
    return tuple(rows)


def exceptions(groups: Sequence[Group], as_of: datetime) -> tuple[Exceptions, ...]:
    """Return each policy's exceptions, those due first at the top."""
    found = []
    for group in groups:
        if group.failed:
            ordered = sorted(group.failed, key=lambda f: (_due(f) is None, str(_due(f)), f.id))
            overdue = sum(1 for f in ordered if is_overdue(f, as_of))
            kept = tuple(ordered[:ROWS_PER_POLICY])
            found.append(Exceptions(group, kept, len(ordered) - len(kept), overdue))
    return tuple(found)


def _due(finding: Finding) -> datetime | None:
    return finding.history.due_at if finding.history else None


def is_overdue(finding: Finding, as_of: datetime) -> bool:
    """Tell whether the day by which a finding was due lies behind."""
    due = _due(finding)
    return due is not None and due < as_of


def severity_counts(report: Report) -> tuple[tuple[str, int, int], ...]:
    """Return severity, how many failed, how many of those are overdue; gravest first."""
    failed = [finding for finding in report.findings if finding.status == "fail"]
    return tuple(
        (
            severity,
            sum(1 for f in failed if f.severity == severity),
            sum(1 for f in failed if f.severity == severity and is_overdue(f, report.as_of)),
        )
        for severity in reversed(SEVERITIES)
    )


def exit_meaning(code: int) -> str:
    """Return an exit code with what it says."""
    meanings = {
        ExitCode.OK: "nothing at or above the threshold failed",
        ExitCode.FINDINGS: "findings at or above the threshold",
        ExitCode.INCOMPLETE: "incomplete: something was not read or decided",
    }
    return f"{code}: {meanings[ExitCode(code)]}" if code in meanings else str(code)
