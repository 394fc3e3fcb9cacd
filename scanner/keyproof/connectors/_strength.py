"""How strong a key can be at most, from its length and letters: the value itself is not kept."""

from __future__ import annotations

import math

from keyproof.model.secret import Secret

_CLASSES = (
    frozenset(b"0123456789"),
    frozenset(b"abcdefghijklmnopqrstuvwxyz"),
    frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
)
_OTHERS = 33
"""The printable ASCII characters that are neither digits nor letters."""


def most_bits(value: Secret) -> int:
    """Return the bits that a random text of this length and these kinds of characters holds.

    It is a bound: what was made up by a person holds fewer.
    """
    data = value.reveal()
    found = set(data)
    alphabet = sum(len(kind) for kind in _CLASSES if found & kind)
    alphabet += _OTHERS if found - frozenset().union(*_CLASSES) else 0
    return int(len(data) * math.log2(alphabet)) if alphabet else 0
