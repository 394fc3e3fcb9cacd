"""Derives hyperscan triggers from exact patterns.

A trigger accepts a superset of what its pattern accepts: look-arounds and anchors are dropped, and
the last repeat is cut to its least count, so that hyperscan calls back once and not for every byte
that prolongs a token. The end it reports then lies inside the pattern's match.
"""

from __future__ import annotations

import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from typing import Any, NamedTuple

from keyproof.leaks.rules_bounds import Unsafe, check_bounded

LEAST = 3
"""Bytes that a trigger must at least ask for."""


class Derived(NamedTuple):
    """One trigger expression, and the most bytes that it and its pattern can match."""

    expression: str
    before: int
    after: int


def trigger_width(expression: bytes) -> int:
    """Return the most bytes that a trigger matches, and one before them, for what it asks there."""
    return int(parser.parse(expression).getwidth()[1]) + 1


def derive(pattern: str) -> Derived:
    """Return the trigger of an exact pattern.

    Raises:
        Unsafe: see :func:`check_bounded`; or the pattern uses a back-reference.
    """
    tree = parser.parse(pattern.encode("latin-1"))
    check_bounded(pattern)
    expression = _sequence(list(tree), tail=True)
    if not expression or parser.parse(expression.encode("latin-1")).getwidth()[0] < LEAST:
        raise Unsafe("its trigger would match almost everything")
    before = parser.parse(expression.encode("latin-1")).getwidth()[1]
    return Derived(expression, before + 1, tree.getwidth()[1] + 1)


def _sequence(items: list[Any], *, tail: bool) -> str:
    parts: list[str] = []
    for item in reversed(items):
        text = _item(item, tail=tail)
        if text:
            parts.append(text)
            tail = False
    return "".join(reversed(parts))


def _item(item: tuple[Any, Any], *, tail: bool) -> str:
    code, argument = item
    if code in (op.ASSERT, op.ASSERT_NOT, op.AT):
        return ""
    if code in _ONE_LETTER:
        return _letter(code, argument)
    if code is op.BRANCH:
        return _branches(argument[1], tail=tail)
    if code is op.SUBPATTERN:
        return _group(argument, tail=tail)
    if code is op.ATOMIC_GROUP:
        return _wrapped(_sequence(list(argument), tail=tail))
    if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return _repeat(argument, tail=tail)
    raise Unsafe(f"a trigger cannot be derived from {str(code).lower()}")


def _letter(code: Any, argument: Any) -> str:
    if code is op.LITERAL:
        return _literal(argument)
    if code is op.NOT_LITERAL:
        return f"[^{_literal(argument)}]"
    return r"[^\n]" if code is op.ANY else _members(argument)


def _branches(branches: list[Any], *, tail: bool) -> str:
    texts = [_sequence(list(branch), tail=tail) for branch in branches]
    if not any(texts) or (tail and not all(texts)):
        return ""  # one of them may match nothing here: what stands before has to do
    return f"(?:{'|'.join(texts)})"


def _group(argument: tuple[Any, int, int, Any], *, tail: bool) -> str:
    _, added, removed, body = argument
    inner = _sequence(list(body), tail=tail)
    if not inner:
        return ""
    if added & re.IGNORECASE:
        return f"(?i:{inner})"
    if removed & re.IGNORECASE:
        return f"(?-i:{inner})"
    return _wrapped(inner)


def _wrapped(text: str) -> str:
    return f"(?:{text})" if text else ""


def _repeat(argument: tuple[int, int, Any], *, tail: bool) -> str:
    low, high, body = argument
    inner = _sequence(list(body), tail=False)
    if not inner:
        return ""
    if tail:
        high = low
    if high == 0:
        return ""
    if (low, high) == (1, 1):
        return _wrapped(inner)
    return f"(?:{inner})" + (f"{{{low}}}" if low == high else f"{{{low},{high}}}")


def _members(members: list[tuple[Any, Any]]) -> str:
    negate, parts = "", []
    for code, argument in members:
        if code is op.NEGATE:
            negate = "^"
        elif code is op.LITERAL:
            parts.append(_literal(argument))
        elif code is op.RANGE:
            parts.append(f"{_literal(argument[0])}-{_literal(argument[1])}")
        else:
            parts.append(_CATEGORIES[argument])
    return f"[{negate}{''.join(parts)}]"


_ONE_LETTER = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN)
_CATEGORIES = {
    op.CATEGORY_DIGIT: "0-9",
    op.CATEGORY_SPACE: r" \t\n\r\x0b\x0c",
    op.CATEGORY_WORD: "0-9A-Za-z_",
    op.CATEGORY_NOT_SPACE: r"\x00-\x08\x0e-\x1f\x21-\xff",
}


def _literal(number: int) -> str:
    character = chr(number)
    return character if character.isascii() and character.isalnum() else f"\\x{number:02x}"
