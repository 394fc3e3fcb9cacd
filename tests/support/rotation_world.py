"""A small world to rotate in: an issuer with slots, targets, consumers, a store, and misfortune.

Everything that the engine calls passes :meth:`World.trip` before and after its effect, so that a
test can kill the process, or lose an answer, at any of those points.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from tests.support.adapter_context import adapter_context
from tests.support.planted import letters, plant

from keyproof.errors import SourceError, StoreError
from keyproof.model.rotation import TERMINAL, Rotation
from keyproof.model.secret import Secret
from keyproof.model.ticket import RotationRequest, Ticket, rotation_hash
from keyproof.pipeline.rotation_reach import Driver, Place, Reach
from keyproof.pipeline.rotation_record import Deps, Limits
from keyproof.ports import Delivery, IssuedKey, LastUse, Slot

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
OVERLAP, SOAK = 7200, 7200
RELOAD = 1800


class Killed(BaseException):
    """The process died here."""


class World:
    """Time, an issuer, two targets, consumers and a store."""

    def __init__(
        self, *, slots: int = 2, skew: int = 0, lag: int = 0, last_use: str = "known"
    ) -> None:
        self.time = START
        self.skew = timedelta(seconds=skew)
        self.issuer = Issuer(self, slots, lag, last_use)
        self.targets = {name: SimulatedTarget(self, name) for name in ("vault", "ci")}
        self.store = SimulatedStore(self)
        self.trips: list[str] = []
        self.fault: Callable[[str, int], None] | None = None
        old = self.issuer.add("old")
        for target in self.targets.values():
            target.versions["original"] = old
            target.current = "original"
        self.old = old.native_id
        self.consumers = [Consumer(self, target) for target in self.targets.values()]
        self.outages: list[str] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass; consumers reload and work meanwhile."""
        end = self.time + timedelta(seconds=seconds)
        while self.time < end:
            self.time = min(end, self.time + timedelta(seconds=600))
            for consumer in self.consumers:
                consumer.work()

    def trip(self, name: str) -> None:
        """Pass one point at which a process may die or lose an answer."""
        self.trips.append(name)
        if self.fault is not None:
            self.fault(name, len(self.trips) - 1)

    @contextlib.contextmanager
    def call(self, name: str) -> Iterator[None]:
        self.trip(f"before {name}")
        yield
        self.trip(f"after {name}")

    def deps(self, **limits: int) -> Deps:
        def reach(request: RotationRequest) -> Reach:
            context = adapter_context()
            places = tuple(
                Place(name, self.targets[name], None, context)  # type: ignore[arg-type]
                for name in request.targets
            )
            return Reach(request, Driver(self.issuer, None, context), places)  # type: ignore[arg-type]

        return Deps(self.store, self, reach, Limits(**limits))  # type: ignore[arg-type]

    def ticket(self, **changes: Any) -> Ticket:
        request = RotationRequest(
            key_id="key_1",
            native_id=self.old,
            rotator="simulated",
            source="sim",
            principal="billing",
            targets=tuple(self.targets),
            overlap_seconds=OVERLAP,
            soak_seconds=SOAK,
        )
        request = msgspec.structs.replace(request, **changes)
        return Ticket(
            id="t_1",
            tracker="file",
            finding_id="f_1",
            title="rotate",
            severity="high",
            state="approved",
            plan_hash=rotation_hash(request),
            approved_by="grace",
            approved_at=self.time,
            rotation=request,
            opened_at=self.time,
            updated_at=self.time,
            body_digest="sha256:0",
        )


class Consumer:
    """A service that reads its target every half hour and uses what it holds all the time."""

    def __init__(self, world: World, target: SimulatedTarget) -> None:
        self.world, self.target = world, target
        self.stuck = False
        self.idle = False
        self.loaded = target.value()
        self.loaded_at = world.time

    def work(self) -> None:
        world = self.world
        if not self.stuck and world.time - self.loaded_at >= timedelta(seconds=RELOAD):
            self.loaded, self.loaded_at = self.target.value(), world.time
        if self.idle:
            return
        if not world.issuer.use(self.loaded):
            world.outages.append(f"{self.target.name} at {world.time} with {self.loaded.native_id}")


class Issuer:
    """A rotator double that keeps the truth: which keys exist, whose they are, who used them."""

    TITLE = "a simulated issuer"
    SETTINGS = type(None)

    def __init__(self, world: World, slots: int, lag: int, last_use: str) -> None:
        self.world = world
        self.MAX_KEYS = slots
        self.lag = timedelta(seconds=lag)
        self.last_use_state = last_use
        self.keys: dict[str, dict[str, Any]] = {}
        self.count = 0
        self.broken: set[str] = set()
        self.refused: set[str] = set()

    def add(self, by: str, *, active: bool = True) -> IssuedKey:
        self.count += 1
        native_id = f"ID{self.count:04}"
        secret = Secret(plant("sim-" + letters(native_id, 24)))
        at = self.world.time + self.world.skew
        self.keys[native_id] = {
            "by": by,
            "active": active,
            "at": at.replace(microsecond=0),
            "used": None,
            "secret": secret,
            "made": self.world.time,
        }
        return IssuedKey(native_id, secret)

    def use(self, key: IssuedKey) -> bool:
        record = self.keys.get(key.native_id)
        if record is None or not record["active"] or record["secret"] != key.value:
            return False
        record["used"] = (self.world.time + self.world.skew).replace(microsecond=0)
        return True

    def alive_by_us(self) -> list[str]:
        return [name for name, record in self.keys.items() if record["by"] == "us"]

    @contextlib.contextmanager
    def _call(self, name: str) -> Iterator[None]:
        if name in self.broken:
            raise SourceError(f"{name} answers 503")
        with self.world.call(name):
            yield

    def slots(self, settings: Any, context: Any, request: Any) -> list[Slot]:
        with self._call("slots"):
            return [
                Slot(name, record["active"], record["at"])
                for name, record in self.keys.items()
                if self.world.time - record["made"] >= self.lag or record["by"] == "old"
            ]

    def create(self, settings: Any, context: Any, request: Any) -> IssuedKey:
        with self._call("create"):
            if len(self.keys) >= self.MAX_KEYS:
                raise SourceError("the limit is reached")
            return self.add("us")

    def verify(self, settings: Any, context: Any, request: Any, key: IssuedKey) -> bool:
        with self._call("verify"):
            record = self.keys.get(key.native_id)
            if key.native_id in self.refused:
                return False
            visible = record is not None and self.world.time - record["made"] >= self.lag
            return visible and record["active"] and record["secret"] == key.value

    def last_use(self, settings: Any, context: Any, native_id: str) -> LastUse:
        with self._call("last_use"):
            if self.last_use_state != "known":
                return LastUse(self.last_use_state, None)
            used = self.keys[native_id]["used"] if native_id in self.keys else None
            return LastUse("known", used) if used else LastUse("never", None)

    def set_active(
        self, settings: Any, context: Any, request: Any, native_id: str, *, active: bool
    ) -> None:
        with self._call("set_active"):
            if native_id not in self.keys:
                raise SourceError(f"{native_id} does not exist", reason="not_found")
            self.keys[native_id]["active"] = active

    def delete(self, settings: Any, context: Any, request: Any, native_id: str) -> None:
        with self._call("delete"):
            self.keys.pop(native_id, None)


class SimulatedTarget:
    """A target with versions, like a secrets manager."""

    TITLE = "a simulated target"
    SETTINGS = type(None)

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.versions: dict[str, IssuedKey] = {}
        self.current = ""
        self.broken = False
        self.write_only = False

    def value(self) -> IssuedKey:
        return self.versions[self.current]

    @contextlib.contextmanager
    def _call(self, name: str) -> Iterator[None]:
        if self.broken:
            raise SourceError(f"{self.name} answers 503")
        with self.world.call(f"{self.name}.{name}"):
            yield

    def stage(self, settings: Any, context: Any, key: IssuedKey, token: str) -> Delivery:
        with self._call("stage"):
            assert self.versions.setdefault(token, key) == key
            return Delivery(token, self.current)

    def read_staged(self, settings: Any, context: Any, version: str) -> IssuedKey | None:
        with self._call("read"):
            return None if self.write_only else self.versions.get(version)

    def promote(self, settings: Any, context: Any, delivery: Delivery) -> None:
        with self._call("promote"):
            assert delivery.version in self.versions
            self.current = delivery.version

    def restore(self, settings: Any, context: Any, delivery: Delivery) -> None:
        with self._call("restore"):
            if self.current == delivery.version:
                assert delivery.previous_version is not None
                self.current = delivery.previous_version


class SimulatedStore:
    """A store that keeps rotations as the bytes a database would."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.documents: dict[str, bytes] = {}
        self.history: list[bytes] = []
        self.leases: set[str] = set()

    def start_rotation(self, rotation: Rotation) -> bool:
        keys = {r.request.key_id for r in self.rotations(unfinished=True)}
        if rotation.request.key_id in keys or rotation.id in self.documents:
            return False
        self.documents[rotation.id] = msgspec.json.encode(rotation)
        return True

    def update_rotation(self, rotation: Rotation) -> None:
        self.world.trip(f"before persist {rotation.state}")
        stored = self.rotation(rotation.id)
        if stored is None or stored.version != rotation.version - 1:
            raise StoreError("another process was faster")
        self.documents[rotation.id] = msgspec.json.encode(rotation)
        self.history.append(self.documents[rotation.id])
        self.world.trip(f"after persist {rotation.state}")

    def rotation(self, rotation_id: str) -> Rotation | None:
        document = self.documents.get(rotation_id)
        return msgspec.json.decode(document, type=Rotation) if document else None

    def rotations(self, *, unfinished: bool = False) -> list[Rotation]:
        every = [msgspec.json.decode(d, type=Rotation) for d in self.documents.values()]
        return [r for r in every if not unfinished or r.state not in TERMINAL]

    @contextlib.contextmanager
    def lease(self, name: str, seconds: int) -> Iterator[bool]:
        if name in self.leases:
            yield False
            return
        self.leases.add(name)
        try:
            yield True
        finally:  # the real store sees that a dead process's lease is nobody's
            self.leases.discard(name)
