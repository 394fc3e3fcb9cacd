"""Inventory file: keys as CSV, JSON or JSON lines, for any system that has no connector.

The columns are those of :class:`~keyproof.connectors._file_columns.KeyRow`. A column that looks
as if it held the keys' values is refused, unless ``fingerprint_column`` names it: then each value
is hashed in memory under the installation's key and dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from keyproof.connectors._file_cells import CellError
from keyproof.connectors._file_columns import Columns, columns
from keyproof.connectors._file_flat import COLUMNS, row_of
from keyproof.connectors._file_records import Origin, Principals, parse_row, passed_on, to_key
from keyproof.connectors._file_rows import Format, Row, format_of, read_text, rows
from keyproof.errors import SourceError
from keyproof.model.facts import Record
from keyproof.model.key import Key, key_record_id
from keyproof.model.principal import Principal, principal_record_id
from keyproof.model.source import Gap, Source
from keyproof.ports import Check, Context

TITLE = "Inventory file (CSV, JSON, JSON lines)"
SCOPES: tuple[str, ...] = ("read the file",)


class FileSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which file, in which format; ``auto`` goes by the suffix."""

    path: str
    format: Format = "auto"
    fingerprint_column: str | None = None


SETTINGS = FileSettings
__all__ = ["COLUMNS", "SCOPES", "SETTINGS", "TITLE", "as_row", "check", "collect"]


def collect(settings: FileSettings, context: Context) -> Iterator[Record]:
    """See ``Connector.collect``."""
    path, started = Path(settings.path), context.clock.now()
    raw = read_text(path)
    origin = _origin(settings, context, raw)
    listed = parsed = 0
    whole = True
    principals = Principals(origin)
    seen: set[str] = set()
    layout = columns()
    for row in rows(
        raw, format_of(path, settings.format), path.name, layout, settings.fingerprint_column
    ):
        if row.cells.get("record") != "principal":
            listed += 1
        if listed % 1000 == 0:
            context.progress.step(path.name, listed)
        for record in _records(row, layout, origin, principals):
            gap = _again(record, seen, row, origin)
            parsed += isinstance(record, Key) and gap is None
            whole = whole and gap is None and not isinstance(record, Gap)
            yield gap or record
    yield from principals.records()
    yield Source(
        id=context.source,
        connector="file",
        kind="inventory",
        instance=path.name,
        started_at=started,
        finished_at=context.clock.now(),
        complete=whole,
        listed=listed,
        parsed=parsed,
        calls=(f"read {path.name}",),
        transport="local",
    )


def as_row(key: Key) -> dict[str, str]:
    """Return a key as the cells of a CSV row: reading them gives the same statements again.

    What has no column (exposures, lineage, verbatim scopes) is left out.
    """
    return row_of(key)


def check(settings: FileSettings, context: Context) -> Iterator[Check]:
    """See ``Connector.check``: the file can be read, and how many of its rows."""
    try:
        found = [type(record) for record in collect(settings, context)]
    except SourceError as error:
        yield Check("file", ok=False, detail=str(error), hint=error.hint)
        return
    bad = found.count(Gap)
    yield Check(
        "file",
        ok=not bad,
        detail=f"{found.count(Key)} keys, {bad} rows that cannot be read",
        hint="keyproof inventory names each one" if bad else None,
    )


def _origin(settings: FileSettings, context: Context, raw: bytes) -> Origin:
    # the digest of a file that holds short secrets would let anybody guess them
    private = settings.fingerprint_column is not None
    return Origin(
        source=context.source,
        name=Path(settings.path).name,
        collected_at=context.clock.now(),
        fingerprinter=context.fingerprinter,
        fingerprint_column=settings.fingerprint_column,
        raw_sha256=None if private else hashlib.sha256(raw).hexdigest(),
    )


def _records(
    row: Row, layout: Columns, origin: Origin, principals: Principals
) -> Iterator[Key | Principal | Gap]:
    where = f"{origin.name}:{row.line}"
    if row.problem:
        yield Gap(
            source=origin.source,
            call=where,
            reason="truncated" if row.last else "invalid_data",
            detail=row.problem,
            fields=("keys",),
        )
        return
    try:
        if row.cells.get("record") in {"key", "principal"}:
            yield passed_on(row.cells, origin)
            return
        parsed, secret_id = parse_row(row.cells, layout, origin)
    except CellError as error:
        fields, subjects = _unread(row, error.column)
        yield Gap(
            source=origin.source,
            call=where,
            reason="invalid_data",
            detail=f"{error.column}: must be {error.expected}",
            fields=fields,
            subjects=subjects,
        )
        return
    yield to_key(parsed, secret_id, row.line, origin)
    if contradicted := principals.add(parsed, row.line):
        yield Gap(
            source=origin.source,
            call=where,
            reason="invalid_data",
            detail=f"{', '.join(contradicted)}: an earlier row says otherwise of this principal",
            fields=tuple(contradicted),
            subjects=(
                principal_record_id(
                    parsed.issuer_type, parsed.issuer_instance, str(parsed.principal_id)
                ),
            ),
        )


def _unread(row: Row, column: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the fields and records that a row leaves unknown: its key is one of nobody knows whose.

    Without a readable id it may belong to any principal of the file; with one, its own is named.
    """
    issuer = [row.cells.get(name) for name in ("issuer_type", "issuer_instance")]
    key, principal = (row.cells.get(name) for name in ("native_id", "principal_id"))
    parts = [part.strip() if isinstance(part, str) else "" for part in (*issuer, key)]
    if not all(parts):
        return ("keys",), ()
    touched = [key_record_id(*parts)]
    if isinstance(principal, str) and principal.strip():
        touched.append(principal_record_id(parts[0], parts[1], principal.strip()))
    return (column, "keys"), tuple(touched)


def _again(record: Record, seen: set[str], row: Row, origin: Origin) -> Gap | None:
    """Return a Gap for a key that an earlier row has stated already."""
    if not isinstance(record, Key):
        return None
    if record.record_id in seen:
        return Gap(
            source=origin.source,
            call=f"{origin.name}:{row.line}",
            reason="invalid_data",
            detail="native_id: an earlier row has the same issuer and id; that one is used",
            subjects=(record.record_id,),
        )
    seen.add(record.record_id)
    return None
