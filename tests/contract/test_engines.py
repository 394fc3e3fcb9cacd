"""Both engines give the same bytes for the same documents; the counts are printed.

``make conformance`` compares many more than a test run does.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.generated import snapshots
from tests.support.needs import tool

from keyproof.app import registry
from keyproof.engines import embedded, opa
from keyproof.model.facts import Facts
from keyproof.model.policy import SEVERITIES, Policy
from keyproof.model.record import canonical_json
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.canaries import example_document, input_document, wrong_examples
from keyproof.pipeline.decide import decide
from keyproof.pipeline.policy_docs import SUBJECTS
from keyproof.pipeline.subject_schema import field_names, json_schema, outputs_of
from keyproof.pipeline.subjects import Population
from keyproof.ports import Answer

PACK = policyset.load()
PARAMETERS = parameters.load(PACK.policies)
SEEN: Counter[str] = Counter()
TIMES = int(os.environ.get("CONFORMANCE_TIMES", "1"))
"""How many times the usual number of generated records."""


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[Any, Any]]:
    pytest.importorskip("regorus")
    configured = SimpleNamespace(url=None, binary=tool("opa"), ca_file=None, bundle_revision=None)
    with (
        embedded.open_engine(workers=1) as one,
        opa.open_engine(configured, {}, workers=1) as other,
    ):
        assert not one.check(PACK.policies)
        assert not other.check(PACK.policies)
        yield one, other
    print(f"\ncompared, byte for byte: {dict(SEEN)}")


def same(one: Answer, other: Answer) -> bool:
    SEEN["documents"] += 1
    SEEN["decisions"] += len(one.decisions)
    if one.error is not None or other.error is not None:
        return (one.error is None) == (other.error is None)
    return {k: bytes(v) for k, v in one.decisions.items()} == {
        k: bytes(v) for k, v in other.decisions.items()
    }


@pytest.mark.parametrize("policy", PACK.policies, ids=lambda p: p.id)
def test_every_example_comes_out_as_declared_and_the_same(policy: Policy, engines: Any) -> None:
    one, other = engines
    assert list(wrong_examples(policy, one)) == []
    assert list(wrong_examples(policy, other)) == []
    for example in policy.examples:
        _, document = example_document(policy, example)
        assert same(one.evaluate(policy, document), other.evaluate(policy, document)), example.title


@settings(max_examples=40 * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=snapshots())
def test_whole_snapshots_are_decided_the_same_and_without_an_error(
    facts: Facts, engines: Any
) -> None:
    one, other = (
        list(decide(Population(facts), PACK.policies, PARAMETERS, engine, {})) for engine in engines
    )
    assert canonical_json(one) == canonical_json(other)
    SEEN["snapshots"] += 1
    for decided in one:
        SEEN["decisions"] += len(decided.decisions)
        SEEN.update(decision.status for decision in decided.decisions)
        assert [d for d in decided.decisions if d.status == "error"] == []


def values(schema: Any) -> st.SearchStrategy[Any]:
    """Values of a schema's types, and now and then one of another type."""
    odd = st.sampled_from([None, "", "active", 0, -1, 2**62, True, False, [], {}])
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | odd
    return odd


@settings(max_examples=80 * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_documents_of_wrong_types_never_give_different_decisions(data: Any, engines: Any) -> None:
    one, other = engines
    policy = data.draw(st.sampled_from(PACK.policies))
    properties = json_schema(policy.subject)["properties"]
    names = outputs_of(policy.subject, policy.needs)
    subject = {name: data.draw(values(properties[name])) for name in names} | {"id": "x"}
    params = {p.name: p.default for p in policy.parameters}
    document = canonical_json({"as_of_ns": 2**60, "params": params, "subjects": [subject]})
    assert same(one.evaluate(policy, document), other.evaluate(policy, document))


@settings(max_examples=60, deadline=None)
@given(facts=snapshots())
def test_subjects_fit_the_published_schemas(facts: Facts) -> None:
    population = Population(facts)
    for subject in SUBJECTS:
        checker = jsonschema.Draft202012Validator(json_schema(subject))
        for chunk in population.chunks(subject, {*field_names(subject)}, 100):
            for item in chunk:
                flat = json.loads(canonical_json(item.flat))
                assert [error.message for error in checker.iter_errors(flat)] == []


@settings(max_examples=40, deadline=None)
@given(facts=snapshots())
def test_documents_are_canonical(facts: Facts) -> None:
    """The same facts in another order give the same bytes."""
    turned = Facts(
        as_of=facts.as_of,
        fingerprint_key_id=facts.fingerprint_key_id,
        fingerprint_key_local=facts.fingerprint_key_local,
        sources=facts.sources[::-1],
        keys=facts.keys[::-1],
        principals=facts.principals[::-1],
        leaks=facts.leaks[::-1],
        gaps=facts.gaps[::-1],
    )
    for policy in PACK.policies:
        both = []
        for given_facts in (facts, turned):
            population = Population(given_facts)
            subjects = [s for c in population.chunks(policy.subject, policy.needs, 7) for s in c]
            both.append(input_document(policy, population.as_of_ns, {}, subjects))
        assert both[0] == both[1]


def test_every_engine_satisfies_its_port() -> None:
    for name in registry.names("engines"):
        module = registry.load("engines", name)
        assert callable(module.open_engine)
        assert module.open_engine.__doc__


@pytest.mark.parametrize("policy", PACK.policies, ids=lambda p: p.id)
def test_every_policy_is_whole(policy: Policy) -> None:
    assert policy.severity in SEVERITIES
    assert {"fail", "unknown"} <= {example.status for example in policy.examples}
    assert policy.remediation
    assert policy.message.strip()
    assert all(parameter.source for parameter in policy.parameters)
    assert not policy.modified
