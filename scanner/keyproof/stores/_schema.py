"""The tables, as the newest migration leaves them.

A noun is kept as its canonical JSON beside the columns that are queried. Moments are text in UTC
of one width, so that they sort, and read the same from every database.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

HEAD = "0002"
"""The newest migration's revision; a test holds it to the folder's own."""

VERSION_TABLE = "keyproof_version"


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment, stored as ``2026-11-21T09:30:00.000000Z``."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        """Write a moment in UTC.

        Raises:
            ValueError: it carries no zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a moment without a time zone"
            raise ValueError(msg)
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        """Read a moment back."""
        return None if value is None else datetime.fromisoformat(value)


METADATA = sa.MetaData()

RUNS = sa.Table(
    "keyproof_runs",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("as_of", Moment, nullable=False),
    sa.Column("scope", sa.String(16), nullable=False),
    sa.Column("exit_code", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Index("keyproof_runs_newest", "scope", "as_of"),
)
"""Every run; ``document`` is its report without the findings, which stand in the parts."""

RUN_PARTS = sa.Table(
    "keyproof_run_parts",
    METADATA,
    sa.Column("run_id", sa.ForeignKey("keyproof_runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
)

FINDINGS = sa.Table(
    "keyproof_findings",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    sa.Column("due_at", Moment),
    sa.Column("resolved_at", Moment),
    sa.Column("reopened", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
"""Every finding that ever failed, as it last failed, but for what it shares with others."""

SHARED = sa.Table(
    "keyproof_shared",
    METADATA,
    sa.Column("digest", sa.String(71), primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
)
"""What findings have of their policy and its parameters, each text once."""

FINDING_EVENTS = sa.Table(
    "keyproof_finding_events",
    METADATA,
    sa.Column("finding_id", sa.ForeignKey("keyproof_findings.id"), primary_key=True),
    sa.Column("run_id", sa.ForeignKey("keyproof_runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
)

SOURCES = sa.Table(
    "keyproof_sources",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("read_at", Moment, nullable=False),
)

TICKETS = sa.Table(
    "keyproof_tickets",
    METADATA,
    sa.Column("tracker", sa.Text, primary_key=True),
    sa.Column("finding_id", sa.String(40), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

ROTATIONS = sa.Table(
    "keyproof_rotations",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("key_id", sa.String(40), nullable=False),
    sa.Column("unfinished_key_id", sa.String(40), unique=True),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
"""``unfinished_key_id`` is null at a rotation's end: the database itself allows one a key."""

LEASES = sa.Table(
    "keyproof_leases",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)
"""Who holds what until when, in seconds since 1970 by the database's clock."""
