"""Evaluate: one verdict for every subject, whatever an engine says, and nothing silent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import records, rego

from keyproof.model.policy import Decision, Evaluation, Policy
from keyproof.model.record import canonical_json
from keyproof.model.source import Gap
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.evaluate import evaluate
from keyproof.pipeline.subjects import Subject
from keyproof.pipeline.verdicts import Checker
from keyproof.ports import Answer, PolicyProblem

AS_DECLARED = {"young": "pass", "old": "fail", "undated": "unknown", "unread": "unknown"}


def by_age(policy: Policy, document: bytes) -> Answer:
    """What the sound policy of the tests says, without an engine."""
    given = json.loads(document)
    made = {}
    for subject in given["subjects"]:
        if subject["created_at_ns"] is None:
            made[subject["id"]] = {"status": "unknown", "reason": "undated"}
        else:
            old = subject["created_at_age_days"] > given["params"]["days"]
            evidence = {"age": subject["created_at_age_days"]}
            made[subject["id"]] = {"status": "fail" if old else "pass", "evidence": evidence}
    return Answer({name: canonical_json(value) for name, value in made.items()})


def run(
    folder: Path, engine: rego.StandIn, *, params: str = "", chunk: int = 10, **facts: Any
) -> Evaluation:
    pack = policyset.make([rego.policy(folder)])
    (folder / "params.yaml").write_text(params or "{}")
    facts.setdefault("sources", (records.source(),))
    return evaluate(
        records.facts(**facts),
        pack,
        parameters.load(pack.policies, [folder / "params.yaml"]),
        engine,
        chunk=chunk,
    )


def decisions(evaluation: Evaluation) -> list[Decision]:
    (result,) = evaluation.results
    made = [d for batch in result.batches for d in batch.decisions]
    assert len(made) == result.population == len({d.subject_id for d in made})
    return made


def keys(number: int) -> tuple[Any, ...]:
    return tuple(records.key(f"K{n}", created_at=records.days_ago(n)) for n in range(number))


def in_run(answer: Callable[[dict[str, Any]], Answer]) -> rego.StandIn:
    """An engine that is sound on the examples and gives ``answer`` in the run."""

    def both(policy: Policy, document: bytes) -> Answer:
        given = json.loads(document)
        if given["subjects"][0]["id"].startswith("example"):
            return by_age(policy, document)
        return answer(given)

    return rego.StandIn(both)


def test_every_subject_is_decided_once_in_order(tmp_path: Path) -> None:
    evaluation = run(tmp_path, rego.StandIn(by_age), keys=keys(95))
    made = decisions(evaluation)
    assert [d.subject_id for d in made] == sorted(d.subject_id for d in made)
    assert sum(d.status == "fail" for d in made) == 4
    assert evaluation.problems == ()
    assert evaluation.engine == "stand-in"


def test_no_subject_at_all_is_an_empty_result(tmp_path: Path) -> None:
    (result,) = run(tmp_path, rego.StandIn(by_age)).results
    assert (result.population, result.batches) == (0, ())


BAD_ANSWERS: dict[str, tuple[Any, str]] = {
    "no verdict": (lambda s: {}, "gave no verdict"),
    "a status of its own": (lambda s: {s["id"]: {"status": "ok", "evidence": {"a": 1}}}, "status"),
    "an error of its own": (lambda s: {s["id"]: {"status": "error", "reason": "x"}}, "status"),
    "a list as status": (lambda s: {s["id"]: {"status": ["pass"]}}, "status"),
    "null": (lambda s: {s["id"]: None}, "members"),
    "text": (lambda s: {s["id"]: "pass"}, "members"),
    "a further member": (lambda s: {s["id"]: {"status": "pass", "waived": True}}, "members"),
    "no evidence": (lambda s: {s["id"]: {"status": "pass"}}, "a pass without evidence"),
    "empty evidence": (lambda s: {s["id"]: {"status": "fail", "evidence": {}}}, "without evidence"),
    "evidence is text": (lambda s: {s["id"]: {"status": "pass", "evidence": "x"}}, "evidence"),
    "a float": (lambda s: {s["id"]: {"status": "pass", "evidence": {"a": 1.5}}}, "evidence"),
    "null in it": (lambda s: {s["id"]: {"status": "pass", "evidence": {"a": None}}}, "evidence"),
    "an object in it": (lambda s: {s["id"]: {"status": "pass", "evidence": {"a": {}}}}, "evidence"),
    "a nested list": (lambda s: {s["id"]: {"status": "pass", "evidence": {"a": [[1]]}}}, "evidence"),
    "too large": (lambda s: {s["id"]: {"status": "pass", "evidence": {"a": 2**63}}}, "evidence"),
    "no reason": (lambda s: {s["id"]: {"status": "unknown"}}, "an unknown without a reason"),
    "skipped for nothing": (lambda s: {s["id"]: {"status": "skip", "reason": ""}}, "reason"),
    "a stranger": (
        lambda s: {s["id"]: {"status": "pass", "evidence": {"a": 1}}, "x": {"status": "pass"}},
        "was not asked",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD_ANSWERS)
def test_what_is_no_verdict_is_an_error(fault: str, tmp_path: Path) -> None:
    make, sign = BAD_ANSWERS[fault]

    def answer(given: dict[str, Any]) -> Answer:
        made = {k: v for s in given["subjects"] for k, v in make(s).items()}
        return Answer({k: canonical_json(v) for k, v in made.items()})

    for decision in decisions(run(tmp_path, in_run(answer), keys=keys(3))):
        assert decision.status == "error"
        assert sign in str(decision.reason)


def test_one_missing_verdict_leaves_the_others(tmp_path: Path) -> None:
    victim = keys(30)[7].record_id

    def answer(given: dict[str, Any]) -> Answer:
        whole = by_age(None, json.dumps(given).encode())  # type: ignore[arg-type]
        return Answer({k: v for k, v in whole.decisions.items() if k != victim})

    made = decisions(run(tmp_path, in_run(answer), keys=keys(30)))
    assert [d.subject_id for d in made if d.status == "error"] == [victim]


def test_a_record_that_breaks_the_engine_is_found_and_costs_only_itself(tmp_path: Path) -> None:
    victims = {keys(200)[n].record_id for n in (3, 77, 150)}

    def answer(given: dict[str, Any]) -> Answer:
        if victims & {s["id"] for s in given["subjects"]}:
            return Answer({}, "the policy failed: crashed the engine")
        return by_age(None, json.dumps(given).encode())  # type: ignore[arg-type]

    made = decisions(run(tmp_path, in_run(answer), keys=keys(200), chunk=50))
    assert {d.subject_id for d in made if d.status == "error"} == victims


def test_an_engine_that_always_fails_is_given_up(tmp_path: Path) -> None:
    engine = in_run(lambda given: Answer({}, "the policy failed: x"))
    made = decisions(run(tmp_path, engine, keys=keys(500), chunk=100))
    assert {d.status for d in made} == {"error"}
    assert len(engine.documents) < 100


def test_a_pass_that_rests_on_what_was_not_read_is_unknown(tmp_path: Path) -> None:
    """The policy does not look at the name; it declared that it needs it."""
    gap = Gap(source="inventory", call="c", reason="access_denied", detail="d", fields=("name",))
    made = decisions(run(tmp_path, rego.StandIn(by_age), keys=keys(100), gaps=(gap,)))
    assert {d.status for d in made} == {"unknown", "fail"}
    assert {d.reason for d in made if d.status == "unknown"} == {"not read: name"}


def test_a_gap_in_what_is_not_needed_changes_nothing(tmp_path: Path) -> None:
    gap = Gap(
        source="inventory", call="c", reason="access_denied", detail="d", fields=("expires_at",)
    )
    made = decisions(run(tmp_path, rego.StandIn(by_age), keys=keys(10), gaps=(gap,)))
    assert {d.status for d in made} == {"pass"}


def test_a_policy_whose_examples_come_out_wrong_decides_nothing(tmp_path: Path) -> None:
    always = {"status": "pass", "evidence": {"age": 1}}
    engine = rego.StandIn(
        lambda policy, document: Answer(
            {s["id"]: canonical_json(always) for s in json.loads(document)["subjects"]}
        )
    )
    evaluation = run(tmp_path, engine, keys=keys(40))
    assert {d.status for d in decisions(evaluation)} == {"error"}
    assert "example 'old' is pass, declared fail" in str(evaluation.problems)
    (document,) = engine.documents  # the examples alone: no subject was ever shown to it
    names = [subject["id"] for subject in json.loads(document)["subjects"]]
    assert names == [f"example.key.{number}" for number in range(4)]


def test_a_message_that_stays_open_is_a_fault(tmp_path: Path) -> None:
    made = rego.policy(tmp_path, rego.SOUND, "test.age", **{"{age} days": "{years} years"})
    pack = policyset.make([made])
    evaluation = evaluate(
        records.facts(), pack, parameters.load(pack.policies), rego.StandIn(by_age)
    )
    assert "leaves 'years' of the message open" in str(evaluation.problems)


def test_a_policy_that_does_not_load_is_an_error_everywhere(tmp_path: Path) -> None:
    engine = rego.StandIn(by_age)
    engine.check = lambda policies: [PolicyProblem(p.id, "no", "x:1") for p in policies]  # type: ignore[method-assign]
    evaluation = run(tmp_path, engine, keys=keys(25))
    assert {d.reason for d in decisions(evaluation)} == {"the policy cannot be used: no (x:1)"}
    assert engine.documents == []


def test_parameters_differ_by_environment_and_owner(tmp_path: Path) -> None:
    made = tuple(
        records.key(f"K{n}", created_at=records.days_ago(50), environment=environment, owner=owner)
        for n, (environment, owner) in enumerate(
            [(None, None), ("production", None), ("production", "payments"), ("test", "payments")]
        )
    )
    params = "environments: {production: {test.age: {days: 30}}}\nowners: {payments: {test.age: {days: 60}}}"
    evaluation = run(tmp_path, rego.StandIn(by_age), keys=made, params=params)
    (result,) = evaluation.results
    statuses = rego.decided(result.batches)
    assert [statuses[key.record_id] for key in made] == ["pass", "fail", "pass", "pass"]
    assert sorted(batch.parameters.values["days"] for batch in result.batches) == [30, 60, 60, 90]
    assert any("environment production" in b.parameters.origins["days"] for b in result.batches)
    assert len(decisions(evaluation)) == 4


@pytest.mark.parametrize("chunk", [1, 7, 10, 1000])
def test_the_size_of_documents_changes_no_decision(chunk: int, tmp_path: Path) -> None:
    made = run(tmp_path, rego.StandIn(by_age), keys=keys(95), chunk=chunk)
    again = run(tmp_path, rego.StandIn(by_age), keys=keys(95)[::-1], chunk=13)
    assert canonical_json(made) == canonical_json(again)


@pytest.mark.parametrize(
    ("number", "first", "note"),
    [
        (30, 91, "fails on all 30 subjects"),
        (20, 91, "fails on all 20 subjects"),
        (19, 91, None),
        (30, 0, None),
        (100, 0, None),
        (5, 0, None),
    ],
)
def test_a_policy_that_says_one_thing_of_everything_is_noted(
    number: int, first: int, note: str | None, tmp_path: Path
) -> None:
    made = tuple(
        records.key(f"K{n}", created_at=records.days_ago(n)) for n in range(first, first + number)
    )
    (result,) = run(tmp_path, rego.StandIn(by_age), keys=made).results
    assert (note in str(result.notes)) if note else result.notes == ()


def test_a_policy_that_decides_nothing_is_noted(tmp_path: Path) -> None:
    made = tuple(records.key(f"K{n}", created_at=None) for n in range(30))
    (result,) = run(tmp_path, rego.StandIn(by_age), keys=made).results
    assert result.notes == ("decided none of the 30 subjects that it applies to",)


def test_a_policy_that_applies_to_nothing_is_not_noted(tmp_path: Path) -> None:
    def skip(given: dict[str, Any]) -> Answer:
        verdict = canonical_json({"status": "skip", "reason": "not its business"})
        return Answer({subject["id"]: verdict for subject in given["subjects"]})

    (result,) = run(tmp_path, in_run(skip), keys=keys(30)).results
    assert result.notes == ()


def test_two_records_of_one_id_are_a_problem_of_the_run(tmp_path: Path) -> None:
    twice = (records.key("K1"), records.key("K1", name="other"))
    evaluation = run(tmp_path, rego.StandIn(by_age), keys=twice)
    assert "1 record with the id of another" in str(evaluation.problems)


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []

    class Watching:
        def step(self, what: str, done: int = 0, total: int | None = None) -> None:
            steps.append((done, total))

    pack = policyset.make([rego.policy(tmp_path)])
    evaluate(
        records.facts(keys=keys(25)),
        pack,
        parameters.load(pack.policies),
        rego.StandIn(by_age),
        progress=Watching(),
        chunk=10,
    )
    assert steps == [(1, 3), (2, 3), (3, 3)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["pass", "fail", "unknown", "skip"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["status", "evidence", "reason", "a"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None)
@given(answers=st.dictionaries(st.sampled_from(["a", "b", "c", "x"]), JSON))
def test_no_answer_at_all_can_become_an_unproven_pass(
    answers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    policy = rego.policy(tmp_path_factory.mktemp("policy"))
    subjects = [Subject(name, None, None, {}, frozenset()) for name in "abc"]
    made = Checker(policy).check(
        subjects, Answer({k: canonical_json(v) for k, v in answers.items()})
    )
    assert [d.subject_id for d in made] == ["a", "b", "c"]
    for decision in made:
        if decision.status == "pass":
            assert "x" not in answers
            assert answers[decision.subject_id]["status"] == "pass"
            assert decision.evidence
        if decision.status == "error":
            assert decision.reason
