from __future__ import annotations

import os
from pathlib import Path

import pytest

from keyproof.app import registry, settings
from keyproof.errors import ConfigError, UsageError


def written(folder: Path, text: str) -> settings.Loaded:
    (folder / "keyproof.yaml").write_text(text)
    return settings.load(None, {}, folder)


def test_the_nearest_file_within_the_repository_is_found(tmp_path: Path) -> None:
    (tmp_path / "keyproof.yaml").write_text("fail_on: low\n")
    inner = tmp_path / "repo" / "deep"
    inner.mkdir(parents=True)
    assert settings.load(None, {}, inner).settings.fail_on == "low"
    (tmp_path / "repo" / ".git").mkdir()
    assert settings.load(None, {}, inner).settings.fail_on == "high"


@pytest.mark.parametrize("kind", ["folder", "dangling", "pipe", "device"])
def test_a_settings_file_that_is_no_file_is_never_passed_over(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "keyproof.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else "nowhere.yaml")
    with pytest.raises(ConfigError, match="not a regular file") as caught:
        settings.load(None, {}, tmp_path)
    assert caught.value.where == str(path)


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    (tmp_path / "keyproof.yaml").write_text("fail_on: low\nstore: state.db\n")
    loaded = settings.load(None, {"KEYPROOF_FAIL_ON": "critical"}, tmp_path)
    assert loaded.settings.fail_on == "critical"
    assert loaded.store_url({}) == f"sqlite:///{tmp_path / 'state.db'}"
    assert loaded.store_url({"KEYPROOF_STORE": "postgresql+psycopg://db/x"}).startswith(
        "postgresql"
    )


def test_the_environment_says_when_to_fail_where_there_is_no_file_too(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    loaded = settings.load(None, {"KEYPROOF_FAIL_ON": "low"}, tmp_path)
    assert loaded.settings.fail_on == "low"
    with pytest.raises(ConfigError, match="must be one of: critical"):
        settings.load(None, {"KEYPROOF_FAIL_ON": "grave"}, tmp_path)


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("sources:\n  a: {path: x}\n", "keyproof.yaml:2", "does not say which connector"),
        (
            "sources:\n  a:\n    connector: flie\n",
            "keyproof.yaml:3",
            "there is no connector 'flie'",
        ),
        (
            "sources:\n  a:\n    connector: file\n    pth: x\n",
            "keyproof.yaml:4",
            "unknown setting 'pth'",
        ),
    ],
)
def test_a_source_that_cannot_be_wired_is_named_with_its_line(
    tmp_path, text, where, message
) -> None:
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, text).adapter("sources", "a")
    assert str(caught.value.where).endswith(where)
    assert message in caught.value.message


def test_an_unknown_entry_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no connector entry 'b'"):
        written(tmp_path, "sources: {a: {connector: file, path: x}}\n").adapter("sources", "b")


@pytest.mark.parametrize(
    "kind", ["connectors", "engines", "reporters", "trackers", "rotators", "targets"]
)
def test_the_registry_lists_without_importing(kind) -> None:
    names = registry.names(kind)
    assert names
    assert not any(name.startswith("_") for name in names)
    with pytest.raises(UsageError, match="there is no"):
        registry.load(kind, "nothing-of-that-name")
