"""Any sequence of runs, over the real store: a finding's life is what a plain model says."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tests.support.postgres import Server, postgres_server  # noqa: F401 (a fixture)
from tests.support.runs import SLA, day, finding, report, source

from keyproof.app.store import open_store
from keyproof.model.finding import finding_id

KEYS = ("k1", "k2", "k3")
SOURCES = {"k1": "aws", "k2": "aws", "k3": "github"}
STATUSES = ("fail", "waived", "pass", "skip", "unknown", "error", None)


class Expected(NamedTuple):
    """What the model knows of one finding."""

    state: str = "none"
    first: int = -1
    due: int = -1
    reopened: int = 0


def _next(was: Expected, status: str | None, at: int, *, whole: bool) -> Expected:
    if status in {"fail", "waived"}:
        state = "open" if status == "fail" else "waived"
        if was.state == "none":
            return Expected(state, at, at + 30, 0)
        if was.state == "resolved":
            return Expected(state, was.first, at + 30, was.reopened + 1)
        return was._replace(state=state)
    if status in {"pass", "skip", None} and whole and was.state in {"open", "waived"}:
        return was._replace(state="resolved")
    return was


class FindingLife(RuleBasedStateMachine):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.store = open_store(url)
        self.days = itertools.count()
        self.expected = dict.fromkeys(KEYS, Expected())

    @rule(
        verdicts=st.tuples(*[st.sampled_from(STATUSES)] * len(KEYS)),
        reading=st.sampled_from(["whole", "gap", "incomplete", "partial source", "partial run"]),
        ran=st.booleans(),
    )
    def run(self, verdicts: tuple[str | None, ...], reading: str, ran: bool) -> None:
        """Record a run in which ``aws`` was read in some way, and ``github`` whole."""
        at = next(self.days)
        told = {key: status for key, status in zip(KEYS, verdicts, strict=True) if status and ran}
        aws = source(
            "aws",
            day(at),
            complete=reading != "incomplete",
            scope="partial" if reading == "partial source" else "whole",
        )
        run = report(
            day(at),
            [
                finding(status, key=key, source=SOURCES[key])  # type: ignore[arg-type]
                for key, status in told.items()
            ],
            policies=["keys.max_age"] if ran else [],
            sources=[aws, "github"],
            gaps=["aws"] if reading == "gap" else [],
            scope="partial" if reading == "partial run" else "whole",
        )
        stored = self.store.record_run(
            run, resolvable_sources=frozenset({"aws", "github"}), sla_days=SLA
        )
        before = dict(self.expected)
        for key in KEYS:
            whole = reading == "whole" or (SOURCES[key] == "github" and reading != "partial run")
            self.expected[key] = _next(
                before[key], told.get(key), at, whole=whole and (ran or key in told)
            )
        assert set(stored.resolved) == {
            finding_id("keys.max_age", f"key_{key}")
            for key in KEYS
            if self.expected[key].state == "resolved" != before[key].state
        }

    @rule()
    def reopen(self) -> None:
        """The next process sees what this one wrote."""
        self.store.close()
        self.store = open_store(self.url)

    @invariant()
    def the_store_agrees(self) -> None:
        ids = {finding_id("keys.max_age", f"key_{key}"): key for key in KEYS}
        found = {}
        for life in self.store.findings(ids):
            assert life.history
            found[ids[life.id]] = Expected(
                life.history.state,
                (life.history.first_seen_at - day(0)).days,
                ((life.history.due_at or day(0)) - day(0)).days,
                life.history.reopened,
            )
        assert found == {k: e for k, e in self.expected.items() if e.state != "none"}
        assert {ids[f.id] for f in self.store.open_findings()} == {
            key for key, expected in self.expected.items() if expected.state == "open"
        }

    def teardown(self) -> None:
        self.store.close()


def _try(make: Callable[[], FindingLife], examples: int) -> None:
    run_state_machine_as_test(
        make,
        settings=settings(
            max_examples=examples,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_findings_life_in_sqlite(tmp_path: Path) -> None:
    number = itertools.count()
    _try(lambda: FindingLife(f"sqlite:///{tmp_path}/{next(number)}.db"), 30)


def test_a_findings_life_in_postgresql(postgres_server: Server) -> None:  # noqa: F811
    _try(lambda: FindingLife(postgres_server.database()), 6)
