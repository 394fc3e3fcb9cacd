"""Says in keyproof's words what a database refused.

A driver's own text may quote values or the connection string, so none of it is ever passed on:
only SQLite's result code (https://www.sqlite.org/rescode.html) and PostgreSQL's SQLSTATE
(https://www.postgresql.org/docs/current/errcodes-appendix.html) are read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec
import sqlalchemy as sa

from keyproof.errors import StoreError

_KEPT = "nothing of this step was stored; all that was stored before is kept"

_BY_CODE: tuple[tuple[str, str, str], ...] = (
    ("SQLITE_FULL", "the disk is full", f"free some space and run it again; {_KEPT}"),
    ("53", "the database server is out of disk, memory or connections", f"{_KEPT}; try again"),
    ("SQLITE_IOERR", "the disk failed or is full", f"check the disk, then run it again; {_KEPT}"),
    (
        "SQLITE_READONLY",
        "the database is read-only for this user",
        "give the user write access to the file and its folder, or name another in 'store:'",
    ),
    ("25006", "the database is read-only", "connect to the primary server"),
    (
        "SQLITE_BUSY",
        "another process holds the database",
        f"wait until the other keyproof has ended, then run it again; {_KEPT}",
    ),
    ("SQLITE_LOCKED", "another process holds the database", "run it again"),
    ("40", "another process was faster", f"run it again; {_KEPT}"),
    ("55P03", "another process holds the database", f"run it again; {_KEPT}"),
    (
        "SQLITE_NOTADB",
        "the file is not a database",
        "keyproof leaves it as it is; restore a copy, or name another file in 'store:'",
    ),
    (
        "SQLITE_CORRUPT",
        "the database file is damaged",
        "keyproof leaves it as it is; restore a copy, or name another file in 'store:'",
    ),
    (
        "SQLITE_CANTOPEN",
        "the database file cannot be opened",
        "check that its folder exists and can be written, or name another in 'store:'",
    ),
    ("28", "the database server refused the login", "check user and password in the store's URL"),
    ("3D000", "the database does not exist on the server", "create it: createdb NAME"),
    (
        "42501",
        "the database user lacks a right",
        "grant the user all rights on the keyproof_ tables, and CREATE for a new version",
    ),
    ("57P", "the database server is shutting down or starting", f"run it again; {_KEPT}"),
    ("08", "the connection to the database server broke", f"run it again; {_KEPT}"),
)
"""Start of a code → what happened, what to do; the first that fits counts."""


@contextlib.contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn a database's failure within the block into a ``StoreError`` about ``where``."""
    try:
        yield
    except sa.exc.DBAPIError as failure:
        raise explained(failure, where) from None
    except sa.exc.SQLAlchemyError as failure:
        detail = f"the database could not be used ({type(failure).__name__})"
        raise StoreError(detail, where=where, hint="run it again") from None
    except msgspec.MsgspecError:
        raise StoreError(
            "a stored record is not one of this version's",
            where=where,
            hint="a newer keyproof may have written it: upgrade this one",
        ) from None


def explained(failure: sa.exc.DBAPIError, where: str) -> StoreError:
    """Return the error for what a driver raised."""
    code = getattr(failure.orig, "sqlite_errorname", None) or getattr(
        failure.orig, "sqlstate", None
    )
    if code is None and isinstance(failure, sa.exc.OperationalError):
        return StoreError(
            "the database server cannot be reached, or refused the login",
            where=where,
            hint="check host, port, user and password in the store's URL",
        )
    for start, detail, hint in _BY_CODE:
        if str(code).startswith(start):
            return StoreError(detail, where=where, hint=hint)
    return StoreError(f"the database refused ({code})", where=where, hint=_KEPT)
