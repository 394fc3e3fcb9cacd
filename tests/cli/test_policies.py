"""``keyproof policies`` through the real command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.support import rego
from tests.support.needs import ROOT, tool
from tests.support.run import keyproof

from keyproof.pipeline import policyset
from keyproof.resources import shipped

pytest.importorskip("regorus")


def test_list_names_every_policy(tmp_path: Path, home: Path) -> None:
    ran = keyproof("policies", "list", cwd=tmp_path, home=home)
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == [
        p.id for p in policyset.load().policies
    ]
    assert ran.err == ""


def test_list_marks_what_is_the_users_and_what_is_disabled(tmp_path: Path, home: Path) -> None:
    rego.write(tmp_path / "mine", rego.module())
    (tmp_path / "keyproof.yaml").write_text(
        "version: 1\npolicies: {folders: [mine], disable: [keys.owner]}\n"
    )
    ran = keyproof("policies", "list", "--format", "json", cwd=tmp_path, home=home)
    rows = {row["id"]: row for row in json.loads(ran.out)}
    assert rows["test.age"]["origin"] == "user"
    assert rows["keys.owner"]["enabled"] is False
    assert rows["keys.max_age"]["enabled"] is True
    text = keyproof("policies", "list", cwd=tmp_path, home=home).out
    assert "(user)" in text
    assert "(disabled)" in text


def test_show_prints_the_file(tmp_path: Path, home: Path) -> None:
    ran = keyproof("policies", "show", "keys.owner", cwd=tmp_path, home=home)
    assert (ran.code, ran.out) == (0, (shipped("policies") / "keys" / "owner.rego").read_text())
    assert keyproof("policies", "show", "keys.onwer", cwd=tmp_path, home=home).code == 2


def test_test_runs_the_packs_tests(tmp_path: Path, home: Path) -> None:
    ran = keyproof("policies", "test", "--coverage", cwd=tmp_path, home=home)
    assert ran.code == 0
    assert ", 0 failed" in ran.out
    assert "100 %" in ran.out


def test_a_failing_test_is_named_and_exits_with_1(tmp_path: Path, home: Path) -> None:
    (tmp_path / "a_test.rego").write_text(
        "package a_test\n\ntest_no if 1 == 2\n\ntest_yes if 1 == 1\n"
    )
    ran = keyproof("policies", "test", str(tmp_path), cwd=tmp_path, home=home)
    assert ran.code == 1
    assert "FAIL  a_test.test_no" in ran.out
    assert "1 passed, 1 failed" in ran.out


def test_no_test_at_all_is_no_success(tmp_path: Path, home: Path) -> None:
    rego.write(tmp_path, rego.module())
    ran = keyproof("policies", "test", str(tmp_path), cwd=tmp_path, home=home)
    assert ran.code == 3
    assert "there is no test" in ran.err


@pytest.mark.parametrize("engine", ["embedded", "opa"])
def test_check_tries_every_example_on_the_configured_engine(
    engine: str, tmp_path: Path, home: Path
) -> None:
    binary = tool("opa") if engine == "opa" else ""
    (tmp_path / "keyproof.yaml").write_text(
        f"version: 1\npolicies: {{engine: {engine}, opa: {{binary: '{binary}'}}}}\n"
    )
    ran = keyproof("policies", "check", cwd=tmp_path, home=home)
    assert (ran.code, ran.out) == (0, "")
    assert ", 0 problems on " in ran.err


def test_check_names_what_is_wrong_with_file_and_line(tmp_path: Path, home: Path) -> None:
    faulty = rego.module(rego.SOUND.replace("input.params.days", "time.now_ns()"))
    path = rego.write(tmp_path, faulty)
    ran = keyproof("policies", "check", str(tmp_path), cwd=tmp_path, home=home)
    line = next(n for n, text in enumerate(faulty.splitlines(), start=1) if "now_ns" in text)
    assert ran.code == 2
    assert f"{path}:{line}: time.now_ns is not allowed" in ran.out


def test_check_names_an_example_that_comes_out_wrong(tmp_path: Path, home: Path) -> None:
    rego.write(tmp_path, rego.module(rego.SOUND.replace("> input", "< input")))
    ran = keyproof("policies", "check", str(tmp_path), cwd=tmp_path, home=home)
    assert ran.code == 2
    assert "example 'young' is fail, declared pass" in ran.out


def test_docs_and_lock_reproduce_what_is_committed(tmp_path: Path, home: Path) -> None:
    assert (
        keyproof("policies", "docs", "-o", str(tmp_path / "d"), cwd=tmp_path, home=home).code == 0
    )
    committed = {p.name: p.read_text() for p in (ROOT / "docs" / "policies").iterdir()}
    assert {p.name: p.read_text() for p in (tmp_path / "d").iterdir()} == committed
    copy = tmp_path / "pack"
    shutil.copytree(shipped("policies"), copy)
    for name in (".manifest", "params.yaml"):
        (copy / name).unlink()
    shutil.rmtree(copy / "schemas")
    assert keyproof("policies", "lock", str(copy), cwd=tmp_path, home=home).code == 0
    for path in shipped("policies").rglob("*"):
        if path.is_file():
            assert (copy / path.relative_to(shipped("policies"))).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("group", ["keys", "principals", "leaks", "sources", "ours"])
def test_a_new_policy_is_sound_and_tested_at_once(group: str, tmp_path: Path, home: Path) -> None:
    made = keyproof("policies", "new", f"{group}.mine", "--folder", "m", cwd=tmp_path, home=home)
    assert made.code == 0
    assert [(tmp_path / line).exists() for line in made.out.splitlines()] == [True, True]
    checked = keyproof("policies", "check", "m", cwd=tmp_path, home=home)
    assert (checked.code, checked.out) == (0, "")
    tested = keyproof("policies", "test", "m", "--coverage", cwd=tmp_path, home=home)
    assert tested.code == 0
    assert f" 100 %  {Path('m', group, 'mine.rego')}" in tested.out


def test_from_a_new_policy_to_an_explained_finding(tmp_path: Path, home: Path) -> None:
    """As the README says: new, edit, test, run, explain."""
    run = {"cwd": tmp_path, "home": home}
    assert keyproof("policies", "new", "keys.no_staging", "--folder", "mine", **run).code == 0
    for path in (tmp_path / "mine" / "keys").iterdir():
        path.write_text(path.read_text().replace('"test"', '"staging"'))
    assert keyproof("policies", "test", "mine", **run).code == 0
    (tmp_path / "keyproof.yaml").write_text("version: 1\npolicies: {folders: [mine]}\n")
    (tmp_path / "keys.csv").write_text(
        "native_id,issuer_type,issuer_instance,credential_type,status,environment\n"
        "K1,x,y,api_token,active,staging\n"
    )
    scan = ("scan", "--file", "keys.csv", "--policy", "keys.no_staging", "--save", "run.json")
    found = json.loads(keyproof(*scan, "--format", "json", "--no-store", **run).out)["findings"]
    assert [(f["status"], f["message"]) for f in found] == [("fail", "environment: staging")]
    told = keyproof("explain", found[0]["id"], "--run", "run.json", **run)
    assert told.code == 0
    assert "found = staging" in told.out


def test_a_new_policy_overwrites_nothing(tmp_path: Path, home: Path) -> None:
    run = {"cwd": tmp_path, "home": home}
    assert keyproof("policies", "new", "keys.mine", **run).code == 0
    again = keyproof("policies", "new", "keys.mine", **run)
    assert again.code == 2
    assert "is there already" in again.err
    shipped_one = keyproof("policies", "new", "keys.owner", **run)
    assert shipped_one.code == 2
    assert "there is a policy 'keys.owner' already" in shipped_one.err
    assert keyproof("policies", "new", "Mine", **run).code == 2
