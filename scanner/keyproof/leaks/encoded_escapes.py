r"""Escapes: percent-encoding, ``\u0041`` and ``\x41``, HTML entities, quoted-printable.

Only what is escaped changes, so a run is a whole word with some escapes in it; triggers ask for an
escape beside other letters of a long word, because a lone one is everywhere and hides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from keyproof.leaks.encoded_origin import RUN_BYTES, Decoded, Piece, by_pieces, framed, line_around

AROUND = 128
"""How much of its line a decoded word keeps."""
QUOTED_WIDTH = 32

_HEX = b"[0-9A-Fa-f]"
_BESIDE = rb"[A-Za-z0-9_+/=.~@:-]{8}"
_ESCAPES = (
    b"%[2-7]" + _HEX,
    rb"\\(?:u00|x)[2-7]" + _HEX,
    b"&#[xX]?" + _HEX + b"{2,3};",
    b"&(?:quot|amp|lt|gt|apos);",
)
TRIGGERS = (
    *(escape + _BESIDE for escape in _ESCAPES),
    *(_BESIDE + escape for escape in _ESCAPES),
    *(b"(?:" + escape + b"){4}" for escape in _ESCAPES[:3]),
    b"(?:=[2-7][0-9A-F]){4}",
)
"""Literals with a fixed surrounding: they cost the matcher next to nothing."""
WIDTH = 32
QUOTED_TRIGGER = b"[Qq][Uu][Oo][Tt][Ee][Dd]-[Pp][Rr][Ii][Nn][Tt][Aa][Bb][Ll][Ee]"

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNICODE = re.compile(rb"\\{1,4}(?:u00|x)([0-7][0-9A-Fa-f])")
_ENTITY = re.compile(
    rb"&(?:#[xX]0{0,4}([2-7][0-9A-Fa-f])|#0{0,4}([0-9]{2,3})|(quot|amp|lt|gt|apos));"
)
_QUOTED = re.compile(rb"=(?:\r?\n|([0-9A-Fa-f]{2}))")
_NAMED = {b"quot": b'"', b"amp": b"&", b"lt": b"<", b"gt": b">", b"apos": b"'"}
_LIMITS = (b" ", b"\n", b'"', b"'", b"\t", b"\r", b"`", b"<", b">")
_ENDS = re.compile(rb"[\s\"'`<>]")
_LAST_ASCII = 127


def escaped_at(text: bytes, end: int) -> Iterator[Decoded]:
    """Yield the word around ``end`` with its escapes resolved, once for each kind it holds."""
    begin, finish = _word(text, end)
    word = text[begin:finish]
    for shown, expression, resolve in _KINDS:
        if shown.search(word):
            pieces, decoded = _resolved(word, begin, expression, resolve)
            if decoded != word:
                around = line_around(text, begin, finish, AROUND)
                yield framed(text, (begin, finish), around, decoded, by_pieces(pieces))


def escapes_extent(text: bytes, end: int) -> tuple[int, int]:
    """Return the stretch of ``text`` on which :func:`escaped_at` rests."""
    begin, finish = _word(text, end)
    return max(0, begin - AROUND - 1), min(len(text), finish + AROUND + 1)


def _word(text: bytes, end: int) -> tuple[int, int]:
    begin = max(0, end - RUN_BYTES)
    for mark in _LIMITS:
        begin = max(begin, text.rfind(mark, begin, end) + 1)
    after = _ENDS.search(text, end, end + RUN_BYTES)
    return begin, after.start() if after else min(len(text), end + RUN_BYTES)


def quoted_at(text: bytes, end: int) -> Iterator[Decoded]:
    """Yield what follows the words ``quoted-printable``, decoded (RFC 2045, section 6.7)."""
    finish = min(len(text), end + RUN_BYTES)
    pieces, decoded = _resolved(text[end:finish], end, _QUOTED, _from_hex)
    if pieces and decoded != text[end:finish]:
        yield framed(text, (end, finish), (end, finish), decoded, by_pieces(pieces))


def _resolved(
    word: bytes, begin: int, expression: re.Pattern[bytes], resolve: Callable[..., bytes]
) -> tuple[list[Piece], bytes]:
    """Resolve the escapes in ``word``, which stands at ``begin``."""
    pieces: list[Piece] = []
    parts: list[bytes] = []
    at = done = 0
    for match in expression.finditer(word):
        if match.start() > done:
            parts.append(word[done : match.start()])
            pieces.append(Piece(at, begin + done, begin + match.start(), plain=True))
            at += match.start() - done
        value = resolve(match)
        if value:
            parts.append(value)
            pieces.append(Piece(at, begin + match.start(), begin + match.end(), plain=False))
            at += len(value)
        done = match.end()
    if done < len(word):
        parts.append(word[done:])
        pieces.append(Piece(at, begin + done, begin + len(word), plain=True))
    return pieces, b"".join(parts)


def _from_hex(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode("ascii")) if match[1] else b""


def _from_entity(match: re.Match[bytes]) -> bytes:
    if match[3]:
        return _NAMED[match[3]]
    number = int(match[1], 16) if match[1] else int(match[2])
    return bytes([number]) if number <= _LAST_ASCII else match[0]


_KINDS = (
    (_PERCENT, _PERCENT, _from_hex),
    (_UNICODE, _UNICODE, _from_hex),
    (_ENTITY, _ENTITY, _from_entity),
    (re.compile(b"(?:=[2-7][0-9A-F]){4}"), _QUOTED, _from_hex),
)
"""What shows that a word is escaped, and each escape in it: a lone ``=3d`` is an assignment."""
