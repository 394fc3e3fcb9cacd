"""Unpack: the texts in compressed files and archives, from memory, within bounds.

What a file is, its first bytes say, not its name: zip (with jar, wheel, nupkg and office documents),
tar, Debian packages, gzip, bzip2, xz, lzma, zlib, packs and bundles of git, and what is not plain in
a PDF, PNG or SQLite file. What cannot be read, or is over a bound, is yielded as such; nothing that
stands in a file raises.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from keyproof.leaks import unpack_git
from keyproof.leaks.unpack_documents import office_text, pdf_texts
from keyproof.leaks.unpack_forms import LFS, form
from keyproof.leaks.unpack_sqlite import long_rows
from keyproof.leaks.unpack_streams import (
    Unpacked,
    bzipped,
    gzipped,
    lzma_alone,
    png_texts,
    xzipped,
    zlibbed,
)

DEPTH = 3
"""So many archives may lie in one another; a tar in a gzip counts once."""
MEMBERS = 65_536
NAME_BYTES = 1024
SECONDS = 20.0
TOTAL_BYTES = 256 << 20
LAYER_BYTES = 96 << 20
"""What is unpacked at once, in memory."""
LEAST_BYTES = 16 << 20
RATIO = 200
"""Unpacked, a file may be so many times its size (or ``LEAST_BYTES``, if that is more)."""

_ENCRYPTED = 0x1
_POINTED = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the standard library raises on hostile archives: much more than its own errors."""

_STREAMS = {
    "gzip": gzipped,
    "bzip2": bzipped,
    "xz": xzipped,
    "lzma": lzma_alone,
    "zlib": zlibbed,
}
_PARTS = {
    "png": png_texts,
    "pdf": pdf_texts,
    "sqlite": long_rows,
    "git": unpack_git.objects,
}
"""Forms whose plain bytes are a text, too."""


class Member(NamedTuple):
    """A text that was packed.

    Attributes:
        path: empty where it has no name of its own in the file.
        again: another reading of the member before: what both show counts once.
    """

    path: bytes
    data: bytes
    again: bool = False


class Unread(NamedTuple):
    """What was not read; ``reason`` is ``unsupported``, ``corrupt``, ``limit`` or ``missing_object``."""

    path: bytes
    reason: str


class _Bounds:
    """What may still be unpacked of one file, all depths together."""

    def __init__(self, size: int) -> None:
        self.left = min(TOTAL_BYTES, max(LEAST_BYTES, RATIO * size))
        self.members = MEMBERS
        self.until = time.monotonic() + SECONDS

    def exhausted(self) -> bool:
        """Tell whether nothing more may be unpacked."""
        return self.left <= 0 or self.members <= 0 or time.monotonic() > self.until

    def layer(self) -> int:
        """Return how much may be unpacked at once."""
        return min(self.left, LAYER_BYTES)


def unpack(data: bytes) -> Iterator[Member | Unread]:
    """Yield every text that is packed in ``data``, and what could not be read.

    Members that are archives themselves are unpacked too: their paths are joined with ``!``.
    """
    yield from _unpacked(data, b"", _Bounds(len(data)), 1)


def _unpacked(data: bytes, path: bytes, bounds: _Bounds, depth: int) -> Iterator[Member | Unread]:
    kind = form(data)
    if depth > DEPTH or bounds.exhausted():
        yield Unread(path, "limit")
    elif kind == "zip":
        yield from _zip(data, path, bounds, depth)
    elif kind == "tar":
        yield from _tar(data, path, bounds, depth)
    elif kind == "deb":
        yield from _deb(data, path, bounds, depth)
    elif kind in _PARTS:
        yield from _parts(kind, data, path, bounds, depth)
    elif kind in _STREAMS:
        yield from _layer(_STREAMS[kind](data, bounds.layer()), path, bounds, depth)
    elif kind == "lfs":
        yield Unread(_joined(path, _pointed(data)), "missing_object")
    elif kind:
        yield Unread(path, "unsupported")


def _pointed(pointer: bytes) -> str:
    """Return the name under which Git LFS keeps what a pointer stands for."""
    found = _POINTED.search(pointer[:1024])
    return f"{LFS}{found[1].decode()}" if found else LFS


def _parts(
    kind: str, data: bytes, path: bytes, bounds: _Bounds, depth: int
) -> Iterator[Member | Unread]:
    """Yield what stands compressed or cut up in a file whose other bytes are plain."""
    for text in _PARTS[kind](data, bounds.layer()):
        if bounds.exhausted():
            yield Unread(path, "limit")
            return
        yield from _layer(text, path, bounds, depth)


def _deb(data: bytes, path: bytes, bounds: _Bounds, depth: int) -> Iterator[Member | Unread]:
    """Yield what the members of an ar file hold."""
    at = 8
    while at + 60 <= len(data):
        name, size = data[at : at + 16].rstrip(b" /"), data[at + 48 : at + 58].strip()
        if not size.isdigit() or at + 60 + int(size) > len(data):
            yield Unread(path, "corrupt")
            return
        if bounds.exhausted():
            yield Unread(path, "limit")
            return
        begin = at + 60
        content = Unpacked(data[begin : begin + int(size)], "")
        yield from _layer(content, _joined(path, name.decode("latin-1")), bounds, depth)
        at = begin + int(size) + int(size) % 2


def _layer(layer: Unpacked, path: bytes, bounds: _Bounds, depth: int) -> Iterator[Member | Unread]:
    """Yield what a stream held; a tar in it is of the same depth."""
    bounds.left -= len(layer.data)
    bounds.members -= 1
    inner = form(layer.data)
    if inner == "tar":
        yield from _tar(layer.data, path, bounds, depth)
    elif layer.again:
        yield Member(path, layer.data, again=True)
    elif layer.data:
        yield from _member(layer.data, path, bounds, depth)
    if layer.reason and not (inner == "tar" and layer.reason == "corrupt"):
        yield Unread(path, layer.reason)  # of a tar, its own end says what is missing


def _member(data: bytes, path: bytes, bounds: _Bounds, depth: int) -> Iterator[Member | Unread]:
    kind = form(data)
    if not kind or kind in _PARTS or kind == "zlib":
        yield Member(path, data)
        text = office_text(path, data)
        if text:
            yield Member(path, text, again=True)
    if kind:
        yield from _unpacked(data, path, bounds, depth + 1)


def _zip(data: bytes, path: bytes, bounds: _Bounds, depth: int) -> Iterator[Member | Unread]:
    if data.count(b"PK\x01\x02") > MEMBERS:
        yield Unread(path, "limit")
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except _DAMAGE:
        yield Unread(path, "corrupt")
        return
    for entry in entries:
        if entry.filename.endswith("/") and not entry.file_size:
            continue
        inner = _joined(path, entry.filename)
        if bounds.exhausted():
            yield Unread(path, "limit")
            return
        bounds.members -= 1
        yield from _zipped(archive, entry, inner, bounds, depth)


def _zipped(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: bytes, bounds: _Bounds, depth: int
) -> Iterator[Member | Unread]:
    if entry.flag_bits & _ENCRYPTED:
        yield Unread(path, "unsupported")
        return
    try:
        with archive.open(entry) as stream:
            content = stream.read(bounds.layer() + 1)
    except NotImplementedError:
        yield Unread(path, "unsupported")
        return
    except _DAMAGE:
        yield Unread(path, "corrupt")
        return
    yield from _read(content, path, bounds, depth)


def _read(content: bytes, path: bytes, bounds: _Bounds, depth: int) -> Iterator[Member | Unread]:
    """Yield what was read of a member, and that there is more where it is over the limit."""
    limit = bounds.layer()
    bounds.left -= len(content)
    yield from _member(content[:limit], path, bounds, depth)
    if len(content) > limit:
        yield Unread(path, "limit")


def _tar(data: bytes, path: bytes, bounds: _Bounds, depth: int) -> Iterator[Member | Unread]:
    try:
        archive = tarfile.TarFile(fileobj=io.BytesIO(data))
    except _DAMAGE:
        yield Unread(path, "corrupt")
        return
    while True:
        if bounds.exhausted():
            yield Unread(path, "limit")
            return
        try:
            entry = archive.next()
            archive.members = []  # type: ignore[attr-defined]  # it would keep them all
        except _DAMAGE:
            yield Unread(path, "corrupt")
            return
        if entry is None:
            break
        bounds.members -= 1
        if entry.isreg():
            yield from _tarred(archive, entry, path, bounds, depth)
    if data[archive.offset : archive.offset + 512].strip(b"\0") or archive.offset > len(data):
        yield Unread(path, "corrupt")  # it does not end where tar's last blocks are


def _tarred(
    archive: tarfile.TarFile, entry: tarfile.TarInfo, path: bytes, bounds: _Bounds, depth: int
) -> Iterator[Member | Unread]:
    inner = _joined(path, entry.name)
    try:
        stream = archive.extractfile(entry)
        content = stream.read(bounds.layer() + 1) if stream else b""
    except _DAMAGE:
        yield Unread(inner, "corrupt")
        return
    yield from _read(content, inner, bounds, depth)


def _joined(path: bytes, name: str) -> bytes:
    raw = name.encode("utf-8", "surrogateescape")[:NAME_BYTES]
    return path + b"!" + raw if path else raw
