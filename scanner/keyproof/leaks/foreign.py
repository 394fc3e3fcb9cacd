"""The exact check of an imported rule: its expression on google-re2, then its conditions.

Loaded only where such a rule has triggered. What a rule says of paths and commits stays with the
hit (``Hit.pending``) until the place is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from keyproof.leaks import conditions
from keyproof.leaks.conditions import NEAR, Condition, compiled, dump, group_number, reduce
from keyproof.leaks.hit import Hit
from keyproof.leaks.rules import Detector
from keyproof.model.secret import Secret

_LINE = 512
"""How much of the line beside a match counts."""


class _Beside(NamedTuple):
    pattern: str
    skip: Condition
    lines: int | None
    columns: int | None


class _Foreign(NamedTuple):
    group: int | str
    skip: Condition
    beside: tuple[_Beside, ...]


@lru_cache(maxsize=4096)
def _foreign(text: str) -> _Foreign:
    group, skip, beside = json.loads(text)
    return _Foreign(
        group,
        conditions.load(json.dumps(skip)),
        tuple(
            _Beside(pattern, conditions.load(json.dumps(one)), lines, columns)
            for pattern, one, lines, columns in beside
        ),
    )


def confirm(rule: Detector, text: bytes, end: int) -> Iterator[Hit]:
    """Yield the hits of an imported rule around the end that its trigger reported."""
    foreign = _foreign(rule.foreign)
    low, high = max(0, end - rule.before), min(len(text), end + rule.after)
    for match in compiled(rule.pattern).finditer(text, low, high):
        if rule.covers:
            if match.start() >= end:
                return
            if match.end() < end:
                continue
        hit = _judge(rule, foreign, text, match)
        if hit is not None:
            yield hit


def matches(rule: Detector, text: bytes) -> Iterator[Hit]:
    """Yield the hits of an imported rule anywhere in a short text."""
    for match in compiled(rule.pattern).finditer(text):
        hit = _judge(rule, _foreign(rule.foreign), text, match)
        if hit is not None:
            yield hit


def _judge(rule: Detector, foreign: _Foreign, text: bytes, match: Any) -> Hit | None:
    start, end = _secret(foreign.group, match)
    if start == end:
        return None
    left = reduce(foreign.skip, _subjects(text, match, start, end))
    if left is True or not all(_stands(one, text, match) for one in foreign.beside):
        return None
    return Hit(
        detector=rule.id,
        start=start,
        end=end,
        secret=Secret(text[start:end]),
        key_ids=(),
        provider_hashes=(),
        confidence=rule.confidence,
        public_prefix=0,
        pending=dump(left),
    )


def _secret(group: int | str, match: Any) -> tuple[int, int]:
    """Return where the secret stands: the group, or the first that matched anything."""
    number = group_number(match.re, group)
    if number is not None and number >= 0:
        start, end = match.span(number)
        return (start, end) if start >= 0 else (0, 0)
    spans = (match.span(each) for each in range(1, match.re.groups + 1))
    return next(((low, high) for low, high in spans if 0 <= low < high), match.span())


def _subjects(text: bytes, match: Any, start: int, end: int) -> dict[str, bytes]:
    low, high = match.span()
    line_low = max(text.rfind(b"\n", 0, low) + 1, low - _LINE)
    line_end = text.find(b"\n", high, high + _LINE)
    return {
        "secret": text[start:end],
        "match": text[low:high],
        "line": text[line_low : line_end if line_end >= 0 else high + _LINE],
        "near": text[max(0, low - NEAR) : high + NEAR],
    }


def _stands(one: _Beside, text: bytes, match: Any) -> bool:
    """Tell whether the part that must stand near does."""
    low, high = max(0, match.start() - NEAR), min(len(text), match.end() + NEAR)
    return any(
        _close(one, text, match, other)
        and reduce(one.skip, _subjects(text, other, *_secret(-1, other))) is not True
        for other in compiled(one.pattern).finditer(text, low, high)
    )


def _close(one: _Beside, text: bytes, match: Any, other: Any) -> bool:
    first, second = sorted((match.start(), other.start()))
    lines = text.count(b"\n", first, second)
    columns = abs(_column(text, match.start()) - _column(text, other.start()))
    return (one.lines is None or lines <= one.lines) and (
        one.columns is None or columns <= one.columns
    )


def _column(text: bytes, at: int) -> int:
    return at - text.rfind(b"\n", 0, at)
