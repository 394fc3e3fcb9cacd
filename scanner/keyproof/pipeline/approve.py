"""Approve: records what the ticket system itself says of tickets that keyproof opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from keyproof.model.ticket import Ticket
from keyproof.pipeline.remediate import OpenTracker
from keyproof.ports import Clock, Store, TicketState


class Synced(NamedTuple):
    """One ticket after it was read again, and what deserves a reader."""

    before: Ticket
    after: Ticket
    note: str | None


def sync(
    tracker: OpenTracker, tickets: Sequence[Ticket], store: Store, clock: Clock
) -> Iterator[Synced]:
    """Read the tickets' state again, record what differs, and yield every one that was read.

    Only an approval of exactly the rotation that the ticket asks for counts: one given to an
    earlier plan is told, not taken. In a shared tracker an approval that is gone was withdrawn.

    Raises:
        TrackerError: the ticket system does not answer.
    """
    known = {ticket.external_id: ticket for ticket in tickets if ticket.external_id}
    states = tracker.module.sync(tracker.settings, tracker.context, list(known.values()))
    for state in states:
        before = known.get(state.external_id)
        if before is None:
            continue
        after, note = _read(before, state, shared=tracker.module.SHARED)
        if after != before:
            after = replace(after, updated_at=clock.now())
            store.put_ticket(after)
        yield Synced(before, after, note or state.note)


def _read(before: Ticket, state: TicketState, *, shared: bool) -> tuple[Ticket, str | None]:
    """Return a ticket as its system shows it now."""
    seen = replace(before, url=state.url or before.url)
    unapproved = replace(seen, state="open", approved_by=None, approved_at=None)
    if not state.open:
        closed = replace(seen, state="closed")
        # what is gone cannot be opened again: the next plan opens another
        return (closed if state.url else replace(closed, external_id=None, url=None)), None
    approval = state.approval
    if approval is None:
        if before.state == "approved" and not shared:
            return seen, None
        note = "its approval was withdrawn" if before.state == "approved" else None
        return unapproved, note
    if before.rotation is None:
        return unapproved, f"{approval.by} approved a ticket that asks for no rotation"
    if approval.plan_hash != before.plan_hash:
        return unapproved, f"{approval.by} approved an earlier plan: it must be approved again"
    return (
        replace(seen, state="approved", approved_by=approval.by, approved_at=approval.at),
        None,
    )
