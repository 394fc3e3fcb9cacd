"""Connector: reads one kind of source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from keyproof.model.facts import Record
from keyproof.ports.context import Check, Context


class Connector(Protocol):
    """A module in ``connectors/``: reads one kind of source.

    ``SETTINGS`` is a msgspec struct (unknown fields forbidden) without secrets: credentials come
    from ``context.environment``. ``SCOPES`` are the least read rights it needs.

    One that computes more than it waits has a function ``local_bytes(settings)`` besides: how much
    it reads of this machine. It is read in a process, or with several, before any thread runs.
    """

    TITLE: str
    SETTINGS: type[Any]
    SCOPES: tuple[str, ...]

    def collect(self, settings: Any, context: Context) -> Iterator[Record]:
        """Yield the source's records; exactly one Source, last; a Gap for each thing unread."""
        ...

    def check(self, settings: Any, context: Context) -> Iterator[Check]:
        """Try each needed right, read-only."""
        ...
