"""YAML rules of Kingfisher, Nosey Parker, Titus and TruffleHog, and files in our own form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.leaks.imports.foreign_rules import brought
from tests.support.planted import letters

from keyproof.errors import ConfigError

KEY = letters("kf", 20, "abcdefABCDEF0123456789")
SAMPLE = "acme_" + letters("kf-sample", 20, "abcdefABCDEF0123456789")
KINGFISHER = """\
rules:
  - name: Acme token
    id: custom.acme.1
    pattern: |
      (?xi)
      \\b                # a word begins
      acme [_-]
      (?P<TOKEN> [[:xdigit:]]{20} )
      \\b
"""
TRUFFLEHOG = """\
detectors:
  - name: HogDetector
    keywords: [hog]
    regex:
      token: '\\b([A-Za-z0-9]{20})\\b'
"""


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ("    min_entropy: 1.5\n    confidence: high\n", True),
        ("    min_entropy: 4.9\n", False),
        (f"    examples:\n      - 'x {SAMPLE} y'\n    negative_examples:\n      - acme_12\n", True),
        ("    examples:\n      - nothing like it\n", "examples are not matched"),
        (f"    negative_examples:\n      - '{SAMPLE}'\n", "counterexample"),
        ("    pattern_requirements:\n      min_digits: 1\n      min_lowercase: 1\n", True),
        ("    pattern_requirements:\n      min_special_chars: 1\n", False),
        (f"    pattern_requirements:\n      ignore_if_contains: ['{KEY[:6]}']\n", False),
        ("    pattern_requirements:\n      checksum: {}\n", "'checksum' has no equal"),
        ("    visible: false\n", False),
        ("    validation:\n      type: Http\n", True),
        ("    depends_on_rule:\n      - {rule_id: custom.id, variable: ID}\n", True),
        ("    depends_on_rule:\n      - {rule_id: custom.id, variable: ID, within: 2L}\n", True),
        ("    depends_on_rule:\n      - {rule_id: custom.id, variable: ID, within: 1L}\n", False),
        ("    depends_on_rule:\n      - {rule_id: custom.id, within: 8C}\n", "window of lines"),
        ("    confidence: sure\n", "confidence"),
        ("    surprise: 1\n", "'surprise' is unknown"),
    ],
)
def test_kingfisher(tmp_path: Path, more: str, kept: bool | str) -> None:
    helper = "  - {name: id, id: custom.id, pattern: 'acme-id-[0-9]{6}', visible: false}\n"
    if isinstance(kept, str):
        with pytest.raises(ConfigError, match=kept) as caught:
            brought(tmp_path, "rules.yml", KINGFISHER + more + helper)
        assert re.search(r"rules\.yml:2: ", str(caught.value))
        return
    rules = brought(tmp_path, "rules.yml", KINGFISHER + more + helper)
    found = rules.found(f"acme-id-123456\nacme_{KEY}\n")
    assert found == ([("kingfisher:custom.acme.1", KEY)] if kept else [])


def test_a_rule_of_passwords_names_no_provider(tmp_path: Path) -> None:
    both = KINGFISHER + KINGFISHER.replace("rules:\n", "").replace("acme.1", "passwd.1")
    named = {
        one.id: one.named for one in brought(tmp_path, "rules.yml", both).extended.theirs.detectors
    }
    assert named == {"kingfisher:custom.acme.1": True, "kingfisher:custom.passwd.1": False}


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ("", True),
        ("    entropy: 4.9\n", False),
        (f"    exclude_words: ['{KEY[4:9]}']\n", False),
        ("    exclude_regexes_match: ['[a-z]{3}']\n", True),
        (f"    exclude_regexes_capture: ['^{KEY[:3]}']\n", False),
        ("    validations: {token: {contains_digit: true}}\n", True),
        ("    validations: {token: {contains_special_char: true}}\n", False),
        ("    verify:\n      - endpoint: https://verify.example.org\n", True),
        ("    primary_regex_name: other\n", "names no regex"),
    ],
)
def test_trufflehog(tmp_path: Path, more: str, kept: bool | str) -> None:
    if isinstance(kept, str):
        with pytest.raises(ConfigError, match=kept):
            brought(tmp_path, "config.yaml", TRUFFLEHOG + more)
        return
    rules = brought(tmp_path, "config.yaml", TRUFFLEHOG + more)
    expected = [("trufflehog:HogDetector", KEY)] if kept else []
    assert rules.found(f"# the HOG\nkey = {KEY}\n") == expected
    assert rules.found(f"key = {KEY}\n") == []
    assert ("verify is not called" in "".join(rules.extended.notes)) is ("verify" in more)


def test_every_expression_of_a_trufflehog_detector_has_to_match(tmp_path: Path) -> None:
    both = TRUFFLEHOG + "      user: 'hog-user-[0-9]{4}'\n    primary_regex_name: token\n"
    rules = brought(tmp_path, "config.yaml", both)
    assert rules.found(f"hog-user-1234\n{KEY}") == [("trufflehog:HogDetector", KEY)]
    assert rules.found(f"hog\n{KEY}") == []


OWN = """\
provider: acme
name: Acme
docs: https://acme.example.org/docs
revoke: Delete it in the console.
rotate: Make another one.
detectors:
  - id: token
    kind: api_key
    source: documented
    pattern: acme_[a-f0-9]{24}
"""


def test_rules_in_our_own_form(tmp_path: Path) -> None:
    rules = brought(tmp_path, "acme.yaml", OWN)
    value = "acme_" + letters("own", 24, "abcdef0123456789")
    assert rules.found(f"t = '{value}'") == [("acme.token", value)]
    with pytest.raises(ConfigError, match=r"acme\.yaml:8.*unknown setting 'kindd'"):
        brought(tmp_path, "acme.yaml", OWN.replace("kind:", "kindd:"))
    ahead = OWN + "    trigger: ['(?=a)acme_[a-f]']\n"
    with pytest.raises(
        ConfigError, match=r"acme\.token: hyperscan refuses its trigger: Zero-width"
    ):
        brought(tmp_path, "acme.yaml", ahead)


def test_a_file_of_no_known_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no known form of rules"):
        brought(tmp_path, "notes.txt", "nothing")
    with pytest.raises(ConfigError, match="it holds no rules"):
        brought(tmp_path, ".gitleaksignore", "a:b:1\n")
    with pytest.raises(ConfigError, match="it holds no rule"):
        brought(tmp_path, "rules.yml", "rules: []\n# pattern:\n")
