"""Without databases, small texts give the same: triggers, hits, and what they need to open."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.test_detectors import ALL
from tests.support.repository import compiled_rules

from keyproof.leaks.databases import SHORT
from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.plain import PlainDatabases
from keyproof.leaks.rules import load_rules
from keyproof.leaks.rules_literals import literals

CODE = b"""
# password = os.environ["PASSWORD"], token: str, api_key=None
def connect(url="https://user:pw@example.org/?key=abc&token=%20%3d", secret_name='x'):
    return {"AWS_ACCESS_KEY_ID": None, "checksum": "d41d8cd98f00b204e9800998ecf8427e"}
"""


@pytest.fixture(scope="module")
def compiled() -> Matcher:
    return open_matcher(load_rules(compiled_rules()), compiled_rules())


@pytest.fixture(scope="module")
def plain(compiled: Matcher) -> Matcher:
    return Matcher(compiled.rules, PlainDatabases(compiled.rules))


def same(compiled: Matcher, plain: Matcher, text: bytes) -> None:
    assert set(plain.triggers(text)) == set(compiled.triggers(text))
    places = [{hit[:4] for hit in matcher.find(text)} for matcher in (plain, compiled)]
    assert places[0] == places[1]


def test_a_sample_of_every_detector_gives_the_same(compiled: Matcher, plain: Matcher) -> None:
    one_each = list({sample.detector: sample for sample in ALL}.values())
    assert len(one_each) > 500
    for at in range(0, len(one_each), 12):
        same(compiled, plain, "\n".join(s.text for s in one_each[at : at + 12]).encode())


@settings(max_examples=20, deadline=None)
@given(
    chosen=st.lists(st.sampled_from(ALL), min_size=1, max_size=4),
    cuts=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12)), max_size=6),
    joint=st.sampled_from(["", "\n", " ", CODE.decode(), "\x00", "é"]),
)
def test_damaged_and_joined_samples_give_the_same(
    compiled: Matcher, plain: Matcher, chosen: list, cuts: list[tuple[int, int]], joint: str
) -> None:
    text = joint.join(sample.text for sample in chosen).encode()
    for place, length in cuts:
        text = text[:place] + text[place + length :]
    same(compiled, plain, text)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from([CODE, b"%41%42=", b"\\u0041", b"&#65;", b"QUtJ" * 9, b"a\0b\0" * 9]))
)
def test_encoded_and_wide_text_gives_the_same(
    compiled: Matcher, plain: Matcher, pieces: list[bytes]
) -> None:
    text = b" ".join(pieces)
    same(compiled, plain, text)
    assert plain.has_wide_text(text) == compiled.has_wide_text(text)
    assert {n for n, _ in plain.long_triggers(text)} == {n for n, _ in compiled.long_triggers(text)}


def test_every_match_holds_a_literal_of_its_trigger(compiled: Matcher) -> None:
    triggers = compiled.rules.triggers
    assert sum(bool(one.needs) for one in triggers) > len(triggers) * 0.95
    assert any(one.before > SHORT for one in triggers)
    for sample in ALL[::7]:
        text = sample.text.encode()
        for number, _ in compiled.secret_triggers(text):
            needs = triggers[number].needs
            assert not needs or any(needed in text.lower() for needed in needs)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (rb"(?i:AbC)[0-9]{3}", {b"abc"}),
        (rb"x(?:foo|bar)y", {b"xfooy", b"xbary"}),
        (rb"(?:foo)?bazaar[0-9]", {b"bazaar"}),
        (rb"[Aa][Bb]{1,3}quux", {b"quux"}),
        (rb"(?:foo|[0-9])long", {b"long"}),
        (rb"(?:foo|[0-9])", set()),
        (rb"[0-9]{20}-", set()),
    ],
)
def test_literals_are_what_no_match_can_do_without(expression: bytes, found: set[bytes]) -> None:
    assert set(literals(expression)) == found
