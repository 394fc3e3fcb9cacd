"""The demo's acts: scan the organisation, plan tickets, take one rotation through to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from keyproof.app import rotation_plan, run, settings, tickets
from keyproof.app.clock import SystemClock
from keyproof.app.demo import organisation
from keyproof.app.demo.aws import DemoAccount
from keyproof.app.demo.aws import build as build_account
from keyproof.app.demo.clock import SimulatedClock
from keyproof.app.demo.moto_server import MotoServer
from keyproof.app.rotations import deps
from keyproof.app.sources import Surroundings, Wanted
from keyproof.app.store import open_store
from keyproof.errors import RotationError
from keyproof.identity import load_fingerprinter
from keyproof.model.report import Report
from keyproof.model.rotation import TERMINAL, Rotation
from keyproof.model.ticket import TicketPlan
from keyproof.pipeline import rotate
from keyproof.ports import Clock, Progress

APPROVER = "demo approver"


class Act(NamedTuple):
    """What every act of the demo works with."""

    loaded: settings.Loaded
    surroundings: Surroundings
    account: DemoAccount


def open_act(
    server: MotoServer,
    folder: Path,
    environment: Mapping[str, str],
    progress: Progress | None,
) -> Act:
    """Build the organisation in ``folder`` and on the running server."""
    as_of = SystemClock().now()
    organisation.make_folder(folder)
    account = build_account(server, as_of)
    path = organisation.write_files(folder, account, server.endpoint, as_of)
    everything = {**environment, **server.environment}
    everything.pop("KEYPROOF_STORE", None)  # the demo's runs are no business of a real store
    surroundings = Surroundings(
        everything, load_fingerprinter(environment), SystemClock(), progress
    )
    return Act(settings.load(path, {}, folder), surroundings, account)


def scan(act: Act) -> Report:
    """Run the whole flow once, recorded in the demo's own store."""
    return run.scan(act.loaded, run.ScanOptions(wanted=Wanted()), act.surroundings)


def plan_tickets(act: Act, output: Path) -> TicketPlan:
    """Plan the tickets and save the plan; open them in the folder ``tickets``."""
    with _desk(act, SystemClock()) as desk:
        plan = tickets.make_plan(desk, "tickets")
        output.write_bytes(tickets.save(plan))
        for _opened in tickets.apply_plan(desk, plan):
            pass  # each is recorded as it is opened
    return plan


def rotate_leaked_key(act: Act, on_step: Callable[[Rotation, datetime], None]) -> Rotation:
    """Approve and finish the rotation of the leaked key on a simulated clock.

    Raises:
        RotationError: the rotation stopped where it needs a person.
    """
    clock = SimulatedClock(SystemClock().now())
    with _desk(act, clock) as desk:
        plan = rotation_plan.make_plan(desk, [act.account.leaked_key_id])
        (rotation,) = rotation_plan.apply_plan(desk, plan, APPROVER)
        on_step(rotation, clock.now())
        while rotation.state not in TERMINAL:
            if rotation.state == "needs_attention":
                raise RotationError(rotation.problem or "the rotation needs a person")
            before = rotation
            rotation = rotate.advance(rotation, deps(desk))
            if rotation.state != before.state:
                on_step(rotation, clock.now())
            elif rotation == before:
                clock.sleep(timedelta(hours=1).total_seconds())
    return rotation


@contextmanager
def _desk(act: Act, clock: Clock) -> Iterator[tickets.Desk]:
    """Open the demo's store for one act."""
    environment = act.surroundings.environment
    store = open_store(act.loaded.store_url(environment))
    try:
        yield tickets.Desk(act.loaded, store, clock, act.surroundings.fingerprinter, environment)
    finally:
        store.close()
