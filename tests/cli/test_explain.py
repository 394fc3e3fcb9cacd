"""``keyproof explain`` through the real command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.run import keyproof

from keyproof.pipeline import policyset


@pytest.mark.parametrize("policy", policyset.load().policies, ids=lambda p: p.id)
def test_a_policy_is_told_with_reasons_numbers_and_remedy(
    policy, tmp_path: Path, home: Path
) -> None:
    ran = keyproof("explain", policy.id, cwd=tmp_path, home=home)
    assert (ran.code, ran.err) == (0, "")
    assert policy.title in ran.out
    assert policy.description in ran.out
    assert policy.remediation in ran.out
    for parameter in policy.parameters:
        assert f"({parameter.source})" in ran.out


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
    unknown = keyproof("explain", "f_" + "0" * 32, "--run", "run.json", cwd=tmp_path, home=home)
    assert unknown.code == 2
