"""``keyproof scan`` as people run it: no settings, a gate in CI, a second run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.planted import aws_key_id, aws_secret_key, github_pat
from tests.support.repository import Repo
from tests.support.run import keyproof


@pytest.fixture
def shop(planted: Path, home: Path) -> Repo:
    repository = Repo(planted / "shop", home)
    repository.write("README.md", "the shop\n")
    repository.commit("start")
    return repository


def scan(repository: Repo, home: Path, *flags: str):
    ran = keyproof("scan", "--format", "json", *flags, cwd=repository.path, home=home)
    return ran.code, json.loads(ran.out) if ran.out else None, ran.err


def test_a_clean_repository_is_clean_without_any_configuration(shop: Repo, home: Path) -> None:
    code, document, _ = scan(shop, home)
    assert code == 0
    assert document["schema"] == "keyproof/scan/v1"
    assert document["summary"]["fail"] == 0
    assert document["gaps"] == []


def test_a_leak_is_found_and_fails(shop: Repo, home: Path) -> None:
    shop.write("ci.env", f"GITHUB_TOKEN={github_pat('scan')}\n")
    shop.commit("token")
    code, document, _ = scan(shop, home)
    failed = {f["policy"]: f for f in document["findings"] if f["status"] == "fail"}
    assert (code, set(failed)) == (1, {"leaks.secret_in_history", "sources.hard_coded"})
    finding = failed["leaks.secret_in_history"]
    assert {control["framework"] for control in finding["controls"]} >= {"soc2", "hipaa"}


def test_outside_a_repository_there_is_nothing_to_check(tmp_path: Path, home: Path) -> None:
    ran = keyproof("scan", cwd=tmp_path, home=home)
    assert (ran.code, ran.out) == (3, "")
    assert "keyproof init" in ran.err


def test_the_gate_sees_only_what_the_range_adds(shop: Repo, home: Path) -> None:
    shop.write("old.env", f"GITHUB_TOKEN={github_pat('gate old')}\n")
    base = shop.commit("old leak")
    shop.write("notes.md", "nothing\n")
    clean = shop.commit("clean")
    gate = ("--fail-on", "high", "--range")
    assert scan(shop, home, *gate, f"{base}..{clean}")[0] == 0
    shop.write("new.env", f"GITHUB_TOKEN={github_pat('gate new')}\n")
    shop.commit("new leak")
    code, document, _ = scan(shop, home, *gate, f"{base}..HEAD")
    assert code == 1
    assert document["summary"]["fail"] == 1


def test_a_range_that_does_not_exist_is_no_pass(shop: Repo, home: Path) -> None:
    ran = keyproof("scan", "--range", "nowhere..HEAD", cwd=shop.path, home=home)
    assert ran.code in {2, 4}
    assert "nowhere" in ran.out + ran.err


def test_a_range_scan_resolves_nothing(shop: Repo, home: Path) -> None:
    shop.write("old.env", f"GITHUB_TOKEN={github_pat('resolve')}\n")
    base = shop.commit("leak")
    assert scan(shop, home)[0] == 1
    shop.write("more.md", "more\n")
    shop.commit("more")
    scan(shop, home, "--range", f"{base}..HEAD")
    _, document, _ = scan(shop, home)
    failed = [f for f in document["findings"] if f["status"] == "fail"]
    assert {f["policy"] for f in failed} == {"leaks.secret_in_history", "sources.hard_coded"}
    assert {(f["history"]["state"], f["history"]["reopened"]) for f in failed} == {("open", 0)}


def test_the_baseline_of_a_repository_waives_what_it_accepts(shop: Repo, home: Path) -> None:
    shop.write("old.env", f"GITHUB_TOKEN={github_pat('baseline old')}\n")
    shop.commit("leak")
    accepted = ("hook", "baseline", "--reason", "a token of the test double")
    assert keyproof(*accepted, cwd=shop.path, home=home).code == 0
    code, document, _ = scan(shop, home)
    assert (code, document["summary"]["waived"], document["summary"]["fail"]) == (0, 1, 0)
    shop.write("new.env", f"GITHUB_TOKEN={github_pat('baseline new')}\n")
    shop.commit("another leak")
    code, document, _ = scan(shop, home)
    failed = {f["policy"] for f in document["findings"] if f["status"] == "fail"}
    assert (code, document["summary"]["waived"]) == (1, 1)
    assert failed == {"leaks.secret_in_history", "sources.hard_coded"}


def test_the_same_facts_give_the_same_findings(shop: Repo, home: Path) -> None:
    shop.write("a.env", f"GITHUB_TOKEN={github_pat('same')}\n")
    shop.commit("leak")
    first, second = (scan(shop, home, "--no-store")[1] for _ in range(2))
    assert first["findings"] == second["findings"]
    assert (home / "cache" / "keyproof" / "hits-1.db").is_file()


def test_a_leaked_aws_key_is_named_with_its_state_by_the_inventory(shop: Repo, home: Path) -> None:
    key_id = aws_key_id("scan join")
    secret = aws_secret_key("scan join")
    shop.write("credentials", f"aws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n")
    shop.commit("leak")
    inventory = home / "keys.csv"
    inventory.write_text(
        "issuer_type,issuer_instance,native_id,status,credential_type,owner\n"
        f"aws.iam,123456789012,{key_id},active,access_key,payments\n"
    )
    code, document, _ = scan(shop, home, str(shop.path), "--file", str(inventory))
    failed = {f["policy"]: f for f in document["findings"] if f["status"] == "fail"}
    assert code == 1
    assert failed["leaks.active_key"]["severity"] == "critical"
    assert secret not in json.dumps(document)


def test_an_unknown_policy_or_format_is_a_usage_error(shop: Repo, home: Path) -> None:
    for flags in (("--policy", "keys.max_agee"), ("--format", "jsn")):
        ran = keyproof("scan", *flags, cwd=shop.path, home=home)
        assert (ran.code, ran.out) == (2, "")
        assert "did you mean" in ran.err
