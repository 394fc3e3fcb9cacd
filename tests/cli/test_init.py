from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.support.run import isolated, keyproof

from keyproof import yamlfile
from keyproof.app import settings
from keyproof.app.starter import Found, compose


@pytest.mark.parametrize("repository", [None, Path("/x/my shop")])
@pytest.mark.parametrize("aws", [None, "", "audit"])
@pytest.mark.parametrize("github", [None, "acme/shop"])
@pytest.mark.parametrize("inventories", [(), ("gateway keys.csv", "keys.csv")])
def test_whatever_is_found_the_file_is_valid(repository, aws, github, inventories) -> None:
    text = compose(Found(repository, aws, github, inventories))
    parsed = yamlfile.parse(text, "keyproof.yaml").convert(settings.Settings)
    assert len(parsed.sources) == (repository is not None) + (aws is not None) + len(inventories)
    assert set(parsed.trackers) == {"tickets"} | ({"github"} if github else set())


def test_every_setting_that_exists_is_mentioned() -> None:
    text = compose(Found(None, None, None, ()))
    missing = [name for name in settings.Settings.__struct_fields__ if f"{name}:" not in text]
    assert missing == []


def test_init_writes_once_and_what_it_wrote_can_be_used(home: Path, tmp_path: Path) -> None:
    repository = tmp_path / "shop"
    subprocess.run(["git", "init", "-q", repository], check=True, env=isolated(home))
    first = keyproof("init", cwd=repository, home=home)
    assert (first.code, first.out) == (0, "")
    written = (repository / "keyproof.yaml").read_text()
    assert "connector: git" in written
    (repository / "keyproof.yaml").write_text(written + "# mine\n")
    second = keyproof("init", cwd=repository, home=home)
    assert second.code == 0
    assert "nothing was written" in second.err
    assert (repository / "keyproof.yaml").read_text().endswith("# mine\n")


def test_init_print_writes_no_file(home: Path, tmp_path: Path) -> None:
    ran = keyproof("init", "--print", cwd=tmp_path, home=home)
    assert ran.code == 0
    assert ran.out.startswith("# keyproof settings")
    assert not (tmp_path / "keyproof.yaml").exists()
