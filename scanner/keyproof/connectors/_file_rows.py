"""Reads rows from CSV, JSON and JSON lines, each with the line on which it starts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from keyproof.connectors._file_columns import Columns, check_name, check_required
from keyproof.errors import SourceError

Format = Literal["auto", "csv", "json", "jsonl"]
MAXIMUM_BYTES = 512 * 1024 * 1024
_SUFFIXES: Mapping[str, Format] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_TOO_DEEP = (RecursionError, ValueError)


class Row(NamedTuple):
    """One row: its line (from 1) and its cells, or why it cannot be read.

    ``last`` says that nothing after this row could be read either.
    """

    line: int
    cells: Mapping[str, Any]
    problem: str | None = None
    last: bool = False


def read_text(path: Path) -> bytes:
    """Return the file's bytes.

    Raises:
        SourceError: it cannot be read, or is larger than :data:`MAXIMUM_BYTES`.
    """
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            msg = f"the file is larger than {MAXIMUM_BYTES} bytes"
            raise SourceError(msg, reason="limit", where=path.name, hint="split it")
        return path.read_bytes()
    except PermissionError:
        msg = "the file may not be read"
        hint = "let the user that scans read it"
        raise SourceError(msg, reason="access_denied", where=path.name, hint=hint) from None
    except OSError as error:
        msg = f"the file cannot be read ({error.strerror})"
        hint = "check 'path': it is relative to the settings file"
        raise SourceError(msg, reason="unavailable", where=path.name, hint=hint) from None


def format_of(path: Path, stated: Format) -> Format:
    """Return the format that is stated, else that of the file's suffix.

    Raises:
        SourceError: the suffix says nothing.
    """
    found = _SUFFIXES.get(path.suffix.lower(), "auto") if stated == "auto" else stated
    if found == "auto":
        raise SourceError(
            "the file's name does not say its format",
            reason="unsupported",
            where=path.name,
            hint="say format: csv, json or jsonl",
        )
    return found


def rows(
    raw: bytes, kind: Format, name: str, layout: Columns, fingerprint_column: str | None
) -> Iterator[Row]:
    """Yield every row.

    Raises:
        SourceError: (``invalid_data``) the columns are not usable, it is not text, or it is empty.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        msg = "the file is UTF-16"
        raise SourceError(msg, reason="invalid_data", where=name, hint="save it as UTF-8")
    text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    if not text.strip():
        raise _nothing(kind, name, layout)
    if kind == "csv":
        yield from _csv(text, name, layout, fingerprint_column)
        return
    seen: set[str] = set()
    for row in _json_lines(text) if kind == "jsonl" else _json_array(text, name):
        if row.cells.get("record") not in {"key", "principal"}:
            for key in row.cells.keys() - seen:
                where = f"{name}:{row.line}"
                check_name(key, "a field of this row", where, layout, fingerprint_column)
                seen.add(key)
        yield row
    if seen and fingerprint_column and fingerprint_column not in seen:
        raise _no_fingerprints(name)


def _csv(text: str, name: str, layout: Columns, fingerprint_column: str | None) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] = []
    start = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            if not names:
                msg = "the first line is not CSV"
                raise SourceError(msg, reason="invalid_data", where=f"{name}:1") from None
            yield Row(start, {}, "the quotes do not pair; nothing after this was read", last=True)
            return
        if not cells:
            pass
        elif not names:
            names = _header(cells, f"{name}:{start}", layout, fingerprint_column)
        elif len(cells) != len(names):
            yield Row(start, {}, f"the row has {len(cells)} cells, the header {len(names)}")
        elif any(cells):
            yield Row(start, dict(zip(names, cells, strict=True)))
        start = reader.line_num + 1


def _header(
    cells: list[str], where: str, layout: Columns, fingerprint_column: str | None
) -> list[str]:
    names = [cell.strip() for cell in cells]
    names = [cell if cell == fingerprint_column else cell.lower() for cell in names]
    for number, column in enumerate(names, 1):
        check_name(column, f"column {number}", where, layout, fingerprint_column)
    if len(set(names)) != len(names):
        msg = "a column stands twice"
        raise SourceError(msg, reason="invalid_data", where=where)
    check_required(names, where, layout)
    if fingerprint_column and fingerprint_column not in names:
        raise _no_fingerprints(where)
    return names


def _nothing(kind: Format, name: str, layout: Columns) -> SourceError:
    """An export that failed leaves an empty file, so an empty one does not say "no keys"."""
    said = {"csv": f"the header {','.join(sorted(layout.required))}"}
    return SourceError(
        "the file is empty",
        reason="invalid_data",
        where=name,
        hint=f"where there are no keys, it says so by {said.get(kind, 'an array, [], as JSON')}",
    )


def _no_fingerprints(where: str) -> SourceError:
    """Without the column that was asked for, no leak would ever be joined, and nobody told."""
    return SourceError(
        "the column that 'fingerprint_column' names is not there",
        reason="invalid_data",
        where=where,
        hint="write it as the file does, or take the setting out",
    )


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield _object(number, json.loads(line))
            except _TOO_DEEP:
                yield Row(number, {}, "the line is not JSON")


def _json_array(text: str, name: str) -> Iterator[Row]:
    decoder = json.JSONDecoder()
    position, line, counted = _skip(text, 0), 1, 0
    if text[position] != "[":
        msg = "the file is not an array of objects"
        raise SourceError(msg, reason="invalid_data", where=f"{name}:1", hint="[{…}, {…}]")
    position = _skip(text, position + 1)
    while position < len(text) and text[position] != "]":
        line, counted = line + text.count("\n", counted, position), position
        try:
            item, position = decoder.raw_decode(text, position)
        except _TOO_DEEP:
            break
        yield _object(line, item)
        position = _skip(text, position)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        elif text[position : position + 1] != "]":
            break
    if text[position : position + 1] != "]" or text[position + 1 :].strip():
        line += text.count("\n", counted, position)
        yield Row(line, {}, "not JSON from here on; nothing after this was read", last=True)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _object(line: int, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(line, value)
    return Row(line, {}, "the row is not an object")
