"""The desk that tickets and rotations are worked on at: settings, store, clock, identities."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyproof.app.tickets import Desk


@contextlib.contextmanager
def open_desk(config: Path | None) -> Iterator[Desk]:
    """Open the desk that the settings describe; its store is closed at the end."""
    from keyproof.app.clock import SystemClock
    from keyproof.app.settings import load
    from keyproof.app.store import open_store
    from keyproof.app.tickets import Desk
    from keyproof.identity import load_fingerprinter

    loaded = load(config, os.environ, Path.cwd())
    store = open_store(loaded.store_url(os.environ))
    try:
        yield Desk(loaded, store, SystemClock(), load_fingerprinter(os.environ), os.environ)
    finally:
        store.close()
