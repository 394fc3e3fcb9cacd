"""Rotator and Target: the issuer of a new key, and the place where it is put."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from keyproof.model.secret import Secret
from keyproof.model.ticket import RotationRequest
from keyproof.ports.context import Context


class LastUse(NamedTuple):
    """What the issuer says of a key's last use now."""

    state: str
    at: datetime | None


class IssuedKey(NamedTuple):
    """A key just made: its public id and its value, which goes to the targets and nowhere else."""

    native_id: str
    value: Secret


class Slot(NamedTuple):
    """One existing key of a principal, as a rotator lists it."""

    native_id: str
    active: bool
    created_at: datetime | None


class Rotator(Protocol):
    """A module in ``rotators/``: the driver for one issuer.

    Every call may be repeated. Errors: :class:`keyproof.errors.RotationError` where only a person
    can go on, :class:`keyproof.errors.SourceError` where the call may be tried again.
    """

    TITLE: str
    SETTINGS: type[Any]
    MAX_KEYS: int

    def slots(self, settings: Any, context: Context, request: RotationRequest) -> Sequence[Slot]:
        """List the principal's keys."""
        ...

    def create(self, settings: Any, context: Context, request: RotationRequest) -> IssuedKey:
        """Make a new key for the principal."""
        ...

    def verify(
        self, settings: Any, context: Context, request: RotationRequest, key: IssuedKey
    ) -> bool:
        """Tell whether the new key authenticates as the expected principal."""
        ...

    def last_use(self, settings: Any, context: Context, native_id: str) -> LastUse:
        """Return the last use of a key, by the issuer's clock."""
        ...

    def set_active(
        self,
        settings: Any,
        context: Context,
        request: RotationRequest,
        native_id: str,
        *,
        active: bool,
    ) -> None:
        """Deactivate or reactivate a key."""
        ...

    def delete(
        self, settings: Any, context: Context, request: RotationRequest, native_id: str
    ) -> None:
        """Delete a key; one that is gone already is no error."""
        ...


class Delivery(NamedTuple):
    """Which version a target holds after a write, and which it held before."""

    version: str
    previous_version: str | None


class Target(Protocol):
    """A module in ``targets/``: a place where the new key is put.

    ``token`` makes ``stage`` repeatable: the same token never makes a second version.
    """

    TITLE: str
    SETTINGS: type[Any]

    def stage(self, settings: Any, context: Context, key: IssuedKey, token: str) -> Delivery:
        """Write the new key where consumers do not read it yet, if the place can do that."""
        ...

    def read_staged(self, settings: Any, context: Context, version: str) -> IssuedKey | None:
        """Read a staged or current version back (resume after a crash); ``None`` if absent."""
        ...

    def promote(self, settings: Any, context: Context, delivery: Delivery) -> None:
        """Make the staged version the one that consumers read."""
        ...

    def restore(self, settings: Any, context: Context, delivery: Delivery) -> None:
        """Make the previous version current again."""
        ...
