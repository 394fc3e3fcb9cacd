from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sample_report import sample_report

from keyproof.model.report import Report
from keyproof.reporters import csv as reporter


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report()


def rows_of(report: Report) -> list[dict[str, str]]:
    stream = io.StringIO(newline="")
    reporter.render(report, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


def test_there_is_one_row_for_every_finding(report: Report) -> None:
    rows = rows_of(report)
    assert [row["finding"] for row in rows] == [f.id for f in report.findings]
    assert tuple(rows[0]) == reporter.COLUMNS
    assert None not in rows[0].values()


def test_evidence_is_json_and_the_run_is_named_in_every_row(report: Report) -> None:
    for row, finding in zip(rows_of(report), report.findings, strict=True):
        assert json.loads(row["evidence"]).keys() == finding.evidence.keys()
        assert row["facts"] == report.facts_digest
        assert row["as_of"] == "2026-11-20T22:00:00Z"
        assert row["run_incomplete"].startswith("aws-prod: 1 gap")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_a_formula_is_text(text: str) -> None:
    assert reporter.inert(text) == f"'{text}"


@given(st.text(max_size=30))
def test_no_cell_starts_a_formula_or_a_new_line(text: str) -> None:
    cell = reporter.inert(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert "\n" not in cell
