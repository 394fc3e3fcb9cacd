"""``gitlab``: a secret detection report, for ``artifacts:reports:secret_detection``.

GitLab's schema "secret-detection-report-format", version 15.2.4 (security-report-schemas). One
vulnerability for each place where a leak stands that nobody accepted, with the worst severity that
a policy gives it. ``raw_source_code_extract`` is left out: it would hold the secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any
from uuid import NAMESPACE_URL, uuid5

from keyproof.model.report import Report
from keyproof.reporters._leak_places import LeakPlace, described, leak_places
from keyproof.reporters._plain import plain

TITLE = "A secret detection report for GitLab"
SUFFIX = ".gitlab.json"
BINARY = False
VERSION = "15.2.4"
NO_COMMIT = "0000000"
"""GitLab wants a commit for every place; text that no commit holds yet has none."""
_NAME, _SOLUTION = 255, 7000  # characters, the schema's limits


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    scanner = {
        "id": "keyproof",
        "name": "keyproof",
        "version": report.tool_version,
        "vendor": {"name": "keyproof"},
    }
    document = {
        "version": VERSION,
        "scan": {
            "type": "secret_detection",
            "analyzer": scanner,
            "scanner": scanner,
            "start_time": _time(report.started_at),
            "end_time": _time(report.finished_at),
            "status": "failure" if report.incomplete else "success",
            "messages": [
                {"level": "warn", "value": plain(f"incomplete: {text}")}
                for text in report.incomplete
            ],
        },
        "vulnerabilities": list(_vulnerabilities(report)),
    }
    json.dump(document, stream, indent=1, ensure_ascii=True)
    stream.write("\n")


def _vulnerabilities(report: Report) -> Iterator[dict[str, Any]]:
    titles = {policy.id: policy.title for policy in report.policies}
    for found in leak_places(report):
        if found.failed:
            yield _vulnerability(found, titles)


def _vulnerability(found: LeakPlace, titles: dict[str, str]) -> dict[str, Any]:
    leak, worst = found.leak, found.failed[0]
    at = described(found.place, several=found.several)
    said = "; ".join(f"{titles.get(f.policy, f.policy)}: {f.message}" for f in found.failed)
    return {
        "id": str(uuid5(NAMESPACE_URL, f"keyproof:{leak.secret_id}:{found.place.occurrence_id}")),
        "name": plain(f"{leak.provider} {leak.kind}".replace("_", " "))[:_NAME],
        "description": f"{plain(said)} ({leak.redacted}; {at})",
        "severity": worst.severity.capitalize(),
        "solution": plain(worst.remediation)[:_SOLUTION],
        "identifiers": [
            _identifier("keyproof_detector", f"keyproof {leak.detector}", leak.detector),
            _identifier("keyproof_secret_id", "keyproof secret id", leak.secret_id),
            _identifier("cwe", "CWE-798", "798")
            | {"url": "https://cwe.mitre.org/data/definitions/798.html"},
        ],
        "location": _location(found),
    }


def _identifier(kind: str, name: str, value: str) -> dict[str, str]:
    return {"type": kind, "name": name, "value": value}


def _location(found: LeakPlace) -> dict[str, Any]:
    place = found.place
    commit = {"sha": place.commit or NO_COMMIT}
    if place.author:
        commit["author"] = plain(place.author)
    if place.introduced_at:
        commit["date"] = _time(place.introduced_at) + "Z"
    location: dict[str, Any] = {"commit": commit}
    if place.path is not None:
        location["file"] = plain(place.path)
    if place.line:
        location |= {"start_line": place.line, "end_line": place.line}
    return location


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
