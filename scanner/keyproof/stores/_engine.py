"""Connections: one code path for SQLite and PostgreSQL, and the few things that differ."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from keyproof.errors import ConfigError, StoreError
from keyproof.stores._failure import translated

BUSY_SECONDS = 30.0
_SCHEMES = "sqlite:///<file> or postgresql+psycopg://<user>@<host>/<database>"
_BEGIN = "keyproof_begin"


class Database(NamedTuple):
    """An open engine, and how messages call what it is connected to: never with a password."""

    engine: sa.Engine
    shown: str

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Run the block in one transaction that reads."""
        with translated(self.shown), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Run the block in one transaction that writes: SQLite takes its lock at once."""
        writer = self.engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        with translated(self.shown), writer.begin() as connection:
            yield connection


def connect(url: str) -> Database:
    """Return the database at ``url``, unopened but for the file, which is made where it is missing.

    Raises:
        ConfigError: the URL is none, or names a database that keyproof does not know.
        StoreError: the file or its folder cannot be made.
    """
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ValueError):
        raise ConfigError("the store's URL cannot be read", hint=f"write {_SCHEMES}") from None
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend == "postgresql":
        return _postgresql(parsed)
    raise ConfigError("the store's URL names no database known here", hint=f"write {_SCHEMES}")


def _sqlite(url: sa.URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise ConfigError("the store's URL names no file", hint=f"write {_SCHEMES}")
    path = Path(url.database).absolute()
    _make_private(path)
    timeout = {} if "timeout" in url.query else {"timeout": BUSY_SECONDS}
    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite", database=str(path)),
        connect_args=timeout,
        hide_parameters=True,
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return Database(engine, str(path))


def _postgresql(url: sa.URL) -> Database:
    place = url.host or url.query.get("host") or "local"
    shown = f"postgresql database '{url.database or ''}' on {place}"
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, hide_parameters=True, pool_pre_ping=True)
    return Database(engine, shown)


def _make_private(path: Path) -> None:
    """Make the file (0600) and its folder (0700) before SQLite would, with the umask's rights."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            if path.is_dir():
                raise IsADirectoryError(21, "it is a folder") from None
            mode = path.stat().st_mode
            if mode & 0o077:
                with contextlib.suppress(PermissionError):
                    path.chmod(stat.S_IMODE(mode) & 0o700)
    except OSError as error:
        raise StoreError(
            f"the database file cannot be made or opened ({error.strerror})",
            where=str(path),
            hint="name a file that can be written in 'store:' or KEYPROOF_STORE",
        ) from None


def _prepare(connection: Any, _record: object) -> None:
    """Set up one SQLite connection. Transactions are begun by us, DDL included."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # two first openers: SQLite does not wait for the lock when it changes the mode
            busy = error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))
