"""Loading policies: what does not fit is named with file and line, what was edited is marked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.support import rego

from keyproof.errors import NothingToCheck, PolicyError, UsageError
from keyproof.pipeline import policyset
from keyproof.pipeline.policy_docs import SUBJECTS, pages, params_file, schema_file
from keyproof.pipeline.policy_lock import FILE_NAME, render_lock
from keyproof.resources import shipped

ROOT = Path(__file__).resolve().parent.parent.parent
PACK = shipped("policies")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the shipped pack, to be edited."""
    copy = tmp_path / "pack"
    shutil.copytree(PACK, copy)
    return copy


def line_of(text: str, sign: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if sign in line)


BROKEN = [
    ("# title: Keys are not old\n", "", "'title' is missing", "# title"),
    ("#   severity: high", "#   severity: enormous", "must be one of: info, low", "severity"),
    ("#   severity: high", "#   severety: high", "unknown setting 'severety'", "severety"),
    ("#   subject: key", "#   subject: keys", "must be one of: key, principal", "subject"),
    ("#   version: 1.0.0", "#   version: one", "'version' must look like", "version"),
    ("# scope: package", "# scope: rule", "the value is not allowed", "scope"),
    ("needs: [status, ", "needs: [statuss, ", "no field 'statuss'", "needs"),
    ("needs: [status, created_at, name, labels]", "needs: []", "'needs' must name", "needs"),
    ("       type: integer", "       type: number", "'type' must be one of", "days:"),
    ("       minimum: 1", "       multipleOf: 1", "unknown setting 'multipleOf'", "multipleOf"),
    ("       minimum: 1", "       enum: []", "'enum' must be a list", "days:"),
    ("       minimum: 1", "       minItems: 1", "does not go with type", "days:"),
    ("       default: 90", "       default: 0", "the default must be at least 1", "default: "),
    ("       default: 90", "       default: '90'", "must be an integer", "default: "),
    ("#       source: a test\n", "", "'source' is missing", "days:"),
    ("status: pass", "status: fail", "no example has the status 'pass'", "examples:"),
    ("status: unknown", "status: skip", "no example has the status 'unknown'", "examples:"),
    (", missing_fields: [created_at]", "", "no example has 'missing_fields'", "examples:"),
    ("created_at: null", "created_att: null", "created_att", "title: undated"),
    ("created_at: null", "created_at: yesterday", "example 'undated'", "title: undated"),
    ("#     - title: young", "#     - title: young\n#       params: {weeks: 1}", "no parameter 'weeks'", "title: young"),
    ("# custom:", "# custom: [", "not valid YAML", ""),
    ("#   message: ", "#  message: ", "not valid YAML", ""),
    ("# title: Keys are not old", "# title: Keys are not old\n# title: twice", "stands twice", "# title: twice"),
    ("# METADATA\n", "# Metadata\n", "there is no METADATA block", "package "),
    ("# METADATA\n", "# METADATA\n# METADATA\n", "a second METADATA block", ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sign", "place"), BROKEN)
def test_metadata_that_does_not_fit_is_named_with_its_line(
    old: str, new: str, sign: str, place: str, tmp_path: Path
) -> None:
    text = rego.module()
    assert old in text
    broken = text.replace(old, new)
    path = rego.write(tmp_path, broken)
    with pytest.raises(PolicyError) as caught:
        policyset.read(path, tmp_path)
    assert sign in caught.value.message
    name, _, line = str(caught.value.where).rpartition(":")
    assert name == str(path)
    if place and place != "# title":
        assert int(line) == line_of(broken, place)


def test_the_package_must_equal_the_path(tmp_path: Path) -> None:
    path = rego.write(tmp_path, rego.module(policy_id="test.other"))
    with pytest.raises(PolicyError, match=r"the package must be keyproof\.test\.age"):
        policyset.read(path, tmp_path)


def test_a_rule_before_the_package_is_refused(tmp_path: Path) -> None:
    path = rego.write(tmp_path, "x := 1\n" + rego.module())
    with pytest.raises(PolicyError, match="first statement"):
        policyset.read(path, tmp_path)


def test_a_gap_between_metadata_and_package_is_refused(tmp_path: Path) -> None:
    path = rego.write(tmp_path, rego.module().replace("package ", "\npackage "))
    with pytest.raises(PolicyError, match="must touch"):
        policyset.read(path, tmp_path)


@pytest.mark.parametrize("name", ["Keys/age.rego", "age.rego", "keys/max-age.rego"])
def test_a_file_name_that_is_no_id_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(rego.module())
    with pytest.raises(PolicyError, match="a policy lies in"):
        policyset.read(path, tmp_path)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = rego.write(tmp_path, "")
    path.write_bytes(b"# METADATA\n\xff\xfe")
    with pytest.raises(PolicyError, match="UTF-8"):
        policyset.read(path, tmp_path)


def test_a_policy_that_never_passes_needs_no_example_of_it(tmp_path: Path) -> None:
    metadata = rego.METADATA.replace("status: pass", "status: fail")
    path = rego.write(
        tmp_path, rego.module(rego.SOUND.replace('"pass"', '"fail"'), metadata=metadata)
    )
    assert {e.status for e in policyset.read(path, tmp_path).examples} == {"fail", "unknown"}


def test_the_users_policies_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    rego.write(tmp_path, rego.module())
    loaded = policyset.load([tmp_path])
    assert loaded.get("test.age").origin == "user"
    assert loaded.get("keys.max_age").origin == "shipped"
    assert loaded.digest != policyset.load().digest
    assert [p.id for p in loaded.policies] == sorted(p.id for p in loaded.policies)


def test_a_users_policy_cannot_take_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    rego.write(tmp_path, rego.module(policy_id="keys.max_age"), "keys.max_age")
    with pytest.raises(PolicyError, match=r"there is a policy 'keys\.max_age' already"):
        policyset.load([tmp_path])


def test_a_folder_that_is_missing_or_empty_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no such folder"):
        policyset.load([tmp_path / "nowhere"])
    with pytest.raises(PolicyError, match=r"no \.rego file"):
        policyset.load([tmp_path])


@pytest.mark.parametrize("argument", ["select", "disable"])
def test_an_unknown_id_is_an_error_with_the_likeliest(argument: str) -> None:
    with pytest.raises(UsageError) as caught:
        policyset.load(**{argument: ["keys.maxage"]})
    assert caught.value.hint == "did you mean 'keys.max_age'?"


def test_no_policy_left_is_nothing_to_check(tmp_path: Path) -> None:
    every = [policy.id for policy in policyset.load().policies]
    with pytest.raises(NothingToCheck):
        policyset.load(disable=every)
    with pytest.raises(NothingToCheck):
        policyset.load(pack=tmp_path)


def test_what_is_disabled_is_kept_apart() -> None:
    loaded = policyset.load(disable=["keys.owner"])
    assert [policy.id for policy in loaded.disabled] == ["keys.owner"]
    assert loaded.digest != policyset.load().digest


def test_an_edit_of_the_shipped_pack_shows(pack: Path) -> None:
    assert not any(policy.modified for policy in policyset.load(pack=pack).policies)
    edited = pack / "keys" / "max_age.rego"
    edited.write_text(edited.read_text() + "\n# one more line\n")
    rego.write(pack, rego.module())
    loaded = policyset.load(pack=pack)
    assert [policy.id for policy in loaded.policies if policy.modified] == [
        "keys.max_age",
        "test.age",
    ]


def test_a_shipped_policy_that_was_deleted_is_said(pack: Path) -> None:
    (pack / "keys" / "owner.rego").unlink()
    assert policyset.load(pack=pack).problems == ("the shipped policy keys/owner.rego is missing",)


def test_a_lock_that_was_edited_is_refused(pack: Path) -> None:
    lock = pack / FILE_NAME
    digest = policyset.load(pack=pack).policies[0].digest
    lock.write_text(lock.read_text().replace(digest, "sha256:" + "0" * 64))
    with pytest.raises(PolicyError, match="revision"):
        policyset.load(pack=pack)
    lock.write_text("{")
    with pytest.raises(PolicyError, match="not a manifest"):
        policyset.load(pack=pack)


def test_line_endings_are_no_edit(pack: Path) -> None:
    path = pack / "keys" / "owner.rego"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert not policyset.load(pack=pack).get("keys.owner").modified


def test_what_is_generated_is_up_to_date() -> None:
    """``keyproof policies lock`` and ``keyproof policies docs`` have nothing left to do."""
    loaded = policyset.load()
    assert (PACK / FILE_NAME).read_text() == render_lock(PACK)
    assert (PACK / "params.yaml").read_text() == params_file(loaded.policies)
    for subject in SUBJECTS:
        assert (PACK / "schemas" / f"{subject}.json").read_text() == schema_file(subject)
    from keyproof.pipeline import controls

    ids = [policy.id for policy in loaded.policies]
    crosswalk = controls.load([shipped("reports") / "frameworks"], policies=ids)
    made = pages(loaded.policies, {policy: crosswalk.controls(policy) for policy in ids})
    folder = ROOT / "docs" / "policies"
    assert {p.name: p.read_text() for p in folder.iterdir()} == dict(made)
