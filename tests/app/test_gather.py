"""Sources that compute are read in processes, the others in threads; nothing of either is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, line
from tests.support.run import Ran, keyproof

HEAD = "issuer_type,issuer_instance,native_id,status,credential_type\n"


@pytest.fixture
def estate(planted: Path, home: Path) -> Path:
    """Four repositories, each with a secret of its own and one that all share, and a file."""
    for name in ("one", "two", "three", "four"):
        repo = Repo(planted / name, home)
        repo.write("shared.py", line(github_pat("estate")))
        repo.write("own.py", line(github_pat(f"estate {name}")))
        repo.commit("first")
    (planted / "keys.csv").write_text(HEAD + "kong,gateway,k1,active,api_token\n")
    return planted


def scan(folder: Path, home: Path, sources: str) -> tuple[Ran, dict]:
    (folder / "keyproof.yaml").write_text(f"sources:\n{sources}")
    ran = keyproof("scan", "--format", "json", "--no-store", "--exit-zero", cwd=folder, home=home)
    return ran, json.loads(ran.out) if ran.out else {}


def test_many_sources_give_what_each_gives_alone(estate: Path, home: Path) -> None:
    names = ("one", "two", "three", "four")
    every = "".join(f"  {name}: {{connector: git, path: {name}}}\n" for name in names)
    ran, document = scan(estate, home, every + "  keys: {connector: file, path: keys.csv}\n")
    assert ran.code == 0
    assert document["facts"]["counts"]["leaks"] == 8  # a leak belongs to its source
    assert document["facts"]["counts"]["keys"] == 1
    assert {s["id"]: s["listed"] for s in document["sources"]} == {
        **dict.fromkeys(names, document["sources"][0]["listed"]),
        "keys": 1,
    }
    together, joined = scan(
        estate, home, "  all: {connector: git, paths: [one, two, three, four]}\n"
    )
    assert together.code == 0
    ids = {leak["id"] for leak in joined["leaks"]}
    assert len(ids) == 5
    assert [len(leak["occurrences"]) for leak in joined["leaks"]].count(4) == 1


def test_a_wrong_setting_of_one_of_many_stops_the_run_with_its_reason(
    estate: Path, home: Path
) -> None:
    wrong = "  a: {connector: git, path: one}\n  b: {connector: git, path: two, baseline: none}\n"
    ran, _ = scan(estate, home, wrong + "  c: {connector: git, path: three}\n")
    assert ran.code == 2
    assert "there is no baseline file" in ran.err


def test_a_repository_that_is_none_costs_only_itself(estate: Path, home: Path) -> None:
    (estate / "empty").mkdir()
    ran, document = scan(estate, home, "  all: {connector: git, paths: [one, empty, two]}\n")
    assert ran.code == 4
    assert len(document["leaks"]) == 3
    assert len(document["gaps"]) == 1
