"""SQLite: the rows that are too long for one page, put together (www.sqlite.org/fileformat.html).

What lies in one page stands in the file as it is; a longer row goes on in overflow pages, and a
secret in it may lie across two of them. Nothing is executed: pages are read as bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from keyproof.leaks.unpack_streams import Unpacked

_LEAF_TABLE = 0x0D
_ROWS = 100_000
_HEADER_BYTES = 100


def long_rows(data: bytes, limit: int) -> Iterator[Unpacked]:
    """Yield the payload of every row of a table that goes on in other pages."""
    size = int.from_bytes(data[16:18], "big")
    size = 65536 if size == 1 else size
    usable = size - (data[20] if len(data) > _HEADER_BYTES else 0)
    if size < 512 or size & (size - 1) or usable < 480:  # noqa: PLR2004 - as the format says
        yield Unpacked(b"", "corrupt")
        return
    rows = _ROWS
    for page in range(0, len(data), size):
        for cell in _cells(data, page, size):
            row = _row(data, cell, size, usable, limit)
            if row:
                yield row
                limit -= len(row.data)
                rows -= 1
            if limit <= 0 or rows <= 0:
                yield Unpacked(b"", "limit")
                return


def _cells(data: bytes, page: int, size: int) -> Iterator[int]:
    """Yield where the cells of a table's leaf begin; nothing for other pages."""
    head = page or _HEADER_BYTES
    if data[head : head + 1] != bytes([_LEAF_TABLE]):
        return
    count = int.from_bytes(data[head + 3 : head + 5], "big")
    for number in range(min(count, size // 4)):
        pointer = head + 8 + 2 * number
        yield page + int.from_bytes(data[pointer : pointer + 2], "big")


def _row(data: bytes, at: int, size: int, usable: int, limit: int) -> Unpacked | None:
    """Return a row with its overflow pages; ``None`` where it has none."""
    length, at = _varint(data, at)
    _, at = _varint(data, at)
    if length <= usable - 35 or length > len(data):
        return None
    least = (usable - 12) * 32 // 255 - 23
    local = least + (length - least) % (usable - 4)
    local = local if local <= usable - 35 else least
    parts = [data[at : at + local]]
    left = min(length, limit) - local
    following = int.from_bytes(data[at + local : at + local + 4], "big")
    while left > 0 and following:
        begin = (following - 1) * size
        piece = data[begin + 4 : begin + 4 + min(left, usable - 4)]
        if not piece:
            break
        parts.append(piece)
        left -= len(piece)
        following = int.from_bytes(data[begin : begin + 4], "big")
    return Unpacked(b"".join(parts), "corrupt" if left > 0 else "")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for _ in range(8):
        byte = data[at] if at < len(data) else 0
        value = value << 7 | byte & 0x7F
        at += 1
        if not byte & 0x80:
            return value, at
    return value << 8 | (data[at] if at < len(data) else 0), at + 1
