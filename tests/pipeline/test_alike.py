"""Alike: subjects that a policy sees alike are asked about once, and nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import records, rego

from keyproof.model.policy import Policy
from keyproof.model.record import canonical_json
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.alike import names_only
from keyproof.pipeline.evaluate import evaluate
from keyproof.ports import Answer

SHIPPED = policyset.load().policies
DAYS = (10, 200, 10, 50)
KEYS = tuple(records.key(f"K{n:03}", created_at=records.days_ago(DAYS[n % 4])) for n in range(80))


@pytest.mark.parametrize(
    ("body", "promised"),
    [
        (rego.SOUND, True),
        (rego.SOUND + "\n# the id is a name", True),
        (rego.SOUND.replace("id := key.id", "id := key.id # of the key"), True),
        (rego.SOUND.replace('"undated"', '"the id"'), False),
        (rego.SOUND.replace('"undated"', "key.id"), False),
        (rego.SOUND.replace('"undated"', 'key["id"]'), False),
        (rego.SOUND.replace('"undated"', "`raw`"), False),
        (rego.SOUND.replace("id := key.id", 'id := key.id\n\tid != "x"'), False),
        (rego.SOUND.replace("id := key.id", 'id := key.id; startswith(id, "a")'), False),
        (rego.SOUND.replace('"undated"', '"# no comment", "id": 1'), False),
    ],
)
def test_a_text_that_uses_the_id_for_anything_else_promises_nothing(
    body: str, promised: bool
) -> None:
    assert names_only(rego.module(body)) is promised


def test_shipped_policies_decide_on_fields_and_never_on_the_id() -> None:
    assert [policy.id for policy in SHIPPED if not names_only(policy.module)] == []


def decided(folder: Path, body: str, engine: rego.StandIn, chunk: int) -> Any:
    pack = policyset.make([rego.policy(folder, body)])
    facts = records.facts(keys=KEYS, sources=(records.source(),))
    return evaluate(facts, pack, parameters.load(pack.policies), engine, chunk=chunk)


def by_age(policy: Policy, document: bytes) -> Answer:
    made = {}
    for subject in json.loads(document)["subjects"]:
        age = subject["created_at_age_days"]
        made[subject["id"]] = {"status": "unknown", "reason": "undated"}
        if age is not None:
            made[subject["id"]] = {
                "status": "fail" if age > 90 else "pass",
                "evidence": {"age": age},
            }
    return Answer({name: canonical_json(value) for name, value in made.items()})


def asked(engine: rego.StandIn) -> int:
    subjects = [s for document in engine.documents for s in json.loads(document)["subjects"]]
    return sum(not subject["id"].startswith("example") for subject in subjects)


@pytest.mark.parametrize("chunk", [1, 7, 20, 1000])
def test_each_kind_is_asked_about_once_and_every_subject_is_decided(
    chunk: int, tmp_path: Path
) -> None:
    together, alone = rego.StandIn(by_age), rego.StandIn(by_age)
    one = decided(tmp_path / "a", rego.SOUND, together, chunk)
    other = decided(tmp_path / "b", rego.SOUND + '\nx := "the id"\n', alone, chunk)
    assert asked(alone) == 80
    assert asked(together) == 3 if chunk > 3 else asked(together) <= 80
    assert canonical_json(one.results[0].batches) == canonical_json(other.results[0].batches)
    assert len(one.results[0].batches[0].decisions) == 80


def test_a_verdict_that_shows_an_id_is_given_to_nobody_else(tmp_path: Path) -> None:
    """The text promised that it uses no id; the answer shows that it does (``some x in key``)."""

    def showing(policy: Policy, document: bytes) -> Answer:
        plain = by_age(policy, document)
        made = {name: json.loads(bytes(value)) for name, value in plain.decisions.items()}
        for name, verdict in made.items():
            if "evidence" in verdict:
                verdict["evidence"]["who"] = name
        return Answer({name: canonical_json(value) for name, value in made.items()})

    evaluation = decided(tmp_path, rego.SOUND, rego.StandIn(showing), 20)
    made = [d for b in evaluation.results[0].batches for d in b.decisions]
    assert len(made) == 80
    assert all(d.evidence["who"] == d.subject_id for d in made)


def test_a_failure_is_not_remembered(tmp_path: Path) -> None:
    failures = iter([True])

    def once(policy: Policy, document: bytes) -> Answer:
        real = not json.loads(document)["subjects"][0]["id"].startswith("example")
        if real and next(failures, False):
            return Answer({}, "the policy failed: crashed the engine")
        return by_age(policy, document)

    evaluation = decided(tmp_path, rego.SOUND, rego.StandIn(once), 4)
    statuses = {d.status for b in evaluation.results[0].batches for d in b.decisions}
    assert statuses == {"pass", "fail"}
