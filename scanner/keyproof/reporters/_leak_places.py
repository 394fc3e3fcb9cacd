"""Leak places: each place of each leak with the verdicts on it, as programs for code want them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from keyproof.model.finding import Finding
from keyproof.model.leak import Leak, Occurrence
from keyproof.model.policy import SEVERITIES, Severity
from keyproof.model.report import Report
from keyproof.reporters._plain import plain

_TODAY = frozenset({"worktree", "index"})


class LeakPlace(NamedTuple):
    """One place of one leak. ``findings`` are its failed and waived ones, worst first.

    ``several`` says that its path alone does not tell in which repository it is.
    """

    leak: Leak
    place: Occurrence
    findings: tuple[Finding, ...]
    several: bool

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that nobody waived."""
        return tuple(finding for finding in self.findings if finding.status == "fail")

    @property
    def in_files(self) -> bool:
        """Whether a person finds it in a file of today's tree."""
        place = self.place
        return place.path is not None and (bool(place.in_head) or place.where in _TODAY)


def leak_places(report: Report) -> Iterator[LeakPlace]:
    """Yield every place of every leak, in the report's order."""
    many = has_several(report)
    judged: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.subject.type == "leak" and finding.status in {"fail", "waived"}:
            judged[finding.subject.id].append(finding)
    for leak in report.leaks:
        found = sorted(judged[leak.record_id], key=lambda one: (-rank(one.severity), one.policy))
        for place in leak.occurrences:
            yield LeakPlace(leak, place, tuple(found), many)


def rank(severity: Severity) -> int:
    """Return how bad a severity is: 0 is the least."""
    return SEVERITIES.index(severity)


def has_several(report: Report) -> bool:
    """Tell whether more than one repository was read, so that a path does not say in which it is."""
    return sum(source.repositories for source in report.sources) > 1


def described(place: Occurrence, *, several: bool) -> str:
    """Return where a secret stands and who brought it, for people, on one line."""
    at = place.shown(several=several)
    line = f":{place.line}" if place.line else ""
    commit = f", commit {place.commit[:12]}" if place.commit else ""
    author = f" by {place.author}" if place.author else ""
    day = f" on {place.introduced_at:%Y-%m-%d}" if place.introduced_at else ""
    return plain(f"{at}{line}{commit}{author}{day}")
