"""What one more run means for a finding's life."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace
from tests.support.runs import SLA, day, finding, report, source

from keyproof.model.finding import Finding, History
from keyproof.model.report import Report
from keyproof.pipeline.reconcile import reconcile, resolvable_sources
from keyproof.ports import Ledger, Reconciled

EMPTY = Ledger({}, {})
FIRST = finding()


def _after(ledger: Ledger, done: Reconciled) -> Ledger:
    return Ledger(
        {**ledger.lives, **{life.id: life for life in done.lives}},
        {**ledger.read_at, **done.read_at},
    )


def _runs(*runs: Report, names: Iterable[str] = ("aws",)) -> tuple[Ledger, Reconciled]:
    ledger, done = EMPTY, reconcile(EMPTY, runs[0], frozenset(names), SLA)
    for run in runs:
        done = reconcile(ledger, run, frozenset(names), SLA)
        ledger = _after(ledger, done)
    return ledger, done


def _history(ledger: Ledger, about: Finding = FIRST) -> History:
    history = ledger.lives[about.id].history
    assert history
    return history


def test_a_life_begins_with_a_fail_and_is_due_by_the_sla_of_that_day() -> None:
    ledger, _ = _runs(report(day(0), [FIRST]))
    done = reconcile(ledger, report(day(1), [FIRST]), frozenset({"aws"}), {"high": 1})
    assert _history(_after(ledger, done)) == History(
        first_seen_at=day(0), last_seen_at=day(1), due_at=day(30)
    )
    assert done.events == ()


def test_a_severity_without_a_number_has_no_due_date() -> None:
    ledger, _ = _runs(report(day(0), [finding(severity="low")]))
    assert _history(ledger).due_at is None


@pytest.mark.parametrize("status", ["pass", "skip", "unknown", "error"])
def test_no_life_begins_without_a_fail(status: str) -> None:
    ledger, done = _runs(report(day(0), [finding(status)]))  # type: ignore[arg-type]
    assert ledger.lives == {}
    assert done.stored.findings[0].history is None


@pytest.mark.parametrize("status", ["pass", "skip"])
def test_a_pass_or_skip_resolves(status: str) -> None:
    ledger, done = _runs(
        report(day(0), [FIRST]),
        report(day(2), [finding(status)]),  # type: ignore[arg-type]
    )
    assert _history(ledger).resolved_at == day(2)
    assert ledger.lives[FIRST.id].status == "fail", "the life keeps what was wrong"
    assert done.stored.resolved == (FIRST.id,)
    assert done.stored.findings[0].history == _history(ledger)


def test_absence_from_a_population_that_was_read_whole_resolves() -> None:
    ledger, done = _runs(report(day(0), [FIRST]), report(day(1)))
    assert _history(ledger).state == "resolved"
    assert done.stored.resolved == (FIRST.id,)
    assert done.stored.findings == ()


@pytest.mark.parametrize("status", ["unknown", "error"])
def test_what_could_not_be_decided_stays_as_it_is(status: str) -> None:
    run = report(day(1), [finding(status)])  # type: ignore[arg-type]
    ledger, done = _runs(report(day(0), [FIRST]), run)
    assert ledger.lives[FIRST.id] == replace(FIRST, history=_history(ledger))
    assert _history(ledger).last_seen_at == day(0)
    assert done.stored.findings[0].history == _history(ledger)
    resolved, _ = _runs(report(day(0), [FIRST]), report(day(1), [finding("pass")]))
    again = reconcile(resolved, report(day(2), run.findings), frozenset({"aws"}), SLA)
    assert again.lives == ()


NOT_WHOLE = {
    "a restricted run": report(day(1), scope="partial"),
    "a source read in part": report(day(1), sources=[source("aws", day(1), scope="partial")]),
    "an incomplete source": report(day(1), sources=[source("aws", day(1), complete=False)]),
    "a source with a gap": report(day(1), gaps=["aws"]),
    "another source": report(day(1), sources=["github"]),
    "a policy that did not run": report(day(1), policies=["keys.unused"]),
}


@pytest.mark.parametrize("run", NOT_WHOLE.values(), ids=NOT_WHOLE.keys())
def test_absence_proves_nothing_where_not_all_was_read(run: Report) -> None:
    ledger, done = _runs(report(day(0), [FIRST]), run)
    assert _history(ledger).state == "open"
    assert done.events == ()


@pytest.mark.parametrize("run", list(NOT_WHOLE.values())[:5], ids=list(NOT_WHOLE)[:5])
def test_nor_does_a_pass(run: Report) -> None:
    passing = replace(run, findings=(finding("pass"),))
    ledger, _ = _runs(report(day(0), [FIRST]), passing)
    assert _history(ledger).state == "open"


def test_the_caller_may_forbid_what_the_report_would_allow_but_not_the_reverse() -> None:
    ledger, _ = _runs(report(day(0), [FIRST]))
    assert reconcile(ledger, report(day(1)), frozenset(), SLA).events == ()
    gap = report(day(1), gaps=["aws"])
    assert reconcile(ledger, gap, frozenset({"aws"}), SLA).events == ()


def test_a_finding_that_returns_is_reopened_and_due_anew() -> None:
    ledger, done = _runs(
        report(day(0), [FIRST]), report(day(1)), report(day(5), [finding(severity="critical")])
    )
    assert done.stored.reopened == (FIRST.id,)
    assert _history(ledger) == History(
        first_seen_at=day(0), last_seen_at=day(5), due_at=day(12), reopened=1
    )


def test_a_waiver_stands_apart_and_ends_where_the_clock_began() -> None:
    waived = finding("waived")
    ledger, _ = _runs(report(day(0), [FIRST]), report(day(1), [waived]))
    assert (_history(ledger).state, ledger.lives[FIRST.id].status) == ("waived", "waived")
    done = reconcile(ledger, report(day(60), [FIRST]), frozenset({"aws"}), SLA)
    assert [event.event for event in done.events] == ["waiver_ended"]
    assert _history(_after(ledger, done)) == History(
        first_seen_at=day(0), last_seen_at=day(60), due_at=day(30)
    )


def test_a_finding_may_be_waived_from_the_start_and_resolved_all_the_same() -> None:
    ledger, _ = _runs(report(day(0), [finding("waived")]))
    assert _history(ledger).state == "waived"
    done = reconcile(ledger, report(day(1), [finding("pass")]), frozenset({"aws"}), SLA)
    assert done.stored.resolved == (FIRST.id,)


def test_a_run_that_is_recorded_late_changes_nothing_that_is_newer() -> None:
    ledger, _ = _runs(report(day(0), [FIRST]), report(day(5), [finding("pass")]))
    stray = finding(key="k9")
    late = reconcile(ledger, report(day(3), [FIRST, stray]), frozenset({"aws"}), SLA)
    assert (late.lives, late.events, late.read_at) == ((), (), {})
    open_now, _ = _runs(report(day(5), [FIRST], scope="partial"))
    late = reconcile(open_now, report(day(3)), frozenset({"aws"}), SLA)
    assert late.stored.resolved == ()


def test_the_same_run_twice_changes_nothing_more() -> None:
    run = report(day(0), [FIRST])
    ledger, _ = _runs(run)
    done = reconcile(ledger, run, frozenset({"aws"}), SLA)
    assert done.events == ()
    assert _after(ledger, done) == ledger


def test_what_nobody_asks_about_any_more_stays_open_and_is_counted() -> None:
    ledger, _ = _runs(report(day(0), [FIRST]))
    gone = replace(report(day(1), []), policies=())
    done = reconcile(ledger, gone, frozenset({"aws"}), SLA)
    assert (done.lives, done.stored.left_open) == (
        (),
        {f"policy {FIRST.policy}, which did not run": 1},
    )
    elsewhere = replace(report(day(1), []), sources=(source("other", day(1)),))
    done = reconcile(ledger, elsewhere, frozenset({"aws"}), SLA)
    (name,) = done.stored.left_open
    assert name.startswith(f"source {FIRST.subject.source}, which is not among")
    part = replace(gone, scope="partial")
    assert reconcile(ledger, part, frozenset({"aws"}), SLA).stored.left_open == {}


def test_which_sources_may_resolve() -> None:
    run = report(
        day(0),
        sources=[
            "whole",
            "holed",
            source("part", day(0), scope="partial"),
            source("cut", day(0), complete=False),
        ],
        gaps=["holed", "elsewhere"],
    )
    assert resolvable_sources(run) == {"whole", "waivers"}
    assert resolvable_sources(replace(run, scope="partial")) == frozenset()
