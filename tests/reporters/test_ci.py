"""The formats that CI systems read: GitHub's annotations, GitLab's two reports, JUnit.

No server of theirs can run here: the expectations are their documented formats (GitHub, "Workflow
commands for GitHub Actions"; GitLab, schema "secret-detection-report-format" 15.2.4 and "Code
Quality report format"; JUnit as Jenkins reads it).
"""

from __future__ import annotations

import io
import json
import re
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace
from tests.support.sample_report import sample_report

from keyproof.app import registry
from keyproof.model.leak import Leak, Occurrence
from keyproof.model.report import Report

COMMAND = re.compile(r"^::(error|warning|notice) ([^:]*)::(.*)$")


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report()


def text_of(name: str, report: Report) -> str:
    stream = io.StringIO()
    registry.load("reporters", name).render(report, stream)
    return stream.getvalue()


def parsed(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314 - our own text


def failed_places(report: Report) -> list[tuple[Leak, Occurrence]]:
    failed = {f.subject.id for f in report.findings if f.status == "fail"}
    return [(le, o) for le in report.leaks if le.record_id in failed for o in le.occurrences]


def moved(report: Report, path: str) -> Report:
    """Return the report with every leak in one file of today's tree."""
    leaks = tuple(
        replace(
            leak,
            occurrences=tuple(replace(o, path=path, in_head=True) for o in leak.occurrences),
        )
        for leak in report.leaks
    )
    return replace(report, leaks=leaks)


def test_every_line_for_github_is_one_whole_command(report: Report) -> None:
    lines = text_of("github", report).splitlines()
    assert all(COMMAND.match(line) for line in lines)
    levels = [COMMAND.match(line)[1] for line in lines]  # type: ignore[index]
    assert levels.index("warning") > levels.index("error")
    assert "failed" in lines[-1]


def test_names_cannot_end_or_forge_a_command_of_github(report: Report) -> None:
    hostile = "a\n::stop-commands::x,line=7:b%0A::error::c"
    for line in text_of("github", moved(report, hostile)).splitlines():
        command = COMMAND.match(line)
        assert command
        assert set(re.findall(r"(?:^|,)([a-z]+)=", command[2])) <= {"title", "file", "line", "col"}


def test_github_shows_history_without_a_line_of_todays_file(report: Report) -> None:
    history = replace(
        report,
        leaks=tuple(
            replace(leak, occurrences=tuple(replace(o, in_head=False) for o in leak.occurrences))
            for leak in report.leaks
        ),
    )
    assert "file=" in text_of("github", report)
    assert "file=" not in text_of("github", history)
    assert "commit " in text_of("github", history)


def test_gitlab_gets_every_failed_place_once_with_what_its_schema_asks_for(report: Report) -> None:
    document = json.loads(text_of("gitlab", report))
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["version"])
    scan = document["scan"]
    assert scan["type"] == "secret_detection"
    assert scan["status"] == "failure"  # the sample run is incomplete
    assert all(m["level"] == "warn" and m["value"] for m in scan["messages"])
    for at in ("start_time", "end_time"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", scan[at])
    for part in ("analyzer", "scanner"):
        assert all(scan[part][field] for field in ("id", "name", "version", "vendor"))
    found = document["vulnerabilities"]
    assert len(found) == len(failed_places(report)) > 5
    assert len({one["id"] for one in found}) == len(found)
    for one in found:
        assert UUID(one["id"])
        assert one["severity"] in {"Info", "Unknown", "Low", "Medium", "High", "Critical"}
        assert len(one["name"]) <= 255
        assert len(one["solution"]) <= 7000
        assert one["identifiers"][0]["type"] == "keyproof_detector"
        assert one["location"]["commit"]["sha"]
        assert "raw_source_code_extract" not in one


def test_gitlab_ids_do_not_move_with_the_line(report: Report) -> None:
    def ids(of: Report) -> list[str]:
        return [one["id"] for one in json.loads(text_of("gitlab", of))["vulnerabilities"]]

    assert ids(report) == ids(moved(report, "elsewhere.txt"))


def test_a_whole_run_is_a_success_for_gitlab(report: Report) -> None:
    document = json.loads(text_of("gitlab", replace(report, incomplete=())))
    assert (document["scan"]["status"], document["scan"]["messages"]) == ("success", [])


def test_code_quality_annotates_todays_files_only(report: Report) -> None:
    entries = json.loads(text_of("codequality", report))
    assert {tuple(sorted(one)) for one in entries} == {
        ("check_name", "description", "fingerprint", "location", "severity")
    }
    assert {one["severity"] for one in entries} <= {"info", "minor", "major", "critical", "blocker"}
    assert len({one["fingerprint"] for one in entries}) == len(entries)
    today = {o.path for _, o in failed_places(report) if o.in_head and o.path}
    shown = {one["location"]["path"] for one in entries if one["check_name"] != "incomplete"}
    assert len(shown) == len(today)
    assert [one["check_name"] for one in entries].count("incomplete") == len(report.incomplete)


def test_junit_holds_every_verdict_and_its_sums_are_right(report: Report) -> None:
    root = parsed(text_of("junit", report))
    cases = list(root.iter("testcase"))
    verdicts = report.summary()
    assert len(cases) == len(report.findings) + len(report.incomplete)
    assert len(list(root.iter("failure"))) == verdicts["fail"]
    assert len(list(root.iter("error"))) == verdicts["error"] + len(report.incomplete)
    assert (
        len(list(root.iter("skipped")))
        == verdicts["waived"] + verdicts["unknown"] + verdicts["skip"]
    )
    for suite in root:
        assert int(suite.get("tests", "-1")) == len(suite)
        assert int(suite.get("failures", "-1")) == len(list(suite.iter("failure")))
    assert int(root.get("tests", "-1")) == len(cases)


def test_junit_says_what_to_do_and_where(report: Report) -> None:
    root = parsed(text_of("junit", report))
    told: Any = [f for f in root.iter("failure") if "secret: " in (f.text or "")]
    assert told
    assert all("fix: " in f.text and "at: " in f.text for f in told)


def test_characters_that_xml_refuses_are_escaped(report: Report) -> None:
    odd = "nul\x00 bell\x07 \ufffe\uffff ]]> & <x>"
    cases = parsed(text_of("junit", moved(report, odd))).iter("testcase")
    files = {case.get("file") for case in cases} - {None}
    assert files == {r"nul\x00 bell\x07 \ufffe\uffff ]]> & <x>"}
