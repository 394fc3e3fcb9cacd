"""Fitting: checks values against the JSON Schemas of subjects, a whole column at a time.

The schemas are those that :mod:`keyproof.pipeline.flat_fields` makes from the structs, and only
their keywords are known: type, enum, items, properties, required and additionalProperties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
_KEYWORDS = frozenset(
    {"type", "enum", "items", "properties", "required", "additionalProperties", "description"}
)
_ARRAYS = (list, tuple)
_LEAST, _LARGEST = -(2**63), 2**63 - 1


class Fit(NamedTuple):
    """A schema, made ready: the types that a value may have, and what else must hold of it."""

    types: frozenset[type]
    inner: Callable[[Any], bool] | None

    def __call__(self, value: Any) -> bool:
        """Tell whether one value fits."""
        return type(value) in self.types and (self.inner is None or self.inner(value))

    def misfits(self, values: Sequence[Any]) -> list[int]:
        """Return the positions of the values that do not fit."""
        if self.types.issuperset(map(type, values)):
            if self.inner is None:
                return []
            if self.inner is _is_held_exactly:
                numbers = [value for value in values if value is not None]
                if not numbers or (min(numbers) >= _LEAST and max(numbers) <= _LARGEST):
                    return []
        return [position for position, value in enumerate(values) if not self(value)]


def fit_of(schema: Mapping[str, Any]) -> Fit:
    """Return the check of a schema.

    Raises:
        ValueError: the schema uses a keyword that nothing here would check.
    """
    if unknown := schema.keys() - _KEYWORDS:
        raise ValueError(f"unchecked keywords: {', '.join(sorted(unknown))}")
    if "enum" in schema:
        return _one_of(schema["enum"])
    named = schema["type"]
    names = [named] if isinstance(named, str) else named
    types = {_TYPES[name] for name in names}
    if list in types:
        return Fit(frozenset({*types, tuple}), _all_items(fit_of(schema["items"])))
    if dict in types:
        return Fit(frozenset(types), _object(schema))
    return Fit(frozenset(types), _is_held_exactly if int in types else None)


def _is_held_exactly(value: Any) -> bool:
    """Tell whether every engine holds a number as it is: beyond 64 bits some make it a float."""
    return value is None or _LEAST <= value <= _LARGEST


def _one_of(allowed: Iterable[Any]) -> Fit:
    values = frozenset(allowed)
    return Fit(frozenset(map(type, values)), values.__contains__)


def _all_items(fit: Fit) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        return not isinstance(value, _ARRAYS) or not fit.misfits(value)

    return check


def _object(schema: Mapping[str, Any]) -> Callable[[Any], bool]:
    fits = {name: fit_of(inner) for name, inner in schema.get("properties", {}).items()}
    required = frozenset(schema.get("required", ()))
    further = schema.get("additionalProperties", False)
    rest = fit_of(further) if isinstance(further, Mapping) else None

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True  # null, where the type allows it
        if not required <= value.keys():
            return False
        for name, item in value.items():
            fit = fits.get(name, rest)
            if type(name) is not str or fit is None or not fit(item):
                return False
        return True

    return check
