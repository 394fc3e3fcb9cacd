"""Literals of triggers: of these texts, one at least stands in whatever a trigger matches.

Where no database is compiled yet, they say which few triggers a small text needs at all.
"""

from __future__ import annotations

import re._constants as op  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from itertools import product
from typing import Any

LEAST = 2
"""Shorter literals stand in every text."""
_ENOUGH = 5
"""Longer ones are hardly rarer."""
_MOST = 600
"""So many alternatives are asked for one by one sooner than the trigger is searched."""
_PRODUCT = 16
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)

Alternatives = tuple[bytes, ...]


def literals(expression: bytes) -> Alternatives:
    """Return lower-case texts one of which stands in the lower-case form of every match.

    Nothing where there are none that say anything.
    """
    found = _best(list(parser.parse(expression)))
    return tuple(sorted(found)) if _worth(found)[0] >= LEAST else ()


def _worth(alternatives: frozenset[bytes]) -> tuple[int, int]:
    if not alternatives or len(alternatives) > _MOST:
        return 0, 0
    return min(_ENOUGH, *map(len, alternatives), _ENOUGH), -len(alternatives)


def _best(items: list[Any]) -> frozenset[bytes]:
    """Return the rarest set of alternatives that a sequence cannot do without."""
    return max(_required(items), key=_worth, default=frozenset())


def _required(items: list[Any]) -> Iterator[frozenset[bytes]]:
    """Yield every set of alternatives of a sequence; runs of letters are joined."""
    run = frozenset({b""})
    for item in items:
        letters = _exactly(item)
        if letters is not None and len(run) * len(letters) <= _PRODUCT:
            run = frozenset(a + b for a, b in product(run, letters))
            continue
        yield run
        run = letters if letters is not None else frozenset({b""})
        if letters is None:
            yield _inside(item)
    yield run


def _exactly(item: tuple[Any, Any]) -> frozenset[bytes] | None:
    """Return, in lower case, all that an item matches, where that is a few fixed texts."""
    code, argument = item
    if code is op.LITERAL:
        return frozenset({bytes((argument,)).lower()})
    if code is op.IN:
        made = {bytes((value,)).lower() for kind, value in argument if kind is op.LITERAL}
        plain = all(kind is op.LITERAL for kind, _ in argument)
        return frozenset(made) if plain and len(made) <= _PRODUCT else None
    if code is op.SUBPATTERN:
        return _whole(list(argument[3]))
    if code is op.BRANCH:
        parts = [_whole(list(branch)) for branch in argument[1]]
        known = [part for part in parts if part is not None]
        return frozenset().union(*known) if len(known) == len(parts) else None
    return None


def _whole(items: list[Any]) -> frozenset[bytes] | None:
    made = frozenset({b""})
    for item in items:
        letters = _exactly(item)
        if letters is None or len(made) * len(letters) > _MOST:
            return None
        made = frozenset(a + b for a, b in product(made, letters))
    return made


def _inside(item: tuple[Any, Any]) -> frozenset[bytes]:
    code, argument = item
    if code is op.SUBPATTERN:
        return _best(list(argument[3]))
    if code is op.ATOMIC_GROUP:
        return _best(list(argument))
    if code in _REPEATS and argument[0] > 0:
        return _best(list(argument[2]))
    if code is op.BRANCH:
        parts = [_best(list(branch)) for branch in argument[1]]
        return frozenset().union(*parts) if all(parts) else frozenset()
    return frozenset()
