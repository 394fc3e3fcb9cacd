"""Without databases, small texts give the same: triggers, hits, and what they need to open."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.test_detectors import ALL
from tests.support.repository import compiled_rules

from keyproof.leaks import plain as plain_module
from keyproof.leaks.databases import SEARCHED, WIDTHS, Databases
from keyproof.leaks.matcher import Matcher, open_lazily, open_matcher
from keyproof.leaks.plain import MOST_BYTES, PlainDatabases
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
    for part in SEARCHED:
        one, two = (matcher.databases.scan(part, text) for matcher in (plain, compiled))
        assert set(one) == set(two)


def test_every_match_holds_a_literal_of_its_trigger(compiled: Matcher) -> None:
    triggers = compiled.rules.triggers
    assert sum(bool(one.needs) for one in triggers) > len(triggers) * 0.95
    assert any(one.width > WIDTHS[1] for one in triggers)
    for sample in ALL[::7]:
        text = sample.text.encode()
        for number, _ in compiled.triggers(text):
            needs = triggers[number].needs if number < len(triggers) else ()
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


def test_little_is_searched_without_compiling(tmp_path: Path) -> None:
    rules = load_rules(compiled_rules())
    lazy = open_lazily(rules, tmp_path)
    text = "\n".join(sample.text for sample in ALL[:5]).encode()
    expected = open_matcher(rules, compiled_rules()).find(text)
    assert expected
    assert lazy.find(text) == lazy.copy().find(text) == expected
    assert not list(tmp_path.iterdir())


def test_much_is_compiled_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = load_rules(compiled_rules())
    few = rules._replace(digest="few", triggers=rules.triggers[:20])
    by_size, by_use = open_lazily(few, tmp_path), open_lazily(few, tmp_path)
    by_size.databases.expect(MOST_BYTES // 2)
    assert not list(tmp_path.iterdir())
    by_size.databases.expect(MOST_BYTES * 2)
    kept = list(tmp_path.glob("*.hs"))
    assert len(kept) == 1
    monkeypatch.setattr(plain_module, "made_databases", None)  # what is kept is taken
    for _ in range(MOST_BYTES // len(CODE) + 1):
        assert by_use.find(CODE) == by_size.copy().find(CODE)
    assert type(by_use.copy().databases) is Databases
