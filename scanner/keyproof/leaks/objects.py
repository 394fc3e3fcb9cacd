"""Objects: every object of a repository, once each, streamed through git's own reader.

Each list is read by a ``cat-file`` process of its own through a large pipe. Every header is compared with the listing: ``cat-file`` answers ``missing`` and exits 0.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from typing import IO, Any, Protocol

from keyproof.leaks import gitio
from keyproof.leaks.gitio import Repository
from keyproof.leaks.listing import Shard, Unread

CHUNK_BYTES = 2 << 20
WINDOW_BYTES = 64 << 20
_RESTARTS = 2000
_BASES = "core.deltaBaseCacheLimit=16m"
"""Bases come just before their deltas here: git's own 96 MiB would hold what nobody asks for."""
_NEWLINE = 0x0A
"""What git writes behind each object."""


Window = tuple[int, bytes, bool]
"""Offset of a stretch of a large text, its bytes, and whether it is the last."""


class Sink(Protocol):
    """Takes what is read. Buffers are reused: a sink copies what it keeps."""

    def chunk(
        self, kind: str, buffer: Any, end: int, starts: list[int], ends: list[int], oids: list[str]
    ) -> None:
        """Take whole objects: object ``i`` is ``buffer[starts[i]:ends[i]]``, a newline around."""
        ...

    def large(self, kind: str, oid: str, windows: Iterator[Window]) -> None:
        """Take one large object as windows, each overlapping the one before."""
        ...


def read_shard(
    repository: Repository, shard: Shard, sink: Sink, overlap: int, stop: threading.Event
) -> list[Unread]:
    """Read a shard's objects into ``sink`` and return those that could not be read.

    git ends at the first object that is damaged: it is noted, and reading goes on behind it.
    """
    unread: list[Unread] = []
    position = 0
    for _ in range(_RESTARTS):
        if position >= len(shard.headers) or stop.is_set():
            return unread
        reader = _Reader(repository, shard, position, overlap, stop)
        position = reader.read(sink, unread)
    left = shard.headers[position:].splitlines()
    return unread + [Unread(line.split(b" ")[0].decode(), "corrupt") for line in left]


class _Reader:
    """One ``cat-file`` process and the buffer that it is read into."""

    def __init__(
        self,
        repository: Repository,
        shard: Shard,
        position: int,
        overlap: int,
        stop: threading.Event,
    ) -> None:
        self.shard, self.position, self.overlap, self.stop = shard, position, overlap, stop
        self.buffer = bytearray(CHUNK_BYTES + gitio.PIPE_BYTES)
        self.filled = 0
        self.broken = False
        feed = tempfile.TemporaryFile()  # noqa: SIM115 - git keeps it; a pipe could deadlock
        feed.write(b"\n".join(h.split(b" ", 1)[0] for h in shard.headers[position:].splitlines()))
        feed.write(b"\n")
        feed.seek(0)
        with feed:
            self.process = gitio.start(
                repository, "-c", _BASES, "cat-file", "--batch", "--buffer", stdin=feed
            )
        assert self.process.stdout is not None
        self.pipe: IO[bytes] = self.process.stdout

    def read(self, sink: Sink, unread: list[Unread]) -> int:
        """Read until the list or the stream ends; return the position behind what is settled."""
        try:
            while not (self.broken or self.stop.is_set()) and self.position < len(
                self.shard.headers
            ):
                alive = self._fill()
                used = self._whole_objects(sink, unread)
                if used == 0 and not self._large_object(sink, unread) and not alive:
                    self._give_up(unread)
                    break
        finally:
            self.pipe.close()
            self.process.kill()
            self.process.wait()
        return self.position

    def _fill(self) -> bool:
        """Read until the chunk is full; false at the end of the stream."""
        with memoryview(self.buffer) as view:
            while self.filled < CHUNK_BYTES:
                got = self.pipe.readinto(view[self.filled :])  # type: ignore[attr-defined]
                if not got:
                    return False
                self.filled += got
        return True

    def _whole_objects(self, sink: Sink, unread: list[Unread]) -> int:
        """Hand over every object that lies whole in the buffer; return how many bytes went."""
        headers, buffer, filled, position = (
            self.shard.headers,
            self.buffer,
            self.filled,
            self.position,
        )
        starts: list[int] = []
        ends: list[int] = []
        oids: list[str] = []
        at = 0
        while position < len(headers):
            after = headers.index(b"\n", position) + 1
            header = headers[position:after]
            if not buffer.startswith(header, at):
                newline = buffer.find(b"\n", at, filled)
                if newline < 0 or buffer[at : newline + 1] == header:
                    break
                unread.append(Unread(_oid(header), "missing_object"))
                if not buffer[at:newline].endswith(b" missing"):
                    self.broken = True  # not what was asked for: nothing behind it can be trusted
                    at, position = filled, after
                    break
                at, position = newline + 1, after
                continue
            start = at + len(header)
            end = start + int(header[header.rfind(b" ") + 1 :])
            if end >= filled:
                break
            if buffer[end] != _NEWLINE:
                unread.append(Unread(_oid(header), "corrupt"))
                self.broken = True  # it is longer than its header says
                at, position = filled, after
                break
            starts.append(start)
            ends.append(end)
            oids.append(_oid(header))
            at, position = end + 1, after
        if starts:
            sink.chunk(self.shard.kind, buffer, at, starts, ends, oids)
        self.position = position
        buffer[: filled - at] = buffer[at:filled]
        self.filled = filled - at
        return at

    def _large_object(self, sink: Sink, unread: list[Unread]) -> bool:
        """Hand over the object at the front of the buffer, which is larger than the buffer."""
        headers = self.shard.headers
        if self.position >= len(headers):
            return False
        after = headers.index(b"\n", self.position) + 1
        header = headers[self.position : after]
        size = int(header[header.rfind(b" ") + 1 :])
        if not self.buffer.startswith(header) or size < CHUNK_BYTES - len(header) - 1:
            return False
        self.position = after
        front = bytes(self.buffer[len(header) : self.filled])
        self.filled = 0
        taken = _Counter()
        sink.large(self.shard.kind, _oid(header), self._windows(front, size, taken))
        if taken.count != size:
            unread.append(Unread(_oid(header), "corrupt"))
            self.broken = True
        return True

    def _windows(self, front: bytes, size: int, taken: _Counter) -> Iterator[Window]:
        """Yield the windows of one object; what lies behind it goes to the buffer."""
        window = bytearray(front[:size])
        behind = front[size:]
        offset = 0
        while True:
            want = min(size - offset, WINDOW_BYTES)
            missing = want - len(window)
            while missing > 0 and not self.stop.is_set():
                piece = self.pipe.read(min(missing, gitio.PIPE_BYTES))
                if not piece:
                    break
                window += piece
                missing -= len(piece)
            taken.count = offset + len(window)
            last = offset + len(window) >= size or missing > 0
            whole, begin = bytes(window), offset
            offset += len(window) - self.overlap
            del window[: -self.overlap]  # before it is searched: a window is held once, not twice
            yield begin, whole, last
            del whole
            if last:
                break
        if not behind:
            behind = self.pipe.read(1) or b""
        if behind and behind[0] != _NEWLINE:
            taken.count = size + 1
        behind = behind.removeprefix(b"\n")
        self.buffer[: len(behind)] = behind
        self.filled = len(behind)

    def _give_up(self, unread: list[Unread]) -> None:
        """Note the object at which the stream ended, and step behind it."""
        headers = self.shard.headers
        if self.stop.is_set() or self.position >= len(headers):
            return
        after = headers.index(b"\n", self.position) + 1
        unread.append(Unread(_oid(headers[self.position : after]), "corrupt"))
        self.position = after


def windows(stream: IO[bytes], overlap: int) -> Iterator[Window]:
    """Cut a stream of any length into windows that overlap by ``overlap`` bytes."""
    offset, kept = 0, b""
    while True:
        pieces, size = [kept], len(kept)
        while size < WINDOW_BYTES:
            piece = stream.read(min(gitio.PIPE_BYTES, WINDOW_BYTES - size))
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
        last = size < WINDOW_BYTES
        window = b"".join(pieces)
        del pieces
        yield offset, window, last
        if last:
            return
        kept = window[-overlap:]
        offset += size - overlap


class _Counter:
    """How many bytes of an object have arrived."""

    count = 0


def _oid(header: bytes) -> str:
    return header[: header.index(b" ")].decode("ascii")
