"""Wires findings, trackers and the store into ticket plans, and runs saved plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from keyproof.app.settings import Loaded
from keyproof.app.wiring import make_context
from keyproof.errors import NothingToCheck, UsageError
from keyproof.identity import KeyedFingerprinter
from keyproof.model.finding import Finding
from keyproof.model.record import Document, canonical_json, digest
from keyproof.model.report import Report
from keyproof.model.ticket import Ticket, TicketAction, TicketPlan
from keyproof.pipeline import approve, remediate
from keyproof.ports import Clock, Fingerprinter, Store

DEFAULT_APPROVAL = (
    "state, in the way that this ticket system's settings describe, that you approve the plan with"
    " the hash above: {hash}"
)


class SavedPlan(Document, frozen=True, kw_only=True):
    """A plan as it is saved: ``digest`` covers all of it, ``hash`` its actions."""

    schema: Literal["keyproof/ticket-plan/v1"] = "keyproof/ticket-plan/v1"
    hash: str
    digest: str
    plan: TicketPlan


class Desk(NamedTuple):
    """Everything that ticket work needs: settings, store, and what adapters are given."""

    loaded: Loaded
    store: Store
    clock: Clock
    fingerprinter: Fingerprinter
    environment: Mapping[str, str]


def tracker_name(loaded: Loaded, wanted: str | None) -> str:
    """Return the tracker to use: the one that is named, else the only one there is.

    Raises:
        UsageError: none is configured, several are and none is named, or the name is unknown.
    """
    names = sorted(loaded.settings.trackers)
    if wanted:
        if wanted not in names:
            hint = f"there are: {', '.join(names)}" if names else "add it below 'trackers:'"
            raise UsageError(f"there is no tracker entry '{wanted}'", hint=hint)
        return wanted
    if len(names) == 1:
        return names[0]
    if names:
        raise UsageError("several trackers are configured", hint=f"--tracker {'|'.join(names)}")
    raise UsageError(
        "no tracker is configured",
        hint="add to keyproof.yaml:  trackers: {desk: {tracker: file, folder: tickets}}",
    )


def make_plan(desk: Desk, name: str, saved_run: Report | None = None) -> TicketPlan:
    """Return what the findings of the store, or of a saved run, ask for in one tracker.

    Raises:
        NothingToCheck: the store holds no run.
        UsageError: the plan is larger than the settings allow.
    """
    run = saved_run or desk.store.last_report()
    if run is None:
        raise NothingToCheck("the store holds no whole run", hint="run: keyproof scan")
    tickets = [ticket for ticket in desk.store.tickets() if ticket.tracker == name]
    failing, resolved = _of_run(run) if saved_run else _of_store(desk.store, tickets)
    return remediate.plan(
        failing,
        resolved,
        tickets,
        rules=_rules(desk.loaded, name),
        leaked=remediate.leaked_keys(run.leaks),
        now=desk.clock.now(),
        report_digest=digest(run),
    )


def _of_store(
    store: Store, tickets: Sequence[Ticket]
) -> tuple[Sequence[Finding], Mapping[str, str]]:
    """Return what fails or is waived, and what is resolved and since when."""
    failing = {finding.id: finding for finding in store.open_findings()}
    resolved: dict[str, str] = {}
    for finding in store.findings({ticket.finding_id for ticket in tickets} - failing.keys()):
        history = finding.history
        if history and history.state == "resolved" and history.resolved_at:
            resolved[finding.id] = (
                f"resolved, as a whole scan of {history.resolved_at:%Y-%m-%d} shows"
            )
        else:
            failing[finding.id] = finding
    return list(failing.values()), resolved


def _of_run(run: Report) -> tuple[Sequence[Finding], Mapping[str, str]]:
    """Return the same of a saved run: only what its recording resolved counts as resolved."""
    failing = [finding for finding in run.findings if finding.status in {"fail", "waived"}]
    ids = {f.id for f in run.findings if f.history and f.history.state == "resolved"}
    reason = f"resolved, as the whole scan of {run.as_of:%Y-%m-%d} shows"
    return failing, dict.fromkeys([*ids, *run.resolved], reason)


def _rules(loaded: Loaded, name: str) -> remediate.Rules:
    settings = loaded.settings
    module, _ = loaded.adapter("trackers", name)
    return remediate.Rules(
        tracker=name,
        approve=getattr(module, "APPROVAL", DEFAULT_APPROVAL),
        minimum_severity=settings.tickets.minimum_severity,
        limit=settings.tickets.limit,
        rotations=tuple(
            remediate.RotationRule(
                source=rule.source,
                rotator=rule.rotator,
                targets=rule.targets,
                principals=rule.principals,
                overlap_seconds=round(rule.overlap_hours * 3600),
                soak_seconds=round(rule.soak_hours * 3600),
            )
            for rule in settings.rotations
        ),
    )


def save(plan: TicketPlan) -> bytes:
    """Return the file that ``--apply`` takes."""
    saved = SavedPlan(hash=plan.hash, digest=digest(plan), plan=plan)
    return canonical_json(saved) + b"\n"


def read_plan(path: Path) -> TicketPlan:
    """Return the plan of a file that :func:`save` made.

    Raises:
        UsageError: it cannot be read, is no plan, or was changed since it was saved.
    """
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=SavedPlan)
    except OSError as error:
        raise UsageError(f"cannot read {path} ({error.strerror})") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UsageError("the file is no ticket plan", where=str(path), hint=_AGAIN) from None
    if saved.digest != digest(saved.plan) or saved.hash != saved.plan.hash:
        raise UsageError("the plan was changed after it was saved", where=str(path), hint=_AGAIN)
    return saved.plan


_AGAIN = "make a new one: keyproof tickets -o plan.json"


def apply_plan(desk: Desk, plan: TicketPlan) -> Iterator[tuple[TicketAction, Ticket]]:
    """Do exactly the plan; yield each action with its ticket once it is recorded.

    Raises:
        UsageError: a newer run was recorded since the plan was made.
        ConfigError: the tracker is shared and finding ids are this machine's alone.
        TrackerError: the ticket system refused.
    """
    last = desk.store.last_report()
    if last and last.finished_at > plan.created_at and digest(last) != plan.report_digest:
        raise UsageError("the plan is stale: a newer run was recorded since", hint=_AGAIN)
    names = {action.tracker for action in plan.actions}
    return remediate.apply(
        plan,
        {name: open_tracker(desk, name) for name in names},
        desk.store,
        desk.clock,
        local_key=_has_local_key(desk, last),
    )


def lacks_shared_key(desk: Desk, name: str) -> bool:
    """Tell whether a plan for this tracker would be refused: it is shared, our ids are not."""
    module, _ = desk.loaded.adapter("trackers", name)
    return bool(module.SHARED) and _has_local_key(desk, desk.store.last_report())


def _has_local_key(desk: Desk, last: Report | None) -> bool:
    """Tell whether ids of this process, or those in the store, rest on this machine's own key."""
    local = isinstance(desk.fingerprinter, KeyedFingerprinter) and desk.fingerprinter.local
    return local or bool(last and last.fingerprint_key_local)


def sync(desk: Desk, name: str) -> Iterator[approve.Synced]:
    """Read the tickets' states and approvals from one tracker, and record what differs.

    Raises:
        TrackerError: the ticket system does not answer.
    """
    tickets = [ticket for ticket in desk.store.tickets() if ticket.tracker == name]
    return approve.sync(open_tracker(desk, name), tickets, desk.store, desk.clock)


def open_tracker(desk: Desk, name: str) -> remediate.OpenTracker:
    """Return a tracker's module with its settings, paths in them made absolute, and a context."""
    module, settings = desk.loaded.adapter("trackers", name)
    context = make_context(name, desk.environment, desk.fingerprinter, desk.clock)
    return remediate.OpenTracker(module, settings, context)
