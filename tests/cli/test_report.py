from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.run import isolated, keyproof
from tests.support.sample_report import sample_report

from keyproof.reporters import run


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    with path.open("w") as stream:
        run.render(sample_report(), stream)
    return path


def test_a_saved_run_is_printed_as_a_table(saved: Path, home: Path) -> None:
    ran = keyproof("report", "--run", str(saved), cwd=saved.parent, home=home)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].startswith("139 failed")
    assert "keyproof report --all" in ran.out
    whole = keyproof("report", "--run", str(saved), "--all", cwd=saved.parent, home=home)
    assert "keyproof report --all" not in whole.out


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("r.html", "<!DOCTYPE html>"),
        ("r.sarif", "{"),
        ("r.md", "## API keys"),
        ("r.csv", "finding,policy,severity"),
        ("r.json", '{"schema": "keyproof/scan/v1"'),
        ("again.run.json", '{"report":'),
        ("r.txt", "keyproof 0.1.0"),
    ],
)
def test_the_files_ending_chooses_the_format(
    saved: Path, home: Path, name: str, start: str
) -> None:
    target = saved.parent / name
    ran = keyproof("report", "--run", str(saved), "-o", str(target), cwd=saved.parent, home=home)
    assert (ran.code, ran.out) == (0, "")
    assert target.read_text().lstrip().startswith(start)


def test_a_run_read_from_stdin(saved: Path, home: Path) -> None:
    ran = keyproof(
        "report", "--run", "-", "--format", "json",
        cwd=saved.parent, home=home, stdin=saved.read_bytes(),
    )  # fmt: skip
    assert ran.code == 0
    assert json.loads(ran.out)["summary"]["fail"] == 139


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--run", "nowhere.json"), "cannot read nowhere.json"),
        (("--run", "run.json", "-o", "report.docx"), "the ending of 'report.docx' says no format"),
        (("--run", "run.json", "--format", "htlm"), "did you mean 'html'?"),
        (("--run", "run.json", "-o", "missing/x.html"), "cannot write"),
        (("--run", "bad.json"), "is not a saved run"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_mending(
    saved: Path, home: Path, arguments: tuple[str, ...], said: str
) -> None:
    (saved.parent / "bad.json").write_text('{"schema": "else"}')
    ran = keyproof("report", *arguments, cwd=saved.parent, home=home)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_without_any_run_the_way_to_one_is_shown(tmp_path: Path, home: Path) -> None:
    ran = keyproof("report", cwd=tmp_path, home=home)
    assert ran.code == 2
    assert "the store holds no run yet" in ran.err
    assert "keyproof scan" in ran.err


def test_help_is_cheap_and_complete(tmp_path: Path, home: Path) -> None:
    ran = keyproof("report", "--help", cwd=tmp_path, home=home)
    for option in ("--run", "--format", "--output", "--all", "--config"):
        assert option in ran.out


def test_the_last_run_of_the_store_is_rendered_again(planted: Path, home: Path) -> None:
    repository = planted / "shop"
    repository.mkdir()
    (repository / "ci.sh").write_text(f"TOKEN={github_pat('report')}\n")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run(["git", *arguments], cwd=repository, env=isolated(home), check=True)
    scanned = keyproof("scan", "--format", "json", cwd=repository, home=home)
    assert scanned.code == 1, scanned.err
    again = keyproof("report", "--format", "json", cwd=repository, home=home)
    assert again.code == 0, again.err
    first, second = json.loads(scanned.out), json.loads(again.out)
    assert second["facts"] == first["facts"]
    assert [f["id"] for f in second["findings"]] == [f["id"] for f in first["findings"]]
    table = keyproof("report", cwd=repository, home=home)
    assert "github.pat ci.sh:1 (" in table.out
    page = keyproof("report", "--format", "html", cwd=repository, home=home)
    assert "ci.sh" in page.out
