from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

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


def test_every_shipped_policy_is_named_by_a_control_of_each_general_framework() -> None:
    by_id = {f.id: f for f in controls.load([FOLDER], policies=POLICIES).frameworks}
    assert POLICIES
    for name in ("soc2", "hipaa", "pci-dss", "iso27001", "nist-800-53"):
        missing = [policy for policy in POLICIES if policy not in by_id[name].policies]
        # how well we read supports every requirement alike, and PCI DSS has none for it
        spared = ["sources.read_whole", "sources.tie_out"] if name == "pci-dss" else []
        assert missing == spared, name


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


def catalogue() -> Mapping[str, frozenset[str]]:
    """Return ``<framework> <version>`` → the ids that exist in that version."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (Path(__file__).parent / "framework_ids.txt").read_text().splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif line and not line.startswith("#"):
            found.setdefault(name, []).extend(line.split())
    return {name: frozenset(ids) for name, ids in found.items()}


def everything() -> Sequence[controls.Framework]:
    every = [path.stem for path in FOLDER.glob("*.yaml")]
    return controls.load([FOLDER], policies=POLICIES, only=every).frameworks


def unknown_ids(framework: controls.Framework) -> set[str]:
    known = catalogue().get(f"{framework.id} {framework.version}", frozenset())
    return set(framework.criteria) - known


def test_every_id_exists_in_the_version_that_is_printed_with_it() -> None:
    assert {f.id: unknown_ids(f) for f in everything() if unknown_ids(f)} == {}


@pytest.mark.parametrize(
    ("name", "version", "criterion"),
    [
        ("nist-800-53", None, "AC-2(10)"),  # withdrawn in revision 5
        ("nist-800-53", None, "AC-99"),
        ("cis-aws", None, "1.14"),  # the number of version 3
        ("cis-aws", "6.0.0", "2.12"),  # another version, under whose numbers nobody looked
        ("soc2", None, "CC6.1.9"),  # a catalogue's own numbering of points of focus
        ("pci-dss", None, "8.6.3.1"),
        ("iso27001", None, "A.9.2.1"),  # of 2013
        ("owasp-api", None, "API11"),
    ],
)
def test_an_id_that_does_not_exist_there_is_found(
    name: str, version: str | None, criterion: str
) -> None:
    (framework,) = [f for f in everything() if f.id == name]
    changed = replace(
        framework, version=version or framework.version, criteria={criterion: "something"}
    )
    assert unknown_ids(changed) == {criterion}


def test_no_framework_is_said_to_be_fulfilled() -> None:
    for path in FOLDER.glob("*.yaml"):
        said = re.search(
            r"\b(compliant|complies|certified|fulfilled)\b", path.read_text(), re.IGNORECASE
        )
        assert said is None, path.name


def test_every_version_of_cis_aws_has_its_own_numbers() -> None:
    rotated = {
        framework.version: mapped.criterion
        for framework in everything()
        if framework.id.startswith("cis-aws")
        for mapped in framework.policies["keys.max_age"]
    }
    assert rotated == {
        "3.0.0": "1.14",
        "4.0.1": "1.14",
        "5.0.0": "1.13",
        "6.0.0": "2.13",
        "7.0.0": "2.12",
    }


def test_proposals_and_special_rules_are_off_unless_asked_for() -> None:
    ids = {f.id for f in controls.load([FOLDER], policies=POLICIES).frameworks}
    assert {"soc2", "hipaa", "pci-dss", "iso27001", "nist-800-53"} <= ids
    assert not ids & {"nis2", "dora", "gdpr", "owasp-api", "cis-aws-3", "cis-aws-6", "cis-gcp"}


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
