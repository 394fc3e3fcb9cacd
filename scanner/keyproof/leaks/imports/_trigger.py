"""Triggers of imported rules: the most telling part of an expression, for hyperscan.

Others' expressions have no bounds. A trigger is a run of neighbours in the expression, each of
bounded width, that tells most about a match; the rest is left to the exact check, which looks
:data:`REACH` bytes around.
"""

from __future__ import annotations

import math
import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from keyproof.leaks.imports._rule import Untranslatable

REACH = 8192
"""A match is seen as far as it reaches no further than so many bytes from its trigger."""
_WIDEST = 640
"""No trigger is wider: what is, is looked for in long stretches (``databases.WIDTHS``)."""
_LEAST_BITS = 20.0
"""What a trigger must tell: two letters and a half."""
_ENOUGH_BITS = 60.0
LETTERS = 3
_LETTERS_WORTH = 40.0
"""Letters that are given tell more than letters of a class: texts are full of runs of those."""
_LONGEST = 48
_FLAGS = re.IGNORECASE | re.DOTALL
_CATEGORIES = {
    op.CATEGORY_DIGIT: (10, "0-9"),
    op.CATEGORY_SPACE: (6, r" \t\n\r\x0b\x0c"),
    op.CATEGORY_WORD: (63, "0-9A-Za-z_"),
    op.CATEGORY_NOT_DIGIT: (246, r"\x00-\x2f\x3a-\xff"),
    op.CATEGORY_NOT_SPACE: (250, r"\x00-\x08\x0e-\x1f\x21-\xff"),
    op.CATEGORY_NOT_WORD: (193, r"\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\xff"),
}
_ASCII = 128
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)
_EDGES = (op.ASSERT, op.ASSERT_NOT, op.AT)


class Piece(NamedTuple):
    """A part of an expression as hyperscan takes it.

    Attributes:
        bits: what it tells; ``letters``: how many of its bytes are given.
        least: fewest bytes that it matches; ``most``: most of them, ``inf`` for no bound.
        words: texts (lower case) one of which every match holds; empty where that is unknown.
        short: the same with a repeat cut to its least count, at most ``edge`` bytes wide.
    """

    text: str
    bits: float = 0.0
    letters: int = 0
    least: int = 0
    most: float = 0
    words: tuple[str, ...] = ()
    short: str = ""
    edge: float = 0


class Found(NamedTuple):
    """A trigger and its width, and how far before and after its end a whole match can reach."""

    expression: str
    width: int
    before: int
    after: int
    letters: int


def pieces(pattern: str) -> list[Piece]:
    """Split an expression into the neighbours that it consists of.

    Raises:
        Untranslatable: it is no valid expression.
    """
    try:
        tree = parser.parse(pattern.replace("\\z", "\\Z").encode("latin-1"))
    except (re.error, OverflowError, RecursionError):
        raise Untranslatable("not a valid expression") from None
    return list(_pieces(tree, tree.state.flags & _FLAGS))


def width(found: Sequence[Piece]) -> float:
    """Return the most bytes that all pieces together match."""
    return sum(piece.most for piece in found)


def holds(found: Sequence[Piece], keywords: Sequence[str]) -> bool:
    """Tell whether every match holds one of the keywords (lower case)."""
    return any(
        piece.words and all(any(k in word for k in keywords) for word in piece.words)
        for piece in _joined(found)
    )


def trigger(found: Sequence[Piece]) -> Found | None:
    """Return the best trigger; ``None`` where none tells enough."""
    best, chosen = 0.0, (0, 0)
    for low, first in enumerate(found):
        bits, letters, inside = 0.0, 0, 0.0
        for high in range(low, len(found)):
            piece = found[high]
            bits, letters = bits + piece.bits, letters + piece.letters
            if inside + piece.edge > _WIDEST:
                break
            worth = min(bits, _ENOUGH_BITS) + _LETTERS_WORTH * (letters >= LETTERS)
            if piece.bits and worth > best + 1:
                best, chosen = worth, (low, high + 1)
            inside += piece.most if high > low else first.edge
    low, high = _prolonged(found, *chosen)
    if sum(piece.bits for piece in found[low:high]) < _LEAST_BITS:
        return None
    inner, last = found[low : high - 1], found[high - 1]
    # a run of letters of a class triggers at each of them: its beginning may lie far behind
    anchored = sum(piece.letters for piece in inner) >= LETTERS
    return Found(
        _expression(found[low:high]),
        _bound(sum(piece.most for piece in inner) + last.edge),
        _bound(width(found[: high - 1]) + (last.edge if anchored else last.most)),
        _bound(width(found[high - 1 :])),
        sum(piece.letters for piece in found[low:high]),
    )


def _prolonged(found: Sequence[Piece], low: int, high: int) -> tuple[int, int]:
    """Add the given letters that follow: they cost nothing."""
    while (
        0 < high < len(found) and high - low < _LONGEST and found[high].words and found[high].least
    ):
        if found[high].most != 1:
            break
        high += 1
    return low, high


def _expression(chosen: Sequence[Piece]) -> str:
    """Return the trigger: the repeats at both edges cut to what they must match."""
    edges = {0, len(chosen) - 1}
    return "".join(
        piece.short if index in edges else piece.text for index, piece in enumerate(chosen)
    )


def _bound(reach: float) -> int:
    return int(min(reach + 1, REACH))


def _joined(found: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces, runs of given letters as one."""
    run = ""
    for piece in found:
        if len(piece.words) == 1 and piece.least == piece.most == len(piece.words[0]):
            run += piece.words[0]
            continue
        if run:
            yield Piece("", words=(run,))
        run = ""
        yield piece
    if run:
        yield Piece("", words=(run,))


def _pieces(items: Any, flags: int) -> Iterator[Piece]:
    for code, argument in items:
        if code in _EDGES:
            continue
        if code is op.SUBPATTERN:
            _, added, removed, body = argument
            yield from _pieces(body, ((flags | added) & ~removed) & _FLAGS)
        else:
            yield _piece(code, argument, flags)


def _piece(code: Any, argument: Any, flags: int) -> Piece:
    if code in _REPEATS:
        return _repeat(argument, flags)
    if code is op.BRANCH:
        return _branch(argument[1], flags)
    fold = bool(flags & re.IGNORECASE)
    if code is op.LITERAL:
        word = chr(argument).lower()
        fold = fold and argument < _ASCII and word.isalpha()
        text = f"(?i:{word})" if fold else _literal(argument)
        return Piece(text, 7.0 if fold else 8.0, 1, 1, 1, (word,), text, 1)
    size, text = _one_of(code, argument, flags)
    text = f"(?i:{text})" if fold else text
    bits = 8 - math.log2(min(256, size * (2 if fold else 1)))
    return Piece(text, bits, 0, 1, 1, (), text, 1)


def _repeat(argument: tuple[int, Any, Any], flags: int) -> Piece:
    low, high, body = argument
    inner = list(_pieces(body, flags))
    text = "".join(piece.text for piece in inner)
    if not text:
        return Piece("")
    endless = high is op.MAXREPEAT
    count = f"{{{low}}}" if low == high else f"{{{low},{'' if endless else high}}}"
    return Piece(
        f"(?:{text}){count}",
        low * sum(piece.bits for piece in inner),
        low * sum(piece.letters for piece in inner),
        low * sum(piece.least for piece in inner),
        math.inf if endless else int(high) * width(inner),
        inner[0].words if low and len(inner) == 1 else (),
        f"(?:{text}){{{low}}}" if low else "",
        low * width(inner) if low else 0,
    )


def _branch(branches: Sequence[Any], flags: int) -> Piece:
    parts = [list(_pieces(branch, flags)) for branch in branches]
    longest = [
        max((w for p in _joined(part) for w in p.words), key=len, default="") for part in parts
    ]
    chance = sum(2.0 ** -sum(piece.bits for piece in part) for part in parts)
    most = max(width(part) for part in parts)
    text = "(?:" + "|".join("".join(piece.text for piece in part) for part in parts) + ")"
    return Piece(
        text,
        max(0.0, -math.log2(chance)),
        min(sum(piece.letters for piece in part) for part in parts),
        min(sum(piece.least for piece in part) for part in parts),
        most,
        tuple(longest) if all(longest) else (),
        text,
        most,
    )


def _one_of(code: Any, argument: Any, flags: int) -> tuple[int, str]:
    """Return how many letters a one-letter expression accepts, and the expression."""
    if code is op.ANY:
        return (256, r"[\x00-\xff]") if flags & re.DOTALL else (255, r"[^\n]")
    if code is op.NOT_LITERAL:
        return 255, f"[^{_literal(argument)}]"
    if code is not op.IN:
        raise Untranslatable(f"{str(code).lower().replace('_', ' ')} has no equal")
    size, parts = 0, []
    negated = argument[0][0] is op.NEGATE
    for kind, value in argument[negated:]:
        if kind is op.CATEGORY:
            size += _CATEGORIES[value][0]
            parts.append(_CATEGORIES[value][1])
        elif kind is op.RANGE:
            size += value[1] - value[0] + 1
            parts.append(f"{_literal(value[0])}-{_literal(value[1])}")
        else:
            size += 1
            parts.append(_literal(value))
    size = max(1, 256 - min(size, 255)) if negated else min(size, 256)
    return size, f"[{'^' if negated else ''}{''.join(parts)}]"


def _literal(number: int) -> str:
    character = chr(number)
    return character if character.isascii() and character.isalnum() else f"\\x{number:02x}"
