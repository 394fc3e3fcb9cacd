"""Parameter schemas: the subset of JSON Schema that a policy's parameter may use, and its check.

The subset is closed: another keyword is an error when the policy loads, because a keyword that is
read past is a limit that nobody enforces (JSON Schema 2020-12, section 6, for the meanings).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEYWORDS = frozenset({"type", "minimum", "maximum", "enum", "items", "minItems", "maxItems"})
TYPES = ("integer", "string", "boolean", "array")
_LARGEST = 2**53 - 1
"""Every engine, and every JSON reader, holds integers up to here exactly."""


def schema_problem(schema: Mapping[str, Any], *, inside_array: bool = False) -> str | None:
    """Return why a parameter's schema cannot be used, or ``None``."""
    if unknown := sorted(set(schema) - KEYWORDS):
        return (
            f"'{unknown[0]}' is not a keyword of parameter schemas: {', '.join(sorted(KEYWORDS))}"
        )
    kind = schema.get("type")
    if kind not in TYPES or (inside_array and kind == "array"):
        return f"'type' must be one of: {', '.join(TYPES)} (lists are flat)"
    misplaced = _misplaced(schema, str(kind))
    if misplaced:
        return f"'{misplaced}' does not go with type {kind}"
    for word in ("minimum", "maximum", "minItems", "maxItems"):
        if word in schema and not _is_integer(schema[word]):
            return f"'{word}' must be an integer"
    if "enum" in schema and not (isinstance(schema["enum"], list | tuple) and schema["enum"]):
        return "'enum' must be a list with at least one value"
    if kind == "array":
        items = schema.get("items")
        if not isinstance(items, Mapping):
            return "an array says with 'items' what it holds"
        return schema_problem(items, inside_array=True)
    return None


def _misplaced(schema: Mapping[str, Any], kind: str) -> str | None:
    allowed = {
        "integer": {"type", "minimum", "maximum", "enum"},
        "string": {"type", "enum"},
        "boolean": {"type"},
        "array": {"type", "items", "minItems", "maxItems"},
    }[kind]
    return next(iter(sorted(set(schema) - allowed)), None)


def value_problem(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Return why ``value`` does not fit a schema that :func:`schema_problem` accepted."""
    kind = schema["type"]
    if not _TESTS[kind](value):
        return f"must be {'an' if kind[0] in 'ai' else 'a'} {kind}"
    if kind == "integer" and abs(value) > _LARGEST:
        return f"must lie within ±{_LARGEST}"
    if "minimum" in schema and value < schema["minimum"]:
        return f"must be at least {schema['minimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        return f"must be at most {schema['maximum']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"must be one of: {', '.join(map(str, schema['enum']))}"
    return _array_problem(value, schema) if kind == "array" else None


def _array_problem(value: Any, schema: Mapping[str, Any]) -> str | None:
    if len(value) < schema.get("minItems", 0):
        return f"needs at least {schema['minItems']} items"
    if len(value) > schema.get("maxItems", len(value)):
        return f"takes at most {schema['maxItems']} items"
    problems = (value_problem(item, schema["items"]) for item in value)
    inner = next((problem for problem in problems if problem), None)
    return f"each item {inner}" if inner else None


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_array(value: Any) -> bool:
    return isinstance(value, list | tuple)


_TESTS = {
    "integer": _is_integer,
    "string": _is_string,
    "boolean": _is_boolean,
    "array": _is_array,
}
