"""keyproof's own keys: found, measured, never shown."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.support.adapter_context import adapter_context
from tests.support.planted import plant

from keyproof.connectors import own_keys
from keyproof.model.facts import Record
from keyproof.model.key import Key
from keyproof.model.secret import Secret
from keyproof.model.source import Source
from keyproof.pipeline.bundle_keys import SECRET_VARIABLE

SETTINGS = own_keys.OwnKeysSettings(owner="security", variables=("OPA_TOKEN",))


def collected(environment: dict[str, str]) -> tuple[list[Key], Source, list[Record]]:
    found = list(own_keys.collect(SETTINGS, adapter_context(environment)))
    (source,) = [record for record in found if isinstance(record, Source)]
    return [record for record in found if isinstance(record, Key)], source, found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "keyproof"
    folder.mkdir()
    value = plant("5f" * 32)
    file = folder / "planted" / "identity.key"
    file.parent.mkdir()
    file.write_text(value)
    (folder / "identity.key").symlink_to(file)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    ("mode", "readers"), [(0o600, "owner"), (0o640, "group"), (0o604, "everyone")]
)
def test_the_identity_key_with_its_age_and_who_can_read_it(
    mode: int, readers: str, data: Path, tmp_path: Path
) -> None:
    data.chmod(mode)
    (key,), source, _ = collected({"XDG_DATA_HOME": str(tmp_path)})
    assert (key.native_id, key.used_by_keyproof, key.owner) == ("identity.key", True, "security")
    assert [(p.system, p.readable_by) for p in key.storage_refs] == [("file", readers)]
    assert key.created_at is not None
    assert (key.algorithm, (key.key_bits or 0) >= 256) == ("hmac-sha256", True)
    assert (source.listed, source.parsed, source.complete) == (1, 1, True)


def test_credentials_in_the_environment_are_fingerprinted_and_not_shown(tmp_path: Path) -> None:
    shared, token = plant("0b" * 16), plant("opa-" + "9Kq2" * 8)
    environment = {
        "XDG_DATA_HOME": str(tmp_path),
        "KEYPROOF_KEY": shared,
        "OPA_TOKEN": token,
    }
    keys, _, found = collected(environment)
    assert [key.native_id for key in keys] == ["KEYPROOF_KEY", "OPA_TOKEN"]
    expected = adapter_context(environment).fingerprinter.secret_id(Secret(token))
    assert [mark.value for mark in keys[1].fingerprints] == [expected]
    assert keys[0].evidence.missing_fields == ("created_at",)
    text = msgspec.json.encode(found).decode()
    assert shared not in text
    assert token not in text


def test_without_any_there_is_none(tmp_path: Path) -> None:
    keys, source, _ = collected({"XDG_DATA_HOME": str(tmp_path)})
    assert (keys, source.listed, source.complete) == ([], 0, True)


def test_a_file_that_cannot_be_read_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "keyproof" / "identity.key").mkdir(parents=True)
    keys, source, found = collected({"XDG_DATA_HOME": str(tmp_path)})
    assert (keys, source.complete, source.listed) == ([], False, None)
    assert len(found) == 2
    (check,) = own_keys.check(SETTINGS, adapter_context({"XDG_DATA_HOME": str(tmp_path)}))
    assert (check.ok, "run as the user" in str(check.hint)) == (False, True)


def test_a_file_that_cannot_be_read_hides_no_other_key(tmp_path: Path) -> None:
    (tmp_path / "keyproof" / "identity.key").mkdir(parents=True)
    environment = {"XDG_DATA_HOME": str(tmp_path), "OPA_TOKEN": plant("opa-" + "7Lm3" * 8)}
    keys, source, _ = collected(environment)
    assert ([key.native_id for key in keys], source.complete) == (["OPA_TOKEN"], False)


def test_the_secret_that_signs_policies_is_one_of_keyproofs_own(tmp_path: Path) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path), SECRET_VARIABLE: plant("c4" * 32)}
    found = own_keys.collect(own_keys.OwnKeysSettings(), adapter_context(environment))
    (key,) = [record for record in found if isinstance(record, Key)]
    assert (key.native_id, key.credential_type) == (SECRET_VARIABLE, "hmac_secret")


def test_doctor_says_how_many_there_are(data: Path, tmp_path: Path) -> None:
    (check,) = own_keys.check(SETTINGS, adapter_context({"XDG_DATA_HOME": str(tmp_path)}))
    assert (check.ok, check.detail) == (True, "keys found: 1")
