"""Leases: one holder a name, until it lets go, its time is up, or its process is dead."""

from __future__ import annotations

import contextlib
import os
import platform
import uuid
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from keyproof.stores._documents import insert_missing
from keyproof.stores._engine import Database
from keyproof.stores._schema import LEASES


@contextlib.contextmanager
def lease(database: Database, name: str, seconds: int) -> Iterator[bool]:
    """Hold the lease ``name`` while the block runs. See ``Store.lease``."""
    holder = f"{_node()}/{os.getpid()}/{uuid.uuid4().hex}"
    held = _take(database, name, holder, seconds)
    try:
        yield held
    finally:
        if held:
            _release(database, name, holder)


def _take(database: Database, name: str, holder: str, seconds: int) -> bool:
    with database.write() as connection:
        insert_missing(connection, LEASES, {"name": name, "holder": "", "expires_at": 0})
        row = connection.execute(
            sa.select(LEASES).where(LEASES.c.name == name).with_for_update()
        ).one()
        clock = sa.select(sa.cast(sa.extract("epoch", sa.func.current_timestamp()), sa.BigInteger))
        now = connection.execute(clock).scalar_one()
        if row.expires_at > now and not _is_dead(row.holder):
            return False
        connection.execute(
            LEASES.update()
            .where(LEASES.c.name == name)
            .values(holder=holder, expires_at=now + seconds)
        )
        return True


def _release(database: Database, name: str, holder: str) -> None:
    """Let go; a lease that somebody else has taken since stays theirs."""
    with database.write() as connection:
        connection.execute(
            LEASES.update()
            .where(LEASES.c.name == name, LEASES.c.holder == holder)
            .values(holder="", expires_at=0)
        )


def _node() -> str:
    """Return what names this machine and its process numbers (a container has its own)."""
    numbers = ""
    with contextlib.suppress(OSError):
        numbers = str(Path("/proc/self/ns/pid").readlink())
    return f"{platform.node()}:{numbers}"


def _is_dead(holder: str) -> bool:
    """Tell whether the holder is a process of this machine that is certainly gone."""
    node, _, rest = holder.rpartition("/")[0].rpartition("/")
    if os.name == "nt" or node != _node() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
