"""Parameters: layers, their order, whose number each value is, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof.errors import ConfigError, PolicyError
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.parameter_schema import KEYWORDS, schema_problem, value_problem

PACK = policyset.load()


def load(folder: Path, *texts: str) -> parameters.Parameters:
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"params{number}.yaml")
        files[-1].write_text(text)
    return parameters.load(PACK.policies, files)


def test_defaults_are_those_of_somebody() -> None:
    found = parameters.load(PACK.policies).effective("keys.max_age")
    assert found.values == {"days": 90}
    assert found.origins == {"days": "CIS AWS Foundations Benchmark 3.0.0, 1.14"}


def test_without_a_shipped_file_the_policies_own_defaults_hold(tmp_path: Path) -> None:
    found = parameters.load(PACK.policies, pack=tmp_path)
    both = [found.effective(p.id) for p in PACK.policies]
    assert both == [parameters.load(PACK.policies).effective(p.id) for p in PACK.policies]


LAYERS = """\
keys.max_age: {days: 60}
environments:
  production:
    keys.max_age: {days: 30}
    keys.unused:
      days: {value: 10, source: "our policy 7"}
owners:
  payments:
    keys.max_age: {days: 14}
"""


@pytest.mark.parametrize(
    ("environment", "owner", "days", "line"),
    [
        (None, None, 60, "1"),
        ("test", "web", 60, "1"),
        ("production", "web", 30, "4 (environment production)"),
        ("test", "payments", 14, "9 (owner payments)"),
        ("production", "payments", 14, "9 (owner payments)"),
    ],
)
def test_the_narrowest_layer_wins_and_is_named(
    environment: str | None, owner: str | None, days: int, line: str, tmp_path: Path
) -> None:
    found = load(tmp_path, LAYERS).effective("keys.max_age", environment, owner)
    assert found.values == {"days": days}
    assert found.origins == {"days": f"params0.yaml:{line}"}


def test_a_source_of_ones_own_is_named(tmp_path: Path) -> None:
    found = load(tmp_path, LAYERS).effective("keys.unused", "production")
    assert found.origins == {"days": "our policy 7 (environment production)"}


def test_a_later_file_wins(tmp_path: Path) -> None:
    found = load(tmp_path, LAYERS, "keys.max_age: {days: 5}").effective("keys.max_age")
    assert found.values == {"days": 5}


def test_equal_sets_are_one_object(tmp_path: Path) -> None:
    found = load(tmp_path, LAYERS)
    assert found.effective("keys.owner", "production", "x") is found.effective("keys.owner")
    assert found.effective("keys.max_age", "test") is found.effective("keys.max_age", "other")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("keys.maxage: {days: 5}", "there is no policy 'keys.maxage'", 1),
        ("keys.max_age:\n  day: 5", "has no parameter 'day'", 2),
        ("keys.max_age: {days: '90'}", "'days' must be an integer", 1),
        ("keys.max_age: {days: true}", "'days' must be an integer", 1),
        ("keys.max_age: {days: 90.0}", "'days' must be an integer", 1),
        ("keys.max_age: {days: 0}", "at least 1", 1),
        ("keys.max_age: {days: null}", "'days' must be an integer", 1),
        ("keys.least_privilege: {denied: []}", "at least 1 items", 1),
        ("keys.least_privilege: {denied: [everything]}", "must be one of", 1),
        ("leaks.secret_in_history: {minimum_confidence: LOW}", "must be one of", 1),
        ("environments:\n  prod:\n    keys.max_age:\n      days: -1", "at least 1", 4),
        ("environment: {}", "there is no policy 'environment'", 1),
        ("keys.max_age: 5", "must be a mapping", 1),
        ("owners: [a]", "must be a mapping", 1),
        ("keys.max_age: {days: {value: 5}}", "write the value, or", 1),
        ("- a", "must be a mapping", 1),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(
    text: str, message: str, line: int, tmp_path: Path
) -> None:
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, text)
    assert message in caught.value.message
    assert caught.value.where == f"{tmp_path / 'params0.yaml'}:{line}"


def test_a_misspelt_name_comes_with_the_likeliest(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, "environment: {}")
    assert caught.value.hint == "did you mean 'environments'?"


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        parameters.load(PACK.policies, [tmp_path / "none.yaml"])


SCHEMAS = st.sampled_from(
    [
        {"type": "integer", "minimum": 1, "maximum": 9},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": 2},
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_values_are_judged_as_a_full_validator_judges_them(schema: dict, value: object) -> None:
    import jsonschema

    ours = value_problem(value, schema) is None
    theirs = jsonschema.Draft202012Validator(schema).is_valid(value)
    whole_float = isinstance(value, float) or (
        isinstance(value, list) and any(isinstance(item, float) for item in value)
    )
    assert ours == theirs or (whole_float and not ours)  # 1.0 is an integer there, not here


@given(
    keyword=st.sampled_from(["pattern", "multipleOf", "const", "$ref", "anyOf", "Type", "format"])
)
def test_other_keywords_are_refused(keyword: str) -> None:
    assert keyword not in KEYWORDS
    assert schema_problem({"type": "integer", keyword: 1}) is not None
