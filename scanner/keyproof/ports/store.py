"""Store: keeps the nouns over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from keyproof.model.finding import Finding
from keyproof.model.report import Report
from keyproof.model.rotation import Rotation
from keyproof.model.ticket import Ticket


class StoredFindings(NamedTuple):
    """What recording a run's findings returned: the same findings with their history."""

    findings: tuple[Finding, ...]
    resolved: tuple[str, ...]
    reopened: tuple[str, ...]


class Store(Protocol):
    """Keeps the nouns. Every method is one transaction."""

    def record_run(
        self, report: Report, *, resolvable_sources: frozenset[str], sla_days: Mapping[str, int]
    ) -> StoredFindings:
        """Record a run; resolve what passed, or left a population that was read whole."""
        ...

    def open_findings(self) -> Sequence[Finding]:
        """Return the findings that are open now."""
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
