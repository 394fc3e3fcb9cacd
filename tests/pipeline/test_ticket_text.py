"""A ticket's text: everything a reader needs, and nothing that a name could smuggle in."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.support.runs import finding, request

from keyproof.model.finding import Control
from keyproof.model.ticket import rotation_hash
from keyproof.pipeline.ticket_text import TITLE_LENGTH, code, compose, line, paragraph, prose, shown

HOSTILE = "x`` @ada #1 <img src=x onerror=1> [a](https://evil.example) | **b**\n---\n# head\u202e"


def test_the_text_holds_what_a_person_needs() -> None:
    about = finding(
        parameters={"max_age_days": 90},
        parameter_origins={"max_age_days": "keyproof.yaml"},
        controls=(
            Control(
                framework="soc2",
                version="2017",
                id="CC6.1",
                strength="supporting",
                reason="Old keys are replaced.",
            ),
        ),
    )
    about = replace(about, subject=replace(about.subject, owner="team-a", environment="prod"))
    text = compose(about, request(), "write {hash}")
    assert text.title == "Key too old: k1 of deploy"
    for part in (
        "**high** · Key too old · key `k1 of deploy`",
        "key k1 is too old",
        "- Source: `aws`",
        "- Owner: `team-a`",
        "- Environment: `prod`",
        "- `age_days`: `400`",
        "- `max_age_days`: `90` (keyproof.yaml)",
        "- soc2 2017 `CC6.1` (supporting): Old keys are replaced.",
        "## What to do\n\nRotate the key.\n",
        "put it into `vault`",
        "for 1 h",
        f"To approve: write {rotation_hash(request())}",
        f"finding `{about.id}`",
    ):
        assert part in text.body


def test_values_from_outside_are_inert() -> None:
    about = finding(evidence={"path": HOSTILE, "list": [HOSTILE, HOSTILE]}, message=HOSTILE)
    about = replace(
        about, subject=replace(about.subject, name=HOSTILE, source=HOSTILE, owner=HOSTILE)
    )
    text = compose(about, replace(request(), principal=HOSTILE, targets=(HOSTILE,)), "x")
    assert "\n" not in text.title
    outside = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text.body)
    assert not re.search(r"@ada|#1|<img|://|(?<!\\)\*\*b|\u202e", outside)
    assert "\n# head" not in text.body


@given(st.text())
def test_a_code_span_holds_its_value_whatever_it_is(value: str) -> None:
    text = code(value)
    if not line(value):
        assert text == "not known"
        return
    fence = re.match(r"`+", text)
    assert fence
    inner = text[len(fence[0]) : -len(fence[0])]
    assert text.endswith(fence[0])
    assert inner.strip() == line(value)
    assert not re.search(rf"(?<!`){fence[0]}(?!`)", inner)


@given(st.text(alphabet=st.sampled_from("a1 -+=#@:/.`*_[]()<>|~!$\\w\n\t)")))
def test_prose_has_no_markup_left(value: str) -> None:
    text = paragraph(value)
    assert "\n" not in text
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>|~]", re.sub(r"\\.", "", text))
    assert "://" not in text
    assert not re.search(r"[@#][\w]", text)
    assert not re.match(r"[-+=>]|\d+[.)]", text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "yes"),
        (False, "no"),
        (12, "`12`"),
        ([], "none"),
        (("a", "b"), "`a`, `b`"),
        ([str(n) for n in range(22)], ", ".join(f"`{n}`" for n in range(20)) + ", and 2 more"),
        ("", "not known"),
    ],
)
def test_evidence_is_printed_for_people(value: object, expected: str) -> None:
    assert shown(value) == expected


def test_a_version_within_a_line_is_left_as_it_is() -> None:
    assert prose("4.0.1 of March") == "4.0.1 of March"
    assert paragraph("4. March") != "4. March"


def test_a_long_title_is_cut() -> None:
    long = compose(finding(key="k" * 500), None, "").title
    assert len(long) == TITLE_LENGTH
    assert long.endswith("…")
