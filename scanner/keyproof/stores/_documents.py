"""Between nouns and rows: canonical JSON beside the columns that are queried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from keyproof.model.finding import Finding
from keyproof.model.record import Document, canonical_json
from keyproof.model.rotation import TERMINAL, Rotation
from keyproof.model.ticket import Ticket

D = TypeVar("D", bound=Document)

_AT_ONCE = 1000
"""Rows a statement."""


def encoded(document: Any) -> str:
    """Return a document's canonical JSON as text."""
    return canonical_json(document).decode()


def decoded(text: str, kind: type[D]) -> D:
    """Return the document in ``text``.

    Raises:
        msgspec.MsgspecError: it is none of that kind.
    """
    return msgspec.json.decode(text, type=kind)


def finding_row(finding: Finding, document: str) -> Mapping[str, Any]:
    """Return the row of a finding that has a history, with the text that it is kept as."""
    history = finding.history
    assert history is not None
    return {
        "id": finding.id,
        "policy": finding.policy,
        "source": finding.subject.source,
        "severity": finding.severity,
        "state": history.state,
        "first_seen_at": history.first_seen_at,
        "last_seen_at": history.last_seen_at,
        "due_at": history.due_at,
        "resolved_at": history.resolved_at,
        "reopened": history.reopened,
        "document": document,
    }


def ticket_row(ticket: Ticket) -> Mapping[str, Any]:
    """Return the row of a ticket."""
    return {
        "tracker": ticket.tracker,
        "finding_id": ticket.finding_id,
        "state": ticket.state,
        "opened_at": ticket.opened_at,
        "document": encoded(ticket),
    }


def rotation_row(rotation: Rotation) -> Mapping[str, Any]:
    """Return the row of a rotation."""
    key_id = rotation.request.key_id
    return {
        "id": rotation.id,
        "version": rotation.version,
        "key_id": key_id,
        "unfinished_key_id": None if rotation.state in TERMINAL else key_id,
        "state": rotation.state,
        "created_at": rotation.created_at,
        "document": encoded(rotation),
    }


def upsert(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, or replace those whose primary key is there; few of them are held at a time."""
    insert = _insert(connection, table)
    columns = {
        column.name: insert.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    statement = insert.on_conflict_do_update(index_elements=table.primary_key, set_=columns)
    waiting = iter(rows)
    while chunk := list(islice(waiting, _AT_ONCE)):
        connection.execute(statement, chunk)


def insert_missing(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless it would break a unique constraint; tell whether it was inserted."""
    insert = _insert(connection, table).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(insert, row).first() is not None


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
