"""What findings share with others of their policy is kept once; older rows stay as they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; findings that were written before it hold everything themselves."""
    op.create_table(
        "keyproof_shared",
        sa.Column("digest", sa.String(71), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Remove the table, and with it what newer findings need."""
    op.drop_table("keyproof_shared")
