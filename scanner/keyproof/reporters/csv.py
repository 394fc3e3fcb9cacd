"""``csv``: the whole population, one row a finding, for spreadsheets and samplers.

RFC 4180 with a header and plain line ends. A cell that a spreadsheet would run as a formula is
preceded by an apostrophe; evidence and parameters are JSON in one cell each.
"""

from __future__ import annotations

import csv
from typing import IO, Any

from keyproof.model.finding import Finding
from keyproof.model.record import canonical_json
from keyproof.model.report import Report
from keyproof.reporters._plain import day, json_safe, plain

TITLE = "The whole population, one row a finding (CSV)"
SUFFIX = ".csv"
BINARY = False
COLUMNS = (
    "finding", "policy", "severity", "status", "subject_type", "subject_id", "subject", "source",
    "owner", "environment", "message", "reason", "evidence", "parameters", "parameter_origins",
    "controls", "first_seen", "due", "reopened", "waiver", "waiver_expires", "as_of", "facts",
    "run_incomplete",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    run = (
        f"{report.as_of:%Y-%m-%dT%H:%M:%SZ}",
        report.facts_digest,
        "; ".join(report.incomplete) or "no",
    )
    for finding in report.findings:
        writer.writerow([inert(cell) for cell in (*_cells(finding), *run)])


def inert(text: str) -> str:
    """Return a cell that no spreadsheet runs and no reader is misled by."""
    shown = plain(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _cells(finding: Finding) -> tuple[str, ...]:
    history, waiver = finding.history, finding.waiver
    return (
        finding.id,
        finding.policy,
        finding.severity,
        finding.status,
        finding.subject.type,
        finding.subject.id,
        finding.subject.name,
        finding.subject.source,
        finding.subject.owner or "",
        finding.subject.environment or "",
        finding.message,
        finding.reason or "",
        _json(finding.evidence),
        _json(finding.parameters),
        _json(finding.parameter_origins),
        "; ".join(f"{c.framework} {c.version} {c.id} ({c.strength})" for c in finding.controls),
        day(history.first_seen_at) if history else "",
        day(history.due_at) if history and history.due_at else "",
        str(history.reopened) if history else "",
        waiver.id if waiver else "",
        waiver.expires_on if waiver else "",
    )


def _json(value: object) -> str:
    return json_safe(canonical_json(value).decode())
