"""``keyproof explain`` through the real command line."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.planted import github_pat
from tests.support.repository import Repo
from tests.support.run import isolated, keyproof

from keyproof.cli.explain import explain
from keyproof.model.policy import Policy
from keyproof.pipeline import policyset


@pytest.mark.parametrize("policy", policyset.load().policies, ids=lambda p: p.id)
def test_a_policy_is_told_with_reasons_numbers_and_remedy(
    policy: Policy, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*os.environ]:
        if name.startswith("KEYPROOF_"):
            monkeypatch.delenv(name)
    for name, value in isolated(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(explain, [policy.id], standalone_mode=False)
    assert (told.return_value, told.exception, told.stderr) == (0, None, "")
    assert policy.title in told.stdout
    assert policy.description in told.stdout
    assert policy.remediation in told.stdout
    for parameter in policy.parameters:
        assert f"({parameter.source})" in told.stdout


def test_a_policy_is_told_by_a_process_of_its_own_as_well(tmp_path: Path, home: Path) -> None:
    ran = keyproof("explain", "keys.owner", cwd=tmp_path, home=home)
    assert (ran.code, ran.err) == (0, "")
    assert policyset.load().get("keys.owner").remediation in ran.out


def test_the_effective_value_is_told_with_its_place(tmp_path: Path, home: Path) -> None:
    (tmp_path / "keyproof.yaml").write_text("version: 1\npolicies: {params: p.yaml}\n")
    (tmp_path / "p.yaml").write_text("keys.max_age:\n  days: 7\n")
    ran = keyproof("explain", "keys.max_age", cwd=tmp_path, home=home)
    assert "days = 7   (p.yaml:2)" in ran.out


def test_controls_are_told_with_framework_and_version(tmp_path: Path, home: Path) -> None:
    ran = keyproof("explain", "keys.max_age", cwd=tmp_path, home=home)
    assert "pci-dss 4.0.1  8.6.3  direct" in ran.out


def test_an_unknown_policy_exits_with_2_and_the_likeliest(tmp_path: Path, home: Path) -> None:
    ran = keyproof("explain", "keys.maxage", cwd=tmp_path, home=home)
    assert ran.code == 2
    assert ran.out == ""
    assert "did you mean 'keys.max_age'?" in ran.err


def test_a_disabled_policy_is_told_as_such(tmp_path: Path, home: Path) -> None:
    (tmp_path / "keyproof.yaml").write_text("version: 1\npolicies: {disable: [keys.owner]}\n")
    ran = keyproof("explain", "keys.owner", cwd=tmp_path, home=home)
    assert ran.code == 0
    assert "disabled in the settings" in ran.out


def test_a_finding_is_told_with_evidence_parameters_and_remedy(tmp_path: Path, home: Path) -> None:
    pytest.importorskip("regorus")
    (tmp_path / "keys.csv").write_text(
        "native_id,issuer_type,issuer_instance,credential_type,status,created_at\n"
        "K1,x,y,api_token,active,2020-01-01T00:00:00Z\n"
    )
    arguments = (
        "--file",
        "keys.csv",
        "--policy",
        "keys.max_age",
        "--no-store",
        "--save",
        "run.json",
    )
    scanned = keyproof("scan", *arguments, "--format", "json", cwd=tmp_path, home=home)
    assert scanned.code == 1
    (finding,) = json.loads(scanned.out)["findings"]
    ran = keyproof("explain", finding["id"], "--run", "run.json", cwd=tmp_path, home=home)
    assert (ran.code, ran.err) == (0, "")
    assert "keys.max_age" in ran.out
    assert "counted_from = creation" in ran.out
    assert "days = 90   (CIS AWS Foundations Benchmark 3.0.0, 1.14)" in ran.out
    assert "--inventory keys.jsonl" in ran.out
    unknown = keyproof("explain", "f_" + "0" * 32, "--run", "run.json", cwd=tmp_path, home=home)
    assert unknown.code == 2


def _traced(text: str, place: Path, home: Path) -> str:
    """Scan a file of one old key, and explain its finding with an inventory of this text."""
    (place / "keys.csv").write_text(
        "native_id,issuer_type,issuer_instance,credential_type,status,created_at\n"
        "K1,x,y,api_token,active,2020-01-01T00:00:00Z\n"
    )
    scan = ("scan", "--file", "keys.csv", "--policy", "keys.max_age", "--no-store")
    out = keyproof(*scan, "--save", "run.json", "--format", "json", cwd=place, home=home).out
    listed = keyproof("inventory", "--file", "keys.csv", "--format", "jsonl", cwd=place, home=home)
    (place / "keys.jsonl").write_text(text or listed.out)
    (finding,) = json.loads(out)["findings"]
    arguments = (finding["id"], "--run", "run.json", "--inventory", "keys.jsonl")
    told = keyproof("explain", *arguments, cwd=place, home=home)
    return told.out if told.code == 0 else told.err


def test_a_finding_is_decided_again_and_its_lines_are_shown(tmp_path: Path, home: Path) -> None:
    pytest.importorskip("regorus")
    told = _traced("", tmp_path, home)
    policy = policyset.load().get("keys.max_age").module.splitlines()
    assert "rotated_basis = not known" in told
    assert "Decided again: the same, fail" in told
    shown = dict(re.findall(r"^ +(\d+)  (.+)$", told, re.MULTILINE))
    number = next(n for n, line in enumerate(policy, 1) if "counted_from" in line)
    assert shown[str(number)].strip() == policy[number - 1].strip()
    skipped = next(n for n, line in enumerate(policy, 1) if '"the key is not active"' in line)
    assert str(skipped) not in shown


def test_a_file_that_is_no_inventory_is_refused_unquoted(tmp_path: Path, home: Path) -> None:
    pytest.importorskip("regorus")
    told = _traced("what somebody wrote\n", tmp_path, home)
    assert "keys.jsonl:1: this is no record" in told
    assert "somebody" not in told


def test_a_leaks_finding_needs_no_inventory(tmp_path: Path, planted: Path, home: Path) -> None:
    pytest.importorskip("regorus")
    repository = Repo(planted / "shop", home)
    repository.write("ci.env", f"T={github_pat('explained')}\n")
    repository.commit("leak")
    scan = ("scan", str(repository.path), "--policy", "leaks.secret_in_history", "--no-store")
    ran = keyproof(*scan, "--save", "run.json", "--format", "json", cwd=tmp_path, home=home)
    (finding,) = json.loads(ran.out)["findings"]
    assert finding["message"].startswith("stands in 1 place, 1 of them not accepted")
    told = keyproof("explain", finding["id"], "--run", "run.json", cwd=tmp_path, home=home).out
    assert "occurrences_in_head = 1" in told
    assert "Decided again: the same, fail" in told


def kept(place: Path, home: Path) -> dict[str, dict[str, str]]:
    """Scan a file of one old key under a waiver into the store; return policy → finding."""
    (place / "keys.csv").write_text(
        "native_id,issuer_type,issuer_instance,credential_type,status,created_at,owner\n"
        "K1,x,y,api_token,active,2020-01-01T00:00:00Z,payments\n"
    )
    (place / "waivers.yaml").write_text(
        "waivers:\n  - {id: W-1, policy: keys.max_age, subject: K1, reason: it is replaced,\n"
        "     requester: ada, approver: grace, created: 2026-01-01, expires: 2999-01-01}\n"
    )
    (place / "keyproof.yaml").write_text(
        "sources: {keys: {connector: file, path: keys.csv}}\nwaivers: waivers.yaml\n"
    )
    ran = keyproof("scan", "--format", "json", "--save", "run.json", cwd=place, home=home)
    return {finding["policy"]: finding for finding in json.loads(ran.out)["findings"]}


def test_the_last_runs_records_are_kept_for_explanations(tmp_path: Path, home: Path) -> None:
    pytest.importorskip("regorus")
    findings = kept(tmp_path, home)

    def told(policy: str, *options: str) -> str:
        ran = keyproof("explain", findings[policy]["id"], *options, cwd=tmp_path, home=home)
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    key = told("keys.max_age")
    assert "created_at_age_days = " in key
    assert "Decided again: the same, fail" in key
    assert "Waived until 2999-01-01: it is replaced" in key
    assert "asked for by ada, approved by grace" in key
    assert "the approval is declared: " in key
    assert "Waived, first seen " in key
    assert "pci-dss 4.0.1  8.6.3  direct: " in key
    waiver = told("waivers.lifetime")
    assert "lifetime_days = 355" in waiver
    assert "Decided again: the same, fail" in waiver
    (file,) = home.rglob("facts.jsonl.gz")
    assert file.stat().st_mode & 0o077 == 0
    (tmp_path / "keys.csv").write_text((tmp_path / "keys.csv").read_text().replace("2020", "2021"))
    keyproof("scan", cwd=tmp_path, home=home)
    assert "scan again" in told("keys.max_age", "--run", "run.json")
    file.write_bytes(file.read_bytes()[:-20])
    assert "scan again" in told("keys.max_age")
