"""``keyproof demo`` from end to end: what a person sees who has a minute."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support import needs
from tests.support.run import keyproof


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory):
    try:
        import moto  # noqa: F401
    except ModuleNotFoundError:
        needs.missing("moto is not installed")
    base = tmp_path_factory.mktemp("demo")
    folder = base / "planted" / "demo"  # its repository and spreadsheet hold secrets on purpose
    ran = keyproof("demo", "--folder", str(folder), cwd=base, home=base / "home")
    return ran, folder


def test_it_ends_with_findings_and_without_gaps(shown) -> None:
    ran, folder = shown
    assert ran.code == 1, ran.err
    scan = json.loads((folder / "scan.json").read_text())
    assert scan["gaps"] == []
    assert scan["summary"]["error"] == 0
    assert scan["facts"]["counts"]["keys"] > 80


def test_every_planted_secret_is_found_with_its_key(shown) -> None:
    _, folder = shown
    scan = json.loads((folder / "scan.json").read_text())
    detectors = {leak["detector"] for leak in scan["leaks"]}
    assert {"aws.secret_access_key", "github.pat", "stripe.secret_key", "database.url"} <= detectors
    exposed = {e["key_state"] for leak in scan["leaks"] for e in leak["exposures"]}
    assert exposed == {"active"}


def test_the_rotation_reaches_its_end_on_a_declared_simulated_clock(shown) -> None:
    ran, _ = shown
    assert "simulated clock" in ran.err
    assert "closed" in ran.err
    assert "the old one is deleted" in ran.err


def test_the_report_and_the_tickets_are_written(shown) -> None:
    ran, folder = shown
    assert (folder / "report.html").stat().st_size > 50_000
    assert len(list((folder / "tickets").glob("*.md"))) > 20
    assert "CRITICAL" in ran.out


def test_nothing_that_was_written_holds_a_secret(shown) -> None:
    from tests.support.sweep import sweep

    _, folder = shown
    values = [row.rsplit(",", 1)[1] for row in (folder / "keys.csv").read_text().splitlines()[1:]]
    secrets = [value for value in values if value]
    assert len(secrets) == 1
    found = {Path(place.path).name for place in sweep(folder, secrets)}
    assert found <= {"keys.csv", "client.py", "tmp_pack", ".gitignore"} | {
        name for name in found if name.startswith("pack-")
    }


def test_a_folder_of_somebody_else_is_not_touched(tmp_path: Path, home: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    ran = keyproof("demo", "--folder", "precious", cwd=tmp_path, home=home)
    assert ran.code == 2
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"


def test_what_it_leaves_never_reaches_a_real_aws_account(shown) -> None:
    """The person's own credentials stand in the environment, as they do on real machines."""
    _, folder = shown
    own = {"AWS_ACCESS_KEY_ID": "AKIA" + "Q" * 16, "AWS_SECRET_ACCESS_KEY": "q" * 40}
    ran = keyproof("scan", "--format", "json", cwd=folder, home=folder.parents[1] / "home", env=own)
    [gap] = json.loads(ran.out)["gaps"]
    assert (gap["source"], gap["reason"]) == ("aws", "unavailable")
    settings = (folder / "keyproof.yaml").read_text()
    assert settings.count("aws_secrets_manager") + settings.count("connector: aws_iam") == 2
    assert settings.count('endpoint: "http://127.0.0.1:') == 2


def test_the_rotated_key_is_not_offered_again(shown) -> None:
    ran, folder = shown
    rotated = ran.err.partition("rotation of ")[2].split()[0]
    assert rotated.startswith("AKIA")
    planned = keyproof("rotate", "plan", cwd=folder, home=folder.parents[1] / "home")
    assert rotated not in planned.out
