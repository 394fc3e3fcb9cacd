"""What Alembic runs: the migrations, in the transaction of the connection that it was handed."""

from __future__ import annotations

from alembic import context

from keyproof.stores._schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
