"""The matcher: its cache, its windows, text of two bytes a character."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.planted import github_pat
from tests.support.repository import compiled_rules, line

from keyproof.identity import KeyedFingerprinter
from keyproof.leaks import decode, matcher
from keyproof.leaks.collector import search_text
from keyproof.leaks.matcher import open_matcher
from keyproof.leaks.rules import Detector, RuleSet, Trigger, load_rules

IDENTITIES = KeyedFingerprinter(b"k" * 32, local=True)


def _rules() -> RuleSet:
    detector = Detector(
        "test.token", "test", "token", True, "high", 1, "(?P<secret>tst_[a-z]{20})",
        40, 40, True, 4, 0.0, (), None, "", "", (),
    )  # fmt: skip
    return RuleSet("test-digest", (detector,), (Trigger(b"tst_[a-z]{20}", 0, 0, 25, 25, 25),))


def _token(seed: int) -> bytes:
    return b"tst_" + bytes(97 + (seed * 7 + i * i * 5 + i) % 26 for i in range(20))


def test_the_database_is_kept_privately_and_rebuilt_when_damaged(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "deep"
    assert len(open_matcher(_rules(), folder).find(_token(1))) == 1
    (kept,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    good = kept.read_bytes()
    for bad in (b"", good[:100], good[:-1], good[:90] + b"\x00" * 50 + good[140:], good[::-1]):
        kept.write_bytes(bad)
        assert len(open_matcher(_rules(), folder).find(_token(1))) == 1
        assert kept.read_bytes() == good


def test_older_databases_are_forgotten(tmp_path: Path) -> None:
    for number in range(9):
        open_matcher(_rules()._replace(digest=f"digest-{number}"), tmp_path)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert len(kept) == 4
    assert all(any(name.startswith(f"matcher-digest-{n}-") for n in (5, 6, 7, 8)) for name in kept)


def test_a_folder_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(open_matcher(_rules(), tmp_path / "file" / "cache").find(_token(1))) == 1


def test_a_rule_set_without_rules_finds_nothing(tmp_path: Path) -> None:
    assert open_matcher(RuleSet("empty", (), ()), tmp_path).find(_token(1)) == []


@settings(deadline=None)  # the first example compiles the rules
@given(places=st.lists(st.integers(0, 900), min_size=1, max_size=6, unique=True))
def test_windows_find_what_one_look_finds(
    tmp_path_factory: pytest.TempPathFactory, places: list[int]
) -> None:
    text = bytearray(b"." * 1000)
    for place in places:
        text[place : place + 24] = _token(place)
    opened = open_matcher(_rules(), tmp_path_factory.getbasetemp() / "windows")
    whole = opened.find(bytes(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "WINDOW_BYTES", 200)
        assert opened.find(bytes(text)) == whole


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_wide_text_has_lines_and_columns(encoding: str) -> None:
    text = "erste Zeile: größer\n\n\t" + line(github_pat("wide"))
    opened = open_matcher(load_rules(compiled_rules()), compiled_rules())
    (found,) = search_text(opened, IDENTITIES, text.encode(encoding))
    assert (found.line, found.column) == (3, 11)
    (plain,) = search_text(opened, IDENTITIES, text.encode())
    assert (found.secret_id, found.occurrence_id) == (plain.secret_id, plain.occurrence_id)


_PIECES = [b"a\0", b"b\0\0\0", b"\0", b"x", b"\x01", b"c\0" * 9, b"\n\0\0\0" * 9, b"d\0" * 12]


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map(b"".join))
def test_runs_of_wide_text_are_those_that_an_expression_finds(data: bytes) -> None:
    two = rb"(?:[\t\n\r\x20-\x7e]\x00(?!\x00)){9,}[\t\n\r\x20-\x7e]\x00?"
    four = rb"(?:[\t\n\r\x20-\x7e]\x00\x00\x00){10,}"
    data = b"\x01\x02\x03" + data + b"\x01\x02" * 600  # no text as a whole
    expected = [
        (run.group()[::width], data.count(b"\n", 0, run.start()) + 1)
        for expression, width in ((four, 4), (two, 2))
        for run in re.finditer(expression, data)
    ]
    assert [(view.text, view.line) for view in decode.wide_views(data)] == expected


@given(st.binary(max_size=400))
def test_any_bytes_have_views_or_none(data: bytes) -> None:
    for view in decode.views(data):
        assert view.line >= 1
        assert view.text
