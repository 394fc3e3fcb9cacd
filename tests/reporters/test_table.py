from __future__ import annotations

import io
import re

import pytest
from msgspec.structs import replace
from tests.support.sample_report import sample_report

from keyproof.model.report import Report
from keyproof.reporters import table
from keyproof.reporters._outline import windows


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def text_of(report: Report, **how: bool) -> str:
    stream = io.StringIO()
    table.render(report, stream, **how)
    return stream.getvalue()


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report()


def test_policies_stand_worst_first_and_say_how_to_mend(report: Report) -> None:
    text = text_of(report)
    order = [m[1] for m in re.finditer(r"^(CRITICAL|HIGH|MEDIUM|LOW)  ", text, re.MULTILINE)]
    assert order == ["CRITICAL"] * 2 + ["HIGH"] * 4 + ["MEDIUM"] * 2
    assert text.count("  fix: Issue a replacement") == 8


def test_the_last_line_counts_every_status(report: Report) -> None:
    last = text_of(report).splitlines()[-1]
    counts = report.summary()
    assert last.startswith(f"{counts['fail']} failed (")
    for word in (
        f"{counts['unknown']} unknown",
        f"{counts['error']} not decided",
        f"{counts['waived']} waived",
        f"{counts['pass']} passed",
        f"{counts['skip']} not applicable",
        "1 of 3 sources not read whole",
    ):
        assert word in last


def test_an_incomplete_run_never_looks_whole(report: Report) -> None:
    text = text_of(report)
    assert "INCOMPLETE: not everything was read or decided" in text
    assert "aws-prod: 1 gap: something there was not read" in text
    assert "iam:GetAccessKeyLastUsed  access_denied" in text
    assert "leaves last_used_at unknown" in text


def test_unknown_waived_exposed_and_lapsed_are_all_told(report: Report) -> None:
    text = text_of(report)
    assert re.search(r"keys\.unused +unknown +20 +the issuer does not report last use", text)
    assert re.search(r"keys\.least_privilege +not decided +1 ", text)
    assert "STILL USABLE" in text
    assert "candidate only (masked hint)" in text
    assert "until 2026-12-31  declared: grace@example.org" in text
    assert "waiver 'W-2' (keys.max_age) expired on 2026-11-01: 1 finding returned" in text
    assert "waiver 'W-3' (keys.max_age) is unused" in text


def test_many_rows_are_folded_and_all_can_be_seen(report: Report) -> None:
    folded, whole = text_of(report), text_of(report, every=True)
    assert "… and 66 more; all of them: keyproof report --all" in folded
    assert " more; all of them" not in whole
    assert whole.count("days old; the limit is 90") == 71


def test_a_few_rows_are_not_folded(report: Report) -> None:
    few = replace(report, findings=report.findings[:90])
    assert "keyproof report --all" not in text_of(few)


def test_a_clean_run_says_what_it_saw(report: Report) -> None:
    clean = replace(
        report,
        findings=tuple(f for f in report.findings if f.status == "pass"),
        gaps=(),
        incomplete=(),
        problems=(),
        leaks=(),
        sources=report.sources[1:],
    )
    lines = text_of(clean).splitlines()
    assert lines[-2] == "Nothing failed; everything in reach was read and decided."
    assert "0 of 2 sources not read whole" in lines[-1]


def test_nothing_but_unknown_is_not_called_clean(report: Report) -> None:
    vague = tuple(f for f in report.findings if f.status == "unknown")
    text = text_of(replace(report, findings=vague, incomplete=(), gaps=()))
    assert "Nothing failed; some subjects are unknown." in text


def test_colour_is_for_terminals_or_on_demand_and_only_repeats_words(report: Report) -> None:
    plain = text_of(report)
    assert "\x1b" not in plain
    assert "\x1b" not in text_of(report, colour=False)
    terminal = Terminal()
    table.render(report, terminal)
    assert "\x1b[" in terminal.getvalue()
    off = Terminal()
    table.render(report, off, colour=False)
    assert "\x1b" not in off.getvalue()
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", text_of(report, colour=True))
    assert [line.rstrip() for line in coloured.splitlines()] == plain.splitlines()


def test_piped_lines_hold_whole_names(report: Report) -> None:
    assert "a" * 300 in text_of(report, every=True)


def test_names_are_not_read_as_markup(report: Report) -> None:
    assert "[bold red]markup[/bold red]" in text_of(report, every=True)


def test_a_key_id_is_not_broken_where_there_is_room_for_it(report: Report, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    stream = Terminal()
    table.render(report, stream)
    exposed = stream.getvalue().partition("EXPOSED")[2].partition("NOTE")[0]
    for window in windows(report):
        assert window.key.split()[0] in exposed
