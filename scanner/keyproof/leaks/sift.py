"""Sift: whether a value where a trigger ended may be random at all, before anything else is asked.

Most assignments near a provider's name hold identifiers, and most lines of lock files digests. The
hook's clean path asks this, so that it imports nothing, not even ``re``.
"""

from __future__ import annotations

_VALUE = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/=_.~:|-"
_DIGITS = b"0123456789"
MOST_BYTES = 200
NEAR_BYTES = 8
"""So much of a value is looked at, and so much before it and of its beginning for what it is."""
_SHA = (b"sha1", b"sha2", b"sha3", b"sha5", b"sha-")
"""With ``h1:`` and ``md5`` what go.sum, lock files and checksum lists write before a digest."""


def may_be_random(text: bytes, start: int) -> bool:
    """Whether the value that begins at ``start`` holds a digit, and nothing says that it is a sum."""
    rest = text[start : start + MOST_BYTES]
    value = rest[: len(rest) - len(rest.lstrip(_VALUE))]
    if len(value.translate(None, _DIGITS)) == len(value):
        return False
    near = text[max(0, start - NEAR_BYTES) : start + NEAR_BYTES]
    if b"h1:" in near or b"md5" in near:
        return False
    return b"sha" not in near or not any(one in near for one in _SHA)
