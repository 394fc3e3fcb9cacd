"""The store over SQL. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager

import sqlalchemy as sa
from msgspec.structs import replace

from keyproof.errors import StoreError
from keyproof.model.finding import Finding
from keyproof.model.report import Report
from keyproof.model.rotation import Rotation
from keyproof.model.ticket import Ticket
from keyproof.ports import Ledger, Reconcile, Reconciled, StoredFindings
from keyproof.stores import _documents, _lease, _lives, _parts
from keyproof.stores._documents import decoded, encoded
from keyproof.stores._engine import Database
from keyproof.stores._schema import (
    FINDING_EVENTS,
    FINDINGS,
    LEASES,
    ROTATIONS,
    RUN_PARTS,
    RUNS,
    SOURCES,
    TICKETS,
)

_RECORDING = "keyproof:recording"
"""The row that one recording process locks: runs are recorded one after the other."""

_CHUNK = 500
"""Ids a query: databases limit the number of parameters."""


class SqlStore:
    """See ``ports.Store``."""

    def __init__(self, database: Database, reconcile: Reconcile | None) -> None:
        self._database = database
        self._reconcile = reconcile

    def record_run(
        self, report: Report, *, resolvable_sources: frozenset[str], sla_days: Mapping[str, int]
    ) -> StoredFindings:
        """See ``Store.record_run``."""
        if self._reconcile is None:
            msg = "the store was opened without the rules of a finding's life"
            raise StoreError(msg, hint="open it with keyproof.app.store.open_store")
        with self._database.write() as connection:
            _documents.insert_missing(
                connection, LEASES, {"name": _RECORDING, "holder": "", "expires_at": 0}
            )
            row = sa.select(LEASES.c.name).where(LEASES.c.name == _RECORDING)
            connection.execute(row.with_for_update())
            result = self._reconcile(_ledger(connection), report, resolvable_sources, sla_days)
            _record(connection, report, result)
        return result.stored

    def open_findings(self) -> Sequence[Finding]:
        """See ``Store.open_findings``."""
        chosen = (
            sa.select(FINDINGS.c.document)
            .where(FINDINGS.c.state == "open")
            .order_by(FINDINGS.c.policy, FINDINGS.c.id)
        )
        with self._database.read() as connection:
            read = _lives.Reader(connection).finding
            return [read(text) for text in connection.scalars(chosen)]

    def findings(self, ids: Collection[str]) -> Sequence[Finding]:
        """See ``Store.findings``."""
        wanted = sorted(ids)
        found: list[Finding] = []
        with self._database.read() as connection:
            read = _lives.Reader(connection).finding
            for start in range(0, len(wanted), _CHUNK):
                chosen = sa.select(FINDINGS.c.document).where(
                    FINDINGS.c.id.in_(wanted[start : start + _CHUNK])
                )
                found += [read(text) for text in connection.scalars(chosen)]
        return sorted(found, key=lambda finding: finding.id)

    def last_report(self) -> Report | None:
        """See ``Store.last_report``."""
        newest = (
            sa.select(RUNS.c.id, RUNS.c.document)
            .where(RUNS.c.scope == "whole")
            .order_by(RUNS.c.as_of.desc(), RUNS.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(newest).first()
            if row is None:
                return None
            chosen = sa.select(RUN_PARTS.c.document).where(RUN_PARTS.c.run_id == row.id)
            findings: list[Finding] = []
            for text in connection.scalars(chosen.order_by(RUN_PARTS.c.number)):
                findings += _parts.whole(text)
            return replace(decoded(row.document, Report), findings=tuple(findings))

    def tickets(self) -> Sequence[Ticket]:
        """See ``Store.tickets``."""
        chosen = sa.select(TICKETS.c.document).order_by(
            TICKETS.c.opened_at, TICKETS.c.tracker, TICKETS.c.finding_id
        )
        with self._database.read() as connection:
            return [decoded(text, Ticket) for text in connection.scalars(chosen)]

    def put_ticket(self, ticket: Ticket) -> None:
        """See ``Store.put_ticket``."""
        with self._database.write() as connection:
            _documents.upsert(connection, TICKETS, [_documents.ticket_row(ticket)])

    def start_rotation(self, rotation: Rotation) -> bool:
        """See ``Store.start_rotation``."""
        with self._database.write() as connection:
            return _documents.insert_missing(
                connection, ROTATIONS, _documents.rotation_row(rotation)
            )

    def update_rotation(self, rotation: Rotation) -> None:
        """See ``Store.update_rotation``."""
        row = _documents.rotation_row(rotation)
        with self._database.write() as connection:
            done = connection.execute(
                ROTATIONS.update()
                .where(ROTATIONS.c.id == rotation.id, ROTATIONS.c.version == rotation.version - 1)
                .values(row)
            )
            if done.rowcount != 1:
                raise StoreError(
                    "another process has taken this rotation on meanwhile",
                    hint="run it again: it goes on from what the other one recorded",
                )

    def rotation(self, rotation_id: str) -> Rotation | None:
        """See ``Store.rotation``."""
        chosen = sa.select(ROTATIONS.c.document).where(ROTATIONS.c.id == rotation_id)
        with self._database.read() as connection:
            text = connection.scalar(chosen)
            return None if text is None else decoded(text, Rotation)

    def rotations(self, *, unfinished: bool = False) -> Sequence[Rotation]:
        """See ``Store.rotations``."""
        chosen = sa.select(ROTATIONS.c.document).order_by(ROTATIONS.c.created_at, ROTATIONS.c.id)
        if unfinished:
            chosen = chosen.where(ROTATIONS.c.unfinished_key_id.is_not(None))
        with self._database.read() as connection:
            return [decoded(text, Rotation) for text in connection.scalars(chosen)]

    def lease(self, name: str, seconds: int) -> AbstractContextManager[bool]:
        """See ``Store.lease``."""
        return _lease.lease(self._database, name, seconds)

    def close(self) -> None:
        """See ``Store.close``."""
        self._database.engine.dispose()


def _ledger(connection: sa.Connection) -> Ledger:
    """Return what the database knows of findings and sources."""
    chosen = sa.select(FINDINGS.c.document).execution_options(yield_per=_CHUNK)
    lives = map(_lives.Reader(connection).finding, connection.scalars(chosen))
    return Ledger(
        lives={finding.id: finding for finding in lives},
        read_at={row.id: row.read_at for row in connection.execute(sa.select(SOURCES))},
    )


def _record(connection: sa.Connection, report: Report, result: Reconciled) -> None:
    """Write one run and all that it changes."""
    head = replace(report, findings=(), resolved=result.stored.resolved)
    made = connection.execute(
        RUNS.insert().values(
            as_of=report.as_of,
            scope=report.scope,
            exit_code=report.exit_code,
            document=encoded(head),
        )
    )
    run_id = made.inserted_primary_key[0] if made.inserted_primary_key else None
    for number, text in enumerate(_parts.parts(result.stored.findings)):
        connection.execute(RUN_PARTS.insert().values(run_id=run_id, number=number, document=text))
    _lives.write(connection, result.lives)
    _documents.upsert(
        connection, SOURCES, [{"id": name, "read_at": at} for name, at in result.read_at.items()]
    )
    events = [
        {"finding_id": e.finding_id, "run_id": run_id, "event": e.event, "at": e.at}
        for e in result.events
    ]
    if events:
        connection.execute(FINDING_EVENTS.insert(), events)
