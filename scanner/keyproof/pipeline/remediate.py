"""Remediate: which tickets findings ask for, and carrying exactly that out.

``plan`` is pure. ``apply`` does one action at a time and records it before the next, so that a
process that is killed loses at most the record of one action, which the ticket system's own
marker gives back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from msgspec.structs import replace

from keyproof.errors import ConfigError, TrackerError, UsageError
from keyproof.model.finding import Finding
from keyproof.model.leak import Leak
from keyproof.model.policy import SEVERITIES, Severity
from keyproof.model.record import record_id
from keyproof.model.ticket import (
    RotationRequest,
    Ticket,
    TicketAction,
    TicketPlan,
    rotation_hash,
)
from keyproof.pipeline.ticket_text import compose
from keyproof.ports import Clock, Context, Store, TicketState, Tracker

LEASE = "tickets"
LEASE_SECONDS = 900


class RotationRule(NamedTuple):
    """How the keys of one source are rotated; ``principals`` are patterns (``deploy-*``)."""

    source: str
    rotator: str
    targets: tuple[str, ...]
    principals: tuple[str, ...]
    overlap_seconds: int
    soak_seconds: int


class Rules(NamedTuple):
    """Which findings become tickets in which tracker, and how large one plan may be.

    ``approve`` says how a person approves a rotation there; ``{hash}`` in it is the plan's hash.
    """

    tracker: str
    approve: str
    minimum_severity: Severity = "high"
    limit: int = 50
    rotations: tuple[RotationRule, ...] = ()


class OpenTracker(NamedTuple):
    """A ticket system's module with what it is called with."""

    module: Tracker
    settings: Any
    context: Context


def leaked_keys(leaks: Iterable[Leak]) -> frozenset[str]:
    """Return the keys that are proved to have leaked and still work: these cannot wait."""
    return frozenset(
        exposure.key_id
        for leak in leaks
        for exposure in leak.exposures
        if exposure.basis != "hint" and exposure.key_state == "active"
    )


def plan(
    findings: Sequence[Finding],
    resolved: Mapping[str, str],
    tickets: Sequence[Ticket],
    *,
    rules: Rules,
    leaked: frozenset[str],
    now: datetime,
    report_digest: str,
) -> TicketPlan:
    """Return what would be done: nothing is called.

    Args:
        findings: those that fail or are waived now.
        resolved: finding id → why it counts as resolved; only these close tickets.
        tickets: every ticket of ``rules.tracker``.
        leaked: record ids of keys whose rotation skips the overlap.

    Raises:
        UsageError: the plan is larger than ``tickets.limit`` allows.
    """
    by_finding = {ticket.finding_id: ticket for ticket in tickets}
    actions = [
        action
        for finding in sorted(findings, key=_gravest_first)
        if (action := _wanted(finding, by_finding.get(finding.id), rules, leaked))
    ]
    actions += [
        _close(ticket, resolved[ticket.finding_id], rules)
        for ticket in tickets
        if ticket.state != "closed" and ticket.finding_id in resolved
    ]
    if len(actions) > rules.limit:
        raise UsageError(
            f"the plan has {len(actions)} actions, more than tickets.limit allows ({rules.limit})",
            hint="raise tickets.limit in keyproof.yaml, or tickets.minimum_severity",
        )
    return TicketPlan(created_at=now, report_digest=report_digest, actions=tuple(actions))


def _gravest_first(finding: Finding) -> tuple[int, str, str]:
    return (-SEVERITIES.index(finding.severity), finding.policy, finding.id)


def _wanted(
    finding: Finding, ticket: Ticket | None, rules: Rules, leaked: frozenset[str]
) -> TicketAction | None:
    """Return what one finding asks for, or ``None`` where its ticket says all already."""
    below = SEVERITIES.index(finding.severity) < SEVERITIES.index(rules.minimum_severity)
    is_open = ticket is not None and ticket.state != "closed"
    if not is_open and (below or finding.status != "fail"):
        return None
    rotation = _rotation(finding, rules.rotations, leaked)
    text = compose(finding, rotation, rules.approve)
    if ticket and is_open and (text.digest, rotation) == (ticket.body_digest, ticket.rotation):
        return None
    reason = "it fails" if ticket is None else "it fails again, or its ticket was closed too early"
    return TicketAction(
        action="update" if is_open else "open",
        tracker=rules.tracker,
        finding_id=finding.id,
        title=text.title,
        severity=finding.severity,
        body=text.body,
        reason="what there is to say has changed" if is_open else reason,
        external_id=ticket.external_id if ticket else None,
        rotation=rotation,
        body_digest=text.digest,
    )


def _close(ticket: Ticket, reason: str, rules: Rules) -> TicketAction:
    return TicketAction(
        action="close",
        tracker=rules.tracker,
        finding_id=ticket.finding_id,
        title=ticket.title,
        severity=ticket.severity,
        body=f"Closed by keyproof: {reason}.",
        reason=reason,
        external_id=ticket.external_id,
        body_digest=ticket.body_digest,
    )


def _rotation(
    finding: Finding, rotations: Sequence[RotationRule], leaked: frozenset[str]
) -> RotationRequest | None:
    """Return the rotation that would mend a finding about a key, where one is configured."""
    subject = finding.subject
    if subject.type != "key" or finding.status != "fail":
        return None
    if not subject.native_id or not subject.principal:
        return None
    for rule in rotations:
        fits = any(fnmatchcase(subject.principal, pattern) for pattern in rule.principals)
        if rule.source == subject.source and fits:
            return RotationRequest(
                key_id=subject.id,
                native_id=subject.native_id,
                rotator=rule.rotator,
                source=subject.source,
                principal=subject.principal,
                targets=rule.targets,
                emergency=subject.id in leaked,
                overlap_seconds=rule.overlap_seconds,
                soak_seconds=rule.soak_seconds,
            )
    return None


def apply(
    planned: TicketPlan,
    trackers: Mapping[str, OpenTracker],
    store: Store,
    clock: Clock,
    *,
    local_key: bool,
) -> Iterator[tuple[TicketAction, Ticket]]:
    """Do exactly the plan, and yield each action with its ticket once it is recorded.

    What the store shows to be done already is not done again, so that a plan can be taken up
    where a killed process left it.

    Args:
        local_key: whether finding ids rest on an identity key that no other machine shares.

    Raises:
        ConfigError: a tracker that others share, and a local identity key.
        TrackerError: the ticket system refused, or another process applies a plan.
    """
    for name in sorted({action.tracker for action in planned.actions}):
        if local_key and trackers[name].module.SHARED:
            raise ConfigError(
                f"the tracker '{name}' is shared with others, and the identity key is this machine's",
                hint="set KEYPROOF_KEY to the organisation's key, scan again and plan again",
            )
    with store.lease(LEASE, LEASE_SECONDS) as held:
        if not held:
            raise TrackerError(
                "another keyproof is applying tickets", hint="wait until it has ended"
            )
        known = {(ticket.tracker, ticket.finding_id): ticket for ticket in store.tickets()}
        found: dict[str, Mapping[str, str]] = {}
        for action in planned.actions:
            before = known.get((action.tracker, action.finding_id))
            if before and _is_done(action, before):
                yield action, before
                continue
            tracker = trackers[action.tracker]
            if action.tracker not in found:
                found[action.tracker] = tracker.module.find(tracker.settings, tracker.context)
            there = found[action.tracker].get(action.finding_id) or action.external_id
            state = tracker.module.apply(
                tracker.settings, tracker.context, replace(action, external_id=there)
            )
            ticket = _after(action, before, state, clock.now())
            store.put_ticket(ticket)
            yield action, ticket


def _is_done(action: TicketAction, ticket: Ticket) -> bool:
    if action.action == "close":
        return ticket.state == "closed"
    same = (ticket.body_digest, ticket.rotation) == (action.body_digest, action.rotation)
    return ticket.state != "closed" and same


def _after(
    action: TicketAction, before: Ticket | None, state: TicketState, now: datetime
) -> Ticket:
    """Return the ticket after an action. An approval stands only for the rotation it was given to."""
    ticket = replace(
        before or _new(action, now),
        title=action.title,
        severity=action.severity,
        url=state.url,
        external_id=state.external_id,
        updated_at=now,
        body_digest=action.body_digest,
    )
    if action.action == "close":
        return replace(ticket, state="closed")
    if ticket.state == "approved" and ticket.rotation == action.rotation:
        return ticket
    return replace(
        ticket,
        state="open",
        rotation=action.rotation,
        plan_hash=rotation_hash(action.rotation) if action.rotation else None,
        approved_by=None,
        approved_at=None,
    )


def _new(action: TicketAction, now: datetime) -> Ticket:
    return Ticket(
        id=record_id("t", action.tracker, action.finding_id),
        tracker=action.tracker,
        finding_id=action.finding_id,
        title=action.title,
        severity=action.severity,
        state="open",
        opened_at=now,
        updated_at=now,
        body_digest=action.body_digest,
    )
