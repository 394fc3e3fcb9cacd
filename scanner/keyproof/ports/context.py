"""What every adapter is given: clock, progress, fingerprinter, cache, environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from keyproof.model.secret import Secret


class Clock(Protocol):
    """Where time comes from: the system, or a declared simulation."""

    def now(self) -> datetime:
        """Return the moment, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a simulated clock moves on instead."""
        ...


class Progress(Protocol):
    """Where long work reports how far it is. Library users pass nothing."""

    def step(self, what: str, done: int = 0, total: int | None = None) -> None:
        """Say what is being done, and how much of how much."""
        ...


class Fingerprinter(Protocol):
    """Turns a secret into what may leave: see :mod:`keyproof.identity`."""

    @property
    def key_id(self) -> str:
        """The id of the keying material, printed beside every secret id."""
        ...

    def secret_id(self, secret: Secret) -> str:
        """Return the keyed id of a secret (``s1_…``)."""
        ...

    def occurrence_id(self, secret_id: str, context: str, nth: int) -> str:
        """Return the keyed id of one occurrence (``o1_…``)."""
        ...


class HitCache(Protocol):
    """Remembers what was found in an object, so that a second scan reads only new ones."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return the stored entries among ``keys``."""
        ...

    def put(self, entries: Mapping[str, bytes]) -> None:
        """Store entries; failure to store is never an error."""
        ...


class Context(NamedTuple):
    """What a connector is given besides its settings."""

    source: str
    clock: Clock
    progress: Progress
    fingerprinter: Fingerprinter
    environment: Mapping[str, str]
    cache: HitCache | None = None


class Check(NamedTuple):
    """One line of ``keyproof doctor``: what was tried, how it went, how to mend it."""

    name: str
    ok: bool | None
    detail: str
    hint: str | None = None
