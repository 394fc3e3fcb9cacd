from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.records import AS_OF, facts, key, leak, principal, source
from tests.support.sample_report import sample_report

from keyproof.model.facts import Facts
from keyproof.model.finding import finding_id
from keyproof.model.policy import (
    Batch,
    Decision,
    EffectiveParameters,
    Evaluation,
    Policy,
    PolicyResult,
)
from keyproof.model.report import Report
from keyproof.model.source import Gap
from keyproof.model.waiver import Waiver
from keyproof.pipeline.controls import Crosswalk, Framework, Mapped
from keyproof.pipeline.message import message_of
from keyproof.pipeline.report import RunOptions, assemble, with_history
from keyproof.ports import StoredFindings

KEYS = tuple(sorted((key(f"AK{n}") for n in range(4)), key=lambda k: k.record_id))
WHOLE = facts(keys=KEYS, sources=(source(listed=4, parsed=4),))
GAP = Gap(source="inventory", call="list", reason="access_denied", detail="no right")
CROSSWALK = Crosswalk(
    frameworks=(
        Framework(
            id="house",
            title="House",
            version="3",
            source="us",
            criteria={"H.1": "Young", "H.2": "Owned"},
            policies={
                "keys.max_age": (Mapped(criterion="H.1", strength="direct", reason="it says so"),),
                "keys.owner": (Mapped(criterion="H.2", strength="proxy", reason="perhaps"),),
            },
        ),
    )
)


def policy(name: str = "keys.max_age", **changes: Any) -> Policy:
    fields = {
        "id": name,
        "title": "Keys are young",
        "description": "",
        "severity": "high",
        "subject": "key",
        "message": "{age_days} days old; the limit is {days}",
        "remediation": "Rotate.",
        "path": "x.rego",
        "module": "",
        "digest": "sha256:0",
    }
    return Policy(**fields | changes)


def evaluation(*statuses: str, of: Facts = WHOLE, **changes: Any) -> Evaluation:
    decisions = tuple(
        Decision(
            policy="keys.max_age",
            subject_id=record.record_id,
            status=status,
            evidence={"age_days": 100 + n} if status in {"pass", "fail"} else {},
            reason=None if status in {"pass", "fail"} else f"because {status}",
        )
        for n, (record, status) in enumerate(zip(of.keys, statuses, strict=False))
    )
    parameters = EffectiveParameters(
        policy="keys.max_age", values={"days": 90}, origins={"days": "CIS AWS 3.0, 1.14"}
    )
    fields = {
        "policy": policy(**changes.pop("policy", {})),
        "population": len(of.keys),
        "batches": (Batch(parameters=parameters, decisions=decisions),),
    }
    result = PolicyResult(**fields | changes)
    return Evaluation(engine="test", pack_digest="sha256:1", results=(result,))


def made(
    *statuses: str, of: Facts = WHOLE, waivers: Any = (), by: Any = None, **options: Any
) -> Report:
    return assemble(
        of,
        by or evaluation(*statuses, of=of),
        crosswalk=CROSSWALK,
        waivers=waivers,
        options=RunOptions(**options),
        started_at=AS_OF,
        finished_at=AS_OF,
        tool_version="0.1.0",
    )


def test_every_decision_becomes_a_finding_with_its_permanent_id() -> None:
    report = made("pass", "fail", "unknown", "skip")
    assert [f.status for f in report.findings] == ["pass", "fail", "unknown", "skip"]
    for finding, record in zip(report.findings, KEYS, strict=True):
        assert finding.id == finding_id("keys.max_age", record.record_id)
        assert finding.subject.id == record.record_id
        assert finding.subject.native_id == record.native_id
        assert finding.parameter_origins == {"days": "CIS AWS 3.0, 1.14"}
    assert report.summary() == {
        "pass": 1, "fail": 1, "unknown": 1, "skip": 1, "error": 0, "waived": 0
    }  # fmt: skip


def test_messages_come_from_evidence_and_parameters_or_from_the_reason() -> None:
    messages = [f.message for f in made("pass", "fail", "unknown", "error").findings]
    assert messages == [
        "100 days old; the limit is 90",
        "101 days old; the limit is 90",
        "because unknown",
        "because error",
    ]


@pytest.mark.parametrize(
    ("template", "evidence", "text"),
    [
        ("{a} and {b}", {"a": 1}, "1 and not recorded"),
        ("{a}", {}, "does not hold: T"),
        ("{a}", {"a": True}, "yes"),
        ("{a}", {"a": ["x", "y"]}, "x, y"),
        ("{a}", {"a": []}, "none"),
        ("{a}", {"a": list(range(7))}, "0, 1, 2, 3, 4 and 2 more"),
        ("{a.__class__} {a[0]} {}", {"a": "v"}, "{a.__class__} {a[0]} {}"),
        ("{a:day} late", {"a": 1}, "1 day late"),
        ("{a:day} late", {"a": 0}, "0 days late"),
        ("{a:active key}, {b:entry|entries}", {"a": 2, "b": 2}, "2 active keys, 2 entries"),
        ("{a:entry|entries}", {"a": 1}, "1 entry"),
        ("{a:} {:day} {a:b:c}", {"a": 1}, "{a:} {:day} {a:b:c}"),
        ("always wrong", {}, "always wrong"),
        ("", {"a": 1}, "does not hold: T"),
    ],
)
def test_a_message_never_fails(template: str, evidence: dict[str, Any], text: str) -> None:
    decision = Decision(policy="p", subject_id="s", status="fail", evidence=evidence)
    assert message_of(template, "T")(decision, {}) == text


@given(
    template=st.text(alphabet="{}ab_ !.[]:|", max_size=30),
    evidence=st.dictionaries(
        st.sampled_from(["a", "b", "ab", "_"]),
        st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=3),
    ),
)
def test_no_template_and_no_evidence_breaks_a_message(
    template: str, evidence: dict[str, Any]
) -> None:
    decision = Decision(policy="p", subject_id="s", status="fail", evidence=evidence)
    assert isinstance(message_of(template, "T")(decision, {}), str)


@pytest.mark.parametrize(
    ("statuses", "gaps", "options", "code"),
    [
        ("pass pass pass skip", (), {}, 0),
        ("pass pass pass unknown", (), {}, 0),
        ("pass pass pass unknown", (), {"strict": True}, 4),
        ("pass pass pass fail", (), {}, 1),
        ("pass pass pass fail", (), {"fail_on": "critical"}, 0),
        ("pass pass pass fail", (), {"fail_on": "info"}, 1),
        ("pass pass pass fail", (), {"exit_zero": True}, 0),
        ("pass pass pass fail", (GAP,), {"exit_zero": True}, 4),
        ("pass pass pass error", (), {}, 4),
        ("pass pass error fail", (), {}, 1),
        ("pass pass pass pass", (GAP,), {}, 4),
        ("pass pass pass fail", (GAP,), {}, 1),
        ("pass pass pass pass", (GAP,), {"allow_incomplete": True}, 0),
        ("pass pass pass error", (), {"allow_incomplete": True}, 0),
        ("pass pass pass fail", (GAP,), {"allow_incomplete": True}, 1),
    ],
)
def test_exit_codes(statuses: str, gaps: Any, options: dict[str, Any], code: int) -> None:
    report = made(*statuses.split(), of=facts(keys=KEYS, gaps=gaps), **options)
    assert report.exit_code == code
    expected = bool(gaps) or "error" in statuses or ("unknown" in statuses and bool(options))
    assert bool(report.incomplete) == expected


def test_what_an_issuer_openly_does_not_report_is_shown_and_is_no_hole() -> None:
    gap = Gap(source="inventory", call="list", reason="not_reported", detail="no last use")
    report = made("pass", "pass", "pass", "pass", of=facts(keys=KEYS, gaps=(gap,)))
    assert (report.exit_code, report.incomplete, report.gaps) == (0, (), (gap,))


@pytest.mark.parametrize(
    "by",
    [
        evaluation("pass", "pass", "pass"),
        evaluation("pass", "pass", "pass", "pass", population=5),
        evaluation("pass", "pass", "pass", population=3),
        evaluation("pass", "pass", "pass", of=facts(keys=(KEYS[0], KEYS[0], KEYS[1]))),
    ],
    ids=["a verdict is missing", "more were counted", "a key was left out", "one twice"],
)
def test_a_population_that_does_not_tie_out_fails_the_run(by: Evaluation) -> None:
    report = made(by=by)
    assert report.exit_code == 4
    assert "does not tie out" in report.incomplete[0]


def test_a_verdict_on_an_unknown_subject_is_kept_and_said() -> None:
    report = made(by=evaluation("fail", of=facts(keys=(key("stranger"),))))
    assert report.findings[0].subject.source == "unknown"
    assert any("does not hold" in text for text in report.incomplete)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"listed": 5, "parsed": 4}, "it counts 5, 4 were read"),
        ({"complete": False}, "was not read whole, and no gap says why"),
    ],
)
def test_a_source_that_does_not_tie_out_fails_the_run(changes: dict[str, Any], text: str) -> None:
    report = made("pass", "pass", "pass", "pass", of=facts(keys=KEYS, sources=(source(**changes),)))
    assert text in report.incomplete[0]
    assert report.exit_code == 4


def test_problems_of_the_evaluation_make_the_run_incomplete() -> None:
    by = evaluation("pass", "pass", "pass", "pass")
    broken = Evaluation(
        engine="t", pack_digest="d", results=by.results, problems=("keys.x: will not load",)
    )
    report = made(by=broken)
    assert report.incomplete == ("keys.x: will not load",)
    assert report.exit_code == 4


def test_controls_criteria_and_parameters_are_printed_with_versions_and_origins() -> None:
    report = made("pass", "fail", "unknown", "fail")
    (summary,) = report.policies
    assert summary.parameters == {"days": "90 (CIS AWS 3.0, 1.14)"}
    assert (summary.population, summary.verdicts["fail"]) == (4, 2)
    (framework,) = report.frameworks
    (criterion,) = framework.criteria  # H.2 has no policy that ran
    assert (framework.version, criterion.id, criterion.policies) == ("3", "H.1", ("keys.max_age",))
    assert criterion.verdicts == summary.verdicts
    assert {c.id for f in report.findings for c in f.controls} == {"H.1"}


def _waiver(**changes: Any) -> Waiver:
    fields = {
        "id": "W-1",
        "policy": "keys.max_age",
        "subject": KEYS[0].native_id,
        "reason": "vendor",
        "requester": "ada",
        "approver": "grace",
        "created": date(2026, 10, 1),
        "expires": date(2026, 12, 1),
    }
    return Waiver(**fields | changes)


def test_a_waiver_turns_a_fail_into_waived_and_the_run_green() -> None:
    report = made("fail", "pass", "pass", "pass", waivers=(_waiver(),))
    assert report.findings[0].status == "waived"
    assert report.findings[0].waiver.reason == "vendor"
    assert report.policies[0].verdicts["waived"] == 1
    assert report.exit_code == 0
    assert report.waivers[0].findings == (report.findings[0].id,)


@pytest.mark.parametrize("status", ["unknown", "error", "pass"])
def test_a_waiver_waives_nothing_but_a_fail(status: str) -> None:
    report = made(status, "pass", "pass", "pass", waivers=(_waiver(),))
    assert report.findings[0].status == status
    assert report.waivers[0].state == "unused"


def test_an_expired_waiver_lets_the_finding_return_and_is_named() -> None:
    report = made("fail", "pass", "pass", "pass", waivers=(_waiver(expires=date(2026, 10, 31)),))
    assert report.findings[0].status == "fail"
    assert report.exit_code == 1
    assert report.problems == (
        "waiver 'W-1' (keys.max_age) expired on 2026-10-31: 1 finding returned",
    )


def test_a_report_is_the_same_whatever_the_order_of_batches() -> None:
    one = evaluation("fail", "pass", "pass", "unknown")
    (result,) = one.results
    (batch,) = result.batches
    apart = tuple(
        Batch(parameters=batch.parameters, decisions=(d,)) for d in reversed(batch.decisions)
    )
    other = Evaluation(
        engine="test",
        pack_digest="sha256:1",
        results=(PolicyResult(policy=result.policy, population=4, batches=apart),),
    )
    assert made(by=one) == made(by=other)


def test_a_partial_source_makes_the_run_partial() -> None:
    cut = facts(keys=KEYS, sources=(source(scope="partial"),))
    assert made("pass", "pass", "pass", "pass", of=cut).scope == "partial"


def test_notes_of_policies_reach_the_reader() -> None:
    by = evaluation("fail", "fail", "fail", "fail", notes=("fails on all 4 subjects",))
    assert made(by=by).problems == ("keys.max_age: fails on all 4 subjects",)


def test_history_comes_from_the_store() -> None:
    report = made("fail", "pass", "pass", "pass")
    merged = with_history(report, StoredFindings(report.findings[:1], ("f_old",), ()))
    assert (merged.findings, merged.resolved) == (report.findings[:1], ("f_old",))
    gone = StoredFindings(report.findings, (), (), {"policy keys.old, which did not run": 2})
    said = "2 findings of policy keys.old, which did not run: left open, for nothing shows"
    assert with_history(report, gone).problems[-1].startswith(said)


def test_the_sample_has_findings_of_every_status_and_ties_out() -> None:
    report = sample_report()
    assert all(report.summary().values())
    assert len(report.findings) > 400
    for summary in report.policies:
        assert summary.population == sum(summary.verdicts.values())
    assert {f.subject.type for f in report.findings} == {"key", "principal", "leak"}


def test_subjects_are_named_for_people() -> None:
    person, found = principal("ada"), leak()
    snapshot = facts(keys=(KEYS[0],), principals=(person,), leaks=(found,), sources=(source(),))
    from keyproof.pipeline.references import references

    names = {s.ref.type: s.ref.name for s in references(snapshot).values()}
    assert names == {
        "key": KEYS[0].native_id,
        "principal": "ada",
        "leak": "aws.access_key in settings.py",
        "source": "inventory",
    }
