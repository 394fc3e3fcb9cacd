"""Opens a store: connects, migrates where needed, refuses what a newer keyproof wrote."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from keyproof.errors import StoreError
from keyproof.ports import Reconcile, Store
from keyproof.stores._engine import Database, connect
from keyproof.stores._schema import HEAD, VERSION_TABLE
from keyproof.stores._sql_store import SqlStore

_MIGRATION_LOCK = 0x6B6579_70726F6F
"""PostgreSQL's advisory lock that one migrating process holds (an arbitrary constant number)."""


def open_store(url: str, reconcile: Reconcile | None = None) -> Store:
    """Return the store at ``url``: ``sqlite:///<file>`` or ``postgresql+psycopg://…``.

    Args:
        reconcile: the rules of a finding's life; without them no run can be recorded.
            ``app.store.open_store`` hands them in.

    Raises:
        StoreError: it cannot be opened, or a newer keyproof wrote it.
        ConfigError: the URL names no database that keyproof knows.
    """
    database = connect(url)
    try:
        _migrate(database)
    except BaseException:
        database.engine.dispose()
        raise
    return SqlStore(database, reconcile)


def _migrate(database: Database) -> None:
    with database.read() as connection:
        if _version(connection, database.shown) == HEAD:
            return
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        version = _version(connection, database.shown)
        if version != HEAD:  # still: another process may have done it while this one waited
            _upgrade(connection, version, database.shown)


def _version(connection: sa.Connection, shown: str) -> str | None:
    """Return the schema's revision; ``None`` for a database that holds nothing of ours."""
    tables = sa.inspect(connection)
    if tables.has_table(VERSION_TABLE):
        return connection.scalar(
            sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))
        )
    if connection.dialect.name == "sqlite" and tables.get_table_names():
        raise StoreError(
            "the file is another program's database",
            where=shown,
            hint="name another file in 'store:'; keyproof leaves this one as it is",
        )
    return None


def _upgrade(connection: sa.Connection, version: str | None, shown: str) -> None:
    from alembic import command  # only a new or older database pays for Alembic's import
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(
            f"the database was written by a newer keyproof (its schema is '{version}')",
            where=shown,
            hint="upgrade keyproof: pip install --upgrade keyproof",
        )
    command.upgrade(config, "head")
