"""Forms of packed files, by their first bytes."""

from __future__ import annotations

HEAD_BYTES = 262
"""So much of a file says what it is."""
PNG = b"\x89PNG\r\n\x1a\n"
_TAR_AT = 257


def form(data: bytes | bytearray) -> str:
    """Return what ``data`` is by its first bytes: a word, or nothing for what is not packed."""
    head = bytes(data[:4])
    if head[:2] == b"PK" and head in {b"PK\x03\x04", b"PK\x05\x06"}:
        return "zip"
    if head[:3] == b"\x1f\x8b\x08":
        return "gzip"
    if head[:3] == b"BZh" and bytes(data[4:10]) in {b"1AY&SY", b"\x17rE8P\x90"}:
        return "bzip2"
    if head == b"\xfd7zX" and data[:6] == b"\xfd7zXZ\0":
        return "xz"
    if head == b"\x89PNG" and data.startswith(PNG):
        return "png"
    if data[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "tar"
    return ""
