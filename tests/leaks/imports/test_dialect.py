"""Expressions mean the same after translation; triggers miss nothing that they match."""

from __future__ import annotations

import re

import hyperscan
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.leaks.conditions import compiled
from keyproof.leaks.imports import _trigger
from keyproof.leaks.imports._dialect import translate
from keyproof.leaks.imports._rule import Untranslatable

SAME = [
    ("a(?i)b|c", "go", ["ab", "aB", "C"], ["Ab", "AB"]),
    ("(?i:a)b", "go", ["Ab"], ["aB"]),
    ("(a(?i)b)c", "go", ["aBc"], ["aBC"]),
    ("(?i)a(?-i)b", "go", ["Ab"], ["aB"]),
    ("(?x) a b # comment\n c [ d]", "rust", ["abcd"], ["abc d"]),
    ("(?-u)\\d{2}(?<n>x)", "rust", ["12x"], ["1x"]),
    ("[[:alpha:]_-]+\\z", "go", ["a-_"], ["9", "a\n"]),
    ("^a.c$", "go", ["abc"], ["a\nc", "xabc"]),
    ("(?s)a.c", "go", ["a\nc"], []),
    ("(?m)^b$", "go", ["a\nb\nc"], []),
    ("\\Qa.b\\E+", "go", ["a.bb"], ["axb"]),
    ("\\x41\\x{42}\\u0043", "rust", ["ABC"], []),
    ("café", "go", ["café"], ["cafe"]),
    ("a{,3}", "go", ["a{,3}"], ["aa"]),
    ("[^]a]", "go", ["b"], ["]", "a"]),
    ("[\\]\\-\\w]{3}", "go", ["]-a"], ["] -"]),
]


@pytest.mark.parametrize(("pattern", "dialect", "yes", "no"), SAME)
def test_a_translation_means_the_same(
    pattern: str, dialect: str, yes: list[str], no: list[str]
) -> None:
    expression = compiled(translate(pattern, dialect))
    assert [text for text in yes if not expression.search(text.encode())] == []
    assert [text for text in no if expression.search(text.encode())] == []


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)b", "(?<!a)b", "(a)\\1", "\\k<a>", "(?U)a+", "\\pL", "[é]", "[[:nope:]]", "(", "a)",
     "[a", "(?R)", "\\h", "(?#c)a", "(?P=n)"],
)  # fmt: skip
def test_what_has_no_equal_is_refused(pattern: str) -> None:
    with pytest.raises(Untranslatable):
        translate(pattern, "go")


_ATOMS = st.sampled_from(
    ["a", "B", "key", "[a-c]", "[^a]", ".", "\\d", "\\s", "=", "(?i)", "é", "\\b", "(?:xy|zz)"]
)
_COUNTS = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,3}", "{2,}", "+?"])
_PATTERNS = st.lists(st.tuples(_ATOMS, _COUNTS), min_size=1, max_size=6).map(
    lambda parts: "".join(a if a in {"(?i)", "\\b"} else a + c for a, c in parts)
)
_TEXTS = st.text(st.sampled_from("aAbBkeyKEY=1 2\nxyzé"), max_size=40)


@given(_PATTERNS, _TEXTS)
def test_a_trigger_ends_inside_every_match(pattern: str, text: str) -> None:
    translated = translate(pattern, "go")
    found = _trigger.trigger(_trigger.pieces(translated))
    data = text.encode()
    matches = [match.span() for match in compiled(translated).finditer(data)]
    if found is None or not matches:
        return
    ends: list[int] = []
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile([found.expression.encode("latin-1")], ids=[0], elements=1, flags=[0])
    database.scan(data, match_event_handler=lambda *told: ends.append(told[2]))
    for start, end in matches:
        near = [at for at in ends if start < at <= end]
        assert near
        assert any(at - found.before <= start and at + found.after >= end for at in near)


@given(_PATTERNS, _TEXTS)
def test_translated_expressions_agree_with_pythons(pattern: str, text: str) -> None:
    plain = pattern.replace("(?i)", "")
    ours = compiled(translate(plain, "python")).search(text.encode())
    theirs = re.search(plain.encode(), text.encode())
    ascii_only = "é" not in plain and "\\s" not in plain
    if ascii_only:
        assert (ours is None) == (theirs is None)
