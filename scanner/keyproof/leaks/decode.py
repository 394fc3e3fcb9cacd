"""Decoders: other forms in which a text may stand in bytes, each with the way back to its lines.

A view is a text that is searched besides the bytes themselves. Today: UTF-16 and UTF-32, whole
files (with or without a mark) and runs inside binaries. A further decoder is one more generator
in :func:`views`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAXIMUM_BYTES = 64 << 20
"""A view is made of no more than this many bytes."""

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_RUNS = (
    (re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00\x00\x00){10,}"), 4, b"a\x00\x00\x00" * 10),
    (
        re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00(?!\x00)){9,}[\t\n\r\x20-\x7e]\x00?"),
        2,
        b"a\x00" * 9 + b"a",
    ),
)
"""Runs of wide text, bytes a character, and how one begins in terms of ``_CLASSES``."""
_LETTERS = b"\t\n\r" + bytes(range(0x20, 0x7F))
_CLASSES = b"\x00" + bytes(97 if byte in _LETTERS else 98 for byte in range(1, 256))
_TEXT_SHARE = 0.6


class View(NamedTuple):
    """A decoded text. ``line`` is the line on which it begins, ``exact`` whether columns hold."""

    text: bytes
    line: int
    exact: bool


def views(data: bytes) -> Iterator[View]:
    """Yield the decoded texts that ``data`` holds; ``data`` itself is not among them."""
    yield from wide_views(data[:MAXIMUM_BYTES])


def wide_views(data: bytes) -> Iterator[View]:
    """Yield text that stands in two or four bytes a character, as UTF-8."""
    encoding = _encoding(data)
    if encoding:
        text = data.decode(encoding, "replace").removeprefix("\ufeff")
        if text:
            yield View(text.encode("utf-8", "replace"), 1, exact=True)
        return
    for start, run, width in _runs(data):
        yield View(run[::width], data.count(b"\n", 0, start) + 1, exact=False)


def _runs(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield where runs of wide text begin, their bytes, and the bytes of a character.

    Binaries are mostly zeros, on which an expression starts anew at every byte: where a run begins
    is looked for as plain bytes, in a copy that knows letters, zeros and the rest only.
    """
    classes = data.translate(_CLASSES)
    for pattern, width, beginning in _RUNS:
        at = classes.find(beginning)
        while at >= 0 and (run := pattern.match(data, at)):
            yield at, run.group(), width
            at = classes.find(beginning, run.end())


def _encoding(data: bytes) -> str | None:
    """Return the encoding of a whole text: by its mark, else by where its zero bytes stand."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    sample = data[:4096]
    for width, name in ((4, "utf-32"), (2, "utf-16")):
        units = len(sample) // width
        if len(data) % width or not units:
            continue
        zeros = [sample[i::width].count(0) for i in range(width)]
        if all(count >= units * _TEXT_SHARE for count in zeros[1:]) and zeros[0] < units * 0.1:
            return f"{name}-le"
        if all(count >= units * _TEXT_SHARE for count in zeros[:-1]) and zeros[-1] < units * 0.1:
            return f"{name}-be"
    return None
