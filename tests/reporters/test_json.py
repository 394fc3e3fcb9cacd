from __future__ import annotations

import io
import json
from typing import Any

import pytest
from msgspec.structs import replace
from tests.support.sample_report import HOSTILE, sample_report

from keyproof.model.report import Report
from keyproof.reporters import json as reporter


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report()


@pytest.fixture(scope="module")
def document(report: Report) -> dict[str, Any]:
    return json.loads(text_of(report))


def text_of(report: Report) -> str:
    stream = io.StringIO()
    reporter.render(report, stream)
    return stream.getvalue()


def test_the_document_has_the_promised_members(document: dict[str, Any], report: Report) -> None:
    assert document["schema"] == "keyproof/scan/v1"
    assert document["as_of"] == "2026-11-20T22:00:00Z"
    assert document["facts"] == {"counts": dict(report.counts), "digest": report.facts_digest}
    assert document["summary"] == dict(report.summary())
    assert document["exit_code"] == 1
    assert len(document["findings"]) == len(report.findings)
    assert {gap["reason"] for gap in document["gaps"]} == {"access_denied", "not_reported"}
    assert list(document) == [
        "schema", "as_of", "tool", "engine", "policies_digest", "identity_key", "scope", "fail_on",
        "facts", "sources", "gaps", "policies", "leaks", "findings", "waivers", "resolved",
        "problems", "incomplete", "summary", "exit_code",
    ]  # fmt: skip


def test_a_finding_has_the_promised_members(document: dict[str, Any]) -> None:
    finding = next(f for f in document["findings"] if f["policy"] == "keys.max_age")
    assert list(finding) == [
        "id", "policy", "subject", "status", "severity", "message", "reason", "evidence",
        "parameters", "parameter_origins", "controls", "source", "owner", "environment", "waiver",
        "history",
    ]  # fmt: skip
    assert set(finding["subject"]) == {"type", "id", "name"}
    assert set(finding["controls"][0]) == {"framework", "version", "id", "strength"}
    assert finding["parameter_origins"] == {"days": "CIS AWS 3.0, 1.14"}


def test_every_verdict_states_what_it_is_evidence_for(
    document: dict[str, Any], report: Report
) -> None:
    for written, held in zip(document["findings"], report.findings, strict=True):
        told = [(c["framework"], c["version"], c["id"]) for c in written["controls"]]
        assert told == [(c.framework, c.version, c.id) for c in held.controls]
        assert written["parameters"] == dict(held.parameters)
    assert {"fail", "waived", "pass", "unknown"} <= {f["status"] for f in document["findings"]}


def test_a_waived_finding_carries_its_waiver_and_history(document: dict[str, Any]) -> None:
    waived = next(f for f in document["findings"] if f["status"] == "waived")
    assert waived["waiver"]["approver"]
    assert waived["history"]["state"] == "waived"


def test_a_leak_has_its_places_and_exposures(document: dict[str, Any], report: Report) -> None:
    assert [leak["id"] for leak in document["leaks"]] == [leak.record_id for leak in report.leaks]
    exposed = [leak for leak in document["leaks"] if leak["exposures"]]
    assert {e["key_state"] for leak in exposed for e in leak["exposures"]} == {
        "active", "dead", "unknown",
    }  # fmt: skip
    suppressed = [p["suppressed"] for leak in document["leaks"] for p in leak["occurrences"]]
    assert {"inline", None} == set(suppressed)


def test_a_statement_that_ended_suppresses_nothing(report: Report) -> None:
    def ended(place: Any) -> Any:
        stated = place.suppression
        return replace(place, suppression=stated and replace(stated, expired=True))

    leaks = tuple(
        replace(leak, occurrences=tuple(map(ended, leak.occurrences))) for leak in report.leaks
    )
    document = json.loads(text_of(replace(report, leaks=leaks)))
    assert {p["suppressed"] for leak in document["leaks"] for p in leak["occurrences"]} == {None}


def test_names_survive_as_they_are(document: dict[str, Any]) -> None:
    names = " ".join(f["subject"]["name"] for f in document["findings"])
    for hostile in HOSTILE:
        assert hostile in names


def test_one_finding_stands_on_one_line(report: Report) -> None:
    lines = [line for line in text_of(report).splitlines() if line.startswith('{"id":"f_')]
    assert len(lines) == len(report.findings)
    for line in lines:
        assert json.loads(line.rstrip("],"))["id"].startswith("f_") or line.endswith("}],")
