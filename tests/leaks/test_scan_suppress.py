"""Comments and baselines mark a place; they hide nothing, and another secret is never accepted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm
from tests.support.run import keyproof

from keyproof.leaks.baseline import Entry, new_baseline, with_entries, write
from keyproof.model.secret import Secret


@pytest.fixture
def repo(planted: Path, home: Path) -> Repo:
    warm(home)
    made = Repo(planted / "repo", planted / "git-home")
    made.write("app.py", line(github_pat("accepted")).rstrip() + "  # keyproof:allow a sample\n")
    made.write("two.py", line(github_pat("second")))
    made.commit("first")
    return made


def _accepted(repo: Repo, home: Path, *options: str) -> dict[str, str | None]:
    done = keyproof("leaks", str(repo.path), "--format", "jsonl", *options, cwd=home, home=home)
    accepted = {row["path"]: row["suppressed"] for row in map(json.loads, done.out.splitlines())}
    assert done.code == (1 if None in accepted.values() else 0)
    return accepted


def test_a_comment_marks_its_line(repo: Repo, home: Path) -> None:
    assert _accepted(repo, home) == {"app.py": "inline", "two.py": None}


def test_a_baseline_marks_what_it_names_until_it_ends(repo: Repo, home: Path) -> None:
    today = datetime.now(UTC).date()
    file = home / "baseline"
    empty = new_baseline()
    known = empty.identities().secret_id(Secret(github_pat("second")))

    def accept(until: str | None) -> None:
        entry = Entry(
            known, "path:*.py", "github.pat", "test data", "ada", None, today.isoformat(), until
        )
        write(with_entries(empty, [entry]), file)

    accept(None)
    assert _accepted(repo, home, "--baseline", str(file))["two.py"] == "baseline"
    accept((today - timedelta(days=1)).isoformat())
    assert _accepted(repo, home, "--baseline", str(file))["two.py"] is None
    accept(None)
    repo.write("two.py", line(github_pat("another")))
    repo.commit("another")
    rows = keyproof(
        "leaks", str(repo.path), "--format", "jsonl", "--baseline", str(file), cwd=home, home=home
    ).out.splitlines()
    assert [row["suppressed"] for row in map(json.loads, rows)].count(None) == 1


def test_a_baseline_that_is_not_there_is_an_error(repo: Repo, home: Path) -> None:
    done = keyproof("leaks", str(repo.path), "--baseline", "nope", cwd=home, home=home)
    assert (done.code, "there is no nope" in done.err) == (2, True)
