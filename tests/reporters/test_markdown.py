from __future__ import annotations

import io

import pytest
from tests.support.sample_report import HOSTILE, sample_report

from keyproof.reporters import markdown


def text() -> str:
    stream = io.StringIO()
    markdown.render(sample_report(), stream)
    return stream.getvalue()


def test_the_summary_is_short_and_counts_everything() -> None:
    lines = text().splitlines()
    assert len(lines) < 80
    assert "139 failed" in text()
    assert "### Worst first (20 of 139)" in lines
    assert "### Leaked and still usable" in lines
    assert "### Incomplete" in lines


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_makes_no_link_tag_cell_or_code(name: str) -> None:
    shown = markdown.escape(name)
    bare = shown.replace("\\\\", "")
    assert "<" not in shown
    assert "\n" not in shown
    for letter in "[]`*|_":
        assert bare.count(letter) == bare.count(f"\\{letter}")


def test_nobody_is_mentioned() -> None:
    assert "@everyone" not in markdown.escape("ask @everyone")
    assert markdown.escape("ada@example.org") == "ada@example.org"


def test_tables_keep_their_columns() -> None:
    rows = [line for line in text().splitlines() if line.startswith("| ")]
    heads = rows[0].count(" | ")
    policies = [r for r in rows if r.startswith(("| critical | leaks", "| high | keys"))]
    assert policies[0].count(" | ") == heads
