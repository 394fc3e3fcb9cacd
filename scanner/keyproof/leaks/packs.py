"""Packs read directly: git already says what is new in each version of a file.

Formats: gitformat-pack (index version 2, entry headers). Whatever is irregular raises
``Irregular``, and the object is left to git's own reader.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from keyproof.leaks.delta import MAXIMUM_BYTES, Irregular
from keyproof.leaks.inflate import DAMAGE, inflate

_BLOB, _OFS_DELTA, _REF_DELTA = 3, 6, 7
_PROBES = 24
"""Names are spread evenly, so that a guess is nearly right; where they are not, halving is surer."""


class Entry(NamedTuple):
    """An entry of a pack: where it is, where its base is (0: none), its stream, its size."""

    offset: int
    base: int
    begin: int
    size: int


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
        wanted, probes = int.from_bytes(oid[1:8], "big"), _PROBES
        under, over = 0, 1 << 56  # what the names between low and high lie between
        while low < high:
            if probes and over > under:
                middle = low + (high - low) * (wanted - under) // (over - under)
                middle = min(max(middle, low), high - 1)
                probes -= 1
            else:
                middle = (low + high) >> 1
            place = self._names + middle * width
            name = index[place : place + width]
            if name == oid:
                return self._offset(middle)
            if name < oid:
                low, under = middle + 1, int.from_bytes(name[1:8], "big")
            else:
                high, over = middle, int.from_bytes(name[1:8], "big")
        return None

    def _offset(self, number: int) -> int:
        place = self._offsets + 4 * number
        offset = int.from_bytes(self._index[place : place + 4], "big")
        if offset & 0x80000000:
            place = self._wide + 8 * (offset & 0x7FFFFFFF)
            offset = int.from_bytes(self._index[place : place + 8], "big")
        return offset

    def entry(self, offset: int) -> Entry:
        """Return the entry at an offset.

        Raises:
            Irregular: it is neither a whole blob nor a delta, it is large, or damaged.
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
        except IndexError:
            raise Irregular from None
        if (kind == _BLOB) == (base > 0) or base < 0 or size > MAXIMUM_BYTES:
            raise Irregular
        return Entry(offset, base, at, size)

    def content(self, entry: Entry) -> bytes:
        """Return what an entry holds: a blob, or a delta.

        Raises:
            Irregular: it is damaged.
        """
        _, _, begin, size = entry
        try:
            # compressed data is never much longer than what it holds
            stream = self.data[begin : begin + size + (size >> 9) + 128]
            content = inflate(stream, 15, size or 1)
        except DAMAGE:
            raise Irregular from None
        if len(content) != size:
            raise Irregular
        return content


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
