"""Sift: whether a value where a trigger ended may be random at all, before anything else is asked.

Most assignments near a provider's name hold identifiers, and most lines of lock files digests. The
hook's clean path asks this, so that it imports nothing, not even ``re``.
"""

from __future__ import annotations

_VALUE = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/=_.~:|-"
_DIGITS = b"0123456789"
_MOST_BYTES = 200
_NEAR_BYTES = 8
_SUMS = (b"h1:", b"md5", b"sha1", b"sha2", b"sha3", b"sha5", b"sha-")
"""What go.sum, lock files and checksum lists write before or at the beginning of a digest."""


def may_be_random(text: bytes, start: int) -> bool:
    """Whether the value that begins at ``start`` holds a digit, and nothing says that it is a sum."""
    rest = text[start : start + _MOST_BYTES]
    value = rest[: len(rest) - len(rest.lstrip(_VALUE))]
    if len(value.translate(None, _DIGITS)) == len(value):
        return False
    near = text[max(0, start - _NEAR_BYTES) : start + _NEAR_BYTES]
    return not any(one in near for one in _SUMS)
