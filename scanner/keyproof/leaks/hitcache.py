"""HitCache in one SQLite file of the user's cache folder. See ``ports.HitCache``.

It never holds a value: entries carry keyed ids and redactions only. A cache that is damaged,
locked or on a full disk is as good as none.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

_FILE = "hits-1.db"
_TIMEOUT_SECONDS = 2.0
_MAXIMUM_BYTES = 1 << 30
_PIECE_BYTES = 1 << 20


class SqliteHitCache:
    """Keeps entries by key; safe among parallel runs, because SQLite locks its file."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; the file is made when something is stored."""
        self._path = folder / _FILE

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """See ``HitCache.get``."""
        if not self._path.exists():
            return {}
        found: dict[str, bytes] = {}
        try:
            with closing(self._open()) as database:
                for key in keys:
                    row = database.execute("SELECT value FROM hit WHERE key = ?", (key,)).fetchone()
                    if row:
                        found[key] = zlib.decompress(row[0])
        except (sqlite3.Error, zlib.error, OSError, TypeError):
            return {}
        return found

    def put(self, entries: Mapping[str, bytes]) -> None:
        """See ``HitCache.put``."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._path.exists() and self._path.stat().st_size > _MAXIMUM_BYTES:
                self._path.unlink()
            self._path.touch(mode=0o600)
            self._store(entries)
        except (sqlite3.DatabaseError, OSError):
            self._mend(entries)

    def _store(self, entries: Mapping[str, bytes]) -> None:
        with closing(self._open()) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS hit (key TEXT PRIMARY KEY, value BLOB)")
            for key, value in entries.items():
                _insert(database, key, zlib.compress(value, 1))

    def _mend(self, entries: Mapping[str, bytes]) -> None:
        """Begin again where the file is no database; give up where it is locked or cannot grow."""
        try:
            with self._path.open("rb") as handle:
                if handle.read(15) in {b"SQLite format 3", b""}:
                    return
            self._path.unlink()
            self._store(entries)
        except (sqlite3.Error, OSError):
            return

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_TIMEOUT_SECONDS)


def _insert(database: sqlite3.Connection, key: str, packed: bytes) -> None:
    """Store an entry piece by piece: as a parameter SQLite would hold it twice more, whole."""
    insert = "INSERT OR REPLACE INTO hit VALUES (?, zeroblob(?))"
    row = database.execute(insert, (key, len(packed))).lastrowid
    assert row is not None
    with database.blobopen("hit", "value", row) as blob:
        for at in range(0, len(packed), _PIECE_BYTES):
            blob.write(packed[at : at + _PIECE_BYTES])
