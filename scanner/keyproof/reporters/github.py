"""``github``: annotations for a GitHub Actions log, shown beside the changed lines.

Workflow commands as GitHub documents them ("Workflow commands for GitHub Actions", "Setting an
error message"). A step shows ten errors and ten warnings at most, so the worst come first and the
last line counts what stands below. Print it to the step's standard output.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from keyproof.model.finding import Finding
from keyproof.model.policy import Severity
from keyproof.model.report import Report
from keyproof.reporters._leak_places import LeakPlace, described, leak_places, rank
from keyproof.reporters._plain import amount, plain

TITLE = "Annotations for a GitHub Actions log"
SUFFIX = ".github.txt"
BINARY = False


class _Annotation(NamedTuple):
    severity: Severity
    title: str
    text: str
    file: str | None = None
    line: int | None = None
    column: int | None = None


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    found = sorted(_annotations(report), key=lambda one: -rank(one.severity))
    for one in found:
        stream.write(_command(one) + "\n")
    for text in report.incomplete:
        stream.write(f"::warning title=keyproof%3A incomplete::{_data(text)}\n")
    counts = report.summary()
    stream.write(
        f"::notice title=keyproof::{amount(counts['fail'], 'finding')} failed, {counts['waived']}"
        f" waived, {counts['unknown']} unknown, {counts['error']} not decided\n"
    )


def _annotations(report: Report) -> Iterator[_Annotation]:
    for found in leak_places(report):
        for finding in found.failed:
            yield _of_leak(found, finding)
    for finding in report.findings:
        if finding.status == "fail" and finding.subject.type != "leak":
            name = plain(finding.subject.name)
            yield _Annotation(finding.severity, finding.policy, f"{name}: {finding.message}")


def _of_leak(found: LeakPlace, finding: Finding) -> _Annotation:
    place = found.place
    text = f"{finding.message} ({found.leak.detector}, {found.leak.redacted})"
    if not found.in_files:
        at = described(place, several=found.several)
        return _Annotation(finding.severity, finding.policy, f"{text}: {at}")
    if finding.remediation:
        text += f". {finding.remediation}"
    return _Annotation(finding.severity, finding.policy, text, place.path, place.line, place.column)


def _command(one: _Annotation) -> str:
    level = "error" if rank(one.severity) >= rank("high") else "warning"
    properties = [("title", f"keyproof: {one.title} ({one.severity})")]
    if one.file:
        properties += [("file", one.file), ("line", str(one.line or 1))]
        properties += [("col", str(one.column))] if one.column else []
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties)
    return f"::{level if one.severity != 'info' else 'notice'} {shown}::{_data(one.text)}"


def _data(text: str) -> str:
    """Escape a message: ``%`` and line ends end or forge a command."""
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
