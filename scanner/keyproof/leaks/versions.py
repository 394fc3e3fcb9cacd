"""Versions: matches only what each version of a file adds to its base, with the same result.

A trigger that lies wholly inside what a version shares with its base was found in the base; its
exact check is run again only where something within its reach has changed. So a search of a delta
looks at what was inserted, at the seams between shared stretches, and at nothing else.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from keyproof.leaks.collector import Collector
from keyproof.leaks.delta import Irregular, apply_delta, stretches
from keyproof.leaks.encoded import ENCODINGS
from keyproof.leaks.encoded_escapes import AROUND
from keyproof.leaks.gather import Gather
from keyproof.leaks.hit import Hit
from keyproof.leaks.listing import Shard
from keyproof.leaks.locate import locate
from keyproof.leaks.packs import Entry, Pack
from keyproof.leaks.sift import MOST_BYTES, NEAR_BYTES, may_be_random

_KEPT_BYTES = 48 << 20
"""So much of the texts that later versions rest on is kept; beyond, git's own reader reads them."""
_TOGETHER_BYTES = 256 << 10
_WAITING_BYTES = 4 << 20
"""What is searched in one call, and how much may wait for it."""
_CHECKED = 65_536
"""So many surroundings of triggers are remembered, by digest."""

_Key = tuple[int, int]


class _Judged(NamedTuple):
    """A trigger's end, and the hits that its exact check gave, which are ``at`` bytes further.

    ``left`` and ``right`` are how far from the end it looked.
    """

    end: int
    number: int
    hits: tuple[Hit, ...]
    at: int
    left: int
    right: int


@dataclass(slots=True)
class _Version:
    """A text, and what is known of it once it is judged (sorted by end)."""

    oid: str
    text: bytes
    zeros: bool
    base: _Version | None = None
    shared: list[tuple[int, int, int]] = field(default_factory=list)
    found: set[tuple[int, int]] = field(default_factory=set)
    judged: list[_Judged] = field(default_factory=list)


class _Word(NamedTuple):
    """A word with escapes whose hits were reported with its first trigger, which ended at ``end``.

    What was looked at reaches from ``low`` to ``high``.
    """

    text: bytes
    end: int
    low: int
    high: int

    def holds(self, text: bytes, end: int) -> bool:
        """Tell whether a later trigger stands in the word, and not in what is around it."""
        return text is self.text and self.end <= end < self.high - AROUND


class VersionReader:
    """Reads the blobs of a shard out of packs; what it cannot read it returns."""

    def __init__(self, packs: tuple[Pack, ...], collector: Collector) -> None:
        """Take the packs of one repository and the collector of this thread."""
        self._packs = packs
        self._collector = collector
        self._matcher = matcher = collector.matcher
        self._reach = matcher.reaches()
        searches = matcher.searches()
        self._least = 2 * searches[0][0]
        self._gathers = [(width, Gather[_Version](search)) for width, search in searches]
        self._kept: OrderedDict[_Key, _Version] = OrderedDict()
        self._kept_bytes = 0
        self._heirs: Counter[_Key] = Counter()
        self._waiting: list[_Version] = []
        self._waiting_bytes = 0
        self._checked: OrderedDict[bytes, _Judged] = OrderedDict()
        self._word = _Word(b"", 0, 0, 0)

    def read(self, shard: Shard) -> Shard:
        """Search every blob of the shard that lies in a pack as usual; return the others."""
        left: list[bytes] = []
        entries: list[tuple[bytes, int, Entry]] = []
        for header in shard.headers.splitlines(keepends=True):
            try:
                oid = bytes.fromhex(header[: header.index(b" ")].decode("ascii"))
                entries.append((header, *self._find(oid)))
            except Irregular:
                left.append(header)
        self._heirs = Counter((number, entry.base) for _, number, entry in entries if entry.base)
        for header, number, entry in entries:
            try:
                self._take(header[: header.index(b" ")].decode("ascii"), number, entry)
            except Irregular:
                left.append(header)
        self._search()
        self._kept.clear()
        self._kept_bytes = 0
        weight = sum(int(header[header.rfind(b" ") + 1 :]) for header in left)
        return Shard(shard.kind, b"".join(left), weight)

    def _find(self, oid: bytes) -> tuple[int, Entry]:
        for number, pack in enumerate(self._packs):
            offset = pack.find(oid)
            if offset is not None:
                return number, pack.entry(offset)
        raise Irregular

    def _take(self, oid: str, number: int, entry: Entry) -> None:
        """Make a version's text, and gather what is new in it."""
        base = self._base((number, entry.base)) if entry.base else None
        content = self._packs[number].content(entry)
        if base is None:
            version = _Version(oid, content, b"\0" in content)
        else:
            text, shared = apply_delta(base.text, content, self._least)
            zeros = b"\0" in text if base.zeros else b"\0" in content and b"\0" in text
            version = _Version(oid, text, zeros, base, shared)
        if self._heirs[number, entry.offset]:
            self._keep((number, entry.offset), version)
        self._gather(version)
        self._waiting.append(version)
        self._waiting_bytes += len(version.text)
        if self._gathers[0][1].size > _TOGETHER_BYTES or self._waiting_bytes > _WAITING_BYTES:
            self._search()

    def _base(self, key: _Key) -> _Version:
        """Return the base of a version; after its last heir it is forgotten."""
        base = self._kept.get(key)
        if base is None:
            raise Irregular
        self._heirs[key] -= 1
        if self._heirs[key]:
            self._kept.move_to_end(key)
        else:
            del self._kept[key]
            self._kept_bytes -= len(base.text)
        return base

    def _keep(self, key: _Key, version: _Version) -> None:
        self._kept[key] = version
        self._kept_bytes += len(version.text)
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._kept_bytes -= len(old.text)

    def _gather(self, version: _Version) -> None:
        """Add the stretches in which a trigger may touch anything but one shared stretch."""
        view, size = memoryview(version.text), len(version.text)
        for width, gather in self._gathers:
            for low, high in stretches(version.shared, size, width):
                gather.add(version, view, low, high)

    def _search(self) -> None:
        """Search what was gathered, and judge the versions that wait for it, bases first."""
        for _, gather in self._gathers:
            for version, end, number in gather.found():
                version.found.add((end, number))
        for version in self._waiting:
            self._judge(version)
            self._report(version)
        self._waiting.clear()
        self._waiting_bytes = 0

    def _judge(self, version: _Version) -> None:
        base, found = version.base, version.found
        judged: dict[tuple[int, int], _Judged] = {}
        if base is not None and base.judged:
            judged, again = self._inherited(base, version)
            found |= again
        fresh = sorted(found - judged.keys())
        version.judged = [*judged.values(), *(self._judged(version.text, *one) for one in fresh)]
        version.judged.sort(key=lambda one: one[:2])
        version.base = None
        version.shared = []
        version.found = set()

    def _inherited(
        self, base: _Version, version: _Version
    ) -> tuple[dict[tuple[int, int], _Judged], set[tuple[int, int]]]:
        """Take over the base's triggers that lie wholly in what is shared.

        Returns those, and the triggers whose surroundings have changed.
        """
        ends = [one.end for one in base.judged]
        taken: dict[tuple[int, int], _Judged] = {}
        again: set[tuple[int, int]] = set()
        for at, source, length in version.shared:
            first, last = bisect_right(ends, source), bisect_right(ends, source + length)
            if first == last:
                continue
            shift = at - source
            opens = at == 0 == source
            behind = source + length
            closes = at + length == len(version.text) and behind == len(base.text)
            for one in base.judged[first:last]:
                end, number, hits, moved, left, right = one
                if end - self._reach[number][0] < source and not opens:
                    continue  # it may touch the seam: looked for above
                if (end - left >= source or opens) and (end + right <= behind or closes):
                    if shift:
                        one = _Judged(end + shift, number, hits, moved + shift, left, right)  # noqa: PLW2901
                    taken[end + shift, number] = one
                else:
                    again.add((end + shift, number))
        return taken, again - taken.keys()

    def _judged(self, text: bytes, end: int, number: int) -> _Judged:
        """Check one trigger, unless one with the same surroundings was checked before.

        Every chain of versions begins with a whole text, most of which stood in others.
        """
        _, left, right, into = self._reach[number]
        if into and not may_be_random(text, end - into):
            return _Judged(end, number, (), 0, into + NEAR_BYTES, MOST_BYTES)
        lines = self._matcher.refused(text, number, end)
        if lines:
            return _Judged(end, number, (), 0, end - lines[0] + 1, lines[1] - end + 1)
        encoding = number - self._matcher.first_encoding
        if encoding >= 0:
            extent = ENCODINGS[encoding].extent
            if extent is None:
                hits = tuple(self._matcher.check(text, number, end))
                return _Judged(end, number, hits, 0, left, right)
            if self._word.holds(text, end):
                return _Judged(end, number, (), 0, end - self._word.low, self._word.high - end)
            low, high = extent(text, end)
            left, right = end - low, high - end
            self._word = _Word(text, end, low, high)
        low = max(0, end - left)
        around = hashlib.blake2b(text[low : end + right], digest_size=16)
        around.update(b"%d %d" % (number, end - low))
        before = self._checked.get(around.digest())
        if before is not None:
            return _Judged(end, number, before.hits, end - before.end, left, right)
        cut = self._matcher.effort[1]
        made = _Judged(end, number, tuple(self._matcher.check(text, number, end)), 0, left, right)
        if self._matcher.effort[1] == cut:  # in another text, more may be decoded
            self._checked[around.digest()] = made
        if len(self._checked) > _CHECKED:
            self._checked.popitem(last=False)
        return made

    def _report(self, version: _Version) -> None:
        collector, oid = self._collector, version.oid
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
