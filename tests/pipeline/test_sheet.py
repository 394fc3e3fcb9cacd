"""Sheets: canonical documents, and what does not fit its schema never reaches a policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pipeline.test_alike import by_age
from tests.support import records, rego

from keyproof.model.record import canonical_json
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.evaluate import evaluate
from keyproof.pipeline.fitting import fit_of
from keyproof.pipeline.policy_docs import SUBJECTS
from keyproof.pipeline.sheet import Sheet
from keyproof.pipeline.subject_schema import field_names, json_schema, outputs_of
from keyproof.pipeline.subjects import Population


def test_a_document_is_the_canonical_json_of_what_it_says(tmp_path: Path) -> None:
    policy = rego.policy(tmp_path)
    keys = [records.key(f"K{n}", labels={"b": '"', "a": "\n"}, name="é ") for n in range(5)]
    population = Population(records.facts(keys=tuple(keys), sources=(records.source(),)))
    ((*subjects,),) = population.chunks("key", policy.needs, 10)
    made = Sheet("key", subjects).document(policy, 7, {"days": 1, "a": ["x"]}, [0, 3])
    names = outputs_of("key", policy.needs)
    shown = [{name: subjects[row].flat[name] for name in names} for row in (0, 3)]
    whole = {"as_of_ns": 7, "params": {"days": 1, "a": ["x"]}, "subjects": shown}
    assert made == canonical_json(whole)
    assert Sheet("key", []).document(policy, 7, {}, []) == (
        b'{"as_of_ns":7,"params":{},"subjects":[]}'
    )


WRONG: dict[str, Any] = {
    "a number as a name": {"name": 7},
    "a list as a name": {"name": ["x"]},
    "a status that does not exist": {"status": "working"},
    "labels that are no texts": {"labels": {"a": 1}},
    "half of a surrogate pair": {"name": "\ud800"},
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_record_that_its_schema_forbids_is_an_error_and_reaches_no_policy(
    fault: str, tmp_path: Path
) -> None:
    """A struct that a connector builds itself is not validated; its subject is."""
    good, bad = records.key("good"), records.key("bad", **WRONG[fault])
    pack = policyset.make([rego.policy(tmp_path)])
    engine = rego.StandIn(by_age)
    facts = records.facts(keys=(good, bad), sources=(records.source(),))
    evaluation = evaluate(facts, pack, parameters.load(pack.policies), engine)
    found = {d.subject_id: d for b in evaluation.results[0].batches for d in b.decisions}
    assert found[good.record_id].status == "pass"
    assert found[bad.record_id].status == "error"
    field = next(iter(WRONG[fault]))
    wanted = f"the record holds something else than its schema says: {field}"
    assert found[bad.record_id].reason == wanted
    assert bad.record_id.encode() not in b"".join(engine.documents)


def test_what_a_policy_does_not_need_is_not_its_error(tmp_path: Path) -> None:
    bad = records.key("bad", environment=7)
    pack = policyset.make([rego.policy(tmp_path)])
    facts = records.facts(keys=(bad,), sources=(records.source(),))
    evaluation = evaluate(facts, pack, parameters.load(pack.policies), rego.StandIn(by_age))
    assert [d.status for b in evaluation.results[0].batches for d in b.decisions] == ["pass"]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["active"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
PROPERTIES = [
    (name, schema) for kind in SUBJECTS for name, schema in json_schema(kind)["properties"].items()
]


@settings(deadline=None, max_examples=300)
@given(field=st.sampled_from(PROPERTIES), value=ANY)
def test_the_check_says_what_the_published_schema_says(field: tuple[str, Any], value: Any) -> None:
    fits = jsonschema.Draft202012Validator(field[1]).is_valid(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        fits = False  # engines do not hold it exactly
    check = fit_of(field[1])
    assert check(value) is fits
    assert (check.misfits([value, value]) == []) is fits


@pytest.mark.parametrize("kind", SUBJECTS)
def test_every_output_has_its_check(kind: Any) -> None:
    properties = json_schema(kind)["properties"]
    assert set(outputs_of(kind, field_names(kind))) == properties.keys()
    for schema in properties.values():
        fit_of(schema)


def test_a_schema_with_a_keyword_that_nothing_checks_is_refused() -> None:
    with pytest.raises(ValueError, match="pattern"):
        fit_of(json.loads('{"type": "string", "pattern": "^a"}'))
