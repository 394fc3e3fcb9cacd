"""Rules of Gitleaks and Betterleaks say here what they say there, or are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.leaks.imports.foreign_rules import NOTHING, brought
from tests.support.planted import letters, plant
from tests.support.repository import Repo

from keyproof.errors import ConfigError
from keyproof.identity import KeyedFingerprinter
from keyproof.leaks.imported import extend
from keyproof.leaks.scan import open_scanner, scan_repository

KEY = letters("gl", 24, "abcdef0123456789")
OTHER = letters("gl2", 24, "abcdef0123456789")
RULE = """
[[rules]]
id = "acme"
description = "Acme"
regex = '''(?i)acme[_-]?key\\s*[:=]\\s*['"]?([a-f0-9]{24})\\b'''
keywords = ["acme"]
"""


def test_a_rule_finds_its_group(tmp_path: Path) -> None:
    rules = brought(tmp_path, ".gitleaks.toml", RULE)
    assert rules.found(f"x\nACME_KEY = '{KEY}'\n") == [("gitleaks:acme", KEY)]
    assert rules.found(f"acme_key: {KEY}0\n") == []


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ("entropy = 2.0", True),
        ("entropy = 4.5", False),
        ("path = '''\\.py$'''", True),
        ("path = '''\\.go$'''", False),
        ("[[rules.allowlists]]\nstopwords = ['ZZZ']", True),
        (f"[[rules.allowlists]]\nstopwords = ['{KEY[:8].upper()}']", False),
        ("[[rules.allowlists]]\nregexTarget = 'line'\nregexes = ['# sample']", False),
        ("[[rules.allowlists]]\nregexTarget = 'secret'\nregexes = ['# sample']", True),
        ("[[rules.allowlists]]\npaths = ['''^src/''']", False),
        ("[[rules.allowlists]]\ncommits = ['abcdef']", False),
        ("[rules.allowlist]\npaths = ['''^test/''']", True),
        (
            "[[rules.allowlists]]\ncondition = 'AND'\npaths = ['''^src/''']\nstopwords = ['zzz']",
            True,
        ),
        (
            f"[[rules.allowlists]]\ncondition = 'AND'\npaths = ['''^src/''']\nstopwords = ['{KEY}']",
            False,
        ),
        ("[[rules.required]]\nid = 'user'\nwithinLines = 1", True),
        ("[[rules.required]]\nid = 'user'\nwithinLines = 0", False),
        ("[[rules.required]]\nid = 'absent'", None),
    ],
)
def test_what_a_rule_says_besides(tmp_path: Path, more: str, kept: bool | None) -> None:
    user = "\n[[rules]]\nid = 'user'\nregex = '''acme_user_[0-9]{4}'''\n"
    text = f"acme_user_1234\nacme_key = '{KEY}'  # sample\n"
    if kept is None:
        with pytest.raises(ConfigError, match="requires the rule"):
            brought(tmp_path, ".gitleaks.toml", RULE + more + user)
        return
    rules = brought(tmp_path, ".gitleaks.toml", RULE + more + user)
    found = rules.found(text, "src/a.py", "abcdef")
    assert (("gitleaks:acme", KEY) in found) is kept


def test_global_lists_and_target_rules(tmp_path: Path) -> None:
    other = "\n[[rules]]\nid = 'b'\nregex = '''bee_([a-f0-9]{24})'''\nsecretGroup = 1\n"
    lists = (
        "\n[[allowlists]]\ntargetRules = ['b']\nregexes = ['.*']\n"
        "\n[[allowlists]]\npaths = ['''vendor/''']\n"
    )
    rules = brought(tmp_path, ".gitleaks.toml", RULE + other + lists)
    text = f"acme_key={KEY} bee_{OTHER}"
    assert rules.found(text) == [("gitleaks:acme", KEY)]
    assert rules.found(text, "vendor/a.py") == []


def test_a_base_that_cannot_be_read_is_an_error_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"[extend]\npath = '{'a' * 5000}'\n{RULE}")
    with pytest.raises(ConfigError, match=r"own\.toml: .* cannot be read \(File name too long\)"):
        extend(NOTHING, [path], cache_folder=tmp_path)


def test_extend_takes_a_base_over(tmp_path: Path) -> None:
    base = RULE + "\n[[rules]]\nid = 'old'\nregex = '''old_([a-f0-9]{24})'''\n"
    (tmp_path / "base.toml").write_text(base + "\n[[allowlists]]\npaths = ['''docs/''']\n")
    own = (
        "[extend]\npath = 'base.toml'\nuseDefault = true\ndisabledRules = ['old', 'aws-token']\n"
        "[[rules]]\nid = 'new'\nregex = '''new_([a-f0-9]{24})'''\n"
    )
    rules = brought(tmp_path, "own.toml", own)
    text = f"acme_key={KEY} old_{OTHER} new_{OTHER}"
    assert [name for name, _ in rules.found(text)] == ["gitleaks:acme", "gitleaks:new"]
    assert rules.found(text, "docs/a.md") == []
    assert "aws-token" in "".join(rules.extended.notes)


FILTERS = [
    ('entropy(finding["secret"]) <= 1.0', True),
    ('filter.entropy(finding["secret"]) < 4.9 && true', False),
    ('containsAny(finding["line"], ["sample"])', False),
    ('matchesAny(attributes[?"path"].orValue(""), [r"""(?i)\\.md$"""])', True),
    ('matchesAny(attributes[?"path"].orValue(""), [r"""(?i)\\.py$"""])', False),
    ('attributes[?"path"].orValue("").startsWith("src/") && finding["secret"] == "x"', True),
    ('!(attributes["path"] ?? "").endsWith(".py")', None),
    ('attributes[?"path"].orValue("").endsWith(".py") || failsTokenEfficiency(finding["secret"])', False),
    ('failsTokenEfficiency(finding["secret"])', True),
    ('!failsTokenEfficiency(finding["secret"])', None),
    ('attributes[?"git.author_name"].orValue("") == "bot"', None),
    ('size(finding["secret"]) > 3', None),
    ('finding["secret"] in ["a", "b"]', True),
    ("finding[", None),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kept"), FILTERS)
def test_filters_of_betterleaks(tmp_path: Path, expression: str, kept: bool | None) -> None:
    text = RULE + f"filter = '''\n// why\n{expression}\n'''\n"
    if kept is None:
        with pytest.raises(ConfigError, match="filter"):
            brought(tmp_path, ".betterleaks.toml", text)
        return
    rules = brought(tmp_path, ".betterleaks.toml", text)
    assert bool(rules.found(f"acme_key={KEY} # sample", "src/a.py")) is kept


REFUSED = [
    ("regex = '''acme_(?!x)[a-z]{9}'''", "look-around"),
    ("regex = '''(acme)\\1[a-z]{9}'''", "back-reference"),
    ("regex = '''acme[a-z]{2000}'''", "google-re2 refuses"),
    ("regex = '''[a-z]'''", "almost everywhere"),
    ("regex = '''(acme'''", "does not end"),
    ("path = '''id_rsa$'''", "by their name alone"),
    ("description = 'only that'", "not here"),
    ("regex = '''acme_[a-z]{9}'''\nsecretGroup = 3", "group"),
    ("regex = '''acme_[a-z]{9}'''\nsurprise = 1", "'surprise' is unknown"),
    ("regex = '''acme_[a-z]{9}'''\nentropy = 'high'", "wrong kind"),
]


@pytest.mark.parametrize(("fields", "reason"), REFUSED)
def test_what_has_no_equal_is_refused_with_its_line(
    tmp_path: Path, fields: str, reason: str
) -> None:
    text = f"title = 'x'\n\n[[rules]]\nid = 'odd'\n{fields}\n" + RULE
    with pytest.raises(ConfigError, match=re.escape(reason)) as caught:
        brought(tmp_path, ".gitleaks.toml", text)
    assert str(caught.value).startswith(f"{tmp_path}/.gitleaks.toml:3: ")
    assert "gitleaks:odd" in str(caught.value)
    left = brought(tmp_path, ".gitleaks.toml", text, skip=True)
    assert [(one.rule, reason in one.reason) for one in left.extended.skipped] == [
        ("gitleaks:odd", True)
    ]
    assert left.found(f"acme_key={KEY}") == [("gitleaks:acme", KEY)]


def test_a_keyword_that_the_expression_lacks_has_to_stand_near(tmp_path: Path) -> None:
    rule = "[[rules]]\nid = 'bare'\nregex = '''\\b[a-f0-9]{24}\\b'''\nkeywords = ['Acme']\n"
    rules = brought(tmp_path, ".gitleaks.toml", rule)
    assert rules.found(f"# ACME\nkey: {KEY}") == [("gitleaks:bare", KEY)]
    assert rules.found(f"key: {KEY}") == []
    assert rules.found(f"# acme{' ' * 2000}\nkey: {KEY}") == []


def test_long_matches_are_seen_whole(tmp_path: Path) -> None:
    rule = "[[rules]]\nid = 'pem'\nregex = '''-----BEGIN ACME-----[\\s\\S]{20,}?-----END ACME-----'''\n"
    rules = brought(tmp_path, ".gitleaks.toml", rule)
    block = "-----BEGIN ACME-----\n" + f"{KEY}\n" * 200 + "-----END ACME-----"
    assert rules.found(f"x\n{block}\ny") == [("gitleaks:pem", block)]
    assert "without a bound" in "".join(rules.extended.notes)


def test_a_damaged_file_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gitleaks\.toml:2: not valid TOML"):
        brought(tmp_path, ".gitleaks.toml", "title = 'x'\n[[rules\n")


def test_a_translation_is_kept_and_one_that_is_damaged_is_made_again(tmp_path: Path) -> None:
    path, cache = tmp_path / ".gitleaks.toml", tmp_path / "kept"
    path.write_text(RULE)
    first = extend(NOTHING, [path], cache_folder=cache)
    (kept,) = cache.iterdir()
    assert KEY not in kept.read_bytes().decode("latin-1")
    assert extend(NOTHING, [path], cache_folder=cache) == first
    kept.write_bytes(b"damaged")
    assert extend(NOTHING, [path], cache_folder=cache) == first
    (tmp_path / "base.toml").write_text(RULE)
    path.write_text("[extend]\npath = 'base.toml'\n")
    assert extend(NOTHING, [path], cache_folder=cache).added == 1
    (tmp_path / "base.toml").write_text("title = 'empty'\n")
    assert extend(NOTHING, [path], cache_folder=cache).added == 0


def test_versions_of_a_packed_file_are_searched_by_imported_rules(
    planted: Path, home: Path
) -> None:
    rules = brought(home, ".gitleaks.toml", RULE)
    repo = Repo(planted / "repo", planted / "git-home")
    text = [f"line {number}" for number in range(400)]
    expected = set()
    for version in range(12):
        key = plant(letters(f"v{version}", 24, "abcdef0123456789"))
        text[30 * version] = f"acme_key = '{key}'"
        text[(30 * version + 200) % 400] = f"changed {version}"
        repo.write("a.py", "\n".join(text))
        repo.commit(f"version {version}")
        expected.add((30 * version + 1, version))
        if version % 3 == 0:
            text[30 * version] = "gone"
    repo.git("gc", "-q")
    scanner = open_scanner(
        {"XDG_CACHE_HOME": str(home / "cache")},
        KeyedFingerprinter(bytes(16), local=True),
        matcher=rules.matcher,
        workers=1,
    )
    leaks = scan_repository(scanner, repo.path).leaks
    assert len(leaks) == len(expected)
    assert {leak.detector for leak in leaks} == {"gitleaks:acme"}
    assert {place.line for leak in leaks for place in leak.occurrences} == {
        line for line, _ in expected
    }
