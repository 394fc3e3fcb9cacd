"""How the text of one cell, or one JSON value, becomes a value of a key record."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_INTEGER = re.compile(r"[0-9]{1,9}")
DATE_LENGTH = 10
"""The length of a bare date as ISO 8601 writes it."""


class CellError(Exception):
    """A cell that cannot be read; the text says what it should be, never what it is."""

    def __init__(self, column: str, expected: str) -> None:
        super().__init__(expected)
        self.column = column
        self.expected = expected


def read_cells(
    cells: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]]
) -> dict[str, Any]:
    """Return a row's values; empty cells and nulls are left out.

    Raises:
        CellError: one cell cannot be read.
    """
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        value = cell.strip() if isinstance(cell, str) else cell
        if value is None or value == "":
            continue
        if isinstance(value, str) and not _encodable(value):
            raise CellError(name, "text in UTF-8")
        reader = readers.get(name)
        try:
            values[name] = reader(value) if reader else value
        except ValueError as error:
            raise CellError(name, str(error)) from None
    return values


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_moment(value: Any) -> datetime:
    """Return a moment in UTC; a bare date means midnight UTC.

    Raises:
        ValueError: saying what the cell should hold.
    """
    expected = "a time as ISO 8601 with a zone, or a bare date"
    if not isinstance(value, str):
        raise ValueError(expected)  # noqa: TRY004
    try:
        if len(value) == DATE_LENGTH:
            day = date.fromisoformat(value)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(expected) from None
    if moment.tzinfo is None:
        raise ValueError(expected)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(expected) from None


def read_boolean(value: Any) -> bool:
    """Return a truth value: ``true false yes no 1 0``.

    Raises:
        ValueError: saying what the cell should hold.
    """
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    msg = "true or false"
    raise ValueError(msg)


def read_integer(value: Any) -> int:
    """Return a whole number that is not negative, of at most nine digits.

    Raises:
        ValueError: saying what the cell should hold.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    msg = "a whole number"
    raise ValueError(msg)


def read_list(value: Any) -> list[str]:
    """Return a list: an array, or text separated by ``;``.

    Raises:
        ValueError: saying what the cell should hold.
    """
    if isinstance(value, str):  # many keys name the same few: each is held once
        return [sys.intern(part.strip()) for part in value.split(";") if part.strip()]
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return value
    msg = "a list of texts"
    raise ValueError(msg)


def read_labels(value: Any) -> dict[str, str]:
    """Return labels: an object of texts, or ``k=v;k2=v2``.

    Raises:
        ValueError: saying what the cell should hold.
    """
    expected = "labels as k=v;k2=v2"
    if isinstance(value, dict):
        if not all(isinstance(part, str) for part in value.values()):
            raise ValueError(expected)
        return value
    pairs: dict[str, str] = {}
    for part in read_list(value):
        name, equals, label = part.partition("=")
        if not equals or not name.strip() or name.strip() in pairs:
            raise ValueError(expected)
        pairs[name.strip()] = label.strip()
    return pairs
