"""Wires rotators, targets and the store to the rotation engine; says what happens next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from keyproof import yamlfile
from keyproof.app import registry
from keyproof.app.settings import Loaded
from keyproof.app.tickets import Desk
from keyproof.app.wiring import make_context
from keyproof.errors import ConfigError, UsageError
from keyproof.model.rotation import TERMINAL, Rotation
from keyproof.model.ticket import RotationRequest
from keyproof.pipeline.rotation_reach import Driver, Place, Reach
from keyproof.pipeline.rotation_record import Deps, Limits


class SlotUse(NamedTuple):
    """How many keys a principal has, of how many it may have, and whether the old one is usable."""

    used: int
    most: int
    active: bool


def deps(desk: Desk) -> Deps:
    """Return what the rotation engine works with."""
    limits = Limits(rotations=desk.loaded.settings.tickets.max_rotations)
    return Deps(desk.store, desk.clock, lambda request: reach(desk, request), limits)


def reach(desk: Desk, request: RotationRequest) -> Reach:
    """Open the issuer and the targets of one request.

    Raises:
        ConfigError: the source or a target does not fit the request any more.
        UsageError: one of them is no longer configured.
        MissingExtra: a driver's package is not installed.
    """
    rotator = registry.load("rotators", request.rotator)
    driver = Driver(
        rotator, _driver_settings(desk.loaded, rotator, request), _context(desk, request.source)
    )
    places = []
    for name in request.targets:
        target, settings = desk.loaded.adapter("targets", name)
        places.append(Place(name, target, settings, _context(desk, name)))
    return Reach(request, driver, tuple(places))


def _context(desk: Desk, name: str) -> Any:
    return make_context(name, desk.environment, desk.fingerprinter, desk.clock)


def _driver_settings(loaded: Loaded, rotator: Any, request: RotationRequest) -> Any:
    """Return the source's own settings as its rotator takes them: where the account is."""
    entry = loaded.settings.sources.get(request.source)
    if entry is None:
        raise ConfigError(
            f"the source '{request.source}' is no longer configured",
            hint="put it back into keyproof.yaml: its keys are being rotated",
        )
    taken = {field.encode_name for field in msgspec.structs.fields(rotator.SETTINGS)}
    data = {key: value for key, value in entry.items() if key in taken}
    shadow = {"sources": {request.source: data}}
    document = yamlfile.Document(shadow, loaded.document.lines, loaded.document.name)
    return document.convert(rotator.SETTINGS, "sources", request.source)


def slot_use(desk: Desk, request: RotationRequest) -> SlotUse:
    """Ask the issuer how many of a principal's slots are taken; reads only."""
    opened = reach(desk, request)
    slots = opened.slots()
    old = slots.get(request.native_id)
    return SlotUse(len(slots), opened.most_keys, bool(old and old.active))


def find_rotation(desk: Desk, name: str) -> Rotation:
    """Return the rotation whose id, or key's native id, is or begins with ``name``.

    Raises:
        UsageError: there is none, or several.
    """
    every = desk.store.rotations()
    exact = [r for r in every if r.id == name]
    found = exact or [r for r in every if r.id.startswith(name) or r.old_native_id == name]
    unfinished = [r for r in found if r.state not in TERMINAL]
    if len(found) > 1 and len(unfinished) == 1:
        found = unfinished
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"there is no rotation '{name}'", hint="see: keyproof rotate")
    raise UsageError(f"'{name}' means several rotations", hint=", ".join(r.id for r in found))


_NEXT: Mapping[str, str] = {
    "approved": "check the slots and make a new key",
    "creating": "look what became of the new key",
    "created": "stage the new key in the targets",
    "distributing": "stage the new key in the targets",
    "distributed": "verify the new key",
    "verifying_new": "verify the new key",
    "draining": "look whether the old key is still used",
    "deactivating": "deactivate the old key",
    "deactivated": "begin the soak",
    "deleting": "delete the old key",
    "deleted": "close",
}


def next_step(rotation: Rotation) -> str:
    """Say what happens next, or what is waited for."""
    until = rotation.overlap_until
    if rotation.state == "needs_attention":
        return rotation.problem or "a person is needed"
    if rotation.state == "overlap" and rotation.overlap_started_at is None:
        return "make the new key current in the targets"
    if rotation.state == "overlap" and until:
        return f"both keys work until {until:%Y-%m-%d %H:%M} UTC"
    if rotation.state == "soak" and rotation.soak_until:
        return f"the old key is deleted after {rotation.soak_until:%Y-%m-%d %H:%M} UTC"
    if rotation.state == "rolling_back":
        waits = rotation.overlap_started_at is not None and until is not None
        return (
            f"the new key is deleted after {until:%Y-%m-%d %H:%M} UTC, once it is out of use"
            if waits
            else "bring the old key back"
        )
    return _NEXT.get(rotation.state, "nothing")
