"""What every database that holds a store must do: the same tests over SQLite and PostgreSQL."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from tests.support.postgres import postgres_server  # noqa: F401 (a fixture)
from tests.support.runs import SLA, day, finding, report, rotation, source, ticket

from keyproof.app.store import open_store
from keyproof.errors import StoreError
from keyproof.model.record import canonical_json
from keyproof.pipeline.reconcile import resolvable_sources
from keyproof.pipeline.report import with_history
from keyproof.ports import Store

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/keyproof.db"
    made: str = request.getfixturevalue("postgres_server").database()
    return made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


def _record(store: Store, run: object, *names: str) -> object:
    return store.record_run(
        run,  # type: ignore[arg-type]
        resolvable_sources=frozenset(names or ("aws",)),
        sla_days=SLA,
    )


def test_an_empty_store_holds_nothing(store: Store) -> None:
    assert store.last_report() is None
    assert [*store.open_findings(), *store.tickets(), *store.rotations()] == []
    assert store.rotation("r1") is None
    assert list(store.findings(["f_1"])) == []


def test_a_run_comes_back_as_it_was_with_its_history(store: Store) -> None:
    run = report(day(0), [finding(), finding("pass", key="k2")], gaps=["github"])
    stored = store.record_run(run, resolvable_sources=frozenset({"aws"}), sla_days=SLA)
    assert store.last_report() == with_history(run, stored)
    [kept] = store.open_findings()
    assert kept == stored.findings[0]
    assert kept.history
    assert (kept.history.first_seen_at, kept.history.due_at) == (day(0), day(30))


def test_a_large_run_keeps_its_order(store: Store) -> None:
    many = [
        finding(
            "pass" if n % 3 else "fail",
            key=f"k{n}",
            remediation=f"Way {n % 2}.",
            parameters={"max_age_days": n % 5},
            parameter_origins={"max_age_days": "shipped"},
        )
        for n in range(2500)
    ]
    stored = store.record_run(
        report(day(0), many), resolvable_sources=frozenset({"aws"}), sla_days=SLA
    )
    last = store.last_report()
    assert last
    assert last.findings == stored.findings
    assert len(store.open_findings()) == 834
    assert len(store.findings([f.id for f in many])) == 834


def test_the_newest_whole_run_is_the_last_report(store: Store) -> None:
    for at, scope in ((1, "whole"), (3, "partial"), (2, "whole"), (0, "whole")):
        _record(store, report(day(at), [finding()], scope=scope))
    last = store.last_report()
    assert last
    assert last.as_of == day(2)


def test_a_finding_is_followed_from_first_sight_to_its_return(store: Store) -> None:
    _record(store, report(day(0), [finding()]))
    _record(store, report(day(1), [finding("unknown")]))
    assert len(store.open_findings()) == 1
    _record(store, report(day(2), [finding("pass")]))
    assert list(store.open_findings()) == []
    [resolved] = store.findings([finding().id])
    assert resolved.history
    assert (resolved.status, resolved.history.resolved_at) == ("fail", day(2))
    _record(store, report(day(3), [finding()]))
    [again] = store.open_findings()
    assert again.history
    assert (again.history.first_seen_at, again.history.reopened) == (day(0), 1)


def test_a_ticket_is_one_for_a_finding_and_tracker(store: Store) -> None:
    first = ticket(finding())
    store.put_ticket(first)
    store.put_ticket(replace(first, state="closed"))
    store.put_ticket(replace(first, tracker="github"))
    assert [(t.tracker, t.state) for t in store.tickets()] == [
        ("desk", "closed"),
        ("github", "open"),
    ]


def test_a_key_has_one_unfinished_rotation(store: Store) -> None:
    assert store.start_rotation(rotation("r1"))
    assert not store.start_rotation(rotation("r2"))
    assert store.start_rotation(rotation("r3", key="k2"))
    store.update_rotation(replace(rotation("r1"), version=1, state="closed"))
    assert store.start_rotation(rotation("r2"))
    assert [r.id for r in store.rotations()] == ["r1", "r2", "r3"]
    assert [r.id for r in store.rotations(unfinished=True)] == ["r2", "r3"]


def test_a_rotation_is_taken_on_by_one_process_only(store: Store) -> None:
    store.start_rotation(rotation("r1"))
    store.update_rotation(replace(rotation("r1"), version=1, state="creating"))
    with pytest.raises(StoreError, match="another process"):
        store.update_rotation(replace(rotation("r1"), version=1, state="cancelled"))
    with pytest.raises(StoreError, match="another process"):
        store.update_rotation(replace(rotation("never"), version=1))
    kept = store.rotation("r1")
    assert kept
    assert (kept.version, kept.state) == (1, "creating")


def test_a_lease_has_one_holder_and_is_let_go(store: Store, url: str) -> None:
    other = open_store(url)
    with store.lease("tickets", 60) as held, other.lease("tickets", 60) as also:
        assert (held, also) == (True, False)
        with other.lease("rotate", 60) as unrelated:
            assert unrelated
    with other.lease("tickets", 60) as later:
        assert later
    other.close()


def test_a_lease_that_ran_out_is_stolen_and_not_let_go_by_its_old_holder(
    store: Store, url: str
) -> None:
    other = open_store(url)
    with store.lease("tickets", 0) as held:
        assert held
        with other.lease("tickets", 60) as stolen:
            assert stolen
        with other.lease("tickets", 60) as again:
            assert again
    with other.lease("tickets", 60), store.lease("tickets", 60) as third:
        assert not third
    other.close()


def test_a_lease_of_a_killed_process_is_free_at_once(store: Store, url: str) -> None:
    code = (
        "import sys, time\n"
        "from keyproof.app.store import open_store\n"
        "with open_store(sys.argv[1]).lease('tickets', 600) as held:\n"
        "    print(held, flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"True\n"
    with store.lease("tickets", 60) as while_it_runs:
        assert not while_it_runs
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with store.lease("tickets", 60) as afterwards:
        assert afterwards


def _open_and_record(url: str, name: str, gate: object) -> None:
    gate.wait(60)  # type: ignore[attr-defined]
    store = open_store(url)
    for number in range(5):
        keys = [finding(key=f"{name}{n}", source=name) for n in range(20)]
        run = report(day(number), keys, sources=[name])
        store.record_run(run, resolvable_sources=frozenset({name}), sla_days=SLA)
    started = store.start_rotation(rotation(name))
    with store.lease("once", 60) as held:
        time.sleep(0.05)
    store.close()
    sys.exit(16 + 2 * started + held)


def test_processes_that_open_migrate_and_record_at_once_lose_nothing(url: str) -> None:
    gate = SPAWN.Barrier(4)
    workers = [
        SPAWN.Process(target=_open_and_record, args=(url, name, gate))
        for name in ("north", "south", "east", "west")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    codes = [worker.exitcode or 0 for worker in workers]
    assert all(code >= 16 for code in codes), codes
    assert sum(1 for code in codes if code & 2) == 1
    store = open_store(url)
    assert len(store.open_findings()) == 80
    assert len(store.rotations()) == 1
    store.close()


def _open_each(urls: list[str], gate: object) -> None:
    import alembic.command  # the race is for the database, not for the imports  # noqa: F401

    for url in urls:
        gate.wait(60)  # type: ignore[attr-defined]
        open_store(url).close()


def test_processes_that_migrate_at_the_same_moment_all_succeed(
    url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if url.startswith("sqlite"):
        urls = [f"sqlite:///{tmp_path}/{n}.db" for n in range(6)]
    else:
        server = request.getfixturevalue("postgres_server")
        urls = [server.database() for _ in range(6)]
    gate = SPAWN.Barrier(3)
    workers = [SPAWN.Process(target=_open_each, args=(urls, gate)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]


def _record_the_same(url: str, gate: object) -> None:
    store = open_store(url)
    for number in range(5):
        gate.wait(60)  # type: ignore[attr-defined]
        same = [finding(key=f"k{number}-{n}") for n in range(100)]
        _record(store, report(day(number), same, scope="partial"))
    store.close()


def test_a_finding_that_two_processes_see_first_begins_once(store: Store, url: str) -> None:
    gate = SPAWN.Barrier(2)
    workers = [SPAWN.Process(target=_record_the_same, args=(url, gate)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    counting = "SELECT count(*), count(DISTINCT finding_id) FROM keyproof_finding_events"
    with store._database.read() as connection:  # type: ignore[attr-defined]
        assert tuple(connection.exec_driver_sql(counting).one()) == (500, 500)


def test_a_killed_recording_leaves_the_run_before_it(store: Store, url: str) -> None:
    _record(store, report(day(0), [finding()]))
    code = (
        "import os, sys\n"
        "from tests.support.runs import *\n"
        "from keyproof.pipeline.reconcile import reconcile\n"
        "from keyproof.stores.open import open_store\n"
        "import keyproof.stores._sql_store as module\n"
        "upsert = module._documents.upsert\n"
        "def dying(*given):\n"
        "    upsert(*given)\n"
        "    os.kill(os.getpid(), 9)\n"
        "module._documents.upsert = dying\n"
        "store = open_store(sys.argv[1], reconcile)\n"
        "run = report(day(1), [finding('pass'), finding(key='k2')])\n"
        "store.record_run(run, resolvable_sources=frozenset({'aws'}), sla_days=SLA)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, url],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    last = store.last_report()
    assert last
    assert last.as_of == day(0)
    assert [f.id for f in store.open_findings()] == [finding().id]
    _record(store, report(day(1), [finding("pass"), finding(key="k2")]))
    assert [f.id for f in store.open_findings()] == [finding(key="k2").id]


def test_what_is_stored_is_canonical_json_of_the_noun(store: Store) -> None:
    run = report(day(0), [finding()], sources=[source("aws", day(0))])
    stored = store.record_run(run, resolvable_sources=resolvable_sources(run), sla_days=SLA)
    last = store.last_report()
    assert canonical_json(last) == canonical_json(with_history(run, stored))
    assert msgspec.json.decode(canonical_json(last), type=type(run)) == last
