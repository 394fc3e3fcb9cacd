"""Runs, findings over time, tickets, rotations, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.String(27)


def upgrade() -> None:
    """Make every table."""
    _make_runs()
    _make_findings()
    _make_work()


def downgrade() -> None:
    """Remove every table and all that is in them."""
    for name in (
        "leases",
        "rotations",
        "tickets",
        "sources",
        "finding_events",
        "findings",
        "run_parts",
        "runs",
    ):
        op.drop_table(f"keyproof_{name}")


def _make_runs() -> None:
    op.create_table(
        "keyproof_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("as_of", _MOMENT, nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("keyproof_runs_newest", "keyproof_runs", ["scope", "as_of"])
    op.create_table(
        "keyproof_run_parts",
        sa.Column(
            "run_id",
            sa.Integer,
            sa.ForeignKey("keyproof_runs.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )


def _make_findings() -> None:
    op.create_table(
        "keyproof_findings",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("first_seen_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("resolved_at", _MOMENT),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("ix_keyproof_findings_state", "keyproof_findings", ["state"])
    op.create_table(
        "keyproof_finding_events",
        sa.Column(
            "finding_id", sa.String(40), sa.ForeignKey("keyproof_findings.id"), primary_key=True
        ),
        sa.Column(
            "run_id",
            sa.Integer,
            sa.ForeignKey("keyproof_runs.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_table(
        "keyproof_sources",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("read_at", _MOMENT, nullable=False),
    )


def _make_work() -> None:
    op.create_table(
        "keyproof_tickets",
        sa.Column("tracker", sa.Text, primary_key=True),
        sa.Column("finding_id", sa.String(40), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "keyproof_rotations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("unfinished_key_id", sa.String(40), unique=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "keyproof_leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
