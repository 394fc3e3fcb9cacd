"""Packs and bundles of git that lie in a file (gitformat-pack, gitformat-bundle): their objects."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from keyproof.leaks.delta import Irregular, apply_delta
from keyproof.leaks.unpack_streams import Unpacked, inflated

_OFS_DELTA, _REF_DELTA = 6, 7
_KEPT_BYTES = 64 << 20
_OBJECTS = 65_536
_SHARED = 1 << 30
_HEADER_LINES_BYTES = 1 << 20


def objects(data: bytes, limit: int) -> Iterator[Unpacked]:
    """Yield every object of the pack in ``data``.

    A delta whose base lies elsewhere (bundles are thin) is yielded as what it inserts.
    """
    begin = data.find(b"PACK", 0, _HEADER_LINES_BYTES)
    if begin < 0:
        yield Unpacked(b"", "corrupt")
        return
    width = 32 if b"@object-format=sha256" in data[:begin] else 20
    kept: OrderedDict[int, bytes] = OrderedDict()
    weight, at = 0, begin + 12
    for number in range(int.from_bytes(data[begin + 8 : begin + 12], "big")):
        if number >= _OBJECTS or limit <= 0:
            yield Unpacked(b"", "limit")
            return
        try:
            text, following = _entry(data, at, width, kept, limit)
        except (IndexError, Irregular):
            yield Unpacked(b"", "corrupt")
            return
        kept[at] = text
        weight += len(text)
        while weight > _KEPT_BYTES and len(kept) > 1:
            weight -= len(kept.popitem(last=False)[1])
        yield Unpacked(text[:limit], "limit" if len(text) > limit else "")
        limit -= len(text)
        at = following


def _entry(
    data: bytes, at: int, width: int, kept: OrderedDict[int, bytes], limit: int
) -> tuple[bytes, int]:
    """Return the object at ``at`` and where the next one begins."""
    offset = at
    byte = data[at]
    kind = byte >> 4 & 7
    at += 1
    while byte & 0x80:
        byte = data[at]
        at += 1
    base: bytes | None = None
    if kind == _OFS_DELTA:
        byte = data[at]
        back = byte & 0x7F
        at += 1
        while byte & 0x80:
            byte = data[at]
            back = (back + 1) << 7 | byte & 0x7F
            at += 1
        base = kept.get(offset - back)
    elif kind == _REF_DELTA:
        at += width
    layer, following = inflated(data, at, limit)
    if layer.reason:
        raise Irregular
    if base is None:
        return layer.data, following
    return apply_delta(base, layer.data, _SHARED)[0], following
