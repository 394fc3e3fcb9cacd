"""Message: a policy's sentence about one subject, from the values that were compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from keyproof.model.policy import Decision

_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([^{}:|]+)(?:\|([^{}:|]+))?)?\}")
_LIST_SHOWN = 5


def message_of(template: str, title: str) -> Callable[[Decision, Mapping[str, Any]], str]:
    """Return what makes a policy's message for a decision; it never raises.

    A field of the template comes from the evidence, else from the parameters; one that is in
    neither reads "not recorded". ``{days:day}`` is a number with its noun (``1 day``, ``2 days``),
    ``{n:entry|entries}`` one whose plural is not made with an s. A decision without evidence is
    told by its reason.
    """
    pieces = _FIELD.split(template)  # literal, field, noun, plural, literal, … literal
    pairs = tuple(zip(pieces[0::4], pieces[1::4], pieces[2::4], pieces[3::4], strict=False))
    fields, rest = frozenset(pieces[1::4]), pieces[-1]

    def message(decision: Decision, parameters: Mapping[str, Any]) -> str:
        if decision.status not in {"pass", "fail"}:
            return decision.reason or _wordless(decision, title)
        known = {**parameters, **decision.evidence}
        if fields.isdisjoint(known) and (fields or not template):
            return decision.reason or _wordless(decision, title)
        text = ""
        for literal, field, noun, plural in pairs:
            value = known.get(field)
            text += literal + (value if type(value) is str else plain(value))
            if noun:
                text += f" {noun}" if value == 1 else f" {plural or noun + 's'}"
        return text + rest

    return message


def message_fields(template: str) -> frozenset[str]:
    """Return the names between braces in a message template."""
    return frozenset(match[1] for match in _FIELD.finditer(template))


def _wordless(decision: Decision, title: str) -> str:
    return {
        "pass": f"holds: {title}",
        "fail": f"does not hold: {title}",
        "unknown": f"cannot be known: {title}",
        "skip": f"does not apply: {title}",
        "error": f"could not be decided: {title}",
    }[decision.status]


def amount(number: int, word: str) -> str:
    """Return a number with its noun: ``1 gap``, ``2 gaps``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def plain(value: Any) -> str:
    """Return an evidence value as a reader expects it: yes and no, lists with commas."""
    if type(value) is int:  # by far the commonest
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        shown = ", ".join(plain(item) for item in value[:_LIST_SHOWN])
        more = len(value) - _LIST_SHOWN
        return (f"{shown} and {more} more" if more > 0 else shown) or "none"
    return "not recorded" if value is None else str(value)
