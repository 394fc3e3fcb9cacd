"""Forms of packed files, by their first bytes."""

from __future__ import annotations

HEAD_BYTES = 262
"""So much of a file says what it is."""
PNG = b"\x89PNG\r\n\x1a\n"
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
LFS = "lfs:"
"""How the path of what Git LFS keeps begins; its SHA-256 follows."""
_TAR_AT = 257
_BEGINNINGS = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"Cr24", "zip"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (PNG, "png"),
    (b"%PDF-", "pdf"),
    (b"SQLite format 3\0", "sqlite"),
    (b"!<arch>\ndebian-binary", "deb"),
    (b"# v2 git bundle\n", "git"),
    (b"# v3 git bundle\n", "git"),
    (b"PACK\0\0\0\x02", "git"),
    (b"PACK\0\0\0\x03", "git"),
    (LFS_POINTER, "lfs"),
    (b"7z\xbc\xaf\x27\x1c", "unsupported"),
    (b"Rar!\x1a\x07", "unsupported"),
    (b"\x28\xb5\x2f\xfd", "unsupported"),  # Zstandard, RFC 8878
    (b"\x04\x22\x4d\x18", "unsupported"),  # LZ4 frame
    (b"\x1f\x9d", "unsupported"),  # compress
    (b"LZIP\x01", "unsupported"),
    (b"MSCF\0\0\0\0", "unsupported"),
    (b"\xed\xab\xee\xdb", "unsupported"),  # RPM package
)
_FIRST = frozenset(beginning[0] for beginning, _ in _BEGINNINGS)
_ZLIB = frozenset({b"x\x01", b"x\x9c", b"x\xda"})
_BZIP2 = frozenset({b"1AY&SY", b"\x17rE8P\x90"})


def form(data: bytes | bytearray) -> str:
    """Return what ``data`` is by its first bytes: a word, or nothing for what is not packed."""
    if data and data[0] in _FIRST:
        for beginning, name in _BEGINNINGS:
            if data.startswith(beginning):
                return name
    head = bytes(data[:13])
    if head[:3] == b"BZh" and head[4:10] in _BZIP2:
        return "bzip2"
    if head[:2] in _ZLIB:
        return "zlib"
    if head[:3] == b"]\0\0" and head[5:13] in {b"\xff" * 8, head[5:10] + b"\0\0\0"}:
        return "lzma"
    if data[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "tar"
    return ""
