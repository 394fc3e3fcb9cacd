from __future__ import annotations

import io
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.support.needs import spec
from tests.support.sample_report import sample_report

from keyproof.model.report import Report
from keyproof.reporters import sarif


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report()


def log_of(report: Report) -> dict[str, Any]:
    stream = io.StringIO()
    sarif.render(report, stream)
    return json.loads(stream.getvalue())


def results_of(report: Report) -> list[dict[str, Any]]:
    return log_of(report)["runs"][0]["results"]


@pytest.mark.parametrize("which", ["whole", "no findings", "nothing", "two repositories"])
def test_the_log_fits_the_published_schema(report: Report, which: str) -> None:
    first = report.leaks[0]
    elsewhere = replace(
        first, occurrences=tuple(replace(o, repository="a b/c") for o in first.occurrences)
    )
    shaped = {
        "whole": report,
        "no findings": replace(report, findings=()),
        "nothing": replace(report, findings=(), leaks=(), gaps=(), incomplete=()),
        "two repositories": replace(report, leaks=(elsewhere, *report.leaks[1:])),
    }[which]
    schema = json.loads(spec("schemas/sarif-2.1.0.json").read_text())
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(log_of(shaped))] == []


def test_every_leak_is_there_at_every_place(report: Report) -> None:
    places = {o.occurrence_id for leak in report.leaks for o in leak.occurrences}
    seen = {r["partialFingerprints"]["keyproofOccurrence/v1"] for r in results_of(report)}
    assert seen == places
    without = results_of(replace(report, findings=()))
    assert len(without) == len(places)
    assert {r["ruleId"] for r in without} == {"aws.access_key", "github.pat"}


def test_fingerprints_hold_neither_line_nor_path_nor_commit(report: Report) -> None:
    moved = tuple(
        replace(
            leak,
            occurrences=tuple(
                replace(o, line=999, path="elsewhere.txt", commit="d" * 40)
                for o in leak.occurrences
            ),
        )
        for leak in report.leaks
    )
    before = [r["partialFingerprints"] for r in results_of(report)]
    assert [r["partialFingerprints"] for r in results_of(replace(report, leaks=moved))] == before
    assert all(f["keyproofSecret/v1"].startswith("s1_") for f in before)


def test_places_are_relative_encoded_and_count_from_one(report: Report) -> None:
    located = [r["locations"][0].get("physicalLocation") for r in results_of(report)]
    files = [place for place in located if place]
    assert None in located  # a commit message is in no file
    for place in files:
        uri = place["artifactLocation"]["uri"]
        assert not uri.startswith(("/", "file:"))
        assert uri.isascii()
        assert not set(uri) & set(' "<>\\{}')
        assert place["region"]["startLine"] >= 1
        assert place["region"]["startColumn"] >= 1
    assert log_of(report)["runs"][0]["columnKind"] == "unicodeCodePoints"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a/b.py", "a/b.py"),
        ("/abs", "abs"),
        ("ü x%.txt", "%C3%BC%20x%25.txt"),
        ("a:b", "a%3Ab"),
        ("caf\\xe9.txt", "caf%E9.txt"),
        ("win\\dir", "win%5Cdir"),
        ("q?#", "q%3F%23"),
    ],
)
def test_paths_become_relative_references(path: str, uri: str) -> None:
    assert sarif.uri(path) == uri


@given(st.text(max_size=40).filter(lambda t: t.isprintable()))
def test_any_path_becomes_ascii_without_a_scheme(path: str) -> None:
    uri = sarif.uri(path)
    assert uri.isascii()
    assert ":" not in uri
    assert not uri.startswith("/")


def test_what_is_waived_is_carried_as_a_suppression(report: Report) -> None:
    (suppressed,) = {
        json.dumps(r["suppressions"]) for r in results_of(report) if "suppressions" in r
    }
    (stated,) = json.loads(suppressed)
    assert stated == {
        "kind": "inSource",
        "status": "accepted",
        "justification": "documentation sample",
    }


def test_what_was_not_read_stands_in_the_invocation(report: Report) -> None:
    (invocation,) = log_of(report)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    told = [n["message"]["text"] for n in invocation["toolExecutionNotifications"]]
    assert any("iam:GetAccessKeyLastUsed" in text for text in told)
    assert "21 unknown, 1 not decided" in told


def test_no_name_makes_a_link(report: Report) -> None:
    named = tuple(replace(f, message="see [here](http://example.invalid)") for f in report.findings)
    texts = [r["message"]["text"] for r in results_of(replace(report, findings=named))]
    assert texts
    assert not any("](" in text for text in texts)


def test_rules_say_severity_controls_and_how_to_mend(report: Report) -> None:
    rules = {r["id"]: r for r in log_of(report)["runs"][0]["tool"]["driver"]["rules"]}
    rule = rules["leaks.active_key"]
    assert rule["properties"]["security-severity"] == "9.5"
    assert "soc2/CC7.4" in rule["properties"]["tags"]
    assert rule["help"]["text"].startswith("Issue a replacement")
    for result in results_of(report):
        assert list(rules)[result["ruleIndex"]] == result["ruleId"]
