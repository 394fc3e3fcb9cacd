"""``keyproof policies`` through the real command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.support import rego
from tests.support.needs import ROOT, tool
from tests.support.run import Ran, keyproof

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
    assert "(yours)" in text
    assert "(off: no reason stated)" in text


def replaced(folder: Path, *, settings: str = "") -> None:
    """Write an own keys.max_age in the place of the shipped one, and settings that say so."""
    text = (shipped("policies") / "keys" / "max_age.rego").read_text()
    target = folder / "mine" / "keys" / "max_age.rego"
    target.parent.mkdir(parents=True)
    target.write_text(text.replace("severity: high", "severity: critical"))
    (folder / "limits.yaml").write_text(
        "keys.unused: {days: 10}\nenvironments: {production: {keys.expiry: {days: 90}}}\n"
    )
    (folder / "keys.csv").write_text(
        "issuer_type,issuer_instance,native_id,status,credential_type\nx,y,AKIA1,active,api_token\n"
    )
    (folder / "keyproof.yaml").write_text(
        settings
        or """\
sources: {keys: {connector: file, path: keys.csv}}
policies:
  folders: [mine]
  params: limits.yaml
  replace: {keys.max_age: ours is critical}
  disable: {keys.owner: owners live elsewhere}
"""
    )


CHANGES = (
    "keys.max_age is yours, in place of the shipped one: ours is critical",
    "keys.owner is switched off: owners live elsewhere",
    "keys.expiry: other numbers for 1 group: production",
    "keys.unused: days = 10 instead of 45 (limits.yaml:1)",
)


def test_what_is_replaced_off_or_has_other_numbers_is_listed(tmp_path: Path, home: Path) -> None:
    replaced(tmp_path)
    ran = keyproof("policies", "list", cwd=tmp_path, home=home)
    lines = {line.split()[0]: line for line in ran.out.splitlines()}
    assert "critical" in lines["keys.max_age"]
    assert "(yours, replaces the shipped one: ours is critical)" in lines["keys.max_age"]
    assert "(off: owners live elsewhere)" in lines["keys.owner"]
    assert "(days = 10 instead of 45 (limits.yaml:1))" in lines["keys.unused"]
    assert "(other numbers for 1 group: production)" in lines["keys.expiry"]


def test_a_scan_says_how_its_policies_differ_from_those_that_ship(
    tmp_path: Path, home: Path
) -> None:
    replaced(tmp_path)
    ran = keyproof("scan", "--no-store", "--format", "json", cwd=tmp_path, home=home)
    report = json.loads(ran.out)
    assert tuple(report["problems"][: len(CHANGES)]) == CHANGES
    assert all(f"{change}\n" in ran.err for change in CHANGES)
    severities = {p["id"]: p["severity"] for p in report["policies"]}
    assert (severities["keys.max_age"], "keys.owner" in severities) == ("critical", False)
    table = keyproof("scan", "--no-store", cwd=tmp_path, home=home).out
    assert "owners live elsewhere" in " ".join(table.split())


GRADED = """\
sources: {keys: {connector: file, path: keys.csv}}
policies:
  severities:
    keys.owner: {severity: critical, reason: nobody answered last time}
    keys.environment: info
"""


def test_a_severity_of_ones_own_decides_and_is_said(tmp_path: Path, home: Path) -> None:
    replaced(tmp_path, settings=GRADED)
    said = (
        "keys.environment: info instead of low: no reason stated",
        "keys.owner: critical instead of medium: nobody answered last time",
    )
    ran = keyproof("scan", "--policy", "keys.owner", "--policy", "keys.environment",
                   "--fail-on", "critical", "--format", "json", "--save", "run.json", "--no-store",
                   cwd=tmp_path, home=home)  # fmt: skip
    assert ran.code == 1
    report = json.loads(ran.out)
    assert tuple(report["problems"][:2]) == said
    graded = {p["id"]: (p["severity"], p["declared_severity"]) for p in report["policies"]}
    assert graded == {
        "keys.owner": ("critical", "medium"),
        "keys.environment": ("info", "low"),
    }
    assert {(f["policy"], f["severity"]) for f in report["findings"]} == {
        ("keys.owner", "critical"),
        ("keys.environment", "info"),
    }
    listed = keyproof("policies", "list", cwd=tmp_path, home=home).out
    assert "(critical instead of medium: nobody answered last time)" in listed
    (finding,) = [f["id"] for f in report["findings"] if f["policy"] == "keys.owner"]
    told = keyproof("explain", finding, "--run", "run.json", cwd=tmp_path, home=home).out
    assert "fail  critical (the policy says medium)" in told
    policy = keyproof("explain", "keys.owner", cwd=tmp_path, home=home).out
    assert "severity critical instead of medium: nobody answered last time" in policy


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("keys.owner:", "keys.ovner:", "did you mean 'keys.owner'"),
        ("reason:", "raeson:", "did you mean 'reason'"),
        ("critical", "fatal", "the severity of 'keys.owner' must be one of: critical, high"),
    ],
)
def test_a_severity_that_cannot_be_is_answered_with_its_place(
    right: str, wrong: str, said: str, tmp_path: Path, home: Path
) -> None:
    replaced(tmp_path, settings=GRADED.replace(right, wrong))
    ran = keyproof("policies", "list", cwd=tmp_path, home=home)
    assert ran.code == 2
    assert said in ran.err
    assert "keyproof.yaml:4" in ran.err


def test_one_takes_no_shipped_policys_place_by_accident(tmp_path: Path, home: Path) -> None:
    replaced(tmp_path, settings="policies: {folders: [mine]}\n")
    ran = keyproof("policies", "list", cwd=tmp_path, home=home)
    assert ran.code == 2
    assert "policies: {replace: {keys.max_age: why}}" in ran.err
    (tmp_path / "keyproof.yaml").write_text("policies: {replace: [keys.owner]}\n")
    ran = keyproof("policies", "list", cwd=tmp_path, home=home)
    assert (ran.code, "nothing replaces 'keys.owner'" in ran.err) == (2, True)


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


TESTS = """\
package a_test

test_no if 1 == 2

test_yes if 1 == 1

test_wrong if to_number("a") == 1

test_false := false

helper_test if true
"""


def test_the_outcomes_are_those_of_opa(tmp_path: Path, home: Path) -> None:
    (tmp_path / "a_test.rego").write_text(TESTS)
    ran = keyproof("policies", "test", str(tmp_path), "--format", "json", cwd=tmp_path, home=home)
    ours = {row["name"]: row["passed"] for row in json.loads(ran.out)}
    done = subprocess.run(
        [tool("opa"), "test", "--format", "json", str(tmp_path)], capture_output=True, check=False
    )
    theirs = {
        row["name"]: not row.get("fail") and not row.get("error") for row in json.loads(done.stdout)
    }
    assert ours == theirs
    assert (ran.code, done.returncode != 0) == (1, True)


def test_tests_are_chosen_named_and_told_to_machines(tmp_path: Path, home: Path) -> None:
    (tmp_path / "a_test.rego").write_text(TESTS)

    def run(*options: str) -> Ran:
        return keyproof("policies", "test", str(tmp_path), *options, cwd=tmp_path, home=home)

    chosen = run("--run", "a_test.test_y", "-v")
    assert (chosen.code, chosen.out) == (0, "PASS  a_test.test_yes\n1 passed, 0 failed\n")
    assert (run("--run", "nothing").code, run("--run", "(").code) == (3, 2)
    suite = ET.fromstring(run("--format", "junit").out)  # noqa: S314 - our own
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["4", "2", "1"]
    assert {case.get("name") for case in suite if case.find("failure") is not None} == {
        "test_no",
        "test_false",
    }


def test_coverage_names_lines_that_no_test_reaches(tmp_path: Path, home: Path) -> None:
    rego.write(tmp_path, rego.module())
    text = "package keyproof.test.age_test\n\nimport data.keyproof.test.age\n\n"
    (tmp_path / "test" / "age_test.rego").write_text(
        f'{text}test_none if age.decisions == {{}} with input as {{"subjects": []}}\n'
    )

    def run(*options: str) -> Ran:
        return keyproof("policies", "coverage", str(tmp_path), *options, cwd=tmp_path, home=home)

    ran = run()
    assert (ran.code, "not reached: " in ran.out) == (1, True)
    (row,) = json.loads(run("--format", "json", "--at-least", "0").out)
    assert 0 < row["percent"] < 100
    assert row["missed"]
    assert run("--at-least", "1").code == 0
    (tmp_path / "test" / "bare.rego").write_text("package keyproof.test.bare\n\nx := 1\n")
    assert [r["percent"] for r in json.loads(run("--format", "json").out)][-1] == 0


def test_the_shipped_pack_is_covered_whole(tmp_path: Path, home: Path) -> None:
    assert keyproof("policies", "coverage", cwd=tmp_path, home=home).code == 0


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
