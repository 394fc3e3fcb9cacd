from __future__ import annotations

from pathlib import Path

import pytest

from keyproof.errors import ConfigError, UsageError
from keyproof.pipeline import controls
from keyproof.resources import shipped

FOLDER = shipped("reports") / "frameworks"
POLICIES = sorted(
    ".".join(path.relative_to(shipped("policies")).with_suffix("").parts)
    for path in shipped("policies").rglob("*.rego")
    if not path.stem.endswith("_test") and path.relative_to(shipped("policies")).parts[0] != "lib"
)

ONE = """\
id: house
title: House rules
version: "1"
source: us
criteria:
  H.1: Keys are young
policies:
  keys.max_age:
    - {criterion: H.1, strength: direct, reason: It says so.}
"""


def _load(folder: Path, text: str, **more: object) -> controls.Crosswalk:
    (folder / "house.yaml").write_text(text)
    return controls.load([folder], policies=["keys.max_age"], **more)


def test_every_shipped_policy_is_named_by_a_control_of_soc2_and_hipaa() -> None:
    crosswalk = controls.load([FOLDER], policies=POLICIES)
    by_id = {framework.id: framework for framework in crosswalk.frameworks}
    assert POLICIES
    for policy in POLICIES:
        if policy.split(".")[0] == "sources":  # how well we read supports every criterion alike
            assert crosswalk.controls(policy), policy
            continue
        assert policy in by_id["soc2"].policies, policy
        assert policy in by_id["hipaa"].policies, policy


def test_the_shipped_crosswalk_names_only_policies_that_exist() -> None:
    every = [path.stem for path in FOLDER.glob("*.yaml")]
    assert controls.load([FOLDER], policies=POLICIES, only=every).problems == ()


def test_every_shipped_framework_states_its_version_and_source() -> None:
    every = [path.stem for path in FOLDER.glob("*.yaml")]
    frameworks = controls.load([FOLDER], policies=POLICIES, only=every).frameworks
    assert [f.id for f in frameworks[:2]] == ["soc2", "hipaa"]
    assert {f.id for f in frameworks} == set(every)
    for framework in frameworks:
        assert framework.version
        assert framework.source


def test_proposals_and_special_rules_are_off_unless_asked_for() -> None:
    ids = {f.id for f in controls.load([FOLDER], policies=POLICIES).frameworks}
    assert {"soc2", "hipaa", "pci-dss", "iso27001", "nist-800-53"} <= ids
    assert not ids & {"nis2", "dora", "cis-aws-3"}


def test_controls_of_a_policy_carry_framework_version_strength_and_reason(tmp_path: Path) -> None:
    (control,) = _load(tmp_path, ONE).controls("keys.max_age")
    assert (control.framework, control.version, control.id) == ("house", "1", "H.1")
    assert (control.strength, control.reason) == ("direct", "It says so.")


def test_an_unknown_policy_is_tolerated_and_said(tmp_path: Path) -> None:
    text = ONE + "  keys.renamed:\n    - {criterion: H.1, strength: direct, reason: Old.}\n"
    (problem,) = _load(tmp_path, text).problems
    assert "keys.renamed" in problem
    assert "house.yaml:10" in problem


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (("H.1,", "H.2,"), "not among the criteria", 9),
        (("direct", "certain"), "not allowed", 9),
        (("It says so.", "' '"), "reason is empty", 9),
        (("  H.1: Keys", "  H.9: Nobody\n  H.1: Keys"), "no policy gives evidence", 6),
        (("source: us", "source: us\nauthor: me"), "unknown setting 'author'", 5),
        (('version: "1"', "versoin: 1"), "unknown setting 'versoin'", 3),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(
    tmp_path: Path, change: tuple[str, str], message: str, line: int
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        _load(tmp_path, ONE.replace(*change))
    assert f"house.yaml:{line}" in str(caught.value)


def test_one_criterion_twice_for_one_policy_is_refused(tmp_path: Path) -> None:
    line = "    - {criterion: H.1, strength: proxy, reason: Again.}\n"
    with pytest.raises(ConfigError, match="twice"):
        _load(tmp_path, ONE + line)


def test_one_framework_in_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "copy.yaml").write_text(ONE)
    with pytest.raises(ConfigError, match="defined twice"):
        _load(tmp_path, ONE)


def test_a_framework_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no framework 'soc3'"):
        _load(tmp_path, ONE, only=["soc3"])
