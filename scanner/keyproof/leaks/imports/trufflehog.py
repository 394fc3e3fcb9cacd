"""Custom detectors of TruffleHog: ``config.yaml`` with a list ``detectors``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyproof.leaks.conditions import Condition, any_of
from keyproof.leaks.imports._dialect import translate
from keyproof.leaks.imports._listed import Form, is_yaml_with, read_listed
from keyproof.leaks.imports._rule import FIRST, Beside, Reading, Rule, Untranslatable, is_named

TITLE = "TruffleHog: custom detectors"
RULES = True
PREFIX = "trufflehog"
_FIELDS = {
    "name", "description", "keywords", "regex", "verify", "primary_regex_name", "entropy",
    "exclude_words", "exclude_regexes_capture", "exclude_regexes_match", "validations",
}  # fmt: skip
_LETTERS = {
    "contains_digit": "0123456789",
    "contains_lowercase": "abcdefghijklmnopqrstuvwxyz",
    "contains_uppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "contains_special_char": "!@#$%^&*()_+-=[]{}|;:,.<>?",
}
_FORM = Form("detectors", PREFIX, "name")


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    own = is_yaml_with("provider", name, text)
    return is_yaml_with("detectors", name, text) and not own


def alone(text: str) -> bool:
    """Tell whether a file rests on no other."""
    return True


def read(text: str, name: str) -> Reading:
    """Read a file of detectors.

    Raises:
        ConfigError: it is no YAML.
    """
    return read_listed(text, name, _FORM, _rules)


def _rules(raw: Mapping[str, Any], where: str, notes: list[str]) -> Iterator[Rule]:
    """Yield a detector's rules: the primary one is reported, and needs the others beside it."""
    unknown = sorted(raw.keys() - _FIELDS)
    if unknown:
        raise Untranslatable(f"'{unknown[0]}' is unknown")
    name, expressions = raw.get("name"), raw.get("regex")
    if not isinstance(name, str) or not isinstance(expressions, dict) or not expressions:
        raise Untranslatable("it has no name, or no regex")
    if raw.get("verify"):
        notes.append(f"{where}: {PREFIX}:{name}: verify is not called: no network")
    primary = raw.get("primary_regex_name") or min(expressions)
    if primary not in expressions:
        raise Untranslatable("primary_regex_name names no regex")
    others = sorted(expressions.keys() - {primary})
    for part in (primary, *others):
        yield Rule(
            id=f"{PREFIX}:{name}" if part == primary else f"{PREFIX}:{name}.{part}",
            where=where,
            pattern=str(expressions[part]),
            group=FIRST,
            keywords=tuple(map(str, raw.get("keywords") or ())) if part == primary else (),
            skip=any_of(*_conditions(raw, part)),
            beside=tuple(Beside(f"{PREFIX}:{name}.{one}", None, None) for one in others)
            if part == primary
            else (),
            named=is_named(name),
            reported=part == primary,
        )


def _conditions(raw: Mapping[str, Any], part: str) -> Iterator[Condition]:
    if raw.get("entropy"):
        yield ("entropy_below", "secret", float(raw["entropy"]))
    if raw.get("exclude_words"):
        yield ("contains_fold", "secret", tuple(map(str, raw["exclude_words"])))
    pairs = (("exclude_regexes_capture", "secret"), ("exclude_regexes_match", "match"))
    for field, subject in pairs:
        if raw.get(field):
            yield ("matches", subject, tuple(translate(str(one), "go") for one in raw[field]))
    asked = (raw.get("validations") or {}).get(part) or {}
    for field in sorted(asked):
        if field not in _LETTERS:
            raise Untranslatable(f"validations: '{field}' is unknown")
        if asked[field]:
            yield ("few", "secret", _LETTERS[field], 1)
