"""Conditions: what an imported rule says about when a match is no secret, as one expression.

A condition is a boolean or a tuple, ``(operator, …operands)``; it is true where the match is to be
skipped. What it asks of the text is answered at the match; what it asks of the place (path, commit)
stays, without any value that was read, and is answered when the place is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from keyproof.leaks.file_places import is_at
from keyproof.leaks.placeholders import entropy

Condition = Any
"""``True``, ``False`` or a tuple of plain data; see :data:`OPERATORS`.

Subjects of the match are ``secret``, ``match``, ``line`` and ``near`` (:data:`NEAR` bytes around
it), subjects of the place ``path`` and ``commit``.
"""

NEAR = 1024
"""Within so many bytes of a match its keywords count, and the parts that belong to it."""


def any_of(*conditions: Condition) -> Condition:
    """Return the disjunction, as short as it can be."""
    left = [one for one in conditions if one is not False]
    if any(one is True for one in left):
        return True
    return ("or", *left) if len(left) > 1 else left[0] if left else False


def all_of(*conditions: Condition) -> Condition:
    """Return the conjunction, as short as it can be."""
    left = [one for one in conditions if one is not True]
    if any(one is False for one in left):
        return False
    return ("and", *left) if len(left) > 1 else left[0] if left else True


def negated(condition: Condition) -> Condition:
    """Return the contrary."""
    return not condition if isinstance(condition, bool) else ("not", condition)


def reduce(condition: Condition, known: Mapping[str, bytes]) -> Condition:
    """Answer what can be answered from the subjects that are ``known``; return what is left.

    What is left names no subject of the text once all of them are known.
    """
    if isinstance(condition, bool):
        return condition
    operator, *operands = condition
    if operator == "or":
        return any_of(*(reduce(one, known) for one in operands))
    if operator == "and":
        return all_of(*(reduce(one, known) for one in operands))
    if operator == "not":
        return negated(reduce(operands[0], known))
    subject, *rest = operands
    return OPERATORS[operator](known[subject], *rest) if subject in known else condition


def dump(condition: Condition) -> str:
    """Return a condition as text; the empty text for ``False``, which skips nothing."""
    return "" if condition is False else json.dumps(condition, separators=(",", ":"))


@lru_cache(maxsize=4096)
def load(text: str) -> Condition:
    """Return the condition of :func:`dump`'s text."""
    return _tuples(json.loads(text)) if text else False


def skips(pending: str, path: bytes | None, commit: str | None) -> bool:
    """Tell whether what was left of a condition skips a place."""
    if not pending:
        return False
    known = {"path": path or b"", "commit": (commit or "").encode()}
    return reduce(load(pending), known) is True


def _tuples(data: Any) -> Condition:
    return tuple(_tuples(one) for one in data) if isinstance(data, list) else data


@lru_cache(maxsize=8192)
def compiled(pattern: str) -> Any:
    """Return google-re2's compilation of an expression over bytes, given as latin-1 text."""
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(pattern.encode("latin-1"), options)


def group_number(expression: Any, group: int | str) -> int | None:
    """Return the number of a group of a compiled expression; ``None`` if there is no such group."""
    if isinstance(group, int):
        return group if group <= expression.groups else None
    found = expression.groupindex
    number = found.get(group, found.get(group.encode()))
    return None if number is None else int(number)


def _matches(value: bytes, patterns: Sequence[str]) -> bool:
    return any(compiled(one).search(value) for one in patterns)


def _contains(value: bytes, words: Sequence[str]) -> bool:
    return any(word.encode() in value for word in words)


def _contains_fold(value: bytes, words: Sequence[str]) -> bool:
    lowered = value.lower()
    return any(word.lower().encode() in lowered for word in words)


def _is_in(value: bytes, words: Sequence[str]) -> bool:
    return value.decode("utf-8", "replace") in words


def _few(value: bytes, letters: str, least: int) -> bool:
    return sum(character in letters.encode() for character in value) < least


OPERATORS: Mapping[str, Callable[..., bool]] = {
    "matches": _matches,
    "contains": _contains,
    "contains_fold": _contains_fold,
    "in": _is_in,
    "starts": lambda value, word: value.startswith(word.encode()),
    "ends": lambda value, word: value.endswith(word.encode()),
    "at": is_at,
    "entropy_most": lambda value, most: entropy(value) <= most,
    "entropy_below": lambda value, limit: entropy(value) < limit,
    "shorter": lambda value, least: len(value) < least,
    "few": _few,
}
"""What can be asked of a subject, by name: each takes its bytes, and then the operands."""
