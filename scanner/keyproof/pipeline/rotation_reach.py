"""Reach: one rotation's issuer and targets, with every question and act that steps may use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from keyproof.errors import RotationError
from keyproof.model.rotation import Distribution, Rotation
from keyproof.model.ticket import RotationRequest
from keyproof.ports.context import Context
from keyproof.ports.rotator import Delivery, IssuedKey, LastUse, Rotator, Slot, Target


class Driver(NamedTuple):
    """The issuer's side: a rotator with its settings and context."""

    rotator: Rotator
    settings: Any
    context: Context


class Place(NamedTuple):
    """One target by its configured name."""

    name: str
    target: Target
    settings: Any
    context: Context

    def stage(self, key: IssuedKey, token: str) -> Delivery:
        """See ``Target.stage``."""
        return self.target.stage(self.settings, self.context, key, token)

    def read(self, version: str) -> IssuedKey | None:
        """See ``Target.read_staged``."""
        return self.target.read_staged(self.settings, self.context, version)

    def promote(self, delivery: Delivery) -> None:
        """See ``Target.promote``."""
        self.target.promote(self.settings, self.context, delivery)

    def restore(self, delivery: Delivery) -> None:
        """See ``Target.restore``."""
        self.target.restore(self.settings, self.context, delivery)


class Reach(NamedTuple):
    """What one request can touch: its issuer's calls and its places, and nothing else."""

    request: RotationRequest
    driver: Driver
    places: tuple[Place, ...]

    def slots(self) -> Mapping[str, Slot]:
        """Return the principal's keys by native id."""
        rotator, settings, context = self.driver
        return {slot.native_id: slot for slot in rotator.slots(settings, context, self.request)}

    def create(self) -> IssuedKey:
        """Make a new key. See ``Rotator.create``."""
        rotator, settings, context = self.driver
        return rotator.create(settings, context, self.request)

    def verify(self, key: IssuedKey) -> bool:
        """Tell whether a key authenticates as the expected principal."""
        rotator, settings, context = self.driver
        return rotator.verify(settings, context, self.request, key)

    def last_use(self, native_id: str) -> LastUse:
        """Return a key's last use, by the issuer's clock."""
        rotator, settings, context = self.driver
        return rotator.last_use(settings, context, native_id)

    def set_active(self, native_id: str, *, active: bool) -> None:
        """Deactivate or reactivate a key."""
        rotator, settings, context = self.driver
        rotator.set_active(settings, context, self.request, native_id, active=active)

    def delete(self, native_id: str) -> None:
        """Delete a key."""
        rotator, settings, context = self.driver
        rotator.delete(settings, context, self.request, native_id)

    @property
    def most_keys(self) -> int:
        """How many keys the issuer allows a principal."""
        return self.driver.rotator.MAX_KEYS

    def place(self, name: str) -> Place:
        """Return one target.

        Raises:
            RotationError: the target is no longer configured.
        """
        for place in self.places:
            if place.name == name:
                return place
        raise RotationError(
            f"the target '{name}' is no longer configured",
            hint="put it back into keyproof.yaml, then: keyproof rotate resume",
        )

    def read_new(self, rotation: Rotation) -> IssuedKey | None:
        """Read the new key back from the first target that holds it; ``None`` if none does."""
        for distribution in rotation.distributions:
            if distribution.version is None:
                continue
            key = self.place(distribution.target).read(distribution.version)
            if key is not None and key.native_id == rotation.new_native_id:
                return key
        return None

    def read_old(self, rotation: Rotation) -> IssuedKey | None:
        """Read the old key from a target's previous version, where a target can give it."""
        for distribution in rotation.distributions:
            if distribution.previous_version is None:
                continue
            key = self.place(distribution.target).read(distribution.previous_version)
            if key is not None and key.native_id == rotation.old_native_id:
                return key
        return None


def stage_token(rotation: Rotation, target: str) -> str:
    """Return the token under which a new key is staged: one per rotation, target and key.

    64 hex digits, which every target's version or idempotency token can be.
    """
    parts = "\n".join((rotation.id, target, rotation.new_native_id or ""))
    return hashlib.sha256(parts.encode()).hexdigest()


def delivery_of(distribution: Distribution) -> Delivery:
    """Return the delivery that a persisted distribution stands for."""
    assert distribution.version is not None
    return Delivery(distribution.version, distribution.previous_version)
