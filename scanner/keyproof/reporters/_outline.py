"""Outline: a report arranged for reading, the same way in every format that people read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from keyproof.model.finding import Finding
from keyproof.model.leak import Exposure, Leak
from keyproof.model.policy import SEVERITIES
from keyproof.model.report import PolicySummary, Report
from keyproof.reporters._plain import amount


class Group(NamedTuple):
    """One policy with its findings that are not plain passes, by status."""

    policy: PolicySummary
    failed: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    errors: tuple[Finding, ...]
    waived: tuple[Finding, ...]


class Window(NamedTuple):
    """One exposure: which leak is which key, and how long it was open as of the report.

    ``days`` is ``None`` where the first commit carries no date; ``ended`` is where a drawing stops.
    """

    leak: Leak
    exposure: Exposure
    key: str
    owner: str | None
    state: Literal["open", "closed", "not known"]
    days: int | None
    ended: datetime


def groups(report: Report) -> tuple[Group, ...]:
    """Return the policies, worst first: by severity, then by how many subjects failed."""
    by_policy: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.status not in {"pass", "skip"}:
            by_policy[finding.policy].append(finding)
    made = [_group(policy, by_policy[policy.id]) for policy in report.policies]
    return tuple(
        sorted(
            made, key=lambda g: (-SEVERITIES.index(g.policy.severity), -len(g.failed), g.policy.id)
        )
    )


def _group(policy: PolicySummary, findings: Sequence[Finding]) -> Group:
    ordered = sorted(findings, key=lambda f: (f.subject.source, f.subject.name, f.subject.id))

    def having(status: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in ordered if finding.status == status)

    return Group(policy, having("fail"), having("unknown"), having("error"), having("waived"))


def windows(report: Report) -> tuple[Window, ...]:
    """Return every exposure, those that can still be used first, the longest of them first."""
    names = {f.subject.id: f.subject for f in report.findings if f.subject.type == "key"}
    found = []
    for leak in report.leaks:
        for exposure in leak.exposures:
            subject = names.get(exposure.key_id)
            end = exposure.closed_at or report.as_of
            opened = exposure.opened_at
            found.append(
                Window(
                    leak=leak,
                    exposure=exposure,
                    key=subject.name if subject else exposure.key_id,
                    owner=subject.owner if subject else None,
                    state=_state(exposure),
                    days=max(0, (end - opened).days) if opened else None,
                    ended=end,
                )
            )
    order = ("open", "not known", "closed")
    return tuple(sorted(found, key=lambda w: (order.index(w.state), -(w.days or 0), w.key)))


def _state(exposure: Exposure) -> Literal["open", "closed", "not known"]:
    if exposure.key_state == "active":
        return "open"
    return "closed" if exposure.key_state == "dead" else "not known"


def place(leak: Leak, *, several: bool) -> str:
    """Return where to look first: a place that is in a branch today, else the earliest one."""
    first = min(
        leak.occurrences,
        key=lambda o: (not o.in_head, o.introduced_at is None, str(o.introduced_at), str(o.path)),
        default=None,
    )
    if first is None:
        return ""
    line = f":{first.line}" if first.line else ""
    commit = f" ({first.commit[:10]})" if first.commit else ""
    more = len(leak.occurrences) - 1
    return f"{first.shown(several=several)}{line}{commit}" + (f" and {more} more" if more else "")


def reasons(findings: Sequence[Finding]) -> tuple[tuple[str, int], ...]:
    """Return why findings are unknown or errors, the commonest reason first."""
    return tuple(Counter(finding.message for finding in findings).most_common())


def closing(report: Report) -> str:
    """Return the one line that ends every report: how many findings have each status."""
    counts = report.summary()
    failed = Counter(f.severity for f in report.findings if f.status == "fail")
    worst = ", ".join(f"{failed[s]} {s}" for s in reversed(SEVERITIES) if failed[s])
    unread = sum(1 for source in report.sources if not source.complete)
    return " · ".join(
        (
            f"{counts['fail']} failed" + (f" ({worst})" if worst else ""),
            f"{counts['unknown']} unknown",
            f"{counts['error']} not decided",
            f"{counts['waived']} waived",
            f"{counts['pass']} passed",
            f"{counts['skip']} not applicable",
            f"{unread} of {amount(len(report.sources), 'source')} not read whole",
        )
    )


def verdict(report: Report) -> str:
    """Return what the run amounts to, in one sentence that never says more than was seen."""
    failed = report.summary()["fail"]
    if report.incomplete:
        rest = f"{failed} failed among what was read" if failed else "nothing failed in what was"
        return f"INCOMPLETE: not everything was read or decided; {rest}."
    if failed:
        return f"{amount(failed, 'finding')} failed."
    if report.summary()["unknown"]:
        return "Nothing failed; some subjects are unknown."
    return "Nothing failed; everything in reach was read and decided."
