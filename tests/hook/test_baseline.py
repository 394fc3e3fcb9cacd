"""Baselines: written once, merged by git, valid for every developer, and never a hiding place."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hook.repository import Work
from tests.support.planted import github_pat
from tests.support.run import Ran, keyproof

from keyproof.errors import ConfigError
from keyproof.leaks import baseline
from keyproof.leaks.baseline import Entry


@pytest.fixture
def work(planted: Path, home: Path, warm: Path) -> Work:
    return Work(planted / "work", home, warm)


def line(seed: str = "one") -> str:
    return f'TOKEN = "{github_pat(seed)}"\n'


def run(work: Work, *arguments: str, home: Path | None = None) -> Ran:
    env = {"XDG_CACHE_HOME": work.environment["XDG_CACHE_HOME"]}
    return keyproof(
        "hook", "baseline", *arguments, cwd=work.folder, home=home or work.home, env=env
    )


def test_a_baseline_accepts_what_is_there_and_nothing_else(work: Work) -> None:
    work.commit("settings.py", "a = 1\n" + line() + "b = 1\n")
    made = run(work, "--reason", "test server", "--owner", "grace", "--expires", "2099-01-01")
    assert made.code == 0, made.err
    assert "1 entries added" in made.out
    text = (work.folder / ".keyproof-baseline").read_text()
    header, entry = (json.loads(row) for row in text.splitlines())
    assert len(bytes.fromhex(header["salt"])) == 16
    assert entry["reason"] == "test server"
    assert (entry["scope"], entry["owner"]) == ("occurrence", "grace")
    assert github_pat("one") not in text

    work.git("mv", "settings.py", "moved.py")
    work.add("moved.py", "\n\nx = 1\na = 1\n" + line() + "b = 1\n")
    work.git("rm", "-q", "--cached", "moved.py")
    work.add("moved.py", "\n\nx = 1\na = 1\n" + line() + "b = 1\n")
    work.git("commit", "-q", "--no-verify", "-m", "moved")
    work.add("copy.py", "a = 1\n" + line() + "b = 1\n")
    ran = work.hook()
    assert ran.code == 0, "the same place in another file"
    assert "1 accepted" in ran.err
    work.add("copy.py", "a = 1\n" + line("two") + "b = 1\n")
    assert work.hook().code == 1, "another secret in an accepted place"
    work.add("copy.py", "other = 1\n" + line() + "lines = 1\n")
    assert work.hook().code == 1, "an accepted secret in another place"

    again = run(work, "--reason", "again", home=work.home.parent / "other-home")
    assert "2 entries added, 1 were there" in again.out, "what is staged, and what was"
    assert text.splitlines()[1] in (work.folder / ".keyproof-baseline").read_text()


def test_scopes_widen_what_is_accepted(work: Work) -> None:
    work.commit("a[1].py", line())
    assert run(work, "--reason", "r", "--scope", "path").code == 0
    work.add("a[1].py", "x = 1\ny = 2\n" + line() + "z = 1\n" + line())
    assert work.hook().code == 0
    work.add("b.py", "x\n" + line())
    assert work.hook().code == 1
    (work.folder / ".keyproof-baseline").unlink()
    assert run(work, "--reason", "r", "--scope", "anywhere").code == 0
    assert work.hook().code == 0


def test_an_ended_entry_accepts_nothing_and_says_so(work: Work) -> None:
    work.commit("settings.py", line())
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    assert run(work, "--reason", "r", "--scope", "anywhere", "--expires", yesterday).code == 0
    work.add("copy.py", line())
    ran = work.hook()
    assert ran.code == 1
    assert f"its baseline entry ended on {yesterday}" in ran.err
    assert run(work, "--list").out.startswith("ended")


def test_unused_entries_are_listed_and_pruned(work: Work) -> None:
    work.commit("settings.py", line())
    assert run(work, "--reason", "r").code == 0
    path = work.folder / ".keyproof-baseline"
    known = baseline.load(path)
    assert known is not None
    idle = Entry("o1_" + "0" * 32, "occurrence", "x.y", "gone", None, None, "2026-01-01", None)
    baseline.write(baseline.with_entries(known, [idle]), path)
    assert [row.split()[0] for row in run(work, "--list").out.splitlines()] == ["unused", "used"]
    assert "1 entries removed, 1 left" in run(work, "--prune").out
    assert baseline.load(path) == known


def test_nothing_is_pruned_while_something_cannot_be_read(work: Work) -> None:
    work.commit("settings.py", line())
    assert run(work, "--reason", "r").code == 0
    text = (work.folder / ".keyproof-baseline").read_text()
    blob = work.git("rev-parse", "HEAD:settings.py").strip()
    (work.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    (work.folder / "settings.py").unlink()
    ran = run(work, "--prune")
    assert ran.code == 2
    assert ran.err.startswith("incomplete: ")
    assert "keyproof baseline remove ID" in ran.err
    assert (work.folder / ".keyproof-baseline").read_text() == text


def test_a_reason_and_dates_are_needed(work: Work) -> None:
    work.commit("settings.py", line())
    assert run(work).code == 2
    assert run(work, "--reason", "r", "--expires", "soon").code == 2
    assert run(work, "--list").code == 2
    assert not (work.folder / ".keyproof-baseline").exists()


def test_branches_that_both_add_entries_merge(work: Work) -> None:
    salt = baseline.new_baseline()
    entries = [
        Entry(f"o1_{n:032x}", "occurrence", "a.b", f"reason {n}", None, None, "2026-01-01", None)
        for n in range(0, 200, 10)
    ]
    path = work.folder / ".keyproof-baseline"
    baseline.write(baseline.with_entries(salt, entries), path)
    work.git("add", ".")
    work.git("commit", "-q", "-m", "base")
    for branch, number in (("one", 33), ("two", 155)):
        work.git("checkout", "-q", "-b", branch, "main")
        more = entries[0]._replace(id=f"o1_{number:032x}", reason=branch)
        baseline.write(baseline.with_entries(baseline.load(path) or salt, [more]), path)
        work.git("commit", "-q", "-a", "-m", branch)
    work.git("merge", "-q", "-m", "merge", "one")
    merged = baseline.load(path)
    assert merged is not None
    assert {e.reason for e in merged.entries} >= {"one", "two"}
    assert path.read_text() == baseline.dump(merged)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("{}\n", "no baseline header"),
        ('{"keyproof_baseline":1,"salt":"zz' + "0" * 30 + '"}\n', "not hexadecimal"),
        ('{"keyproof_baseline":1,"salt":"00' + " " * 40 + '"}\n', "salt is too short"),
        ('{"keyproof_baseline":1,"salt":"SALT"}\nnonsense\n', "not a baseline entry"),
        ('{"keyproof_baseline":1,"salt":"SALT"}\n{"id":"o1_0"}\n', "'scope' is missing"),
        ('{"keyproof_baseline":1,"salt":"SALT"}\n{"idd":"o1_0"}\n', "unknown field 'idd'"),
    ],
)
def test_a_damaged_baseline_is_an_error_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        baseline.parse(text.replace("SALT", "0" * 32), "base")
    assert str(caught.value).startswith("base")


_TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).filter(
    str.strip
)
_DAY = st.dates(min_value=date(2000, 1, 1)).map(date.isoformat)
_ENTRY = st.builds(
    Entry,
    id=st.integers(0, 999).map(lambda n: f"s1_{n:032x}"),
    scope=st.one_of(st.just("anywhere"), _TEXT.map(lambda t: f"path:{t}")),
    detector=_TEXT,
    reason=_TEXT,
    owner=st.none() | _TEXT,
    approver=st.none() | _TEXT,
    created=_DAY,
    expires=st.none() | _DAY,
    of=st.none() | _TEXT,
    path=st.none() | _TEXT,
    ticket=st.none() | _TEXT,
    imported_from=st.none() | _TEXT,
)


@given(st.lists(_ENTRY, max_size=20))
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_back_and_sorted(entries: list[Entry]) -> None:
    made = baseline.with_entries(baseline.new_baseline("base"), entries)
    text = baseline.dump(made)
    assert baseline.parse(text, "base") == made
    rows = text.splitlines()[1:]
    assert len(rows) == len(made.entries)
    assert baseline.dump(baseline.parse(text, "base")) == text


def test_the_scan_reads_the_same_baseline_and_comments_as_the_hook(work: Work) -> None:
    work.commit("settings.py", line() + line("two").rstrip() + "  # keyproof:allow a test token\n")
    assert run(work, "--reason", "r", "--only", "nothing.py").out.startswith(
        ".keyproof-baseline: 0"
    )
    assert run(work, "--reason", "r").code == 0

    def accepted(*flags: str) -> list[str | None]:
        ran = keyproof(
            *("leaks", "--format", "jsonl", "-q", *flags),
            cwd=work.folder,
            home=work.home,
            env=work.environment,
        )
        rows = [json.loads(row) for row in ran.out.splitlines()]
        return [row["suppressed"] for row in sorted(rows, key=lambda row: row["line"])]

    assert accepted() == ["baseline", "inline"]
    (work.folder / ".keyproof-baseline").rename(work.folder / "other")
    assert accepted() == [None, "inline"]
    assert accepted("--no-inline", "--baseline", "other") == ["baseline", "baseline"]
    assert accepted("--no-inline") == [None, None]
