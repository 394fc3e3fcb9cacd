"""One source, several repositories: every output for people says in which of them a secret stands."""

from __future__ import annotations

from pathlib import Path

from tests.support.planted import github_pat
from tests.support.repository import Repo, line
from tests.support.run import keyproof

OUTPUTS = ("table", "csv", "junit", "markdown", "html", "sarif")


def test_a_place_names_its_repository(planted: Path, home: Path) -> None:
    for name in ("shop", "billing"):
        repo = Repo(planted / "acme" / name, planted / "git-home")
        repo.write("app.py", line(github_pat(name)) if name == "shop" else "print()\n")
        repo.commit("first")
    (planted / "keyproof.yaml").write_text(
        f"sources:\n  acme: {{connector: git, paths: ['{planted}/acme/*']}}\n"
    )
    ran = keyproof("scan", "--format", "json", "-o", "run.json", cwd=planted, home=home)
    assert ran.code == 1, ran.err
    for output in OUTPUTS:
        shown = keyproof("report", "--format", output, cwd=planted, home=home).out
        assert "acme/shop" in shown, output
    table = keyproof("leaks", "acme/shop", "acme/billing", cwd=planted, home=home).out
    assert "acme/shop: app.py:1" in table


def test_of_one_repository_the_path_is_enough(planted: Path, home: Path) -> None:
    repo = Repo(planted / "acme" / "shop", planted / "git-home")
    repo.write("app.py", line(github_pat("only")))
    repo.commit("first")
    (planted / "keyproof.yaml").write_text(
        f"sources:\n  acme: {{connector: git, path: '{repo.path}'}}\n"
    )
    keyproof("scan", cwd=planted, home=home)
    shown = keyproof("report", cwd=planted, home=home).out
    assert "github.pat app.py:1" in shown
    assert "acme/shop" not in shown
