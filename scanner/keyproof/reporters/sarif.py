"""``sarif``: leaks for code scanning (SARIF 2.1.0, OASIS standard with errata 01).

One result for each finding on a leak × place where the secret stands; a leak that no policy judged
is still a result, under its detector. Results match from run to run by keyed ids, never by line.
Keys and principals have no place in a file: they are in ``json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import quote, quote_from_bytes

from keyproof.model.finding import Finding
from keyproof.model.leak import Leak, Occurrence
from keyproof.model.policy import Severity
from keyproof.model.report import PolicySummary, Report
from keyproof.reporters._leak_places import leak_places
from keyproof.reporters._plain import plain

TITLE = "Leaks for code scanning (SARIF 2.1.0)"
SUFFIX = ".sarif"
BINARY = False
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LEVELS: Mapping[Severity, tuple[str, str]] = {
    "critical": ("error", "9.5"),
    "high": ("error", "8.0"),
    "medium": ("warning", "5.5"),
    "low": ("note", "3.0"),
    "info": ("note", "0.0"),
}
_UNDECODABLE = re.compile(r"\\x([89a-f][0-9a-f])", re.IGNORECASE)


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    results = list(_results(report))
    named = {result["ruleId"] for result in results}
    rules = [_rule(policy) for policy in report.policies if policy.id in named]
    known = {rule["id"] for rule in rules}
    rules += [{"id": name, "name": name} for name in sorted(named - known)]
    order = {rule["id"]: index for index, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "keyproof", "version": report.tool_version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "automationDetails": {"id": f"keyproof/{report.scope}/"},
        "results": [result | {"ruleIndex": order[result["ruleId"]]} for result in results],
        "properties": {"factsDigest": report.facts_digest, "policiesDigest": report.pack_digest},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    json.dump(log, stream, indent=1, ensure_ascii=True, sort_keys=True)
    stream.write("\n")


def _prose(text: str) -> str:
    """Return message text in which no name can make a link (SARIF 2.1.0, 3.11.6)."""
    return plain(text).replace("](", "] (")


def _rule(policy: PolicySummary) -> dict[str, Any]:
    level, score = _LEVELS[policy.severity]
    rule: dict[str, Any] = {
        "id": policy.id,
        "name": policy.id,
        "shortDescription": {"text": plain(policy.title)},
        "fullDescription": {"text": plain(policy.description or policy.title)},
        "defaultConfiguration": {"level": level},
        "properties": {
            "security-severity": score,
            "tags": ["security", *(f"{c.framework}/{c.id}" for c in policy.controls)],
        },
    }
    if policy.remediation:
        rule["help"] = {"text": plain(policy.remediation)}
    return rule


def _invocation(report: Report) -> dict[str, Any]:
    """Say how the run went; what was not read stands here too, as notifications."""
    notes = [f"{gap.source}: {gap.call}: {gap.reason}: {gap.detail}" for gap in report.gaps]
    notes += report.incomplete
    counts = report.summary()
    notes.append(f"{counts['unknown']} unknown, {counts['error']} not decided")
    return {
        "executionSuccessful": not report.incomplete,
        "exitCode": report.exit_code,
        "startTimeUtc": _time(report.started_at),
        "endTimeUtc": _time(report.finished_at),
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": plain(note)}} for note in notes
        ],
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _results(report: Report) -> Iterator[dict[str, Any]]:
    for leak, place, findings, several in leak_places(report):
        base = place.repository if several else None
        for finding in findings:
            yield _judged(leak, place, finding, base)
        if not findings:
            yield _result(leak, place, base, leak.detector, "note", f"{leak.detector} found")


def _judged(leak: Leak, place: Occurrence, finding: Finding, base: str | None) -> dict[str, Any]:
    text = f"{finding.policy_title}: {finding.message} ({leak.redacted})"
    level = _LEVELS[finding.severity][0]
    result = _result(leak, place, base, finding.policy, level, text)
    result["partialFingerprints"]["keyproofFinding/v1"] = finding.id
    suppressions = _suppressions(place, finding)
    return result | ({"suppressions": suppressions} if suppressions else {})


def _result(
    leak: Leak, place: Occurrence, base: str | None, rule: str, level: str, text: str
) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": _prose(text)},
        "locations": [_location(place, base)],
        "partialFingerprints": {
            "keyproofSecret/v1": leak.secret_id,
            "keyproofOccurrence/v1": place.occurrence_id,
        },
        "properties": {
            name: value
            for name, value in {
                "detector": leak.detector,
                "confidence": leak.confidence,
                "where": place.where,
                "commit": place.commit,
                "repository": plain(place.repository),
                "inHead": place.in_head,
            }.items()
            if value is not None
        },
    }


def _location(place: Occurrence, base: str | None) -> dict[str, Any]:
    logical = {
        "kind": "member",
        "name": place.where,
        "fullyQualifiedName": plain(f"{place.repository}@{place.commit or 'worktree'}"),
    }
    if place.path is None:
        return {"logicalLocations": [logical]}
    artifact = {"uri": uri(place.path)} | ({"uriBaseId": plain(base)} if base else {})
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if place.line:
        region = {"startLine": place.line}
        if place.column:
            region["startColumn"] = place.column
        physical["region"] = region
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def uri(path: str) -> str:
    """Return a path as a relative reference (RFC 3986): percent-encoded, ``\\xNN`` as its byte."""
    literal_or_byte: Sequence[str] = _UNDECODABLE.split(path.lstrip("/"))
    return "".join(
        quote_from_bytes(bytes.fromhex(part)) if index % 2 else quote(part, safe="/")
        for index, part in enumerate(literal_or_byte)
    )


def _suppressions(place: Occurrence, finding: Finding) -> list[dict[str, str]]:
    """Return who accepted the place or the finding; an expired statement suppresses nothing."""
    if finding.status != "waived" or finding.waiver is None:
        return []
    stated = place.suppression
    if stated and finding.waiver.id.startswith(("inline: ", "baseline: ")):
        kind = "inSource" if stated.kind == "inline" else "external"
        text = stated.reason or f"{stated.kind} {stated.marker}"
    else:
        kind = "external"
        text = f"waiver {finding.waiver.id}, until {finding.waiver.expires_on}: {finding.waiver.reason}"
    return [{"kind": kind, "status": "accepted", "justification": plain(text)}]
