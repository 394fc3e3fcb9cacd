from __future__ import annotations

import io
import json

import pytest
from tests.support.sample_report import sample_report

from keyproof.errors import ConfigError
from keyproof.model.record import digest
from keyproof.model.report import Report
from keyproof.reporters import json as scan_json
from keyproof.reporters import run


def text_of(report: Report) -> str:
    stream = io.StringIO()
    run.render(report, stream)
    return stream.getvalue()


def test_a_saved_run_is_the_whole_report() -> None:
    report = sample_report()
    assert digest(run.load(text_of(report).encode(), name="run.json")) == digest(report)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not JSON of any shape"),
        (b'{"schema": "other"}', "is not a saved run"),
        (b'{"schema": "keyproof/run/v1", "report": {"as_of": "hidden value"}}', "another version"),
    ],
)
def test_something_else_is_refused_without_quoting_it(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        run.load(data, name="x.json")
    assert caught.value.where == "x.json"
    assert caught.value.hint
    assert "hidden value" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_output_for_programs_is_told_apart() -> None:
    stream = io.StringIO()
    scan_json.render(sample_report(), stream)
    with pytest.raises(ConfigError, match="for other programs"):
        run.load(stream.getvalue().encode(), name="scan.json")


def test_a_run_with_an_unknown_member_is_refused() -> None:
    document = json.loads(text_of(sample_report()))
    document["report"]["extra"] = 1
    with pytest.raises(ConfigError):
        run.load(json.dumps(document).encode(), name="x")
