"""Reconcile: what one more run means for the life of each finding. Pure; the store applies it.

A life begins with a fail (or a waived fail). It is resolved only by a pass or skip verdict, or by
absence from a population that was read whole: the policy was evaluated, and the finding's source
is one of the resolvable ones. ``unknown`` and ``error`` change nothing. A run that is older than
what the ledger knows of a source changes nothing there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from msgspec.structs import replace

from keyproof.model.finding import Finding, FindingStatus, History
from keyproof.model.record import utc
from keyproof.model.report import Report
from keyproof.model.waiver import SOURCE as WAIVERS
from keyproof.ports import Ledger, LifeEvent, Reconciled, StoredFindings

Verdict = FindingStatus | Literal["absent"]

_CLEARED: frozenset[Verdict] = frozenset({"pass", "skip", "absent"})
_BEGIN: frozenset[Verdict] = frozenset({"fail", "waived"})


class _Step(NamedTuple):
    """A life after one verdict, and the event that made it differ in more than a date."""

    history: History
    event: Literal["opened", "waived", "waiver_ended", "resolved", "reopened"] | None


class _Run(NamedTuple):
    """What every finding of one run is judged by."""

    at: datetime
    resolvable: frozenset[str]
    read_at: Mapping[str, datetime]
    sla_days: Mapping[str, int]

    def due(self, finding: Finding) -> datetime | None:
        """Return the moment at which the SLA of today's settings ends for a detection now."""
        days = self.sla_days.get(finding.severity)
        return None if days is None else self.at + timedelta(days=days)

    def is_late(self, source: str, history: History | None) -> bool:
        """Tell whether something newer than this run is known already."""
        known = [self.read_at.get(source)]
        if history:
            known += [history.last_seen_at, history.resolved_at]
        return any(moment is not None and moment > self.at for moment in known)


def resolvable_sources(report: Report) -> frozenset[str]:
    """Return the sources that were read whole: complete, unrestricted and without any Gap.

    A run that was restricted (a range, a filter) has none; of a whole one, the waivers are one.
    """
    if report.scope != "whole":
        return frozenset()
    holed = {gap.source for gap in report.gaps}
    whole = (
        source.id
        for source in report.sources
        if source.complete and source.scope == "whole" and source.id not in holed
    )
    return frozenset({*whole, WAIVERS})


def reconcile(
    ledger: Ledger, report: Report, resolvable: frozenset[str], sla_days: Mapping[str, int]
) -> Reconciled:
    """Return what recording ``report`` changes.

    Args:
        resolvable: the sources that may resolve findings; those that the report itself does not
            show to have been read whole are left out.
        sla_days: days to mend by severity; a severity without a number has no due date.
    """
    run = _Run(
        at=utc(report.as_of),
        resolvable=resolvable & resolvable_sources(report),
        read_at=ledger.read_at,
        sla_days=sla_days,
    )
    lives: dict[str, Finding] = {}
    events: list[LifeEvent] = []

    def take(finding: Finding, verdict: Verdict) -> Finding:
        """Take one life on by one verdict, and return the finding with its history.

        Most findings never failed: those are returned as they are, not copied.
        """
        before = ledger.lives.get(finding.id)
        step = _step(run, before.history if before else None, finding, verdict)
        if step is None:
            known = before.history if before else None
            return finding if known == finding.history else replace(finding, history=known)
        now = replace(finding, history=step.history)
        if before is None or verdict in _BEGIN:
            lives[finding.id] = now
        else:  # what it failed on stays told
            lives[finding.id] = replace(before, history=step.history)
        if step.event:
            events.append(LifeEvent(finding.id, step.event, run.at))
        return now

    findings = tuple(take(finding, finding.status) for finding in report.findings)
    for missing in _absent(ledger, report):
        take(missing, "absent")
    return Reconciled(
        stored=StoredFindings(
            findings=findings,
            resolved=_ids(events, "resolved"),
            reopened=_ids(events, "reopened"),
            left_open=_left_open(ledger, report),
        ),
        lives=tuple(lives[name] for name in sorted(lives)),
        events=tuple(sorted(events)),
        read_at={
            source: run.at
            for source in sorted(run.resolvable)
            if source not in ledger.read_at or ledger.read_at[source] < run.at
        },
    )


def _absent(ledger: Ledger, report: Report) -> Iterable[Finding]:
    """Yield the lives that this run's policies were asked about and that it does not mention."""
    asked = {policy.id for policy in report.policies}
    told = {finding.id for finding in report.findings if finding.id in ledger.lives}
    for name in sorted(ledger.lives.keys() - told):
        if ledger.lives[name].policy in asked:
            yield ledger.lives[name]


def _left_open(ledger: Ledger, report: Report) -> Mapping[str, int]:
    """Count the open lives of policies and sources that a whole run had no more, by what is gone.

    They are not resolved: that nobody looks any more mends nothing.
    """
    if report.scope != "whole":
        return {}
    asked = {policy.id for policy in report.policies}
    read = {source.id for source in report.sources} | {WAIVERS}
    found: Counter[str] = Counter()
    for life in ledger.lives.values():
        if life.history is None or life.history.state != "open":
            continue
        if life.policy not in asked:
            found[f"policy {life.policy}, which did not run"] += 1
        elif life.subject.source not in read:
            found[f"source {life.subject.source}, which is not among the sources any more"] += 1
    return dict(sorted(found.items()))


def _step(run: _Run, before: History | None, finding: Finding, verdict: Verdict) -> _Step | None:
    """Return a life after one verdict, or ``None`` where the verdict changes nothing."""
    if before is None and verdict not in _BEGIN:
        return None  # most never failed
    source = finding.subject.source
    if run.is_late(source, before):
        return None
    if verdict in _BEGIN:
        return _failing(run, before, finding, waived=verdict == "waived")
    if before is None or before.state == "resolved":
        return None
    if verdict in _CLEARED and source in run.resolvable:
        return _Step(replace(before, state="resolved", resolved_at=run.at), "resolved")
    return None


def _failing(run: _Run, before: History | None, finding: Finding, *, waived: bool) -> _Step:
    """Return a life after a fail: begun, gone on, waived, no longer waived, or reopened.

    A reopened finding was detected anew: its due date counts from now.
    """
    state: Literal["open", "waived"] = "waived" if waived else "open"
    if before is None:
        begun = History(
            first_seen_at=run.at, last_seen_at=run.at, due_at=run.due(finding), state=state
        )
        return _Step(begun, "waived" if waived else "opened")
    if before.state == "resolved":
        again = replace(
            before,
            state=state,
            last_seen_at=run.at,
            due_at=run.due(finding),
            resolved_at=None,
            reopened=before.reopened + 1,
        )
        return _Step(again, "reopened")
    after = replace(before, state=state, last_seen_at=run.at)
    if before.state == state:
        return _Step(after, None)
    return _Step(after, "waived" if waived else "waiver_ended")


def _ids(events: Iterable[LifeEvent], event: str) -> tuple[str, ...]:
    """Return the sorted ids of the findings to which ``event`` happened."""
    return tuple(sorted(e.finding_id for e in events if e.event == event))
