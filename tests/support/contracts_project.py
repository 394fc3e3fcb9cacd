"""The project that docs/contracts.md shows: its files written to a folder, its outputs real."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from tests.support.markdown import Block, blocks, page
from tests.support.needs import ROOT
from tests.support.planted import aws_key_id, aws_secret_key, github_pat
from tests.support.repository import Repo
from tests.support.run import Ran, keyproof

CONTRACTS = ROOT / "docs" / "contracts.md"
WRITTEN_ON = date(2026, 11, 21)
"""The day for which the page's examples are written."""


def shifted(text: str) -> str:
    """Return an example as if it were written today, so that no waiver in it has expired."""
    by = datetime.now(UTC).date() - WRITTEN_ON

    def later(match: re.Match[str]) -> str:
        return (date.fromisoformat(match[0]) + by).isoformat()

    return re.sub(r"\b20[0-9]{2}-[01][0-9]-[0-3][0-9]", later, text)


def inputs() -> dict[str, Block]:
    """Return the example of every file that a person writes, by its name."""
    return {b.marks["file"]: b for b in blocks(page(CONTRACTS)) if "file" in b.marks}


def documented(name: str) -> str:
    """Return the example of one output."""
    (found,) = [b for b in blocks(page(CONTRACTS)) if b.marks.get("output") == name]
    return found.text


class Project(NamedTuple):
    """The folder of the examples; every command that ran in it, by the output it gave."""

    folder: Path
    home: Path
    ran: dict[str, Ran]

    def run(self, *arguments: str, name: str = "") -> Ran:
        """Run the command line in the folder."""
        self.ran[name] = keyproof(*arguments, cwd=self.folder, home=self.home, env=ENVIRONMENT)
        return self.ran[name]


ENVIRONMENT = {"BINANCE_API_KEY": "", "BINANCE_API_SECRET": ""}


def write_inputs(folder: Path) -> None:
    """Write every example file below a folder."""
    for name, block in inputs().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shifted(block.text))


def make_project(root: Path) -> Project:
    """Write the examples, a repository with leaks and a broken inventory, and run the commands."""
    project = Project(root / "project", root / "home", {})
    project.home.mkdir()
    write_inputs(project.folder)
    key_id = aws_key_id("contracts")
    shop = Repo(root / "planted" / "shop", project.home)
    shop.write("deploy/ci.env", f"GITHUB_TOKEN={github_pat('contracts')}\n")
    secret = aws_secret_key("contracts")
    shop.write("credentials", f"aws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n")
    shop.commit("deployment")
    (project.folder / "aws.csv").write_text(
        "issuer_type,issuer_instance,native_id,status,credential_type,principal_id,owner,created_at\n"
        f"aws.iam,123456789012,{key_id},active,access_key,ci-deploy,platform,2020-01-01\n"
        "aws.iam,123456789012,broken,active,access_key,ci-deploy,platform,yesterday\n"
    )
    (project.folder / "local.yaml").write_text(yaml.safe_dump(_local(shop.path)))
    _run(project, shop)
    return project


def _local(shop: Path) -> dict[str, Any]:
    """Return the page's settings without what needs a network: sources, and the store."""
    settings: dict[str, Any] = yaml.safe_load(inputs()["keyproof.yaml"].text)
    sources = settings["sources"]
    settings["sources"] = {
        "shop": sources["shop"] | {"path": str(shop)},
        "other-keys": sources["other-keys"],
        "more-keys": {"connector": "file", "path": "keys.json"},
        "most-keys": {"connector": "file", "path": "keys.jsonl"},
        "aws": {"connector": "file", "path": "aws.csv"},
    }
    del settings["store"]
    return settings


def _run(project: Project, shop: Repo) -> None:
    config = ("--config", "local.yaml")
    project.run("scan", *config, "--format", "json", "--save", "run.json", name="scan")
    project.run("report", *config, "--run", "run.json", "--format", "sarif", name="sarif")
    project.run("leaks", str(shop.path), "--format", "jsonl", name="leaks")
    project.run("inventory", *config, "--format", "jsonl", name="inventory")
    project.run("tickets", *config, "--tracker", "desk", "-o", "plan.json", name="tickets")
    project.run("tickets", *config, "--apply", "plan.json", name="applied")
    project.run("rotate", "plan", *config, "-o", "-", name="rotation-plan")


def output(project: Project, name: str) -> Any:
    """Return a real output as data; JSON lines as a list."""
    if name == "run":
        return json.loads((project.folder / "run.json").read_text())
    if name == "ticket-plan":
        return json.loads((project.folder / "plan.json").read_text())
    text = project.ran[name].out
    if name in {"leaks", "inventory"}:
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


def tickets(project: Project) -> list[str]:
    """Return the text of every ticket file, by name."""
    return [path.read_text() for path in sorted((project.folder / "tickets").glob("f_*.md"))]


__all__ = ["ROOT", "Project", "documented", "inputs", "make_project", "output", "tickets"]
