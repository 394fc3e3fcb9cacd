"""Versions: matches only what each version of a file adds to its base, with the same result.

A trigger that lies wholly inside what a version shares with its base was found in the base; its
exact check is run again only where something within its reach has changed. So a search of a delta
looks at what was inserted, at the seams between shared stretches, and at nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from typing import NamedTuple

from keyproof.leaks.collector import Collector
from keyproof.leaks.hit import Hit
from keyproof.leaks.listing import Shard
from keyproof.leaks.locate import locate
from keyproof.leaks.packs import Copy, Irregular, Pack, apply_delta

_KEPT_BYTES = 64 << 20
_MOSTLY = 0.6
"""Where so much of a text would be looked at in pieces, it is looked at whole."""


_CHECKED = 2048
"""So many surroundings of triggers are remembered; they are 2 to 20 KB long."""


class _Judged(NamedTuple):
    """A trigger's end, and the hits that its exact check gave, which are ``at`` bytes further."""

    end: int
    number: int
    hits: tuple[Hit, ...]
    at: int


class _Version(NamedTuple):
    """A text that later versions may rest on. ``judged`` is sorted by end."""

    text: bytes
    judged: list[_Judged]
    zeros: bool


class VersionReader:
    """Reads the blobs of a shard out of packs; what it cannot read it returns."""

    def __init__(self, packs: tuple[Pack, ...], collector: Collector) -> None:
        """Take the packs of one repository and the collector of this thread."""
        self._packs = packs
        self._collector = collector
        self._matcher = collector.matcher
        self._reach = self._matcher.reaches()
        self._kept: OrderedDict[tuple[int, int], _Version] = OrderedDict()
        self._kept_bytes = 0
        self._checked: OrderedDict[tuple[int, int, bytes], _Judged] = OrderedDict()

    def read(self, shard: Shard) -> Shard:
        """Search every blob of the shard that lies in a pack as usual; return the others."""
        left: list[bytes] = []
        weight = 0
        for header in shard.headers.splitlines(keepends=True):
            oid = header[: header.index(b" ")].decode("ascii")
            try:
                self._blob(oid)
            except Irregular:
                left.append(header)
                weight += int(header[header.rfind(b" ") + 1 :])
        self._kept.clear()
        self._kept_bytes = 0
        return Shard(shard.kind, b"".join(left), weight)

    def _blob(self, oid: str) -> None:
        number, offset = self._find(bytes.fromhex(oid))
        pack = self._packs[number]
        base_offset, content = pack.entry(offset)
        if base_offset:
            base = self._kept.get((number, base_offset))
            if base is None:
                raise Irregular
            self._kept.move_to_end((number, base_offset))
            version = self._changed(base, content)
        else:
            version = _Version(
                content, self._judge(content, self._whole(content)), b"\0" in content
            )
        self._keep((number, offset), version)
        self._report(oid, version)

    def _find(self, oid: bytes) -> tuple[int, int]:
        for number, pack in enumerate(self._packs):
            offset = pack.find(oid)
            if offset is not None:
                return number, offset
        raise Irregular

    def _keep(self, key: tuple[int, int], version: _Version) -> None:
        self._kept[key] = version
        self._kept_bytes += len(version.text)
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._kept_bytes -= len(old.text)

    def _whole(self, text: bytes) -> list[tuple[int, int]]:
        return [(end, number) for number, end in self._matcher.triggers(text)]

    def _changed(self, base: _Version, delta: bytes) -> _Version:
        text, copies = apply_delta(base.text, delta, 2 * self._matcher.short_width)
        found = set(self._near_seams(text, copies))
        judged = self._inherited(base, text, copies, found) if base.judged else []
        if found:
            known = {(one.end, one.number) for one in judged}
            judged += self._judge(text, [one for one in found if one not in known])
        judged.sort(key=lambda one: one[:2])
        zeros = b"\0" in text if base.zeros else b"\0" in delta and b"\0" in text
        return _Version(text, judged, zeros)

    def _near_seams(self, text: bytes, copies: list[Copy]) -> list[tuple[int, int]]:
        """Find the triggers that may touch anything but one shared stretch."""
        found: list[tuple[int, int]] = []
        view = memoryview(text)
        matcher = self._matcher
        for low, high in _stretches(copies, len(text), matcher.encoded_width):
            found += [
                (low + end, number) for number, end in matcher.encoded_triggers(view[low:high])
            ]
        for low, high in _stretches(copies, len(text), matcher.short_width):
            found += [
                (low + end, number) for number, end in matcher.secret_triggers(view[low:high])
            ]
            if high - low == len(text):
                return found
        for low, high in _stretches(copies, len(text), matcher.long_width):
            found += [(low + end, number) for number, end in matcher.long_triggers(view[low:high])]
        return found

    def _inherited(
        self, base: _Version, text: bytes, copies: list[Copy], found: set[tuple[int, int]]
    ) -> list[_Judged]:
        """Take over the base's triggers that lie wholly in what is shared."""
        ends = [one.end for one in base.judged]
        taken: dict[tuple[int, int], _Judged] = {}
        again: list[tuple[int, int]] = []
        for at, source, length in copies:
            first, last = bisect_right(ends, source), bisect_right(ends, source + length)
            if first == last:
                continue
            shift = at - source
            opens = at == 0 == source
            closes = at + length == len(text) and source + length == len(base.text)
            for one in base.judged[first:last]:
                width, left, right = self._reach[one.number]
                if one.end - width < source and not opens:
                    continue  # it may touch the seam: looked for above
                key = (one.end + shift, one.number)
                if (one.end - left >= source or opens) and (
                    one.end + right <= source + length or closes
                ):
                    taken[key] = _Judged(key[0], key[1], one.hits, one.at + shift)
                else:
                    again.append(key)
        return [*taken.values(), *self._judge(text, [k for k in set(again) if k not in taken])]

    def _judge(self, text: bytes, triggers: list[tuple[int, int]]) -> list[_Judged]:
        return [self._judged(text, end, number) for end, number in sorted(set(triggers))]

    def _judged(self, text: bytes, end: int, number: int) -> _Judged:
        """Check one trigger, unless one with the same surroundings was checked before.

        Every chain of versions begins with a whole text, most of which stood in others.
        """
        if number >= self._matcher.first_encoding:  # runs are remembered by those who decode them
            return _Judged(end, number, tuple(self._matcher.check(text, number, end)), 0)
        _, left, right = self._reach[number]
        low = max(0, end - left)
        around = (number, end - low, text[low : end + right])
        before = self._checked.get(around)
        if before is None:
            before = _Judged(end, number, tuple(self._matcher.check(text, number, end)), 0)
            self._checked[around] = before
            if len(self._checked) > _CHECKED:
                self._checked.popitem(last=False)
            return before
        return _Judged(end, number, before.hits, end - before.end)

    def _report(self, oid: str, version: _Version) -> None:
        collector = self._collector
        collector.read += 1
        hits = [
            hit if not one.at else hit._replace(start=hit.start + one.at, end=hit.end + one.at)
            for one in version.judged
            for hit in one.hits
        ]
        if hits:
            kept = self._matcher.settle(hits)
            collector.keep("blob", oid, locate(collector.identities, version.text, kept))
        if version.zeros and self._matcher.has_wide_text(version.text):
            collector.views(oid, version.text, 1)
        collector.inside(oid, version.text)


def _stretches(copies: list[Copy], size: int, width: int) -> list[tuple[int, int]]:
    """Return what to look at: all that is not shared, and ``width`` bytes around its edges."""
    kept: list[tuple[int, int]] = []
    total = low = behind = 0
    for at, source, length in copies:
        # the inside of the stretch, less what a trigger that crosses its edges may reach
        begin = at + width if at or source else 0
        finish = at + length - width
        if finish > begin:
            if begin > low:
                kept.append((low, begin))
                total += begin - low
            low, behind = finish, at + length
    if behind < size:
        kept.append((low, size))
        total += size - low
    return [(0, size)] if total > size * _MOSTLY else kept
