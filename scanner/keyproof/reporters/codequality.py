"""``codequality``: annotations for a GitLab merge request, ``artifacts:reports:codequality``.

GitLab's "Code Quality report format": an array of description, check_name, fingerprint, severity
and location. It annotates lines of files, so it holds the leaks that stand in today's files; other
findings are in ``junit`` and the other formats. What was not read stands at the project's root.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from keyproof.model.policy import Severity
from keyproof.model.report import Report
from keyproof.reporters._leak_places import leak_places
from keyproof.reporters._plain import plain

TITLE = "Annotations for a GitLab merge request (Code Quality)"
SUFFIX = ".codequality.json"
BINARY = False
_SEVERITIES: Mapping[Severity, str] = {
    "critical": "blocker",
    "high": "critical",
    "medium": "major",
    "low": "minor",
    "info": "info",
}


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    json.dump(list(_entries(report)), stream, indent=1, ensure_ascii=True)
    stream.write("\n")


def _entries(report: Report) -> Iterator[dict[str, Any]]:
    for found in leak_places(report):
        if not found.in_files:
            continue
        for finding in found.failed:
            yield {
                "description": plain(f"{finding.message} ({found.leak.redacted})"),
                "check_name": finding.policy,
                "fingerprint": _fingerprint(finding.id, found.place.occurrence_id),
                "severity": _SEVERITIES[finding.severity],
                "location": _location(found.place.path or "", found.place.line),
            }
    for text in report.incomplete:
        yield {
            "description": plain(f"incomplete: {text}"),
            "check_name": "incomplete",
            "fingerprint": _fingerprint("incomplete", text),
            "severity": _SEVERITIES["high"],
            "location": _location(".", None),
        }


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _location(path: str, line: int | None) -> dict[str, Any]:
    return {"path": plain(path), "lines": {"begin": line or 1}}
