"""The file target: rights, companions, hostile formats, and never half a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.adapter_context import adapter_context
from tests.support.planted import aws_key_id, aws_secret_key, plant

from keyproof.errors import RotationError, SourceError
from keyproof.model.secret import Secret
from keyproof.ports import Delivery, IssuedKey
from keyproof.targets import _file_text, file

CONTEXT = adapter_context()
TOKEN = "c" * 64


def a_key(seed: str = "file") -> IssuedKey:
    return IssuedKey(aws_key_id(seed), Secret(aws_secret_key(seed)))


def test_a_new_file_is_for_its_owner_alone(planted: Path) -> None:
    path = planted / "new.json"
    target = file.SETTINGS(path=str(path))
    delivery = file.stage(target, CONTEXT, a_key(), TOKEN)
    assert not path.exists()
    assert (planted / "new.json.staged").stat().st_mode & 0o777 == 0o600
    file.promote(target, CONTEXT, delivery)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in planted.iterdir()] == ["new.json"]
    file.restore(target, CONTEXT, delivery)
    assert list(planted.iterdir()) == []


def test_rights_of_an_existing_file_stay_and_a_link_stays_a_link(planted: Path) -> None:
    real, link = planted / "real.json", planted / "link.json"
    real.write_text("{}")
    real.chmod(0o640)
    link.symlink_to(real)
    target = file.SETTINGS(path=str(link))
    file.promote(target, CONTEXT, file.stage(target, CONTEXT, a_key(), TOKEN))
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert (planted / "real.json.previous").stat().st_mode & 0o777 == 0o600


def test_a_file_that_everybody_reads_is_refused(planted: Path) -> None:
    path = planted / "open.json"
    path.write_text("{}")
    path.chmod(0o644)
    with pytest.raises(RotationError, match="open to everybody") as caught:
        file.stage(file.SETTINGS(path=str(path)), CONTEXT, a_key(), TOKEN)
    assert caught.value.hint == f"chmod o= {path}"


def test_what_others_edit_meanwhile_stays(planted: Path) -> None:
    path = planted / "settings.json"
    path.write_text(json.dumps({"access_key_id": "A", "secret_access_key": "B", "size": 1}))
    path.chmod(0o600)
    target = file.SETTINGS(path=str(path))
    delivery = file.stage(target, CONTEXT, a_key(), TOKEN)
    file.promote(target, CONTEXT, delivery)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"size": 2}))
    file.restore(target, CONTEXT, delivery)
    assert json.loads(path.read_text()) == {
        "access_key_id": "A",
        "secret_access_key": "B",
        "size": 2,
    }


def test_a_broken_file_is_refused_without_being_quoted(planted: Path) -> None:
    path = planted / "broken.json"
    value = plant("broken-" + aws_secret_key("broken"))
    path.write_text('{"secret_access_key": "' + value)
    path.chmod(0o600)
    with pytest.raises(RotationError, match="not a JSON object") as caught:
        file.stage(file.SETTINGS(path=str(path)), CONTEXT, a_key(), TOKEN)
    assert value not in str(caught.value)
    assert path.read_text().endswith(value)


def test_a_folder_that_is_missing_is_an_error(planted: Path) -> None:
    with pytest.raises(SourceError, match="cannot be written"):
        file.stage(file.SETTINGS(path=str(planted / "no" / "x.json")), CONTEXT, a_key(), TOKEN)


def test_a_value_that_env_cannot_hold_is_refused_before_anything_is_written(planted: Path) -> None:
    path = planted / ".env"
    target = file.SETTINGS(path=str(path), format="env")
    for value in ("it's", "two\nlines"):
        key = IssuedKey("ID", Secret(plant(value + aws_secret_key("env"))))
        with pytest.raises(RotationError, match="env format"):
            file.stage(target, CONTEXT, key, TOKEN)
    assert list(planted.iterdir()) == []


def test_a_staged_key_that_is_gone_is_not_promoted(planted: Path) -> None:
    path = planted / "settings.json"
    path.write_text("{}")
    path.chmod(0o600)
    with pytest.raises(RotationError, match="staged key is gone"):
        file.promote(file.SETTINGS(path=str(path)), CONTEXT, Delivery(TOKEN, None))
    assert path.read_text() == "{}"


_PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
_LINES = st.lists(st.sampled_from(["", "# note", "A=1", "export B='x y'", "odd line", "ID_2=z"]))


@given(native_id=_PRINTABLE, value=_PRINTABLE, lines=_LINES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_written_into_env_text_is_read_back(
    native_id: str, value: str, lines: list[str]
) -> None:
    fields = _file_text.Fields("env", "ID", "VALUE")
    held = _file_text.Held(IssuedKey(native_id, Secret(value)), TOKEN)
    text = "\n".join(lines).encode()
    if "'" in native_id or "'" in value:
        return
    written = _file_text.write(text, fields, held)
    assert _file_text.read(written, fields) == held
    assert _file_text.write(written, fields, held) == written
    kept = [line for line in written.decode().splitlines() if line in lines]
    assert kept == "\n".join(lines).splitlines()
