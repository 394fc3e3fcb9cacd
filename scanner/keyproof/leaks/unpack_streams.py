"""Compressed streams (gzip, bzip2, xz) and the compressed texts of a PNG, from memory."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from keyproof.leaks.unpack_forms import PNG

_MEMORY_BYTES = 160 << 20
_STEP = 1 << 20


class Unpacked(NamedTuple):
    """What a stream gave. ``reason`` says why there is no more (``corrupt``, ``limit``), or nothing."""

    data: bytes
    reason: str


def gzipped(data: bytes, limit: int) -> Unpacked:
    """Decompress gzip (RFC 1952), all members of the file."""
    parts: list[bytes] = []
    size = 0
    while data:
        stream = zlib.decompressobj(31)
        rest = data
        while not stream.eof:
            try:
                piece = stream.decompress(rest, min(_STEP, limit - size + 1))
            except zlib.error:
                return _after(parts, data)
            parts.append(piece)
            size += len(piece)
            if size > limit:
                return Unpacked(b"".join(parts)[:limit], "limit")
            rest = stream.unconsumed_tail
            if not piece and not rest and not stream.eof:
                return Unpacked(b"".join(parts), "corrupt")
        data = stream.unused_data.lstrip(b"\0")
    return Unpacked(b"".join(parts), "")


def _after(parts: list[bytes], rest: bytes) -> Unpacked:
    """End where a further member is damaged; bytes behind a whole file that are none are padding."""
    damaged = not parts or rest.startswith(b"\x1f\x8b")
    return Unpacked(b"".join(parts), "corrupt" if damaged else "")


def bzipped(data: bytes, limit: int) -> Unpacked:
    """Decompress bzip2, all streams of the file."""
    parts: list[bytes] = []
    size = 0
    while data.startswith(b"BZh"):
        stream = bz2.BZ2Decompressor()
        rest = data
        while not stream.eof:
            try:
                piece = stream.decompress(rest, min(_STEP, limit - size + 1))
            except (OSError, ValueError):
                return Unpacked(b"".join(parts), "corrupt")
            rest = b""
            parts.append(piece)
            size += len(piece)
            if size > limit:
                return Unpacked(b"".join(parts)[:limit], "limit")
            if stream.needs_input and not stream.eof:
                return Unpacked(b"".join(parts), "corrupt")
        data = stream.unused_data
    return Unpacked(b"".join(parts), "")


def xzipped(data: bytes, limit: int) -> Unpacked:
    """Decompress xz, all streams of the file."""
    parts: list[bytes] = []
    size = 0
    while data.startswith(b"\xfd7zXZ\0"):
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES)
        rest = data
        while not stream.eof:
            try:
                piece = stream.decompress(rest, min(_STEP, limit - size + 1))
            except (lzma.LZMAError, MemoryError) as error:
                reason = "limit" if "emory" in str(error) else "corrupt"
                return Unpacked(b"".join(parts), reason)
            rest = b""
            parts.append(piece)
            size += len(piece)
            if size > limit:
                return Unpacked(b"".join(parts)[:limit], "limit")
            if stream.needs_input and not stream.eof:
                return Unpacked(b"".join(parts), "corrupt")
        data = stream.unused_data.lstrip(b"\0")
    return Unpacked(b"".join(parts), "")


def png_texts(data: bytes, limit: int) -> Iterator[Unpacked]:
    """Yield the compressed texts of a PNG (zTXt, iTXt); the others stand in its bytes as they are."""
    at = len(PNG)
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length] if kind in {b"zTXt", b"iTXt"} else b""
        at += 12 + length
        packed = _packed_text(kind, body)
        if packed:
            text = _inflated(packed, limit)
            limit = max(0, limit - len(text.data))
            yield text
        if kind == b"IEND":
            return


def _packed_text(kind: bytes, body: bytes) -> bytes:
    """Return the compressed part of a text chunk; nothing where it is not compressed."""
    _, _, rest = body.partition(b"\0")
    if kind == b"zTXt":
        return rest[1:]
    if kind == b"iTXt" and rest[:1] == b"\x01":
        return rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return b""


def _inflated(packed: bytes, limit: int) -> Unpacked:
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, limit + 1)
    except zlib.error:
        return Unpacked(b"", "corrupt")
    if len(data) > limit:
        return Unpacked(data[:limit], "limit")
    return Unpacked(data, "" if stream.eof else "corrupt")
