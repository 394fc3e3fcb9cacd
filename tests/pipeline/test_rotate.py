"""Rotation end to end in a simulated world: the straight way, each guard, and the way back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.rotation_world import OVERLAP, RELOAD, SOAK, Killed, World

from keyproof.errors import RotationError, SourceError, StoreError, UsageError
from keyproof.model.rotation import Rotation
from keyproof.pipeline import rotate

WEEK = timedelta(days=7)


def run(world: World, rotation: Rotation, **limits: int) -> Rotation:
    return rotate.run_until(rotation, world.deps(**limits), world.now() + WEEK)


def started(world: World, **changes: object) -> Rotation:
    return rotate.start(world.ticket(**changes), world.deps())


def states(rotation: Rotation) -> list[str]:
    seen: list[str] = []
    for step in rotation.steps:
        if not seen or seen[-1] != step.state:
            seen.append(step.state)
    return seen


def until(world: World, rotation: Rotation, state: str) -> Rotation:
    """Advance step by step to a state."""
    for _ in range(200):
        if rotation.state == state:
            return rotation
        moved = rotate.advance(rotation, world.deps())
        if moved.version == rotation.version:
            world.sleep(600)
        rotation = moved
    raise AssertionError(f"{state} was not reached: {states(rotation)} {rotation.problem}")


def test_a_rotation_goes_through_every_state_and_leaves_one_new_key() -> None:
    world = World()
    done = run(world, started(world))
    assert states(done) == [
        "approved",
        "creating",
        "created",
        "distributing",
        "distributed",
        "verifying_new",
        "overlap",
        "draining",
        "deactivating",
        "deactivated",
        "soak",
        "deleting",
        "deleted",
        "closed",
    ]
    assert list(world.issuer.keys) == [done.new_native_id]
    assert {t.value().native_id for t in world.targets.values()} == {done.new_native_id}
    assert world.outages == []
    at = {step.state: step.at for step in done.steps}
    assert at["draining"] - at["verifying_new"] >= timedelta(seconds=OVERLAP)
    assert at["deleting"] - at["deactivated"] >= timedelta(seconds=SOAK)


def test_no_value_is_ever_stored() -> None:
    world = World()
    values = [r["secret"].reveal() for r in world.issuer.keys.values()]
    run(world, started(world))
    values += [r["secret"].reveal() for r in world.issuer.keys.values()]
    assert len(values) == 2
    assert world.store.history
    assert not [v for v in values for document in world.store.history if v in document]


def test_every_call_is_announced_by_what_is_stored_before_it() -> None:
    world = World()
    run(world, started(world))
    announcing = {
        "create": "creating",
        "vault.stage": "distributing",
        "ci.stage": "distributing",
        "verify": "verifying_new",
        "vault.promote": "overlap",
        "set_active": "deactivating",
        "delete": "deleting",
    }
    for call, state in announcing.items():
        first = world.trips.index(f"before {call}")
        persisted = [t for t in world.trips[:first] if t.startswith("after persist")]
        assert persisted[-1] == f"after persist {state}", call


def test_an_emergency_skips_the_overlap_but_not_the_proof() -> None:
    world = World()
    begun = world.time
    rotation = until(world, started(world, emergency=True), "deactivated")
    assert world.time - begun < timedelta(seconds=60)
    assert "verifying_new" in states(rotation)
    assert "draining" not in states(rotation)
    assert world.targets["vault"].value().native_id == rotation.new_native_id
    assert run(world, rotation).state == "closed"


# --- start ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"state": "open"}, "not approved"),
        ({"approved_by": None}, "not approved"),
        ({"plan_hash": "sha256:other"}, "for another plan"),
        ({"rotation": None}, "asks for no rotation"),
    ],
)
def test_only_an_approval_of_exactly_this_starts(changes: dict[str, object], message: str) -> None:
    from msgspec.structs import replace

    world = World()
    with pytest.raises(UsageError, match=message):
        rotate.start(replace(world.ticket(), **changes), world.deps())
    assert world.store.documents == {}


def test_an_approver_who_may_not_and_an_old_approval_start_nothing() -> None:
    world = World()
    ticket = world.ticket()
    with pytest.raises(UsageError, match="may not approve"):
        rotate.start(ticket, world.deps(), approvers=frozenset({"ada"}))
    world.time += timedelta(days=31)
    with pytest.raises(UsageError, match="older than 30 days"):
        rotate.start(ticket, world.deps(), approvers=frozenset({"grace"}))
    assert world.store.documents == {}


def test_one_approval_starts_one_rotation_and_a_key_has_one_at_a_time() -> None:
    from msgspec.structs import replace

    world = World()
    first = started(world)
    assert started(world) == first
    with pytest.raises(UsageError, match="being rotated already"):
        rotate.start(replace(world.ticket(), id="t_2"), world.deps())
    done = run(world, first)
    again = rotate.start(world.ticket().__class__(**_fields(world, first)), world.deps())
    assert again == done


def _fields(world: World, first: Rotation) -> dict[str, object]:
    from msgspec.structs import asdict

    return asdict(world.ticket()) | {"approved_at": first.created_at}


def test_no_more_rotations_than_the_limit() -> None:
    from msgspec.structs import replace

    world = World()
    started(world)
    with pytest.raises(UsageError, match="1 rotations are unfinished"):
        rotate.start(replace(world.ticket(key_id="key_2"), id="t_2"), world.deps(rotations=1))


# --- guards ---------------------------------------------------------------------------------------


def test_full_slots_need_a_person_and_nothing_of_others_is_touched() -> None:
    world = World()
    other = world.issuer.add("other")
    stopped = run(world, started(world))
    assert stopped.state == "needs_attention"
    assert other.native_id in (stopped.problem or "")
    assert set(world.issuer.keys) == {world.old, other.native_id}


def test_an_inactive_key_frees_its_slot_once_a_person_has_said_so() -> None:
    world = World()
    idle = world.issuer.add("other", active=False).native_id
    stopped = run(world, started(world))
    assert f"--delete {idle}" in (stopped.problem or "")
    assert idle in world.issuer.keys
    released = rotate.confirm(stopped, world.deps(), "grace", delete=idle)
    assert run(world, released).state == "closed"
    assert idle not in world.issuer.keys


def test_a_released_key_that_has_become_active_is_kept() -> None:
    world = World()
    idle = world.issuer.add("other", active=False).native_id
    released = rotate.confirm(run(world, started(world)), world.deps(), "grace", delete=idle)
    world.issuer.keys[idle]["active"] = True
    assert run(world, released).state == "needs_attention"
    assert idle in world.issuer.keys


def test_unknown_last_use_waits_for_a_named_person() -> None:
    world = World(last_use="unknown")
    stopped = run(world, started(world))
    assert (stopped.state, stopped.resume_state) == ("needs_attention", "draining")
    assert world.issuer.keys[world.old]["active"]
    done = run(world, rotate.confirm(stopped, world.deps(), "grace"))
    assert done.state == "closed"
    assert done.confirmed_by == "grace"
    assert any("grace confirm" in step.detail for step in done.steps)


def test_a_key_never_used_needs_no_confirmation() -> None:
    world = World()
    for consumer in world.consumers:
        consumer.idle = True
    assert run(world, started(world)).state == "closed"


def test_an_old_key_in_use_is_never_deactivated() -> None:
    world = World()
    world.consumers[1].stuck = True
    rotation = started(world)
    rotation = rotate.run_until(rotation, world.deps(), world.now() + timedelta(days=5))
    assert rotation.state == "draining"
    rotation = rotate.run_until(rotation, world.deps(), world.now() + timedelta(days=20))
    assert rotation.state == "needs_attention"
    assert "still in use" in (rotation.problem or "")
    assert world.issuer.keys[world.old]["active"]
    assert world.outages == []
    world.consumers[1].stuck = False
    world.sleep(RELOAD + 3700 + OVERLAP)
    assert run(world, rotate.take_up(rotation, world.deps(), "grace")).state == "closed"


@pytest.mark.parametrize("skew", [-20000, -300, 300, 20000])
def test_last_use_is_judged_by_the_issuers_clock(skew: int) -> None:
    world = World(skew=skew)
    world.consumers[0].stuck = True
    rotation = rotate.run_until(
        started(world), world.deps(), world.now() + timedelta(seconds=OVERLAP + 3600)
    )
    assert rotation.state == "draining"
    assert world.issuer.keys[world.old]["active"]


def test_a_new_key_that_never_authenticates_reaches_no_consumer() -> None:
    world = World()
    world.issuer.broken.add("verify")
    stopped = run(world, started(world))
    assert (stopped.state, stopped.resume_state) == ("needs_attention", "verifying_new")
    assert {t.value().native_id for t in world.targets.values()} == {world.old}
    back = run(world, rotate.roll_back(stopped, world.deps(), "grace"))
    assert back.state == "rolled_back"
    assert list(world.issuer.keys) == [world.old]


def test_a_slow_issuer_is_waited_for() -> None:
    world = World(lag=20)
    assert run(world, started(world)).state == "closed"
    assert world.outages == []


def test_a_new_key_that_stops_working_keeps_the_old_one_alive() -> None:
    world = World()
    rotation = until(world, started(world), "draining")
    world.issuer.keys[rotation.new_native_id or ""]["active"] = False
    stopped = run(world, rotation)
    assert stopped.state == "needs_attention"
    assert world.issuer.keys[world.old]["active"]


def test_a_new_key_that_does_not_authenticate_any_more_keeps_the_old_one_alive() -> None:
    world = World()
    rotation = until(world, started(world), "draining")
    world.issuer.refused.add(rotation.new_native_id or "")
    stopped = run(world, rotation)
    assert stopped.state == "needs_attention"
    assert "does not authenticate any more" in (stopped.problem or "")
    assert world.issuer.keys[world.old]["active"]


def test_an_old_key_that_somebody_reactivates_is_not_deleted() -> None:
    world = World()
    rotation = until(world, started(world), "soak")
    world.issuer.keys[world.old]["active"] = True
    stopped = run(world, rotation)
    assert stopped.state == "needs_attention"
    assert "reactivated" in (stopped.problem or "")
    assert world.old in world.issuer.keys


def test_failures_are_retried_with_bounds_and_then_a_person_is_asked() -> None:
    world = World()
    rotation = until(world, started(world), "deactivating")
    world.issuer.broken.add("set_active")
    stopped = run(world, rotation)
    assert (stopped.state, stopped.resume_state) == ("needs_attention", "deactivating")
    assert "5 attempts" in (stopped.problem or "")
    assert stopped.old_native_id == world.old
    world.issuer.broken.clear()
    assert run(world, rotate.take_up(stopped, world.deps(), "grace")).state == "closed"


def test_a_delete_that_fails_keeps_the_id_and_can_be_taken_up() -> None:
    world = World()
    rotation = until(world, started(world), "soak")
    world.issuer.broken.add("delete")
    stopped = run(world, rotation)
    assert (stopped.state, stopped.resume_state) == ("needs_attention", "deleting")
    world.issuer.broken.clear()
    assert run(world, rotate.take_up(stopped, world.deps(), "grace")).state == "closed"
    assert world.old not in world.issuer.keys


def test_a_target_that_fails_half_way_leaves_no_key_behind() -> None:
    world = World()
    world.targets["vault"].broken = True
    stopped = run(world, started(world))
    assert stopped.state == "needs_attention"
    assert world.targets["ci"].value().native_id == world.old
    world.targets["vault"].broken = False
    assert run(world, rotate.take_up(stopped, world.deps(), "grace")).state == "closed"
    assert world.issuer.alive_by_us() == list(world.issuer.keys)
    assert world.outages == []


def test_write_only_targets_can_be_rotated_too() -> None:
    world = World()
    for target in world.targets.values():
        target.write_only = True
    assert run(world, started(world)).state == "closed"
    assert world.outages == []


# --- lost answers ---------------------------------------------------------------------------------


def lose_answer(world: World, point: str, times: int = 1) -> None:
    left = [times]

    def fault(name: str, _number: int) -> None:
        if name == point and left[0]:
            left[0] -= 1
            raise SourceError("no answer")

    world.fault = fault


def test_a_key_whose_value_was_lost_is_deleted_and_made_again() -> None:
    world = World()
    lose_answer(world, "after create")
    done = run(world, started(world))
    assert done.state == "closed"
    assert list(world.issuer.keys) == [done.new_native_id]
    assert world.issuer.count == 3


def test_somebody_elses_key_made_meanwhile_is_never_deleted() -> None:
    world = World(slots=4)
    lose_answer(world, "after create")
    rotation = rotate.advance(started(world), world.deps())
    assert (rotation.state, rotation.attempts) == ("creating", 1)
    theirs = world.issuer.add("other").native_id
    stopped = run(world, rotation)
    assert stopped.state == "needs_attention"
    assert "may be somebody else's" in (stopped.problem or "")
    kept = rotate.confirm(stopped, world.deps(), "grace", keep=theirs)
    done = run(world, kept)
    assert done.state == "closed"
    assert set(world.issuer.keys) == {theirs, done.new_native_id}


def test_a_key_in_use_or_made_at_another_time_is_not_taken_for_ours() -> None:
    for use, wait in ((True, 0), (False, 3600)):
        world = World(slots=4)
        lose_answer(world, "before create")
        rotation = rotate.advance(started(world), world.deps())
        world.sleep(wait)
        theirs = world.issuer.add("other")
        if use:
            world.issuer.use(theirs)
        assert run(world, rotation).state == "needs_attention"
        assert theirs.native_id in world.issuer.keys


def test_a_key_listed_too_late_is_deleted_when_it_shows() -> None:
    world = World(slots=4, lag=15)
    lose_answer(world, "after create")
    done = run(world, started(world))
    assert done.state == "closed"
    assert list(world.issuer.keys) == [done.new_native_id]


def test_a_process_overtaken_while_creating_deletes_what_it_made() -> None:
    world = World(slots=4)
    rotation = started(world)

    def overtake(name: str, _number: int) -> None:
        if name == "after create":
            world.fault = None
            stored = world.store.rotation(rotation.id)
            assert stored is not None
            from msgspec.structs import replace

            world.store.update_rotation(replace(stored, version=stored.version + 1))

    world.fault = overtake
    with pytest.raises(StoreError):
        rotate.advance(rotation, world.deps())
    assert list(world.issuer.keys) == [world.old]


def test_two_processes_do_not_work_on_one_principal() -> None:
    world = World()
    rotation = started(world)
    with world.store.lease("rotate/sim/billing", 60) as mine:
        assert mine
        assert rotate.advance(rotation, world.deps()) == rotation
        with pytest.raises(RotationError, match="another process"):
            rotate.roll_back(rotation, world.deps(), "grace")


# --- rollback -------------------------------------------------------------------------------------

UNDOABLE = [
    "creating",
    "created",
    "distributing",
    "distributed",
    "verifying_new",
    "overlap",
    "draining",
    "deactivating",
    "deactivated",
    "soak",
]


@pytest.mark.parametrize("state", UNDOABLE)
@pytest.mark.parametrize("at", ["first", "last"])
def test_a_rotation_rolls_back_from_any_state_before_deletion(state: str, at: str) -> None:
    world = World()
    rotation = started(world)
    points = [i for i, s in enumerate(_persisted(World())) if s == state]
    number = points[0] if at == "first" else points[-1]
    _kill_after_persist(world, rotation, number)
    stored = world.store.rotation(rotation.id)
    assert stored is not None
    assert stored.state == state
    world.sleep(RELOAD)
    back = run(world, rotate.roll_back(stored, world.deps(), "grace"))
    assert back.state == "rolled_back", back.problem
    assert list(world.issuer.keys) == [world.old]
    assert world.issuer.keys[world.old]["active"]
    assert {t.value().native_id for t in world.targets.values()} == {world.old}
    world.sleep(RELOAD)
    assert world.outages == []


def _persisted(world: World) -> list[str]:
    """List the states in the order in which a straight rotation persists them."""
    run(world, started(world))
    prefix = "after persist "
    return [trip.removeprefix(prefix) for trip in world.trips if trip.startswith(prefix)]


def _kill_after_persist(world: World, rotation: Rotation, number: int) -> None:
    seen = [0]

    def fault(name: str, _number: int) -> None:
        if name.startswith("after persist"):
            if seen[0] == number:
                world.fault = None
                raise Killed
            seen[0] += 1

    world.fault = fault
    with pytest.raises(Killed):
        run(world, rotation)


def test_a_rotation_that_made_nothing_is_cancelled() -> None:
    world = World()
    back = rotate.roll_back(started(world), world.deps(), "grace")
    assert back.state == "cancelled"
    assert world.trips == ["before persist cancelled", "after persist cancelled"]


@pytest.mark.parametrize("state", ["deleting", "deleted", "closed"])
def test_there_is_no_way_back_from_deletion(state: str) -> None:
    world = World()
    rotation = until(world, started(world), state)
    with pytest.raises(UsageError, match="no way back"):
        rotate.roll_back(rotation, world.deps(), "grace")


def test_rollback_keeps_the_new_key_for_consumers_that_work_rarely() -> None:
    world = World(last_use="never")
    world.sleep(OVERLAP)
    back = until(world, started(world), "draining")
    world.sleep(RELOAD)
    back = rotate.roll_back(back, world.deps(), "grace")
    back = rotate.run_until(back, world.deps(), world.now() + timedelta(seconds=OVERLAP - 60))
    assert back.state == "rolling_back"
    assert back.new_native_id in world.issuer.keys
    assert run(world, back).state == "rolled_back"
    assert world.outages == []


def test_rollback_keeps_the_new_key_while_a_consumer_holds_it() -> None:
    world = World()
    rotation = until(world, started(world), "draining")
    world.consumers[0].stuck = True
    back = rotate.roll_back(rotation, world.deps(), "grace")
    back = rotate.run_until(back, world.deps(), world.now() + timedelta(days=2))
    assert back.state == "rolling_back"
    assert rotation.new_native_id in world.issuer.keys
    assert world.outages == []


# --- killed anywhere ------------------------------------------------------------------------------


def test_killed_at_any_point_it_is_taken_up_and_closed() -> None:
    straight = World()
    run(straight, started(straight))
    points = len(straight.trips)
    assert points > 60
    for point in range(points):
        world = World()
        rotation = started(world)

        def fault(name: str, number: int, at: int = point, here: World = world) -> None:
            if number == at:
                here.fault = None
                raise Killed

        world.fault = fault
        with pytest.raises(Killed):
            run(world, rotation)
        stored = world.store.rotation(rotation.id)
        assert stored is not None
        done = run(world, stored)
        assert done.state == "closed", (point, straight.trips[point], done.problem)
        assert list(world.issuer.keys) == [done.new_native_id]
        assert world.outages == []
