"""docs/switching.md is true: every command on it runs, in a repository that needs it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from tests.support.needs import ROOT
from tests.support.planted import github_pat, letters, plant
from tests.support.repository import Repo, line, warm
from tests.support.run import Ran, keyproof

GUIDE = (ROOT / "docs" / "switching.md").read_text()
COMMANDS = [
    row.partition("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    for row in block.splitlines()
]
ACME = "acme_" + letters("switch", 32, "0123456789abcdef")
KNOWN = "switching"


def _files(commit: str) -> dict[str, str]:
    """Return one file of each form that the guide names."""
    toml = "[[rules]]\nid = 'acme'\nregex = '''\\b(acme_[a-f0-9]{32})\\b'''\nkeywords = ['acme']\n"
    row = {"RuleID": "x", "File": "app.py", "StartLine": 1, "Commit": commit}
    place = {"Data": {"Git": {"file": "app.py"}}}
    trufflehog = {"SourceMetadata": place, "DetectorName": "x", "Raw": github_pat(KNOWN)}
    own = re.search(r"```yaml file=acme.yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert own
    return {
        ".gitleaks.toml": toml + "[allowlist]\nregexes = ['^gh[p]_']\n",
        ".betterleaks.toml": toml + "filter = 'entropy(finding[\"secret\"]) < 1.0'\n",
        ".gitleaksignore": f"{commit}:app.py:x:1\n",
        ".betterleaksignore": "app.py:x:1\n",
        "gitleaks-report.json": json.dumps([row | {"Secret": github_pat(KNOWN)}]),
        "trufflehog.yaml": "detectors:\n  - name: acme\n    keywords: [acme]\n    regex:\n"
        "      token: '\\b(acme_[a-f0-9]{32})\\b'\n",
        "trufflehog.json": json.dumps(trufflehog) + "\n",
        "kingfisher.yml": "rules:\n  - id: acme\n    name: acme\n"
        "    pattern: '(?x) \\b ( acme_ [a-f0-9]{32} ) \\b'\n",
        "kingfisher-baseline.yml": "ExactFindings:\n  matches:\n"
        "  - {filepath: app.py, fingerprint: '1', linenum: 1}\n",
        ".secrets.baseline": json.dumps({"plugins_used": [], "results": {}}),
        ".gitguardian.yaml": "version: 2\nsecret:\n  ignored_paths: ['*.py']\n",
        ".gitallowed": "app\\.py\n",
        "acme.yaml": own[1],
    }


class Team:
    """A repository of a team that used every scanner there is."""

    def __init__(self, folder: Path, home: Path) -> None:
        warm(home)
        self.home = home
        self.repo = Repo(folder / "repo", folder / "git-home")
        self.repo.write("app.py", line(github_pat(KNOWN)) + f"key = '{plant(ACME)}'\n")
        commit = self.repo.commit("first")
        for name, text in _files(commit).items():
            self.repo.write(name, text)

    def run(self, command: str) -> Ran:
        if not command.startswith("keyproof "):
            subprocess.run(["sh", "-c", command], cwd=self.repo.path, check=True)
            return Ran(0, "", "")
        arguments = shlex.split(command)[1:]
        return keyproof(*arguments, cwd=self.repo.path, home=self.home)


@pytest.fixture
def team(planted: Path, home: Path) -> Team:
    return Team(planted, home)


def _section(title: str) -> list[str]:
    start = GUIDE.index(f"## {title}")
    end = GUIDE.find("\n## ", start)
    text = GUIDE[start : end if end > 0 else None]
    return [command for command in COMMANDS if command in text]


@pytest.mark.parametrize("title", re.findall(r"^## (.*)$", GUIDE, re.MULTILINE))
def test_every_command_runs(team: Team, title: str) -> None:
    if title == "Keep it":
        assert team.run("keyproof baseline add --reason 'known'").code == 0
    for command in _section(title):
        ran = team.run(command)
        expected = {0, 1} if " leaks" in command or " audit" in command else {0}
        assert ran.code in expected, (command, ran.err)
        if "--rules" in command and "--staged" not in command:
            assert re.search(
                r"^(gitleaks|trufflehog|kingfisher):acme|^acme\.token", ran.out, re.MULTILINE
            )
        if " import " in command and "detect-secrets" not in title:
            assert " 1 of 1 accepted findings matched" in ran.out, (command, ran.out)


def test_the_guide_names_every_scanner() -> None:
    assert len(COMMANDS) > 15
    scanners = ("Gitleaks", "Betterleaks", "TruffleHog", "Kingfisher", "detect-secrets")
    assert [s for s in (*scanners, "ggshield", "git-secrets") if f"## From {s}" not in GUIDE] == []


def test_rules_are_taken_in_every_scope_and_kept_in_the_settings(team: Team) -> None:
    def detectors(*arguments: str, stdin: bytes | None = None) -> set[str]:
        ran = keyproof(
            *("leaks", "-q", "--format", "jsonl", *arguments),
            cwd=team.repo.path,
            home=team.home,
            stdin=stdin,
        )
        return {json.loads(row)["detector"] for row in ran.out.splitlines()}

    ours, theirs = "github.pat", "gitleaks:acme"
    rules = ("--rules", ".gitleaks.toml")
    assert theirs not in detectors()
    assert detectors(*rules) >= {ours, theirs}
    assert detectors(*rules) >= {ours, theirs}, "from the cache, too"
    assert theirs not in detectors(), "a cache of other rules is another"
    assert detectors("--stdin", *rules, stdin=f"k = {ACME}".encode()) == {theirs}
    team.repo.write("new.py", f"\nkey = '{ACME}'\n")
    team.repo.git("add", "new.py")
    assert detectors("--staged", *rules) == {theirs}
    assert theirs in detectors("--no-git", "new.py", *rules)

    team.repo.write("keyproof.yaml", "leaks:\n  rules: [.gitleaks.toml]\n")
    assert theirs in detectors()
    team.repo.write(".gitleaks.toml", "[[rules]]\nid = 'odd'\nregex = 'acme(?=_)'\n")
    refused = team.run("keyproof scan --fail-on critical")
    assert refused.code == 2
    assert ".gitleaks.toml:1: cannot be translated: gitleaks:odd: a look-around" in refused.err
    skipped = team.run("keyproof leaks -q --skip-untranslatable")
    assert "left out: " in skipped.err


def test_comments_are_listed_and_switched_off(team: Team) -> None:
    markers = (
        *("keyproof:allow a sample", "gitleaks:allow", "betterleaks:allow", "trufflehog:ignore"),
        *("kingfisher:ignore", "ggignore", "pragma: allowlist secret", "pragma: whitelist secret"),
    )
    text = "".join(
        f"token = '{github_pat(f'inline-{n}')}'  # {marker}\n\n" for n, marker in enumerate(markers)
    )
    text += f"# pragma: allowlist nextline secret\ntoken = '{github_pat('inline-next')}'\n"
    team.repo.write("inline.py", text)
    ran = team.run("keyproof leaks --no-git inline.py --list-inline -q")
    assert ran.code == 0
    for marker in (*markers[1:], "keyproof:allow", "pragma: allowlist nextline secret"):
        assert f"1 by {marker}\n" in ran.out
    assert "keyproof:allow: a sample" in ran.out
    strict = team.run("keyproof leaks --no-git inline.py --no-inline --list-inline -q")
    assert (strict.code, strict.out) == (1, "")


def test_detect_secrets_is_asked_where_that_is_wished(team: Team) -> None:
    value = plant(letters("second", 40))
    team.repo.write("odd.cfg", f"x = '{value}'\n")
    plain = team.run("keyproof leaks -q --no-git odd.cfg --format jsonl")
    assert (plain.code, plain.out) == (0, "")
    asked = team.run(
        "keyproof leaks -q --no-git odd.cfg --format jsonl --detect-secrets --coverage"
    )
    assert [json.loads(row)["detector"] for row in asked.out.splitlines()] == [
        "detect_secrets.base64"
    ]
    assert "(detect-secrets)" in asked.err
    assert "history, messages and names, by detect-secrets" in asked.err
