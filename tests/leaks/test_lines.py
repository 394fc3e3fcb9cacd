"""Lines by themselves refuse nothing that the whole text would let pass, and refuse most that is none."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.samples.negatives import FAMILIES, negatives
from tests.leaks.samples.negatives_seen import SEEN
from tests.leaks.samples.tables import TABLES
from tests.leaks.samples.template import samples

from keyproof.leaks import exact
from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.rules import load_rules

SAMPLES = [s.text for table in TABLES for s in samples(table, forms=1)]
SURROUNDINGS = st.text(alphabet="abcXYZ019 =:\"'{}[]<>#.,-_/+\n\t", max_size=900)


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    folder = tmp_path_factory.mktemp("rules")
    return open_matcher(load_rules(folder), folder)


def _hits(matcher: Matcher, text: bytes) -> list[tuple[str, int, int, str]]:
    return sorted(
        (hit.detector, hit.start, hit.end, hit.confidence)
        for number, end in matcher.triggers(text)
        for hit in matcher.check(text, number, end)
    )


def _hits_by_surroundings(matcher: Matcher, text: bytes) -> list[tuple[str, int, int, str]]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(exact, "refused_within", lambda *_: None)
        return _hits(matcher, text)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), before=SURROUNDINGS, after=SURROUNDINGS)
def test_lines_refuse_what_the_whole_text_refuses(
    matcher: Matcher, data: st.DataObject, before: str, after: str
) -> None:
    every = {**FAMILIES, **SEEN}
    if data.draw(st.booleans()):
        middle = data.draw(st.sampled_from(SAMPLES))
    else:
        family = data.draw(st.sampled_from(sorted(every)))
        middle = data.draw(st.sampled_from(negatives(family, every[family], 3)))
    text = (before + middle + after).encode()
    assert _hits(matcher, text) == _hits_by_surroundings(matcher, text)


def test_lines_alone_refuse_most_of_what_is_no_secret(matcher: Matcher) -> None:
    refused, fired = 0, 0
    for family, make in FAMILIES.items():
        for text in negatives(family, make, 10):
            data = text.encode()
            ends = [one for one in matcher.triggers(data) if one[0] < matcher.first_encoding]
            fired += len(ends)
            refused += sum(matcher.refused(data, *one) is not None for one in ends)
    assert fired > 100
    assert refused > fired / 2


def test_bounds_hold_the_lines_and_what_is_asked_behind_them(matcher: Matcher) -> None:
    line = b'password = "vault_password_name"'
    for before, after in (
        (b"", b""),
        (b"one\n", b"\ntwo\n"),
        (b"", b"\n"),
        (b"x" * 30 + b"\n", b""),
    ):
        text = before + line + after
        bounds = {
            matcher.refused(text, number, end)
            for number, end in matcher.triggers(text)
            if number < matcher.first_encoding
        } - {None}
        assert bounds == {(max(0, len(before) - 1), min(len(text), len(before) + len(line) + 2))}


def test_a_line_that_is_very_long_is_judged_in_its_text(matcher: Matcher) -> None:
    filler = "".join(Random(5).choice("abcdef ") for _ in range(3000))
    text = f'{filler} password = "vault_password_name" {filler}'.encode()
    assert all(
        matcher.refused(text, number, end) is None
        for number, end in matcher.triggers(text)
        if number < matcher.first_encoding
    )
    assert _hits(matcher, text) == []
