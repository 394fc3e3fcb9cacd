"""Allow-lists of Gitleaks and Betterleaks, as conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keyproof.leaks.conditions import Condition, all_of, any_of
from keyproof.leaks.imports._dialect import translate
from keyproof.leaks.imports._rule import Untranslatable

_ALLOW_FIELDS = {
    "description", "condition", "commits", "paths", "regexTarget", "regexes", "stopwords",
    "targetRules",
}  # fmt: skip


def tables(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the allow-lists of a file or rule, in the older and the newer form."""
    one = data.get("allowlist")
    return [*([one] if isinstance(one, dict) else []), *data.get("allowlists", [])]


def allowed(raw: Mapping[str, Any]) -> Condition:
    """Return the condition of one allow-list: all that it lists, or any of it."""
    unknown = sorted(raw.keys() - _ALLOW_FIELDS)
    if unknown:
        raise Untranslatable(f"'{unknown[0]}' is unknown")
    target = raw.get("regexTarget") or "secret"
    if target not in {"secret", "match", "line"}:
        raise Untranslatable("regexTarget is secret, match or line")
    parts: list[Condition] = []
    for field, subject in (("regexes", target), ("paths", "path")):
        if raw.get(field):
            expressions = tuple(translate(str(one), "go") for one in raw[field])
            parts.append(("matches", subject, expressions))
    if raw.get("stopwords"):
        parts.append(("contains_fold", "secret", tuple(map(str, raw["stopwords"]))))
    if raw.get("commits"):
        parts.append(("in", "commit", tuple(str(one).lower() for one in raw["commits"])))
    joined: Callable[..., Condition] = (
        all_of if str(raw.get("condition", "OR")).upper() in {"AND", "&&"} else any_of
    )
    return joined(*parts) if parts else False
