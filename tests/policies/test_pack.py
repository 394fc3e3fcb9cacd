"""The pack's own Rego tests, on the embedded engine and on OPA itself, strictly checked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.support.needs import tool

from keyproof.app.policy_tests import run_tests
from keyproof.pipeline import policyset
from keyproof.resources import shipped

PACK = shipped("policies")
POLICIES = policyset.load().policies


def test_every_rego_test_passes_and_reaches_every_line() -> None:
    pytest.importorskip("regorus")
    tested = run_tests(PACK)
    assert [(o.package, o.name, o.error) for o in tested.outcomes if not o.passed] == []
    assert len(tested.outcomes) >= 5 * len(POLICIES)
    assert {Path(name).name: share for name, share in tested.coverage.items() if share < 100} == {}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.id)
def test_every_policy_has_its_tests_beside_it(policy) -> None:
    beside = Path(policy.path).with_name(Path(policy.path).stem + "_test.rego")
    assert f"package {policy.package}_test" in beside.read_text()


def test_opa_finds_the_same_tests_and_passes_them() -> None:
    pytest.importorskip("regorus")
    done = subprocess.run(
        [tool("opa"), "test", "--bundle", str(PACK)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    found = re.search(r"PASS: (\d+)/(\d+)", done.stdout)
    assert found is not None
    assert found[1] == found[2] == str(len(run_tests(PACK).outcomes))


def test_opa_checks_the_pack_strictly() -> None:
    done = subprocess.run(
        [tool("opa"), "check", "--strict", "--bundle", str(PACK)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_pack_is_formatted_as_opa_formats() -> None:
    done = subprocess.run(
        [tool("opa"), "fmt", "--list", str(PACK)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "")


def test_regal_finds_nothing_but_what_is_switched_off_with_a_reason() -> None:
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(
        [tool("regal"), "lint", "--no-color", "--config-file", ".regal/config.yaml", str(PACK)],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "No violations found" in done.stdout


def test_every_rule_of_regal_that_is_switched_off_says_why() -> None:
    text = (Path(__file__).resolve().parent.parent.parent / ".regal" / "config.yaml").read_text()
    rules = re.split(r"\n    (?=[a-z-]+:\n)", text)[1:]
    assert len(rules) >= 5
    assert [rule for rule in rules if not rule.splitlines()[1].strip().startswith("# ")] == []


@pytest.mark.parametrize(
    ("name", "text", "passes"),
    [
        ("test_true", "test_it if 1 == 1", True),
        ("test_false", "test_it if 1 == 2", False),
        ("test_value", 'test_it := "yes"', False),
        ("test_false_value", "test_it := false", False),
        ("test_error", 'test_it if to_number("a") == 1', False),
        ("test_recursion", "f(x) := f(x + 1)\n\ntest_it if f(1)", False),
        ("not_called_test", "tested_it if 1 == 1", None),
    ],
)
def test_the_runner_means_what_opa_test_means(
    name: str, text: str, passes: bool | None, tmp_path: Path
) -> None:
    pytest.importorskip("regorus")
    (tmp_path / "a_test.rego").write_text(f"package a_test\n\n{text}\n")
    outcomes = run_tests(tmp_path).outcomes
    assert [o.passed for o in outcomes] == ([] if passes is None else [passes])
