"""Rules of Kingfisher 1.x, Nosey Parker and Titus: YAML with a list ``rules``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from keyproof.leaks.conditions import Condition, any_of
from keyproof.leaks.imports._listed import Form, is_yaml_with, read_listed
from keyproof.leaks.imports._rule import Beside, Reading, Rule, Untranslatable, is_named

TITLE = "Kingfisher, Nosey Parker and Titus: YAML rules"
RULES = True
PREFIX = "kingfisher"
_SILENT = {
    "name", "id", "pattern", "examples", "negative_examples", "references", "description", "tags",
    "categories", "visible", "min_entropy", "confidence", "pattern_requirements", "depends_on_rule",
    "keywords", "prevalidated", "severity", "base_score",
}  # fmt: skip
_NETWORK = {"validation", "revocation"}
_REQUIREMENTS = {
    "min_digits": "0123456789",
    "min_uppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "min_lowercase": "abcdefghijklmnopqrstuvwxyz",
    "min_special_chars": "!@#$%^&*()_+-=[]{}|;:'\",.<>?/\\`~",
}
_WITHIN = re.compile(r"(\d+)L")
_FORM = Form("rules", PREFIX, "id")


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    return is_yaml_with("rules", name, text) and "pattern:" in text


def alone(text: str) -> bool:
    """Tell whether a file rests on no other."""
    return True


def read(text: str, name: str) -> Reading:
    """Read a file of rules.

    Raises:
        ConfigError: it is no YAML.
    """
    return read_listed(text, name, _FORM, _rule)


def _rule(raw: Mapping[str, Any], where: str, notes: list[str]) -> Iterator[Rule]:
    unknown = sorted(raw.keys() - _SILENT - _NETWORK)
    if unknown:
        raise Untranslatable(f"'{unknown[0]}' is unknown")
    if not isinstance(raw.get("id"), str) or not isinstance(raw.get("pattern"), str):
        raise Untranslatable("it has no id, or no pattern")
    name = f"{PREFIX}:{raw['id']}"
    notes += [
        f"{where}: {name}: {field} is not run: no network"
        for field in sorted(_NETWORK & raw.keys())
        if raw[field]
    ]
    reported = bool(raw.get("visible", True))
    if not reported:
        notes.append(f"{where}: {name}: a helper (visible: false), which is not reported")
    confidence = str(raw.get("confidence", "medium")).lower()
    if confidence not in {"high", "medium", "low"}:
        raise Untranslatable("confidence is high, medium or low")
    yield Rule(
        id=name,
        where=where,
        pattern=raw["pattern"],
        dialect="rust",
        group="TOKEN" if re.search(r"\(\?P?<TOKEN>", raw["pattern"]) else -1,
        skip=any_of(*_conditions(raw)),
        beside=tuple(_beside(raw.get("depends_on_rule") or (), f"{where}: {name}", notes)),
        confidence=cast("Literal['high', 'medium', 'low']", confidence),
        named=is_named(raw["id"]),
        reported=reported,
        examples=tuple(map(str, raw.get("examples") or ())),
        counterexamples=tuple(map(str, raw.get("negative_examples") or ())),
    )


def _conditions(raw: Mapping[str, Any]) -> Iterator[Condition]:
    if raw.get("min_entropy"):
        yield ("entropy_below", "secret", float(raw["min_entropy"]))
    asked = dict(raw.get("pattern_requirements") or {})
    special = asked.pop("special_chars", None)
    words = asked.pop("ignore_if_contains", None) or ()
    for field in sorted(asked):
        if field not in _REQUIREMENTS:
            raise Untranslatable(f"pattern_requirements: '{field}' has no equal")
        letters = special if special and field == "min_special_chars" else _REQUIREMENTS[field]
        if asked[field]:
            yield ("few", "secret", str(letters), int(asked[field]))
    if words:
        yield ("contains_fold", "secret", tuple(map(str, words)))


def _beside(raws: Any, where: str, notes: list[str]) -> Iterator[Beside]:
    """Yield the rules without whose match there is no finding: those with a window."""
    for raw in raws:
        if raw is None:
            continue
        within = str(raw.get("within") or "0")
        if raw.get("optional") or within == "0":
            notes.append(f"{where}: depends_on_rule serves a live check alone, which is not run")
            continue
        lines = _WITHIN.fullmatch(within)
        if lines is None:
            raise Untranslatable("depends_on_rule: only a window of lines ('3L') has an equal")
        yield Beside(f"{PREFIX}:{raw.get('rule_id', '')}", int(lines[1]) - 1, None)
