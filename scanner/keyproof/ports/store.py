"""Store: keeps the nouns over time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from keyproof.model.finding import Finding
from keyproof.model.report import Report
from keyproof.model.rotation import Rotation
from keyproof.model.ticket import Ticket


class StoredFindings(NamedTuple):
    """What recording a run's findings returned: the same findings with their history.

    ``left_open`` counts the open findings of what a whole run did not ask about any more, by name.
    """

    findings: tuple[Finding, ...]
    resolved: tuple[str, ...]
    reopened: tuple[str, ...]
    left_open: Mapping[str, int] = {}


class Ledger(NamedTuple):
    """What a store knows before a run is recorded.

    ``lives`` holds, by finding id, the last failing (or waived) document with its history;
    ``read_at`` the newest moment at which each source was read whole.
    """

    lives: Mapping[str, Finding]
    read_at: Mapping[str, datetime]


class LifeEvent(NamedTuple):
    """One change in a finding's life, as the store keeps it for ever."""

    finding_id: str
    event: Literal["opened", "waived", "waiver_ended", "resolved", "reopened"]
    at: datetime


class Reconciled(NamedTuple):
    """What recording a run changes: the lives that differ now, what happened, which sources."""

    stored: StoredFindings
    lives: tuple[Finding, ...]
    events: tuple[LifeEvent, ...]
    read_at: Mapping[str, datetime]


Reconcile = Callable[[Ledger, Report, frozenset[str], Mapping[str, int]], Reconciled]
"""The rules of a finding's life (``pipeline.reconcile``), which a store applies in one transaction."""


class Store(Protocol):
    """Keeps the nouns. Every method is one transaction. ``app.store.open_store`` opens one."""

    def record_run(
        self, report: Report, *, resolvable_sources: frozenset[str], sla_days: Mapping[str, int]
    ) -> StoredFindings:
        """Record a run; resolve what passed, or left a population that was read whole."""
        ...

    def open_findings(self) -> Sequence[Finding]:
        """Return the findings that are open now."""
        ...

    def findings(self, ids: Collection[str]) -> Sequence[Finding]:
        """Return the findings among ``ids`` that ever failed, whatever their state is now."""
        ...

    def last_report(self) -> Report | None:
        """Return the newest whole run's report."""
        ...

    def tickets(self) -> Sequence[Ticket]:
        """Return all tickets."""
        ...

    def put_ticket(self, ticket: Ticket) -> None:
        """Insert or replace a ticket, by its finding and tracker."""
        ...

    def start_rotation(self, rotation: Rotation) -> bool:
        """Insert a rotation; false if the key already has one that is not at its end."""
        ...

    def update_rotation(self, rotation: Rotation) -> None:
        """Compare-and-set: ``rotation.version`` must be one above the stored one.

        Raises:
            keyproof.errors.StoreError: another process was faster.
        """
        ...

    def rotation(self, rotation_id: str) -> Rotation | None:
        """Return one rotation."""
        ...

    def rotations(self, *, unfinished: bool = False) -> Sequence[Rotation]:
        """Return rotations, oldest first."""
        ...

    def lease(self, name: str, seconds: int) -> AbstractContextManager[bool]:
        """Hold a named lease while the block runs; yields false if somebody else has it."""
        ...

    def close(self) -> None:
        """Release the database."""
        ...
