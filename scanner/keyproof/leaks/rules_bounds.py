"""Bounds of exact patterns: how wide a match can be, and that none of them can run long.

Python's ``re`` backtracks. A pattern is accepted only where its greatest width is known and no
variable repeat lies inside another one that could split the same letters in many ways.
"""

from __future__ import annotations

import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from typing import Any

from keyproof.leaks.rules import BEHIND_LINE

MAXIMUM_WIDTH = 20_000
"""Longest text, in bytes, that a pattern may match: an exact check looks at no more than this."""

_CATEGORIES = {
    op.CATEGORY_DIGIT: b"0123456789",
    op.CATEGORY_SPACE: b" \t\n\r\x0b\x0c",
    op.CATEGORY_WORD: b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_",
}
_NEWLINE = 10
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


class Unsafe(ValueError):
    """A pattern is refused: it could run long, or cannot be turned into a trigger."""


def check_bounded(pattern: str) -> None:
    """Refuse a pattern that has no greatest width, or repeats what itself repeats variably.

    Raises:
        Unsafe: naming what is wrong.
    """
    try:
        tree = parser.parse(pattern.encode("latin-1"))
    except re.error as failure:
        raise Unsafe(f"not a valid expression: {failure.msg}") from None
    if tree.getwidth()[1] > MAXIMUM_WIDTH:
        raise Unsafe(f"it can match more than {MAXIMUM_WIDTH} bytes: bound its repeats")
    _check_nesting(list(tree))


def constant_prefix(pattern: str) -> int:
    """Return how many leading characters of every match are the same constant letters."""
    count = 0
    for code, argument in _flat(list(parser.parse(pattern.encode("latin-1")))):
        if code is not op.LITERAL:
            break
        count += 1
        del argument
    return count


def width(pattern: str) -> tuple[int, int]:
    """Return the least and greatest number of bytes that a pattern matches."""
    low, high = parser.parse(pattern.encode("latin-1")).getwidth()
    return int(low), int(high)


def within_line(pattern: str) -> bool:
    """Whether no match of a pattern holds a line's end, nor asks what stands further behind one."""
    return not _crosses(list(parser.parse(pattern.encode("latin-1"))))


def _crosses(items: list[Any]) -> bool:
    for code, argument in items:
        if code is op.BRANCH:
            crossing = any(_crosses(list(branch)) for branch in argument[1])
        elif code is op.SUBPATTERN:
            crossing = bool(argument[1] & re.DOTALL) or _crosses(list(argument[3]))
        elif code is op.ATOMIC_GROUP:
            crossing = _crosses(list(argument))
        elif code in _REPEATS:
            crossing = _crosses(list(argument[2]))
        elif code in (op.ASSERT, op.ASSERT_NOT):
            ahead, body = argument
            crossing = ahead > 0 and body.getwidth()[1] > BEHIND_LINE and _crosses(list(body))
        elif code is op.AT:
            crossing = False
        else:
            letters = _letters([(code, argument)])
            crossing = letters is None or _NEWLINE in letters
        if crossing:
            return True
    return False


def _flat(items: list[Any]) -> list[Any]:
    """Open leading plain groups, so that ``(?P<secret>ab)`` counts as ``ab``."""
    flat: list[Any] = []
    for code, argument in items:
        if code is op.SUBPATTERN and not argument[1] and not argument[2]:
            flat.extend(_flat(list(argument[3])))
        elif code not in (op.ASSERT, op.ASSERT_NOT, op.AT):
            flat.append((code, argument))
    return flat


def _check_nesting(items: list[Any], *, repeated: bool = False) -> None:
    """Refuse a variable repeat in a repeat, unless what follows it always ends it."""
    for position, (code, argument) in enumerate(items):
        if code in _REPEATS:
            low, high, body = argument
            if repeated and high - low > 1 and not _ended(items, position):
                raise Unsafe("a variable repeat inside a repeat, with nothing that ends it")
            _check_nesting(list(body), repeated=repeated or high > 1)
        elif code is op.SUBPATTERN:
            _check_nesting(list(argument[3]), repeated=repeated)
        elif code is op.BRANCH:
            for branch in argument[1]:
                _check_nesting(list(branch), repeated=repeated)
        elif code in (op.ASSERT, op.ASSERT_NOT):
            _check_nesting(list(argument[1]), repeated=repeated)


def _ended(items: list[Any], position: int) -> bool:
    """Whether the letter after a repeat, around the end of its sequence, is none of its own."""
    own = _letters(items[position][1][2])
    after = [items[(position + step) % len(items)] for step in range(1, len(items) + 1)]
    follower = next((i for i in after if i[0] not in _REPEATS or i[1][0] > 0), None)
    if own is None or follower is None or follower is items[position]:
        return False
    between = after[: after.index(follower)]
    sets = [_letters([i] if i[0] not in _REPEATS else i[1][2]) for i in (*between, follower)]
    return all(letters is not None and not letters & own for letters in sets)


def _letters(items: Any) -> frozenset[int] | None:
    """Return the letters that a one-letter expression accepts; ``None`` for any other."""
    sequence = list(items)
    if len(sequence) != 1:
        return None
    code, argument = sequence[0]
    if code is op.LITERAL:
        return frozenset((argument,))
    if code is op.NOT_LITERAL:
        return frozenset(range(256)) - {argument}
    if code is op.ANY:
        return frozenset(range(256)) - {10}
    return _class_letters(argument) if code is op.IN else None


def _class_letters(members: list[tuple[Any, Any]]) -> frozenset[int] | None:
    """Return the letters of a character class; ``None`` where it names a category unknown here."""
    found: set[int] = set()
    for kind, value in members:
        if kind is op.LITERAL:
            found.add(value)
        elif kind is op.RANGE:
            found.update(range(value[0], value[1] + 1))
        elif kind is op.CATEGORY and value in _CATEGORIES:
            found.update(_CATEGORIES[value])
        elif kind is not op.NEGATE:
            return None
    negated = members[0][0] is op.NEGATE
    return frozenset(set(range(256)) - found if negated else found)
