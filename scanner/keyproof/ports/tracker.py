"""Tracker: one ticket system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from keyproof.model.ticket import Ticket, TicketAction
from keyproof.ports.context import Context


class Approval(NamedTuple):
    """Somebody's approval of a rotation, as re-read from the ticket system."""

    by: str
    at: datetime
    plan_hash: str


class TicketState(NamedTuple):
    """A ticket as its system shows it now. One that is gone is not open and has no ``url``."""

    external_id: str
    open: bool
    url: str | None
    approval: Approval | None
    note: str | None = None


class Tracker(Protocol):
    """A module in ``trackers/``: one ticket system. ``SHARED`` ones need a shared identity key."""

    TITLE: str
    SETTINGS: type[Any]
    SHARED: bool

    def find(self, settings: Any, context: Context) -> Mapping[str, str]:
        """Return finding id → external id of every ticket of ours that exists, open or closed."""
        ...

    def apply(self, settings: Any, context: Context, action: TicketAction) -> TicketState:
        """Do one action. Doing it again changes nothing.

        ``open`` with an ``external_id`` finds its ticket there already (a run that was killed, or
        a closed one whose finding returned): it is brought up to date and is open afterwards.
        """
        ...

    def sync(
        self, settings: Any, context: Context, tickets: Iterable[Ticket]
    ) -> Iterator[TicketState]:
        """Re-read the tickets' state and approvals from the system itself."""
        ...
