"""Rotation under arbitrary misfortune: kills, lost answers, outages, people, and a second process."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.rotation_world import RELOAD, Killed, SimulatedStore, World

from keyproof.errors import RotationError, SourceError, StoreError, UsageError
from keyproof.model.rotation import TERMINAL, Rotation
from keyproof.pipeline import rotate
from keyproof.pipeline.rotation_rollback import turn_back

UNDER_WAY = precondition(lambda self: self.current().state not in TERMINAL)


class Misfortune(RuleBasedStateMachine):
    """One rotation; hypothesis looks for a sequence of events that costs somebody a key."""

    world: World
    rotation_id: str

    @initialize(
        slots=st.sampled_from([2, 4]),
        skew=st.sampled_from([-90, 0, 90]),
        lag=st.sampled_from([0, 5]),
        emergency=st.booleans(),
        write_only=st.booleans(),
    )
    def begin(self, slots: int, skew: int, lag: int, *, emergency: bool, write_only: bool) -> None:
        self.world = World(slots=slots, skew=skew, lag=lag)
        self.world.targets["ci"].write_only = write_only
        self.emergency = emergency
        self.others: dict[str, bool] = {}
        self.people_deleted: set[str] = set()
        ticket = self.world.ticket(emergency=emergency)
        self.rotation_id = rotate.start(ticket, self.world.deps()).id

    def current(self) -> Rotation:
        stored = self.world.store.rotation(self.rotation_id)
        assert stored is not None
        return stored

    def attempt(self, act: Any) -> None:
        with contextlib.suppress(Killed, StoreError, RotationError, UsageError):
            act()
        self.world.fault = None

    @UNDER_WAY
    @rule(after=st.integers(0, 30), kind=st.sampled_from(["none", "kill", "lost", "both"]))
    def step(self, after: int, kind: str) -> None:
        """Take one step, during which a call may kill us or lose its answer."""
        first = len(self.world.trips)

        def fault(name: str, number: int) -> None:
            is_call = "persist" not in name
            if number - first >= after and is_call and kind in {"lost", "both"}:
                if kind == "lost":
                    self.world.fault = None
                raise SourceError("no answer")
            if number - first == after and kind == "kill":
                raise Killed

        self.world.fault = None if kind == "none" else fault
        self.attempt(lambda: rotate.advance(self.current(), self.world.deps()))

    @UNDER_WAY
    @rule(hours=st.sampled_from([0, 1, 3, 6]))
    def carry_on(self, hours: int) -> None:
        world = self.world
        deadline = world.now() + timedelta(hours=hours)
        self.attempt(lambda: rotate.run_until(self.current(), world.deps(), deadline))

    @rule(seconds=st.sampled_from([1, 30, 600, 3600, 20000]))
    def wait(self, seconds: int) -> None:
        self.world.sleep(seconds)

    @UNDER_WAY
    @rule()
    def somebody_makes_a_key_and_uses_it(self) -> None:
        if len(self.world.issuer.keys) < self.world.issuer.MAX_KEYS:
            made = self.world.issuer.add("other")
            self.world.issuer.use(made)
            self.others[made.native_id] = True

    @UNDER_WAY
    @rule(name=st.sampled_from(["vault", "ci"]), broken=st.booleans())
    def target_outage(self, name: str, *, broken: bool) -> None:
        self.world.targets[name].broken = broken

    @UNDER_WAY
    @rule(name=st.sampled_from(["verify", "set_active", "delete", "create", "slots", "last_use"]))
    def issuer_outage(self, name: str) -> None:
        self.world.issuer.broken = {name}

    @UNDER_WAY
    @rule()
    def issuer_recovers(self) -> None:
        self.world.issuer.broken = set()

    @UNDER_WAY
    @rule(stuck=st.booleans())
    def consumer_is_stuck(self, *, stuck: bool) -> None:
        if not self.emergency:
            self.world.consumers[0].stuck = stuck

    @UNDER_WAY
    @rule()
    def a_person_takes_it_up(self) -> None:
        self.attempt(lambda: rotate.take_up(self.current(), self.world.deps(), "grace"))

    @UNDER_WAY
    @rule(really=st.sampled_from([False, False, False, True]))
    def a_person_rolls_back(self, *, really: bool) -> None:
        if really:
            self.attempt(lambda: rotate.roll_back(self.current(), self.world.deps(), "grace"))

    @invariant()
    def every_consumer_works(self) -> None:
        if hasattr(self, "world") and not self.emergency:
            assert self.world.outages == []

    @invariant()
    def what_targets_serve_works(self) -> None:
        if hasattr(self, "world"):
            for target in self.world.targets.values():
                served = self.world.issuer.keys.get(target.value().native_id)
                assert served is not None
                assert served["active"] or self.current().state == "rolling_back"

    @invariant()
    def at_most_one_key_of_ours_beside_the_old(self) -> None:
        if hasattr(self, "world"):
            assert len(self.world.issuer.alive_by_us()) <= 1

    @invariant()
    def nobody_elses_key_is_touched(self) -> None:
        if hasattr(self, "world"):
            for native_id in self.others:
                assert self.world.issuer.keys[native_id]["active"]

    @invariant()
    def no_value_is_stored(self) -> None:
        if hasattr(self, "world"):
            values = [r["secret"].reveal() for r in self.world.issuer.keys.values()]
            newest = self.world.store.history[-1:]
            assert not [v for v in values for document in newest if v in document]

    @invariant()
    def whoever_is_needed_is_told_why(self) -> None:
        if hasattr(self, "world"):
            rotation = self.current()
            if rotation.state == "needs_attention":
                assert rotation.problem
                assert rotation.resume_state

    def teardown(self) -> None:
        """When everything works again it comes to an end, or says what it waits for."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.issuer.broken, world.fault = set(), None
        for target in world.targets.values():
            target.broken = False
        world.consumers[0].stuck = False
        world.sleep(RELOAD)
        rotation = self.current()
        if rotation.state == "needs_attention":
            rotation = rotate.take_up(rotation, world.deps(), "grace")
        rotation = rotate.run_until(rotation, world.deps(), world.now() + timedelta(days=9))
        assert rotation.state in TERMINAL or rotation.state == "needs_attention", rotation.state
        if rotation.state == "needs_attention":
            assert rotation.problem
            assert self.others  # only people's own keys leave an open question
        if rotation.state == "closed":
            assert world.old not in world.issuer.keys
        if rotation.state in {"rolled_back", "cancelled"}:
            assert world.issuer.alive_by_us() == []
            assert world.issuer.keys[world.old]["active"]
        if not self.emergency:
            world.sleep(RELOAD)
            assert world.outages == []


Misfortune.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestMisfortune = Misfortune.TestCase


class LeaselessStore(SimulatedStore):
    """A store whose leases have run out: only the compare-and-set is left."""

    @contextlib.contextmanager
    def lease(self, name: str, seconds: int) -> Any:
        yield True


def _points() -> list[str]:
    world = World(slots=4)
    rotation = rotate.start(world.ticket(), world.deps())
    rotate.run_until(rotation, world.deps(), world.now() + timedelta(days=9))
    return world.trips


@pytest.mark.parametrize("point", range(len(_points())))
def test_a_second_process_may_overtake_the_first_anywhere(point: int) -> None:
    world = World(slots=4)
    world.store = LeaselessStore(world)
    rotation = rotate.start(world.ticket(), world.deps())

    def overtake(name: str, number: int) -> None:
        if number != point:
            return
        world.fault = None
        stored = world.store.rotation(rotation.id)
        assert stored is not None
        rotate.run_until(stored, world.deps(), world.now() + timedelta(days=9))

    world.fault = overtake
    with contextlib.suppress(StoreError):
        rotate.run_until(rotation, world.deps(), world.now() + timedelta(days=9))
    stored = world.store.rotation(rotation.id)
    assert stored is not None
    assert stored.state == "closed"
    assert list(world.issuer.keys) == [stored.new_native_id]
    assert {t.value().native_id for t in world.targets.values()} == {stored.new_native_id}
    assert world.outages == []


def test_a_rotation_at_its_end_cannot_be_turned_back() -> None:
    world = World()
    rotation = rotate.start(world.ticket(), world.deps())
    done = rotate.run_until(rotation, world.deps(), world.now() + timedelta(days=9))
    with pytest.raises(UsageError, match="no way back"):
        turn_back(done, world.deps(), "grace")
