from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo
from tests.support.run import keyproof


@pytest.fixture
def shop(planted: Path, home: Path) -> Repo:
    repository = Repo(planted / "shop", home)
    repository.write("a.env", f"TOKEN={github_pat('doctor')}\n")
    repository.commit("start")
    return repository


def test_a_repository_without_settings_is_fit_to_be_scanned(shop: Repo, home: Path) -> None:
    ran = keyproof("doctor", cwd=shop.path, home=home)
    assert ran.code == 0, ran.out
    lines = ran.out.splitlines()
    for heading in ("tool: git", "identity: key", "policies: pack", "store: database", "source "):
        assert any(line.startswith("ok") and heading in line for line in lines), heading


def test_a_source_that_cannot_be_read_is_named_with_what_mends_it(shop: Repo, home: Path) -> None:
    (shop.path / "keyproof.yaml").write_text(
        "sources:\n  keys: {connector: file, path: absent.csv}\n  shop: {connector: git, path: .}\n"
    )
    ran = keyproof("doctor", cwd=shop.path, home=home)
    assert ran.code == 4
    failed = [line for line in ran.out.splitlines() if line.startswith("FAIL")]
    assert len(failed) == 1
    assert "source keys (file)" in failed[0]
    only = keyproof("doctor", "--source", "shop", cwd=shop.path, home=home)
    assert only.code == 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("policies: {disable: [keys.max_agee]}\n", "keys.max_age"),
        ("store: /proc/nowhere/keyproof.db\n", "database"),
    ],
)
def test_what_is_broken_is_said_and_the_rest_goes_on(
    shop: Repo, home: Path, settings: str, says: str
) -> None:
    (shop.path / "keyproof.yaml").write_text(settings)
    ran = keyproof("doctor", cwd=shop.path, home=home)
    assert ran.code == 4
    assert any(line.startswith("FAIL") for line in ran.out.splitlines())
    assert says in ran.out
    assert "source " in ran.out


def test_a_settings_file_that_is_wrong_stops_it(shop: Repo, home: Path) -> None:
    (shop.path / "keyproof.yaml").write_text("fail_onn: high\n")
    ran = keyproof("doctor", cwd=shop.path, home=home)
    assert ran.code == 2
    assert "keyproof.yaml:1" in ran.err
