"""``junit``: findings as test cases, for every CI that shows test results.

The form that Jenkins, GitLab and Azure read: a suite for each policy, a case for each subject. A
case without a child passed; ``failure`` failed, ``error`` could not be decided, ``skipped`` was
waived, is unknown or does not apply, and says which. What was not read is a suite of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import IO, Any
from xml.etree import ElementTree as ET

from keyproof.model.finding import Finding, FindingStatus
from keyproof.model.leak import Leak
from keyproof.model.report import Report
from keyproof.reporters._leak_places import described, has_several
from keyproof.reporters._plain import plain

TITLE = "Findings as test cases (JUnit XML)"
SUFFIX = ".junit.xml"
BINARY = False
PLACES = 20
"""So many places of one leak are listed; the rest is counted."""
_CHILD: Mapping[FindingStatus, str] = {
    "fail": "failure",
    "error": "error",
    "waived": "skipped",
    "unknown": "skipped",
    "skip": "skipped",
}


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    leaks = {leak.record_id: leak for leak in report.leaks}
    many = has_several(report)
    by_policy: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        by_policy[finding.policy].append(finding)
    root = ET.Element("testsuites", name="keyproof")
    total: Counter[str] = Counter()
    for policy in report.policies:
        total += _suite(root, policy.id, by_policy[policy.id], leaks, several=many)
    total += _unread(root, report.incomplete)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(total[name]))
    ET.indent(root)
    stream.write("<?xml version='1.0' encoding='utf-8'?>\n")
    stream.write(ET.tostring(root, encoding="unicode") + "\n")


def _suite(
    root: ET.Element,
    policy: str,
    findings: Sequence[Finding],
    leaks: Mapping[str, Leak],
    *,
    several: bool,
) -> Counter[str]:
    suite = ET.SubElement(root, "testsuite", name=policy)
    counts: Counter[str] = Counter()
    for finding in findings:
        case = ET.SubElement(
            suite, "testcase", classname=policy, name=plain(finding.subject.name) or "?"
        )
        _place(case, leaks.get(finding.subject.id))
        child = _CHILD.get(finding.status)
        if child:
            said = f"{finding.status}: {finding.message or finding.reason or ''}"
            result = ET.SubElement(case, child, message=plain(said))
            if child in {"failure", "error"}:
                result.set("type", finding.severity)
                result.text = _details(finding, leaks.get(finding.subject.id), several=several)
        counts[child or "passed"] += 1
    return _counted(suite, counts)


def _place(case: ET.Element, leak: Leak | None) -> None:
    """Name file and line, where a leak stands in one."""
    first = next((o for o in leak.occurrences if o.path is not None), None) if leak else None
    if first is not None:
        case.set("file", plain(first.path or ""))
        if first.line:
            case.set("line", str(first.line))


def _details(finding: Finding, leak: Leak | None, *, several: bool) -> str:
    lines = [f"subject: {finding.subject.id}"]
    if leak:
        lines.append(f"secret: {leak.redacted} ({leak.secret_id})")
        lines += [f"at: {described(place, several=several)}" for place in leak.occurrences[:PLACES]]
        more = len(leak.occurrences) - PLACES
        lines += [f"at: {more} more places"] if more > 0 else []
    if finding.remediation:
        lines.append(f"fix: {finding.remediation}")
    return "\n".join(map(plain, lines))


def _unread(root: ET.Element, incomplete: Sequence[str]) -> Counter[str]:
    """Add what was not read or decided: a run that lacks something is no green run."""
    if not incomplete:
        return Counter()
    suite = ET.SubElement(root, "testsuite", name="completeness")
    for text in incomplete:
        case = ET.SubElement(suite, "testcase", classname="completeness", name=plain(text))
        ET.SubElement(case, "error", message=plain(text), type="incomplete")
    return _counted(suite, Counter(error=len(incomplete)))


def _counted(suite: ET.Element, counts: Counter[str]) -> Counter[str]:
    totals = Counter(
        tests=counts.total(),
        failures=counts["failure"],
        errors=counts["error"],
        skipped=counts["skipped"],
    )
    for name in ("tests", "failures", "errors", "skipped"):
        suite.set(name, str(totals[name]))
    return totals
