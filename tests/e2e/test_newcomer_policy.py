"""A newcomer writes a policy from the README alone: each command of it, and the mistakes on the way."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.support.needs import ROOT
from tests.support.run import Ran, keyproof

pytest.importorskip("regorus")

POLICY = """\
# METADATA
# title: Keys are named after their team
# description: Who finds a key in a log must know whom to call.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: key
#   needs: [name]
#   params:
#     prefixes:
#       description: How a key's name may begin.
#       type: array
#       minItems: 1
#       items: {type: string}
#       default: ["shop-", "pay-"]
#       source: our naming rules, 3.1
#   message: "is called {found}"
#   remediation: Make a key of the right name, and end this one.
#   examples:
#     - title: a team's key
#       status: pass
#       subject: {name: shop-deploy}
#     - title: nobody's key
#       status: fail
#       subject: {name: test}
#     - title: a name that could not be read
#       status: unknown
#       subject: {name: shop-deploy, missing_fields: [name]}
package keyproof.keys.named_well

verdict := {true: "pass", false: "fail"}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key.name)
}

decision(found) := {"status": "unknown", "reason": "the key's name is not known"} if found == null

decision(found) := {"status": status, "evidence": {"found": found}} if {
	is_string(found)
	status := verdict[strings.any_prefix_match(found, input.params.prefixes)]
}
"""
TEST = """\
package keyproof.keys.named_well_test

import data.keyproof.keys.named_well

check(found) := d if {
	subject := {"id": "one", "missing_fields": [], "name": found}
	d := named_well.decisions.one with input as {"as_of_ns": 0, "params": {"prefixes": ["shop-"]}, "subjects": [subject]}
}

test_a_teams_name_passes if check("shop-x").status == "pass"

test_another_fails if check("x").status == "fail"

test_unread_is_unknown if check(null).status == "unknown"
"""
MISTAKES = (
    ("severity: high", "severity: hihg", r"rego:7: 'severity' must be one of: info, low, .*critical"),
    ("subject: key\n", "subject: keys\n", r"rego:8: 'subject' must be one of: key, principal, leak"),
    ("needs: [name]", "needs: [nmae]", r"rego:9: a key has no field 'nmae'(.|\n)*did you mean 'name'"),
    ("decision(key.name)", "decision(key.nmae)", r"rego:37: no subject has a field 'nmae'"),
    ("decision(key.name)", "decision(key.owner)", r"rego:37: reads 'owner', which 'needs' does not"),
    ("is_string(found)\n", "is_string(found\n", r"rego:4[0-9]: syntax error"),
    ("{name: test}", "{name: shop-test}", r"example 'nobody's key' is pass, declared fail"),
)  # fmt: skip


def commands() -> list[list[str]]:
    """Return the commands of the README's part on policies of one's own."""
    text = (ROOT / "README.md").read_text()
    block = next(
        b for b in re.findall(r"```console\n(.*?)```", text, re.DOTALL) if "policies new" in b
    )
    lines = [line.partition("#")[0].split() for line in block.splitlines()]
    assert all(line[:2] == ["$", "keyproof"] for line in lines)
    return [line[2:] for line in lines]


def settings() -> str:
    """Return the keyproof.yaml of the README's part on policies of one's own."""
    (found,) = re.findall(r"`keyproof.yaml`: `(\{.*\})`", (ROOT / "README.md").read_text())
    return found


def test_from_the_readme_to_an_explained_finding(tmp_path: Path, home: Path) -> None:
    def run(*arguments: str) -> Ran:
        return keyproof(*arguments, cwd=tmp_path, home=home)

    new, fields, check, test, docs, explain = commands()
    made = run(*new)
    assert made.code == 0, made.err
    policy, tests = (tmp_path / line for line in made.out.splitlines())
    assert "keyproof policies fields" in made.err
    assert re.search(r"^name +name \(text\)$", run(*fields).out, re.MULTILINE)
    unedited = run(*check)
    assert unedited.code == 0
    assert "the words of the remediation still say what 'policies new' wrote" in unedited.err

    policy.write_text(POLICY)
    assert run(*test).code == 1, "the tests are still those of the scaffold"
    tests.write_text(TEST)
    checked = run(*check)
    assert (checked.code, "1 policy, 3 examples, 0 problems" in checked.err) == (0, True)
    assert "still" not in checked.err
    assert run(*test).out == "3 passed, 0 failed\n"
    assert run("policies", "coverage", "mine").code == 0

    (tmp_path / "keys.csv").write_text(
        "issuer_type,issuer_instance,native_id,status,credential_type,name\n"
        "kong,gw,k1,active,api_token,shop-deploy\nkong,gw,k2,active,api_token,test\n"
    )
    (tmp_path / "keyproof.yaml").write_text(settings())
    assert run(*docs).code == 0
    page = (tmp_path / "pages" / "keys.named_well.md").read_text()
    assert "Who finds a key in a log must know whom to call." in page
    (link,) = re.findall(r"\]\((.*named_well\.rego)\)", page)
    assert (tmp_path / "pages" / link).resolve() == policy.resolve()
    listed = run("policies", "list").out
    assert re.search(r"^keys\.named_well .*\(yours\)$", listed, re.MULTILINE)
    scanned = run("scan", "--format", "json")
    assert scanned.code == 1
    report = json.loads(scanned.out)
    assert report["problems"][0] == "1 policy of your own: keys.named_well"
    found = {
        f["subject"]["name"]: f for f in report["findings"] if f["policy"] == "keys.named_well"
    }
    assert {name: f["status"] for name, f in found.items()} == {
        "shop-deploy": "pass",
        "test": "fail",
    }
    told = run(*explain[:-1], "test").out
    assert told == run("explain", found["test"]["id"]).out
    assert "prefixes = shop-, pay-   (our naming rules, 3.1)" in told
    assert "name = test" in told
    assert "Decided again: the same, fail" in told
    assert "decision(key.name)" in told
    nobody = run(*explain[:-1], "nobody")
    assert (nobody.code, "keyproof report --format csv" in nobody.err) == (2, True)


@pytest.mark.parametrize(("right", "wrong", "said"), MISTAKES)
def test_a_mistake_is_answered_with_its_place_and_the_remedy(
    right: str, wrong: str, said: str, tmp_path: Path, home: Path
) -> None:
    folder = tmp_path / "mine" / "keys"
    folder.mkdir(parents=True)
    assert right in POLICY
    (folder / "named_well.rego").write_text(POLICY.replace(right, wrong, 1))
    ran = keyproof("policies", "check", "mine", cwd=tmp_path, home=home)
    assert ran.code == 2
    assert re.search(said, ran.out + ran.err), ran.out + ran.err
