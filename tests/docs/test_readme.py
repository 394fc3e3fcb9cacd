"""README.md is true: its commands run, its tables name what ships, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from tests.support.markdown import anchors, blocks, links, page, rows, section
from tests.support.needs import ROOT
from tests.support.planted import github_pat
from tests.support.repository import Repo
from tests.support.run import keyproof

from keyproof import __version__
from keyproof.app import registry
from keyproof.app.run import Rules
from keyproof.app.settings import Loaded, load
from keyproof.cli.main import cli
from keyproof.errors import ExitCode

README = ROOT / "README.md"
LONGEST = 150
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def text() -> str:
    return page(README)


def commands(script: str) -> Iterator[list[str]]:
    """Yield the ``keyproof`` commands of a shell script, comments and environment left out."""
    for line in script.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["keyproof"]:
            yield words[1:]


def parse(group: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Parse a command line with the real parser, and run nothing.

    Raises:
        click.UsageError: the program would refuse it.
    """
    context = group.make_context("keyproof", list(words), parent=parent)
    rest = [*context._protected_args, *context.args]
    if isinstance(group, click.Group) and rest:
        _, command, remaining = group.resolve_command(context, rest)
        assert command is not None
        parse(command, remaining, context)


def documents() -> list[Path]:
    pages = [README, *(ROOT / "docs").glob("*.md")]
    return [path for path in pages if "keyproof " in path.read_text()]


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_command_of_a_page_is_accepted_by_the_parser(path: Path) -> None:
    found = [c for b in blocks(page(path)) if b.language == "sh" for c in commands(b.text)]
    for words in found:
        parse(cli, words)
    with pytest.raises(click.UsageError):
        parse(cli, ["scan", "--no-such-flag"])


def test_commands_within_sentences_exist(text: str) -> None:
    for words in re.findall(r"`keyproof ([a-z]+)", text + page(ROOT / "docs" / "contracts.md")):
        assert cli.get_command(click.Context(cli), words), words


def test_report_and_fix_runs_as_it_stands(text: str, planted: Path, home: Path) -> None:
    repository = Repo(planted / "shop", home)
    repository.write("ci.env", f"GITHUB_TOKEN={github_pat('readme')}\n")
    repository.commit("token")
    (block,) = blocks(section(text, "Report, fix"))
    codes = {}
    for words in commands(block.text):
        ran = keyproof(*words, cwd=repository.path, home=home)
        codes[" ".join(words)] = ran.code
        assert ran.code in {ExitCode.OK, ExitCode.FINDINGS}, (words, ran.err)
    assert [code for code in codes.values() if code] == [ExitCode.FINDINGS]
    assert (repository.path / "report.html").stat().st_size > 10_000
    assert list((repository.path / "tickets").glob("f_*.md"))


def test_the_gate_runs_as_it_stands(text: str, planted: Path, home: Path) -> None:
    repository = Repo(planted / "shop", home)
    repository.write("old.env", f"GITHUB_TOKEN={github_pat('readme old')}\n")
    base = repository.commit("before")
    repository.write("notes.md", "nothing\n")
    repository.commit("clean")
    every = [c for b in blocks(section(text, "Guard a repository")) for c in commands(b.text)]
    gates = [words for words in every if words[0] == "scan"]
    assert gates
    for words in gates:
        real = [word.replace("$BASE", base) for word in words]
        assert keyproof(*real, cwd=repository.path, home=home).code == 0
        repository.write("new.env", f"GITHUB_TOKEN={github_pat('readme new')}\n")
        repository.commit("leak")
        assert keyproof(*real, cwd=repository.path, home=home).code == ExitCode.FINDINGS


def test_the_hook_is_installed_and_accepts_as_it_stands(text, planted: Path, home: Path) -> None:
    repository = Repo(planted / "shop", home)
    repository.write("sample.env", f"GITHUB_TOKEN={github_pat('readme hook')}\n")
    repository.commit("before")
    every = [c for b in blocks(section(text, "Guard a repository")) for c in commands(b.text)]
    hooks = [words for words in every if words[0] == "hook"]
    assert len(hooks) == 2
    for words in hooks:
        assert keyproof(*words, cwd=repository.path, home=home).code == 0
    assert (repository.path / ".git" / "hooks" / "pre-push").exists()
    assert keyproof("scan", cwd=repository.path, home=home).code == 0


def test_targets_of_make_exist(text: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    pages = "\n".join(b.text for b in blocks(text) if b.language == "sh")
    wanted = set(re.findall(r"^make ([a-z]+)", pages, re.MULTILINE))
    assert wanted
    for target in wanted:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_extras_that_pages_install_exist(text: str) -> None:
    project = (ROOT / "pyproject.toml").read_text()
    files = [text, *(p.read_text() for p in EXAMPLES.rglob("*") if p.is_file())]
    named = {e for t in files for found in re.findall(r"keyproof\[([a-z,]+)\]", t) for e in found.split(",")}  # fmt: skip
    assert named
    for extra in named:
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE), extra


def test_exit_codes_are_those_that_exist(text: str) -> None:
    listed = [int(row[0]) for row in rows(section(text, "Exit codes"))]
    assert listed == [code.value for code in ExitCode]


def test_sources_are_those_that_ship(text: str) -> None:
    listed = [row[0].strip("`") for row in rows(section(text, "Where it looks"))]
    assert sorted(listed) == sorted(registry.names("connectors"))


def test_policies_are_those_that_ship_with_criteria_that_they_are_mapped_to(text: str) -> None:
    rules = Rules.load(load(None, {}, ROOT / "docs"))
    listed = {row[0].strip("`"): row[2].split(", ") for row in rows(section(text, "What it finds"))}
    shipped = {policy.id for policy in rules.pack.policies}
    assert set(listed) <= shipped
    assert f"All {len(shipped)} stand in" in text
    every = page(ROOT / "docs" / "policies" / "README.md")
    assert set(re.findall(r"^\| \[([a-z_.]+)\]", every, re.MULTILINE)) == shipped
    for policy, criteria in listed.items():
        mapped = {control.id for control in rules.crosswalk.controls(policy)}
        assert set(criteria) <= mapped, (policy, set(criteria) - mapped)


def test_the_hooks_of_the_page_are_offered(text: str) -> None:
    (block,) = [b for b in blocks(text) if b.language == "yaml" and "hooks:" in b.text]
    (repository,) = yaml.safe_load(block.text)["repos"]
    offered = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in repository["hooks"]} <= offered
    assert repository["rev"] == f"v{__version__}"


@pytest.mark.parametrize(
    "path", [README, *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: str(p.relative_to(ROOT))
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in links(page(path)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(page(found)), target


def test_what_is_said_of_adding_things_holds() -> None:
    kinds = {"connectors", "reporters", "trackers"}
    development = page(ROOT / "docs" / "development.md")
    for _, what, contract in rows(section(development, "The house")):
        for path in re.findall(r"`([a-z]+/[^`<>]+)`", what + contract):
            assert (ROOT / path).exists(), path
        folder = re.search(r"keyproof/([a-z]+)/<name>\.py` \(`([^`]+)`", what)
        if folder:
            kinds.remove(folder[1])
            for name in registry.names(folder[1]):  # type: ignore[arg-type]
                module = registry.load(folder[1], name)  # type: ignore[arg-type]
                assert all(hasattr(module, member) for member in folder[2].split()), name
    assert not kinds


def test_the_page_can_be_read_in_one_go(text: str) -> None:
    assert len(text.splitlines()) <= LONGEST


# The examples


def example(name: str) -> Loaded:
    return load(EXAMPLES / name, {}, EXAMPLES)


def test_the_settings_of_a_team_are_accepted() -> None:
    loaded = example("team/keyproof.yaml")
    for part in ("sources", "trackers", "targets"):
        entries = getattr(loaded.settings, part)
        assert entries
        for name in entries:
            loaded.adapter(part, name)
    for rule in loaded.settings.rotations:
        registry.load("rotators", rule.rotator)
        assert rule.source in loaded.settings.sources
        assert set(rule.targets) <= set(loaded.settings.targets)
    assert loaded.settings.policies.engine == "opa"
    assert loaded.store_url({}).startswith("postgresql+psycopg://")
    assert loaded.settings.trackers["security"]["tracker"] == "github"


def test_the_parameters_and_waivers_of_a_team_are_in_force() -> None:
    rules = Rules.load(example("team/keyproof.yaml"))
    assert [waiver.id for waiver in rules.waivers] == ["legacy-importer", "test-tokens"]
    found = rules.parameters.effective("keys.max_age", "development", None)
    assert (found.values["days"], rules.parameters.effective("keys.max_age").values["days"]) == (
        180,
        60,
    )


def test_the_commands_of_a_team_are_accepted() -> None:
    comments = [
        line.removeprefix("#") for line in (EXAMPLES / "team" / "keyproof.yaml").read_text().splitlines()
    ]  # fmt: skip
    found = list(commands("\n".join(line for line in comments if line.startswith("   keyproof"))))
    assert len(found) > 5
    for words in found:
        parse(cli, words)
