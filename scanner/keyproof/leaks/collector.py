"""Collector: takes streamed objects, matches them, and keeps what may leave of each hit.

A whole chunk of objects goes to the matcher in one call. Between two objects lie a newline and a
header, which no secret spans; what a trigger reports is then checked on its own object alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from io import BytesIO
from typing import IO, Any, NamedTuple

from keyproof.leaks import decode
from keyproof.leaks.archives import Inside, is_packed, search_packed
from keyproof.leaks.locate import Found, Identities, locate
from keyproof.leaks.matcher import Matcher, Trigger
from keyproof.leaks.objects import Window, windows
from keyproof.leaks.references import References
from keyproof.leaks.trees import TreeNames
from keyproof.leaks.unpack_forms import HEAD_BYTES, form


class Row(NamedTuple):
    """A secret in an object: ``kind`` is git's; for a tree, ``oid`` is the entry's of that name.

    ``inner`` is the path of the packed file that holds it, inside the object; for a tree, the name.
    """

    kind: str
    oid: str
    found: Found
    inner: bytes = b""

    @property
    def member(self) -> bytes:
        """Return the path inside of a packed file; empty where there is none."""
        return b"" if self.kind == "tree" else self.inner


class Collector:
    """The sink of one thread. See ``objects.Sink``.

    Attributes:
        rows: what was found; ``read``: how many objects were read.
        bytes: how many bytes large objects and files held.
        unread: what is inside of objects that were read, and is not read itself.
        references: what trees, commits and tags name.
    """

    def __init__(
        self,
        matcher: Matcher,
        identities: Identities,
        oid_bytes: int = 20,
        *,
        unpacks: bool = False,
    ) -> None:
        """Take a matcher of this thread's own; ``oid_bytes`` is 32 in SHA-256 repositories."""
        self.matcher = matcher
        self.identities = identities
        self.oid_bytes = oid_bytes
        self.rows: list[Row] = []
        self.read = 0
        self.bytes = 0
        self.unread: list[Inside] = []
        self._within: Counter[str] = Counter()
        self.references = References()
        self._trees = TreeNames(matcher.triggers, oid_bytes, self.references)
        self._unpacks = unpacks
        self._cut = matcher.effort[1]

    def chunk(
        self, kind: str, buffer: Any, end: int, starts: list[int], ends: list[int], oids: list[str]
    ) -> None:
        """See ``Sink.chunk``."""
        self.read += len(starts)
        if kind == "tree":
            with memoryview(buffer) as view:
                self._names(
                    self._trees.suspicious(
                        bytes(view[a:b]) for a, b in zip(starts, ends, strict=True)
                    )
                )
            return
        if kind != "blob":
            for start, stop in zip(starts, ends, strict=True):
                self.references.in_header(buffer, start, stop)
        with memoryview(buffer) as view, view[:end] as whole:
            triggers = self.matcher.triggers(whole)
        by_object: dict[int, list[Trigger]] = {}
        for number, stop in triggers:
            index = bisect_right(starts, stop - 1) - 1
            if index >= 0 and stop <= ends[index]:
                by_object.setdefault(index, []).append((number, stop - starts[index]))
        for index, own in by_object.items():
            self._object(kind, oids[index], bytes(buffer[starts[index] : ends[index]]), own)
        if kind == "blob":
            self._wide(buffer, end, starts, ends, oids)
            for index, start in enumerate(starts):
                if is_packed(buffer[start : min(ends[index], start + HEAD_BYTES)]):
                    self.inside(oids[index], bytes(buffer[start : ends[index]]))

    def large(self, kind: str, oid: str, pieces: Iterator[Window]) -> None:
        """See ``Sink.large``: hits of overlapping windows count once, lines run on."""
        self.read += 1
        line, reported = 1, -1
        margin = self.matcher.overlap
        for offset, window, last in pieces:
            self.bytes = offset + len(window)
            if kind == "tree" and last and offset == 0:
                self._names(self._trees.suspicious([window]))
                continue  # to the end: the reader stands behind it then
            if kind == "tree":
                self.references.whole = False
            elif kind != "blob" and offset == 0:
                self.references.in_header(window, 0, len(window))
            # what begins in the last margin is whole, with its surroundings, in the next window
            limit = len(window) if last else len(window) - margin
            fresh = [
                h for h in self.matcher.find(window) if reported < offset + h.start < limit + offset
            ]
            self.keep(kind, oid, locate(self.identities, window, fresh, first_line=line))
            reported = max([reported, *(offset + hit.start for hit in fresh)])
            if kind == "blob" and self.matcher.has_wide_text(window):
                self.views(oid, window, line)
            if kind == "blob" and offset == 0:
                self.inside(oid, window, whole=last)
            if not last:
                line += window.count(b"\n", 0, len(window) - 2 * margin)

    def _object(self, kind: str, oid: str, text: bytes, triggers: list[Trigger]) -> None:
        hits = self.matcher.confirm(text, triggers)
        if hits:
            self.keep(kind, oid, locate(self.identities, text, hits))
        self._note_cut(oid)

    def keep(self, kind: str, oid: str, found: list[Found]) -> None:
        """Keep what was found in one object."""
        self.rows.extend(Row(kind, oid, one) for one in found)

    def inside(self, oid: str, text: bytes, *, whole: bool = True) -> None:
        """Search what is packed in an object, and note what is in it and stays unread."""
        kind = form(text) if self._unpacks else ""
        if kind:
            self._within[f"archives:{kind}"] += 1
            if whole:
                self._unpack(oid, text)
            else:
                self.unread.append(Inside(oid, b"", "limit"))
        self._note_cut(oid)

    def _unpack(self, oid: str, text: bytes) -> None:
        search = partial(search_text, self.matcher, self.identities)
        packed = search_packed(text, search)
        self._within["members"] += packed.read
        self.unread += [Inside(oid, path, reason) for path, reason in packed.unread]
        if packed.found:
            # what is stored unpacked was found in the object as it stands, too: once is enough
            known = {found.secret_id for _, found in packed.found}
            self.rows = [r for r in self.rows if r.oid != oid or r.found.secret_id not in known]
            self.rows.extend(Row("blob", oid, found, path) for path, found in packed.found)

    def within(self) -> dict[str, int]:
        """Return how many objects were unpacked, by form, how many texts that gave, and others."""
        return {**self._within, "decoded": self.matcher.effort[0]}

    def _note_cut(self, oid: str) -> None:
        """Note that an object held more that is encoded than is decoded."""
        cut = self.matcher.effort[1]
        if cut > self._cut:
            self.unread.append(Inside(oid, b"", "limit"))
        self._cut = cut

    def _names(self, entries: Iterable[tuple[bytes, str]]) -> None:
        """Search names of a tree's entries; a hit is kept under the id of what bears the name."""
        for name, oid in entries:
            hits = self.matcher.find(name)
            if hits:
                found = locate(self.identities, name, hits, exact=False)
                self.rows.extend(Row("tree", oid, one, name) for one in found)

    def _wide(
        self, buffer: Any, end: int, starts: list[int], ends: list[int], oids: list[str]
    ) -> None:
        """Search the objects that hold zero bytes for text of two or four bytes a character."""
        at = buffer.find(0, 0, end)
        while at >= 0:
            index = bisect_right(starts, at) - 1
            with memoryview(buffer) as view, view[starts[index] : ends[index]] as part:
                wide = self.matcher.has_wide_text(part)
            if wide:
                self.views(oids[index], bytes(buffer[starts[index] : ends[index]]), 1)
            at = buffer.find(0, ends[index], end)

    def views(self, oid: str, data: bytes, line: int) -> None:
        """Search the decoded texts in one object."""
        self._within["wide"] += 1
        self.keep("blob", oid, search_views(self.matcher, self.identities, data, line))


def search_views(
    matcher: Matcher, identities: Identities, data: bytes, first_line: int = 1
) -> list[Found]:
    """Search the decoded texts that stand in ``data``."""
    found: list[Found] = []
    for view in decode.views(data):
        hits = matcher.find(view.text)
        if hits:
            line = first_line + view.line - 1
            found += locate(identities, view.text, hits, first_line=line, exact=view.exact)
    return found


def search_file(matcher: Matcher, identities: Identities, stream: IO[bytes]) -> Collector:
    """Search a file of any length, the decoded texts in it, and what is packed in it."""
    collector = Collector(matcher, identities, unpacks=True)
    collector.large("blob", "", windows(stream, 2 * matcher.overlap))
    return collector


def search_text(matcher: Matcher, identities: Identities, data: bytes) -> list[Found]:
    """Search one text that is in memory, and the decoded texts in it."""
    collector = Collector(matcher, identities)
    collector.large("blob", "", windows(BytesIO(data), 2 * matcher.overlap))
    return [row.found for row in collector.rows]
