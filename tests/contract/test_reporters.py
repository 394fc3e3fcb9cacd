"""What every reporter must satisfy, whoever wrote it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from tests.support.records import AS_OF, facts
from tests.support.sample_report import HOSTILE, sample_report

from keyproof.app import registry
from keyproof.model.policy import Evaluation
from keyproof.model.report import Report
from keyproof.pipeline.controls import Crosswalk
from keyproof.pipeline.report import RunOptions, assemble

NAMES = registry.names("reporters")
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def render(name: str, report: Report) -> bytes:
    reporter = registry.load("reporters", name)
    stream: Any = io.BytesIO() if reporter.BINARY else io.StringIO()
    reporter.render(report, stream)
    written = stream.getvalue()
    return written if isinstance(written, bytes) else written.encode()


@pytest.fixture(scope="module")
def sample() -> Report:
    return sample_report()


def empty() -> Report:
    return assemble(
        facts(),
        Evaluation(engine="test", pack_digest="sha256:0", results=()),
        crosswalk=Crosswalk(),
        options=RunOptions(),
        started_at=AS_OF,
        finished_at=AS_OF,
        tool_version="0.1.0",
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_reporter_names_itself_and_its_ending(name: str) -> None:
    reporter = registry.load("reporters", name)
    assert reporter.TITLE
    assert re.fullmatch(r"\.[a-z.]+", reporter.SUFFIX)
    endings = [registry.load("reporters", n).SUFFIX for n in NAMES]
    assert endings.count(reporter.SUFFIX) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_same_report_gives_the_same_bytes(name: str, sample: Report) -> None:
    assert render(name, sample) == render(name, sample_report())


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_report_renders(name: str) -> None:
    assert render(name, empty())


@pytest.mark.parametrize("name", NAMES)
def test_no_character_of_a_name_steers_a_terminal_or_a_reader(name: str, sample: Report) -> None:
    if registry.load("reporters", name).BINARY:
        pytest.skip("the format is not text")
    assert any(STEERING.search(hostile) for hostile in HOSTILE)
    assert not STEERING.search(render(name, sample).decode())


@pytest.mark.parametrize("name", NAMES)
def test_a_report_says_that_it_is_incomplete(name: str, sample: Report) -> None:
    reporter = registry.load("reporters", name)
    if reporter.BINARY:
        pytest.skip("the format is not text")
    text = render(name, sample).decode().lower()
    assert "incomplete" in text or '"executionsuccessful": false' in text


@pytest.mark.parametrize("name", NAMES)
def test_no_report_claims_conformity(name: str, sample: Report) -> None:
    text = render(name, sample).decode(errors="replace").lower()
    for claim in ("compliant", "certified", "auditor", "no deviations"):
        assert claim not in text
