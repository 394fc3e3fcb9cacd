"""A process that rotates keys and dies by SIGKILL where it is told to.

``killed_rotation.py resume|rollback`` reads ``[{ticket, point}]`` from stdin: a child rotates each
ticket's key and is killed after its n-th record; another takes it up, or rolls it back.
``killed_rotation.py start TICKET`` rotates one key; the test kills it from outside.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from keyproof.app.clock import SystemClock
from keyproof.app.rotations import deps
from keyproof.app.settings import load
from keyproof.app.store import open_store
from keyproof.app.tickets import Desk
from keyproof.identity import load_fingerprinter
from keyproof.model.rotation import Rotation
from keyproof.pipeline import rotate
from keyproof.pipeline.rotation_record import Deps


def working() -> Deps:
    loaded = load(None, os.environ, Path.cwd())
    store = open_store(loaded.store_url(os.environ))
    desk = Desk(loaded, store, SystemClock(), load_fingerprinter(os.environ), os.environ)
    made = deps(desk)
    return made._replace(limits=made.limits._replace(settle=0, rotations=99))


def begin(tools: Deps, ticket_id: str) -> Rotation:
    [ticket] = [ticket for ticket in tools.store.tickets() if ticket.id == ticket_id]
    now = tools.clock.now()
    ticket = replace(ticket, state="approved", approved_by="grace", approved_at=now)
    return rotate.start(ticket, tools)


def carry_on(tools: Deps, rotation: Rotation) -> None:
    rotate.run_until(rotation, tools, tools.clock.now() + timedelta(seconds=30))


def die_after(tools: Deps, point: int) -> None:
    """Kill this process once it has recorded its n-th step."""
    record = tools.store.update_rotation
    left = [point]

    def update(rotation: Rotation) -> None:
        record(rotation)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    tools.store.update_rotation = update  # type: ignore[method-assign]


def child(work: Callable[[], None]) -> int:
    """Do work in a child process; return the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.WTERMSIG(os.waitpid(pid, 0)[1])


def killed(mode: str, ticket_id: str, point: int) -> dict[str, object]:
    def first() -> None:
        tools = working()
        die_after(tools, point)
        carry_on(tools, begin(tools, ticket_id))

    def second() -> None:
        tools = working()
        rotation = stored(tools, ticket_id)
        if mode == "rollback":
            rotation = rotate.roll_back(rotation, tools, "grace")
        carry_on(tools, rotation)

    ended = child(first)
    at = stored(working(), ticket_id).state
    child(second)
    rotation = stored(working(), ticket_id)
    return {
        "point": point,
        "signal": ended,
        "at": at,
        "end": rotation.state,
        "old": rotation.old_native_id,
        "problem": rotation.problem,
    }


def stored(tools: Deps, ticket_id: str) -> Rotation:
    [rotation] = [r for r in tools.store.rotations() if r.ticket_id == ticket_id]
    return rotation


def warm_up() -> None:
    """Read AWS's service descriptions once, before any child is forked: they take most of the time."""
    import botocore.loaders
    import botocore.session

    shared = botocore.loaders.create_loader()
    botocore.session.create_loader = lambda *_: shared
    session = botocore.session.Session()
    for service in ("iam", "sts", "secretsmanager"):
        session.create_client(service, "us-east-1")


def main() -> None:
    warm_up()
    if sys.argv[1] == "start":
        tools = working()
        carry_on(tools, begin(tools, sys.argv[2]))
        return
    for wanted in json.load(sys.stdin):
        print(json.dumps(killed(sys.argv[1], wanted["ticket"], wanted["point"])), flush=True)


if __name__ == "__main__":
    main()
