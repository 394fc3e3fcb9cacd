"""What another scanner accepts becomes an entry of ours, by value or place; no value is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.planted import github_pat, letters, plant
from tests.support.repository import Repo, line, warm
from tests.support.run import Ran, keyproof

from keyproof.errors import ConfigError
from keyproof.leaks import baseline
from keyproof.leaks.accepted import read_acceptances
from keyproof.leaks.imported import extend, formats
from keyproof.leaks.rules import RuleSet

KNOWN, OTHER = "imported", "not-accepted"


class World:
    """A repository with an accepted secret that has moved since, and one that nobody accepts."""

    def __init__(self, folder: Path, home: Path) -> None:
        warm(home)
        self.home = home
        self.repo = Repo(folder / "repo", folder / "git-home")
        self.repo.write("src/app.py", "x = 1\n" + line(github_pat(KNOWN)))
        self.commit = self.repo.commit("first")
        self.repo.write("src/app.py", "y = 2\nx = 1\n" + line(github_pat(KNOWN)) + "z = 3\n")
        self.repo.write("other.py", line(github_pat(OTHER)))
        self.repo.commit("second")

    def write(self, name: str, text: str) -> Path:
        path = self.repo.path.parent / name
        path.write_text(text)
        return path

    def run(self, *arguments: str) -> Ran:
        return keyproof(*arguments, cwd=self.repo.path, home=self.home)

    def accepted(self) -> dict[str, set[str | None]]:
        rows = self.run("leaks", "--format", "jsonl", "-q").out.splitlines()
        found: dict[str, set[str | None]] = {}
        for row in map(json.loads, rows):
            found.setdefault(row["path"], set()).add(row["suppressed"])
        return found


@pytest.fixture
def world(planted: Path, home: Path) -> World:
    return World(planted, home)


def _sha(name: str, value: str) -> str:
    return hashlib.new(name, value.encode()).hexdigest()


def _gitleaksignore(world: World) -> tuple[str, str]:
    gone = f"{world.commit}:src/app.py:github-pat:77"
    return ".gitleaksignore", f"# ours\n{world.commit}:src/app.py:github-pat:2\n{gone}\n"


def _betterleaksignore(world: World) -> tuple[str, str]:
    return ".betterleaksignore", "src/app.py:github-pat:3\nsrc/app.py:github-pat:1\n"


def _report(world: World) -> tuple[str, str]:
    row = {"RuleID": "github-pat", "File": "src/app.py", "StartLine": 2, "Commit": world.commit}
    gone = {"Secret": plant(letters("gone", 40)), "Commit": ""}
    rows = [row | {"Secret": github_pat(KNOWN)}, row | gone]
    return "report.json", json.dumps(rows)


def _redacted_report(world: World) -> tuple[str, str]:
    row = {"RuleID": "github-pat", "File": "src/app.py", "Secret": "REDACTED"}
    rows = [row | {"StartLine": 2, "Commit": world.commit}, row | {"StartLine": 9, "Commit": ""}]
    return "redacted.json", json.dumps(rows)


def _detect_secrets(world: World) -> tuple[str, str]:
    row = {"type": "Secret Keyword", "filename": "src/app.py", "line_number": 1}
    results = {
        "src/app.py": [
            row | {"hashed_secret": _sha("sha1", github_pat(KNOWN)), "is_secret": False},
            row | {"hashed_secret": _sha("sha1", "none")},
        ]
    }
    return ".secrets.baseline", json.dumps(
        {"version": "1.5.0", "plugins_used": [], "results": results}
    )


def _kingfisher(world: World) -> tuple[str, str]:
    rows = "".join(
        f"  - path: src/app.py\n    fingerprint: '38916'\n    rule_id: kingfisher.github.1\n"
        f"    line: {number}\n"
        for number in (3, 40)
    )
    head = "version: 2\nfingerprint_algorithm: kingfisher-v1\nrepositories:\n"
    return "kingfisher.yml", head + "- id: git://host/team/repo\n  findings:\n" + rows


def _trufflehog(world: World) -> tuple[str, str]:
    place = {"Data": {"Git": {"file": "src/app.py", "line": 1}}}
    rows = [
        {"SourceMetadata": place, "DetectorName": "Github", "Raw": value, "Verified": False}
        for value in (github_pat(KNOWN), plant(letters("th", 40)))
    ]
    return "trufflehog.json", "\n".join(map(json.dumps, rows)) + "\n"


def _gitguardian(world: World) -> tuple[str, str]:
    digest = _sha("sha256", github_pat(KNOWN))
    text = f"version: 2\nsecret:\n  ignored_matches:\n    - name: sample\n      match: {digest}\n"
    return ".gitguardian.yaml", text + "  ignored_paths:\n    - 'vendor/**'\n"


def _gitguardian_1(world: World) -> tuple[str, str]:
    return ".gitguardian.yml", f"matches-ignore:\n  - '{'0' * 64}'\npaths-ignore:\n  - 'src/*'\n"


def _gitallowed(world: World) -> tuple[str, str]:
    return ".gitallowed", "src/app\\.py:[0-9]+:[[:alpha:]]+ =\n^nothing$\n"


def _allow_lists(world: World) -> tuple[str, str]:
    lists = "[allowlist]\ndescription = 'sample'\ncondition = 'AND'\npaths = ['^src/']\n"
    other = "[[allowlists]]\nregexTarget = 'line'\nregexes = ['nothing of the kind']\n"
    return ".gitleaks.toml", lists + f"stopwords = ['{github_pat(KNOWN)[8:20]}']\n" + other


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_gitleaksignore, "accepted in .gitleaksignore"),
        (_betterleaksignore, "accepted in .betterleaksignore"),
        (_report, "accepted in report.json"),
        (_redacted_report, "accepted in redacted.json"),
        (_detect_secrets, "audited in detect-secrets as no secret"),
        (_kingfisher, "accepted in kingfisher.yml"),
        (_trufflehog, "known to trufflehog"),
        (_gitguardian, "ignored in ggshield: sample"),
        (_gitguardian_1, "in a path that ggshield ignores"),
        (_gitallowed, "allowed in git-secrets"),
        (_allow_lists, "allowed in gitleaks: sample"),
    ],
)
def test_what_a_file_accepts_is_accepted_and_the_rest_is_named(
    world: World, make: Callable[[World], tuple[str, str]], reason: str
) -> None:
    name, text = make(world)
    ran = world.run("baseline", "import", str(world.write(name, text)), "--owner", "ada")
    assert ran.code == 0, ran.err
    assert "1 of 2 accepted findings matched, 1 entries added" in ran.out
    assert ran.err.count("matches nothing here") == 1
    assert world.accepted() == {"src/app.py": {"baseline"}, "other.py": {None}}
    kept = baseline.load(world.repo.path / ".keyproof-baseline")
    assert kept is not None
    (entry,) = kept.entries
    assert (entry.reason, entry.imported_from, entry.owner) == (reason, name, "ada")

    again = world.run("baseline", "import", str(world.repo.path.parent / name))
    assert "1 of 2 accepted findings matched, 0 entries added" in again.out


def test_every_format_is_one_of_rules_or_of_accepted_findings() -> None:
    for module in formats():
        assert module.TITLE
        assert isinstance(module.RULES, bool)
        assert not module.recognises("notes.txt", "nothing of the kind")


def test_another_secret_at_an_imported_place_is_new(world: World) -> None:
    name, text = _gitleaksignore(world)
    assert world.run("baseline", "import", str(world.write(name, text))).code == 0
    world.repo.write("src/app.py", "y = 2\nx = 1\n" + line(github_pat("fresh")) + "z = 3\n")
    world.repo.commit("another")
    assert world.accepted()["src/app.py"] == {"baseline", None}


def test_a_file_of_no_known_form_is_refused(world: World) -> None:
    ran = world.run("baseline", "import", str(world.write("notes.txt", "nothing")))
    assert (ran.code, "no known form" in ran.err) == (2, True)
    ran = world.run("baseline", "import", "nowhere")
    assert (ran.code, "cannot be read" in ran.err) == (2, True)
    rules = world.write("rules.yml", "rules:\n  - {id: a, pattern: 'b{9}'}\n")
    ran = world.run("baseline", "import", str(rules))
    assert (ran.code, "keyproof leaks --rules" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("report.json", '[1, "RuleID", "StartLine"]'),
        (".secrets.baseline", '{"plugins_used": [], "results": {"a": null}}'),
        ("kingfisher.yaml", "fingerprint: 1\nExactFindings: [1]\n"),
        ("kingfisher.yaml", "fingerprint: 1\nrepositories: [x]\nExactFindings:\n"),
        (".gitguardian.yaml", "version: 2\nsecret:\n  ignored_matches: 5\n"),
        ("gitleaks.toml", 'allowlists = ["a"]\n'),
        ("findings.json", '{"DetectorName": 1, "SourceMetadata": [1]}'),
    ],
)
def test_a_field_of_the_wrong_kind_is_the_files_fault(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match="value of the wrong kind"):
        read_acceptances(tmp_path / name)


@pytest.mark.parametrize(
    "text",
    ['rules = ["a"]\n', 'extend = "x"\n[[rules]]\nid = "a"\n', "allowlists = [3]\n[[rules]]\n"],
)
def test_a_field_of_the_wrong_kind_is_the_rules_files_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "gitleaks.toml").write_text(text)
    with pytest.raises(ConfigError, match="value of the wrong kind"):
        extend(RuleSet("", (), ()), [tmp_path / "gitleaks.toml"])
