"""Columns: rows of SQL whose names stand apart from their values, as assignments.

``INSERT INTO users (name, api_key) VALUES ('anna', '…')`` says what the second value is, but far
from it; ``COPY users (name, api_key) FROM stdin`` says it once for a whole dump. Where a column is
called as a credential is, or one holds names and another values, each row is searched as if it had
been written ``api_key = '…'``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from keyproof.leaks.encoded_origin import Decoded, Piece, by_pieces

REACH = 2000
"""So far before its values the list of columns begins."""
ROWS_BYTES = 1 << 20
"""No more than this much of the rows of one statement is read."""
VALUES_TRIGGER = rb"\)\s{0,8}[Vv][Aa][Ll][Uu][Ee][Ss]\s{0,8}\("
COPY_TRIGGER = rb"\)\s{1,4}[Ff][Rr][Oo][Mm]\s{1,4}[Ss][Tt][Dd][Ii][Nn]"
WIDTH = 24
_BATCH_BYTES = 1 << 16
"""So much of the values of a statement is searched at once: a search a row would take too long."""
_LEAST = 6
"""A shorter value is no secret."""
_TABLE_BYTES = 100
_DOLLAR = ord("$")

_CREDENTIAL = re.compile(
    rb"(?i)pass|pwd|secret|token|api_?key|access_?key|private_?key|credential|auth_?key"
)
_KEYED = re.compile(rb"(?i)pass|pwd|secret|token|key|credential|auth|_pat\b")
_NAME = re.compile(
    rb"(?i)(?:[a-z]{1,20}_)?(?:name|key|setting|option|var(?:iable)?|param(?:eter)?)"
)
_VALUE = re.compile(rb"(?i)(?:[a-z]{1,20}_)?(?:value|val)")
_TABLE = re.compile(rb"([0-9A-Za-z_.$-]{1,80}+)[\"'`\]]{0,2}\s{0,8}\Z")
_PART = re.compile(
    rb"\s{0,200}(?:[NEb]?'((?:[^'\\]|''|\\.){0,20000}+)'|\"((?:[^\"\\]|\\.){0,20000}+)\""
    rb"|[^,()'\"]{0,200}+(?:\([^()'\"]{0,200}+\))?)\s{0,200}([,)])"
)
_NEXT_ROW = re.compile(rb"\s{0,200},\s{0,200}\(")

_Span = tuple[int, int]


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
    """Yield the rows of the statement whose first row begins at ``end``."""
    columns = _columns(text, text.rfind(b")", max(0, end - WIDTH), end))
    if columns:
        yield from _decoded(text, columns, _inserted(text, end))


def copied_at(text: bytes, end: int) -> Iterator[Decoded]:
    """Yield the lines that follow a ``COPY … FROM stdin`` whose head ends at ``end``."""
    columns = _columns(text, text.rfind(b")", max(0, end - WIDTH), end))
    begin = text.find(b"\n", end, end + WIDTH) + 1
    if columns and begin:
        yield from _decoded(text, columns, _lines(text, begin))


def _inserted(text: bytes, at: int) -> Iterator[list[_Span] | None]:
    """Yield where the values of each row stand, from behind the first row's bracket on.

    ``None`` at the end says that there are more rows than are read.
    """
    last = min(len(text), at + ROWS_BYTES)
    while True:
        row: list[_Span] = []
        while part := _PART.match(text, at, last):
            row.append(part.span(1 if part[1] is not None else 2))
            at = part.end()
            if part[3] == b")":
                break
        yield row
        following = _NEXT_ROW.match(text, at, last)
        if not (row and following):
            if last < len(text) and (_NEXT_ROW if part else _PART).match(text, at):
                yield None
            return
        at = following.end()


def _lines(text: bytes, at: int) -> Iterator[list[_Span] | None]:
    """Yield where the values of each line stand, up to the one that ends the table.

    ``None`` at the end says that there are more lines than are read.
    """
    last = min(len(text), at + ROWS_BYTES)
    while at < last and not text.startswith(b"\\.", at):
        newline = text.find(b"\n", at, last)
        finish = last if newline < 0 else newline
        row, begin = [], at
        for value in text[at:finish].split(b"\t"):
            row.append((begin, begin + len(value)))
            begin += len(value) + 1
        yield row
        at = finish + 1
    if at >= last and last < len(text):
        yield None


def _columns(text: bytes, close: int) -> _Columns | None:
    """Read the list of columns that ends at ``close``; ``None`` where none holds credentials."""
    opened = text.rfind(b"(", max(0, close - REACH), close)
    if opened < 0:
        return None
    named, pair = _listed(text[opened + 1 : close])
    if not (named or pair):
        return None
    table = _TABLE.search(text, max(0, opened - _TABLE_BYTES), opened)
    return _Columns(table[1], named, pair) if table else None


@lru_cache(maxsize=256)
def _listed(columns: bytes) -> tuple[tuple[tuple[int, bytes], ...], tuple[int, int] | None]:
    """Return which of the listed columns are of interest: a dump names the same again and again."""
    names = [name.strip(b" \t\r\n\"'`[]") for name in columns.split(b",")]
    named = tuple((at, name) for at, name in enumerate(names) if _CREDENTIAL.search(name))
    keys = [at for at, name in enumerate(names) if _NAME.fullmatch(name)]
    values = [at for at, name in enumerate(names) if _VALUE.fullmatch(name)]
    return named, (keys[0], values[0]) if keys and values else None


def _decoded(
    text: bytes, columns: _Columns, rows: Iterable[Sequence[_Span] | None]
) -> Iterator[Decoded]:
    """Yield rows as assignments, many at once, with the table's name before each."""
    held: list[tuple[bytes, _Span]] = []
    size = place = 0
    for row in rows:
        if row is None:
            nothing = by_pieces([Piece(0, place, place + 1, plain=False)])
            yield Decoded(b"\n", 0, 1, nothing, whole=False)
            continue
        place = row[-1][1] if row else place
        for name, span in _named(text, columns, row):
            held.append((name, span))
            size += span[1] - span[0]
        if size > _BATCH_BYTES:
            yield _assigned(text, columns.table, held)
            held, size = [], 0
    if held:
        yield _assigned(text, columns.table, held)


def _named(text: bytes, columns: _Columns, row: Sequence[_Span]) -> Iterator[tuple[bytes, _Span]]:
    """Yield the values of a row that may be credentials, each with what it is called."""
    for at, name in columns.named:
        if at < len(row) and _may_be_secret(text, row[at]):
            yield name, row[at]
    if columns.pair and max(columns.pair) < len(row):
        key, value = (row[at] for at in columns.pair)
        if _may_be_secret(text, value) and _KEYED.search(text, *key):
            yield text[slice(*key)], value


def _may_be_secret(text: bytes, span: _Span) -> bool:
    """Tell whether a value is long enough, and no hash of a password (``$2y$…``)."""
    return span[1] - span[0] >= _LEAST and text[span[0]] != _DOLLAR


def _assigned(text: bytes, table: bytes, named: Sequence[tuple[bytes, _Span]]) -> Decoded:
    """Return values as assignments to their names."""
    parts: list[bytes] = []
    pieces: list[Piece] = []
    at = 0
    for name, (begin, finish) in named:
        head = table + b"." + name + b" = '"
        parts += [head, text[begin:finish], b"'\n"]
        pieces += [
            Piece(at, begin, begin + 1, plain=False),
            Piece(at + len(head), begin, finish, plain=True),
            Piece(at + len(head) + finish - begin, finish, finish + 1, plain=False),
        ]
        at += len(head) + finish - begin + 2
    decoded = b"".join(parts)
    return Decoded(decoded, 0, len(decoded), by_pieces(pieces))
