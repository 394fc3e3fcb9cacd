"""Base64 (both alphabets, folded or not, with UTF-16 or gzip inside) and hex."""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

from keyproof.leaks.encoded_origin import (
    RUN_BYTES,
    Decoded,
    Origin,
    by_share,
    framed,
    line_around,
    looks_like_text,
)

AROUND = 128
"""How much of its line a decoded text keeps."""
BASE64_LEAST, HEX_LEAST, PACKED_LEAST = 24, 32, 5
"""How many digits a trigger reports, counted back from its end."""
_LONGEST_LINE = 512
LEFT = _LONGEST_LINE + AROUND + 64

_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_STANDARD = bytes.maketrans(b"-_", b"+/")
_RUN = re.compile(rb"[A-Za-z0-9+/_-]+")
_HEX_RUN = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_FOLD = rb"(?:(?:\\r)?\\n|[\"'`]?[ \t]{0,8}[+\\]?[ \t]{0,8}\r?\n[ \t#*>]{0,80}[\"'`]?)"
_NEXT_LINE = re.compile(_FOLD + rb"([A-Za-z0-9+/_-]{2,512})(?![A-Za-z0-9+/_-])")
_LINE_BEFORE = re.compile(rb"(?<![A-Za-z0-9+/_=-])([A-Za-z0-9+/_-]{24,512})" + _FOLD + rb"\Z")


def _class(accepted: Callable[[int], bool]) -> bytes:
    """Return the class of the base64 digits whose number is accepted."""
    digits = b"".join(_DIGITS[i : i + 1] for i in range(62) if accepted(i))
    marks = (b"+\\-" if accepted(62) else b"") + (b"/_" if accepted(63) else b"")
    return b"[" + digits + marks + b"]"


def _printable_digits() -> bytes:
    """Return the expression of four digits that encode three bytes of printable ASCII.

    A byte of it is 0x20 to 0x7f, or tab, line feed, carriage return; RFC 4648 says which of its
    bits stand in which digit.
    """
    first = _class(lambda i: i in (2, 3) or 8 <= i < 32)  # noqa: PLR2004
    second = _class(lambda i: i & 15 == 0 or 2 <= i & 15 <= 7)  # noqa: PLR2004
    third = _class(lambda i: not i & 2)
    return first + second + third + _class(lambda _: True)


def _wide_digits() -> bytes:
    """Return the expression of eight digits that encode three letters of UTF-16, low byte first."""
    first = _class(lambda i: 8 <= i < 32)  # noqa: PLR2004
    return (
        first + b"[AQgw][AB]" + _class(lambda _: True) + b"A[C-H]" + _class(lambda _: True) + b"A"
    )


_BEGIN = rb"(?:^|[^A-Za-z0-9]|\\[nrt])"
BASE64_TRIGGER = _BEGIN + b"(?:" + _printable_digits() + b"){6}"
WIDE_TRIGGER = _BEGIN + b"(?:" + _wide_digits() + b"){3}"
PACKED_TRIGGER = b"H4sI[A-H]|UEsDB"
HEX_TRIGGER = rb"(?:^|[^A-Za-z0-9]|0x|\\[nrt])(?:[2-7][0-9A-Fa-f]|0[9AaDd]){16}"
_TEXTUAL = re.compile(b"(?:" + _printable_digits() + b"){6}")


def base64_at(text: bytes, end: int) -> Iterator[Decoded]:
    """Yield the text in the base64 run whose trigger ended at ``end``: its line, and its block."""
    start = end - BASE64_LEAST
    if not _begins(text, start):
        return
    within = _RUN.match(text, start, start + RUN_BYTES)
    if within is None:
        return
    continued = _continues(text, start)
    stop = within.end()
    block = [(start, stop)]
    if not continued and stop - start <= _LONGEST_LINE:
        block = _block(text, start, stop)
    if not continued or (stop - start) % 4:
        yield from _decoded(text, [(start, stop)])
    if len(block) > 1:
        yield from _decoded(text, block)


def wide_at(text: bytes, end: int) -> Iterator[Decoded]:
    """Yield the text of two bytes a letter in a base64 run (as PowerShell takes its commands)."""
    start = end - BASE64_LEAST
    found = _RUN.match(text, start, start + RUN_BYTES) if _begins(text, start) else None
    if found is None:
        return
    run = found.span()
    data = _bytes(found.group())
    letters = data[::2] if looks_like_text(data[::2]) else b""
    if letters and data[1::2].count(0) * 2 >= len(letters):
        yield _framed(text, run, letters, by_share(run, len(letters)))


def packed_at(text: bytes, end: int) -> Iterator[Decoded]:
    """Yield the texts in a base64 run that holds a compressed file."""
    from keyproof.leaks.unpack import Member, Unread, unpack

    start = end - PACKED_LEAST
    if not _begins(text, start):
        return
    found = _RUN.match(text, start, start + RUN_BYTES)
    if found is None or found.end() - start < BASE64_LEAST:
        return
    block = _block(text, start, found.end())
    run = block[0][0], block[-1][1]
    data = _bytes(b"".join(text[low:high] for low, high in block))
    every = list(unpack(data))
    joined = b"\n".join(one.data for one in every if isinstance(one, Member))
    # what is damaged is no file that is encoded there, as often as not: a sample, cut short
    lost = any(isinstance(one, Unread) and one.reason != "corrupt" for one in every)
    if joined or lost:
        decoded = _framed(text, run, joined, by_share(run, len(joined)))
        yield decoded._replace(whole=not lost)


def hex_at(text: bytes, end: int) -> Iterator[Decoded]:
    """Yield the text in the hex run whose trigger ended at ``end``."""
    start = end - HEX_LEAST
    if not (_begins(text, start) or text[max(0, start - 2) : start] == b"0x"):
        return
    found = _HEX_RUN.match(text, start, start + RUN_BYTES)
    data = binascii.unhexlify(found.group()) if found else b""
    if found is None or not looks_like_text(data):
        return
    begin = found.start()
    yield _framed(text, found.span(), data, lambda low, high: (begin + 2 * low, begin + 2 * high))


def _begins(text: bytes, start: int) -> bool:
    r"""Tell whether a run may begin here: a slice's edge, where a trigger fires too, is no begin."""
    if start < 0:
        return False
    before = text[max(0, start - 2) : start]
    return not before[-1:].isalnum() or before in {b"\\n", b"\\r", b"\\t"}


def _continues(text: bytes, start: int) -> bool:
    """Tell whether the line before is of the same block, and announced it already."""
    low = max(0, start - LEFT)
    line = _LINE_BEFORE.search(text, low, start)
    return line is not None and _TEXTUAL.match(text, line.start(1)) is not None


def _block(text: bytes, start: int, stop: int) -> list[tuple[int, int]]:
    """Return the lines of a folded run: each goes to its end, and only the last may be padded."""
    lines = [(start, stop)]
    while stop - start < RUN_BYTES:
        following = _NEXT_LINE.match(text, stop)
        if following is None:
            break
        lines.append(following.span(1))
        stop = following.end()
    return lines


def _bytes(digits: bytes) -> bytes:
    """Decode digits of either alphabet; what is no whole group at the end is completed or left."""
    digits = digits.translate(_STANDARD)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _decoded(text: bytes, lines: list[tuple[int, int]]) -> Iterator[Decoded]:
    data = _bytes(b"".join(text[low:high] for low, high in lines))
    if not looks_like_text(data):
        data = _leading_text(data)
        if not data:
            return
    run = lines[0][0], lines[-1][1]
    counts = [0]
    for low, high in lines:
        counts.append(counts[-1] + high - low)

    def place(digit: int) -> int:
        line = min(bisect_right(counts, digit) - 1, len(lines) - 1)
        return lines[line][0] + digit - counts[line]

    def origin(low: int, high: int) -> tuple[int, int]:
        return place(4 * low // 3), place(-(-4 * high // 3) - 1) + 1

    yield _framed(text, run, data, origin)


def _framed(text: bytes, run: tuple[int, int], data: bytes, origin: Origin) -> Decoded:
    """Put decoded bytes into their line, without what only marks the run: ``0x``, padding."""
    begin, finish = run
    if text[begin - 1 : begin].isalnum():
        begin -= 2
    finish += len(text[finish : finish + 2]) - len(text[finish : finish + 2].lstrip(b"="))
    return framed(text, (begin, finish), line_around(text, begin, finish, AROUND), data, origin)


def _leading_text(data: bytes) -> bytes:
    """Return the text with which other bytes begin: a run may be prolonged by what follows it."""
    ends = re.search(rb"[^\t\n\r\x20-\xff]", data)
    return data[: ends.start()] if ends else data
