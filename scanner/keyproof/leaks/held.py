"""Held: the secrets that a text holds, in each form in which it stands there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from keyproof.leaks.hit import Hit
from keyproof.leaks.matcher import Matcher


class Held(NamedTuple):
    """A text with secrets in it: a whole file, or what was decoded from one.

    Attributes:
        line: the number of its first line in the file.
        exact: columns mean something to a person who looks at the file.
    """

    text: bytes
    hits: Sequence[Hit]
    line: int = 1
    exact: bool = True
    decoded: bool = False


class Holding(NamedTuple):
    """The texts with secrets of one file; ``cut``: more of it is encoded than was decoded."""

    texts: Sequence[Held]
    cut: bool = False


def hold(matcher: Matcher, data: bytes) -> Holding:
    """Return what a file holds."""
    before = matcher.effort[1]
    texts = held(matcher, data)
    return Holding(texts, matcher.effort[1] > before)


def held(matcher: Matcher, data: bytes) -> list[Held]:
    """Return the texts with secrets that ``data`` is, or is an encoding of."""
    texts = [Held(data, matcher.find(data))]
    if b"\0" in data:
        from keyproof.leaks import decode

        texts += [
            Held(view.text, matcher.find(view.text), view.line, view.exact, decoded=True)
            for view in decode.views(data)
        ]
    return [text for text in texts if text.hits]
