"""Columns: rows of SQL whose names stand apart from their values, as assignments.

``INSERT INTO users (name, api_key) VALUES ('anna', '…')`` says what the second value is, but far
from it; ``COPY users (name, api_key) FROM stdin`` says it once for a whole dump. Where a column is
called as a credential is, or one holds names and another values, each row is searched as if it had
been written ``api_key = '…'``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keyproof.leaks.encoded_origin import Decoded, Piece, by_pieces

REACH = 2000
"""So far before its values the list of columns begins."""
ROWS_BYTES = 1 << 20
"""No more than this much of the rows of one statement is read."""
VALUES_TRIGGER = rb"\)\s{0,8}[Vv][Aa][Ll][Uu][Ee][Ss]\s{0,8}\("
COPY_TRIGGER = rb"\)\s{1,4}[Ff][Rr][Oo][Mm]\s{1,4}[Ss][Tt][Dd][Ii][Nn]"
WIDTH = 24

_CREDENTIAL = re.compile(
    rb"(?i)pass|pwd|secret|token|api_?key|access_?key|private_?key|credential|auth_?key"
)
_NAME = re.compile(
    rb"(?i)(?:[a-z]{1,20}_)?(?:name|key|setting|option|var(?:iable)?|param(?:eter)?)"
)
_VALUE = re.compile(rb"(?i)(?:[a-z]{1,20}_)?(?:value|val)")
_TABLE = re.compile(rb"([0-9A-Za-z_.$-]{1,100})[\"'`\]]{0,2}\s{0,8}\Z")
_PART = re.compile(
    rb"\s{0,200}(?:[NEb]?'((?:[^'\\]|''|\\.){0,20000}+)'|\"((?:[^\"\\]|\\.){0,20000}+)\""
    rb"|[^,()'\"]{0,200}+(?:\([^()'\"]{0,200}+\))?)\s{0,200}([,)])"
)
_NEXT_ROW = re.compile(rb"\s{0,200},\s{0,200}\(")


class _Columns(NamedTuple):
    """What a statement says of its rows.

    Attributes:
        table: what the rows go into.
        named: places of columns called as credentials are, with their names.
        pair: places of a column of names and of one of values.
    """

    table: bytes
    named: tuple[tuple[int, bytes], ...]
    pair: tuple[int, int] | None


def values_at(text: bytes, end: int) -> Iterator[Decoded]:
    """Yield each row of the statement whose first row begins at ``end``."""
    columns = _columns(text, text.rfind(b")", max(0, end - WIDTH), end))
    at, last = end, min(len(text), end + ROWS_BYTES)
    while columns:
        row: list[tuple[int, int]] = []
        while part := _PART.match(text, at, last):
            group = 1 if part[1] is not None else 2
            row.append(part.span(group))
            at = part.end()
            if part[3] == b")":
                break
        yield from _decoded(text, columns, row)
        following = _NEXT_ROW.match(text, at, last)
        if not (row and following):
            return
        at = following.end()


def copied_at(text: bytes, end: int) -> Iterator[Decoded]:
    """Yield each line that follows a ``COPY … FROM stdin`` whose head ends at ``end``."""
    columns = _columns(text, text.rfind(b")", max(0, end - WIDTH), end))
    last = min(len(text), end + ROWS_BYTES)
    at = text.find(b"\n", end, end + WIDTH) + 1
    while columns and at and not text.startswith(b"\\.", at):
        newline = text.find(b"\n", at, last)
        finish = last if newline < 0 else newline
        row, begin = [], at
        for value in text[at:finish].split(b"\t"):
            row.append((begin, begin + len(value)))
            begin += len(value) + 1
        yield from _decoded(text, columns, row)
        at = newline + 1


def _columns(text: bytes, close: int) -> _Columns | None:
    """Read the list of columns that ends at ``close``; ``None`` where none holds credentials."""
    low = max(0, close - REACH)
    opened = text.rfind(b"(", low, close)
    table = _TABLE.search(text, low, opened) if opened >= 0 else None
    if table is None:
        return None
    names = [name.strip(b" \t\r\n\"'`[]") for name in text[opened + 1 : close].split(b",")]
    named = tuple((at, name) for at, name in enumerate(names) if _CREDENTIAL.search(name))
    keys = [at for at, name in enumerate(names) if _NAME.fullmatch(name)]
    values = [at for at, name in enumerate(names) if _VALUE.fullmatch(name)]
    pair = (keys[0], values[0]) if keys and values else None
    return _Columns(table[1], named, pair) if named or pair else None


def _decoded(text: bytes, columns: _Columns, row: Sequence[tuple[int, int]]) -> Iterator[Decoded]:
    """Yield a row as assignments, the table's name before each."""
    named = [(name, row[at]) for at, name in columns.named if at < len(row)]
    if columns.pair and max(columns.pair) < len(row):
        key, value = (row[at] for at in columns.pair)
        named.append((text[slice(*key)], value))
    shown = [(name, span) for name, span in named if name and span[0] < span[1]]
    if not shown:
        return
    first, final = min(s[0] for _, s in shown), max(s[1] for _, s in shown)
    parts: list[bytes] = []
    pieces: list[Piece] = []
    at = 0
    for name, (begin, finish) in shown:
        head = columns.table + b"." + name + b" = '"
        parts += [head, text[begin:finish], b"'\n"]
        pieces += [
            Piece(at, begin, begin + 1, plain=False),
            Piece(at + len(head), begin, finish, plain=True),
            Piece(at + len(head) + finish - begin, finish, finish + 1, plain=False),
        ]
        at += len(head) + finish - begin + 2
    decoded = b"".join(parts)
    origin = by_pieces(pieces)

    def within(start: int, end: int) -> tuple[int, int]:
        begin, finish = origin(start, end)
        return max(begin, first), max(begin + 1, min(finish, final))

    yield Decoded(decoded, 0, len(decoded), within)
