"""Looks for planted secrets in files, in every encoding and container that keyproof claims to see.

A file below a folder named ``planted`` is input, and is passed over.
"""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import re
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import hyperscan

MAXIMUM_BYTES = 256 * 1024 * 1024
_PDF_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


class Escaped(NamedTuple):
    """A place where a planted secret stands; the secret itself is not named."""

    path: str
    encoding: str


def encodings(value: str) -> Iterator[tuple[str, bytes]]:
    """Yield the forms in which a value might stand in a file."""
    raw = value.encode()
    yield "plain", raw
    yield "UTF-16", value.encode("utf-16-le")
    yield "UTF-16", value.encode("utf-16-be")
    yield "hex", raw.hex().encode()
    yield "hex", raw.hex().upper().encode()
    yield "percent", urllib.parse.quote(value, safe="").encode()
    yield "JSON", json.dumps(value)[1:-1].encode()
    yield "HTML", html.escape(value).encode()
    yield "reversed", raw[::-1]
    for shift in range(3):
        # the middle of a longer base64 text: whole groups that the value alone decides
        packed = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 :]
        packed = packed[: len(packed) // 4 * 4 - 4]
        yield "base64", packed
        yield "base64", packed.translate(bytes.maketrans(b"+/", b"-_"))


def sweep(folder: Path, values: Iterable[str]) -> list[Escaped]:
    """Return every place below ``folder`` where one of ``values`` stands."""
    needles: dict[bytes, str] = {}
    for value in values:
        for name, form in encodings(value):
            if len(form) >= 8:
                needles.setdefault(form, name)
    if not needles:
        return []
    database = hyperscan.Database()
    database.compile(
        expressions=[b"".join(b"\\x%02x" % byte for byte in needle) for needle in needles],
        ids=list(range(len(needles))),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(needles),
    )
    names = list(needles.values())
    found: dict[Escaped, None] = {}
    linked: set[tuple[int, int]] = set()
    for path in sorted(folder.rglob("*")):
        if "planted" in path.relative_to(folder).parts or path.is_symlink() or not path.is_file():
            continue
        if _seen(path, linked):
            continue
        for layer in _layers(_read(path), 0):
            hits: set[str] = set()
            if layer:
                database.scan(
                    layer, match_event_handler=lambda i, *_, hits=hits: hits.add(names[i])
                )
            for name in sorted(hits):
                found[Escaped(str(path.relative_to(folder)), name)] = None
    return list(found)


def _seen(path: Path, linked: set[tuple[int, int]]) -> bool:
    """Tell whether another link to this file was searched already; remember this one."""
    status = path.stat()
    if status.st_nlink == 1:
        return False
    known = (status.st_dev, status.st_ino) in linked
    linked.add((status.st_dev, status.st_ino))
    return known


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            return handle.read(MAXIMUM_BYTES)
    except OSError:  # a socket, or gone: a server of a test that ended meanwhile
        return b""


def _layers(content: bytes, depth: int) -> Iterator[bytes]:
    """Yield the content and whatever is packed inside it."""
    yield content
    if depth > 3:
        return
    if content[:2] == b"\x1f\x8b":
        yield from _unpacked(lambda: gzip.decompress(content), depth)
    elif content[:1] == b"\x78":
        yield from _unpacked(lambda: zlib.decompress(content), depth)
    elif content[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield from _layers(archive.read(name), depth + 1)
        except (zipfile.BadZipFile, RuntimeError, zlib.error):
            return
    elif content[:5] == b"%PDF-":
        for match in _PDF_STREAM.finditer(content):
            stream = match[1]
            yield from _unpacked(
                lambda stream=stream: zlib.decompressobj().decompress(stream), depth
            )
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive.getmembers():
                if handle := archive.extractfile(member):
                    yield from _layers(handle.read(), depth + 1)


def _unpacked(unpack: object, depth: int) -> Iterator[bytes]:
    try:
        inner = unpack()  # type: ignore[operator]
    except (OSError, EOFError, zlib.error):
        return
    yield from _layers(inner, depth + 1)
