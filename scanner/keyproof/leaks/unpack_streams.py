"""Compressed streams (gzip, bzip2, xz, lzma, zlib) and the compressed texts of a PNG, from memory."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from keyproof.leaks.unpack_forms import PNG

_MEMORY_BYTES = 160 << 20
_STEP = 1 << 20
_FED_BYTES = 16 << 10
_CHANCE_BYTES = 64
"""So little may come out of bytes that only look like a zlib stream."""


class Unpacked(NamedTuple):
    """What a stream gave.

    Attributes:
        reason: why there is no more: a ``GapReason``, or nothing.
        again: another reading of the stream before: what both show counts once.
    """

    data: bytes
    reason: str
    again: bool = False


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


def xzipped(data: bytes, limit: int, form: int = lzma.FORMAT_XZ) -> Unpacked:
    """Decompress xz, all streams of the file; or the one of ``FORMAT_ALONE``."""
    parts: list[bytes] = []
    size = 0
    while data.startswith(b"\xfd7zXZ\0") or (form == lzma.FORMAT_ALONE and not parts):
        stream = lzma.LZMADecompressor(form, memlimit=_MEMORY_BYTES)
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


def lzma_alone(data: bytes, limit: int) -> Unpacked:
    """Decompress the older format of the same method (``.lzma``)."""
    return xzipped(data, limit, lzma.FORMAT_ALONE)


def png_texts(data: bytes, limit: int) -> Iterator[Unpacked]:
    """Yield the compressed texts of a PNG (zTXt, iTXt); the others stand in its bytes as they are."""
    at = len(PNG)
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length] if kind in {b"zTXt", b"iTXt"} else b""
        at += 12 + length
        packed = _packed_text(kind, body)
        if packed:
            text, _ = inflated(packed, 0, limit)
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


def zlibbed(data: bytes, limit: int) -> Unpacked:
    """Decompress zlib (RFC 1950); nothing where the bytes are none, for two of them say little."""
    layer, _ = inflated(data, 0, limit)
    by_chance = layer.reason == "corrupt" and len(layer.data) < _CHANCE_BYTES
    return Unpacked(b"", "") if by_chance else layer


def inflated(data: bytes, begin: int, limit: int) -> tuple[Unpacked, int]:
    """Decompress the zlib stream that begins at ``begin``; return where it ends, too."""
    stream = zlib.decompressobj()
    parts: list[bytes] = []
    size, at = 0, begin
    while not stream.eof:
        rest = stream.unconsumed_tail
        if not rest:
            rest = data[at : at + _FED_BYTES]
            at += len(rest)
        try:
            piece = stream.decompress(rest, min(_STEP, limit - size + 1))
        except zlib.error:
            return Unpacked(b"".join(parts), "corrupt"), at
        if not rest and not piece:
            return Unpacked(b"".join(parts), "corrupt"), at
        parts.append(piece)
        size += len(piece)
        if size > limit:
            return Unpacked(b"".join(parts)[:limit], "limit"), at
    return Unpacked(b"".join(parts), ""), at - len(stream.unused_data)
