"""Packs read directly: git already says what is new in each version of a file.

Formats: gitformat-pack (index version 2, entry headers, deltas). Whatever is irregular raises
:class:`Irregular`, and the object is left to git's own reader.
"""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_BLOB, _OFS_DELTA, _REF_DELTA = 3, 6, 7
_COPY = 0x80
MAXIMUM_BYTES = 32 << 20
"""A larger object is left to git's own reader, which is bounded in windows."""


class Irregular(Exception):
    """An entry is not what this reader understands."""


class Copy(NamedTuple):
    """A stretch that a version shares with its base."""

    at: int
    source: int
    length: int


class Pack:
    """One pack with its index, mapped into memory."""

    def __init__(self, index: Path, oid_bytes: int) -> None:
        """Map both files.

        Raises:
            Irregular: they are not a pack and index of a version that is understood.
        """
        self._width = oid_bytes
        self._index = _mapped(index)
        self.data = _mapped(index.with_suffix(".pack"))
        if self._index[:8] != b"\xfftOc\x00\x00\x00\x02" or self.data[:4] != b"PACK":
            raise Irregular
        self._count = int.from_bytes(self._index[1028:1032], "big")
        self._names = 1032
        self._offsets = 1032 + self._count * (oid_bytes + 4)
        self._wide = self._offsets + self._count * 4
        if len(self._index) < self._wide + 2 * oid_bytes:
            raise Irregular

    def find(self, oid: bytes) -> int | None:
        """Return the offset of an object's entry; ``None`` if the pack does not hold it."""
        index, width = self._index, self._width
        first = oid[0]
        at = 8 + 4 * first
        low = int.from_bytes(index[at - 4 : at], "big") if first else 0
        high = int.from_bytes(index[at : at + 4], "big")
        if high > self._count:
            raise Irregular
        while low < high:
            middle = (low + high) >> 1
            place = self._names + middle * width
            name = index[place : place + width]
            if name == oid:
                return self._offset(middle)
            if name < oid:
                low = middle + 1
            else:
                high = middle
        return None

    def _offset(self, number: int) -> int:
        place = self._offsets + 4 * number
        offset = int.from_bytes(self._index[place : place + 4], "big")
        if offset & 0x80000000:
            place = self._wide + 8 * (offset & 0x7FFFFFFF)
            offset = int.from_bytes(self._index[place : place + 8], "big")
        return offset

    def entry(self, offset: int) -> tuple[int, bytes]:
        """Return an entry: the offset of its base (0: none, a whole blob) and its bytes inflated.

        Raises:
            Irregular: another kind of entry, a large one, or a damaged one.
        """
        data = self.data
        try:
            byte = data[offset]
            kind, size, shift, at = (byte >> 4) & 7, byte & 15, 4, offset + 1
            while byte & 0x80:
                byte = data[at]
                size |= (byte & 0x7F) << shift
                shift += 7
                at += 1
            base = 0
            if kind == _OFS_DELTA:
                byte = data[at]
                back = byte & 0x7F
                at += 1
                while byte & 0x80:
                    byte = data[at]
                    back = ((back + 1) << 7) | (byte & 0x7F)
                    at += 1
                base = offset - back
            elif kind == _REF_DELTA:
                base = self.find(data[at : at + self._width]) or -1
                at += self._width
            if (kind == _BLOB) == (base > 0) or base < 0 or size > MAXIMUM_BYTES:
                raise Irregular
            # compressed data is never much longer than what it holds
            content = zlib.decompress(data[at : at + size + (size >> 9) + 128], 15, size or 1)
        except (IndexError, zlib.error):
            raise Irregular from None
        if len(content) != size:
            raise Irregular
        return base, content


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as handle:
            return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        raise Irregular from None


def open_packs(objects: Path, oid_bytes: int) -> tuple[Pack, ...]:
    """Return the packs of an object folder that can be read directly, largest first."""
    return tuple(_opened(objects / "pack", oid_bytes))


def _opened(folder: Path, oid_bytes: int) -> Iterator[Pack]:
    try:
        found = [e for e in os.scandir(folder) if e.name.endswith(".idx")]
    except OSError:
        return
    for entry in sorted(found, key=lambda e: (-e.stat().st_size, e.name)):
        try:
            yield Pack(Path(entry.path), oid_bytes)
        except Irregular:
            continue


def _layouts() -> tuple[tuple[int, int, int], ...]:
    """Return, by copy instruction, how many argument bytes follow, and how they split.

    The arguments are little-endian bytes of an offset and of a length, those that are zero left
    out; where only high bytes are left out, all of them are one number: the length stands above
    the offset. Other instructions (count -1) are read byte by byte.
    """
    made = []
    for op in range(256):
        places = [bit for bit in range(4) if op & (1 << bit)]
        lengths = [bit for bit in range(3) if op & (0x10 << bit)]
        plain = places == list(range(len(places))) and lengths == list(range(len(lengths)))
        count = len(places) + len(lengths) if plain and op & 0x80 else -1
        made.append((count, (1 << 8 * len(places)) - 1, 8 * len(places)))
    return tuple(made)


_LAYOUTS = _layouts()


def apply_delta(base: bytes, delta: bytes, least: int) -> tuple[bytes, list[Copy]]:
    """Return the version that a delta makes of its base, and the stretches that both share.

    Copies that go on in the base are one stretch; those below ``least`` bytes are left out.
    This is the innermost loop of a history scan, and therefore one function.

    Raises:
        Irregular: the delta does not fit its base or itself.
    """
    layouts, number = _LAYOUTS, int.from_bytes
    base_size, at = _size(delta, 0)
    result_size, at = _size(delta, at)
    if base_size != len(base) or result_size > MAXIMUM_BYTES:
        raise Irregular
    pieces: list[bytes] = []
    add = pieces.append
    copies: list[Copy] = []
    place = 0
    end = len(delta)
    while at < end:
        op = delta[at]
        at += 1
        if op < _COPY:
            # a zero is reserved; the result is then too short, or the loop ends on its own
            add(delta[at : at + op])
            at += op
            place += op
            continue
        count, mask, shift = layouts[op]
        if count >= 0:
            both = number(delta[at : at + count], "little")
            source, length = both & mask, both >> shift or 0x10000
            at += count
        else:
            source, length, at = _arguments(delta, op, at)
        add(base[source : source + length])
        if length >= least:
            _share(copies, place, source, length)
        place += length
    text = b"".join(pieces)
    if len(text) != result_size or place != result_size:
        raise Irregular  # also where a copy or an insert reached over an end: a slice is short then
    return text, copies


def _share(copies: list[Copy], place: int, source: int, length: int) -> None:
    """Add a shared stretch, or prolong the last one: an instruction copies 64 KiB at most."""
    if copies:
        at, before, known = copies[-1]
        if at + known == place and before + known == source:
            copies[-1] = Copy(at, before, known + length)
            return
    copies.append(Copy(place, source, length))


def _arguments(delta: bytes, op: int, at: int) -> tuple[int, int, int]:
    """Read the arguments of a copy byte by byte: offset, length, and where the next one begins."""
    values = []
    for bits in (range(4), range(4, 7)):
        value = 0
        for shift, bit in enumerate(bits):
            if op & (1 << bit):
                if at >= len(delta):
                    raise Irregular
                value |= delta[at] << (8 * shift)
                at += 1
        values.append(value)
    return values[0], values[1] or 0x10000, at


def _size(delta: bytes, at: int) -> tuple[int, int]:
    size = 0
    for shift in range(0, 63, 7):
        if at >= len(delta):
            break
        byte = delta[at]
        at += 1
        size |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return size, at
    raise Irregular
