"""Link: joins leaks to the keys that they are, usages to keys, and owners to what they own."""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeVar

from msgspec.structs import replace

from keyproof.model.facts import Facts
from keyproof.model.key import Key
from keyproof.model.leak import Exposure, Leak
from keyproof.model.principal import Principal
from keyproof.model.usage import Usage

Basis = Literal["native_id", "provider_hash", "secret_id"]
KeyState = Literal["active", "dead", "unknown"]
Owned = TypeVar("Owned", Key, Principal)

_STATES: Mapping[str, KeyState] = {
    "pre_active": "active",
    "active": "active",
    "suspended": "dead",
    "deactivated": "dead",
    "destroyed": "dead",
    "expired": "dead",
    "compromised": "unknown",
}


def link(facts: Facts, owners: Mapping[str, str] | None = None) -> Facts:
    """Return the facts with exposures on both sides, usages merged into keys, owners mapped.

    Args:
        owners: glob over principal or key names → owner; fills what the issuer left open.
    """
    newest = _newest_usages(facts.usages)
    keys = [_with_usage(key, newest) for key in _owned(facts.keys, owners or {})]
    index = _Index(keys)
    leaks = [_exposed(leak, index) for leak in facts.leaks]
    by_key: dict[str, list[Exposure]] = defaultdict(list)
    for leak in leaks:
        for exposure in leak.exposures:
            by_key[exposure.key_id].append(exposure)
    return replace(
        facts,
        keys=tuple(
            replace(key, exposures=tuple(sorted(by_key[key.record_id], key=lambda e: e.leak_id)))
            if key.record_id in by_key
            else key
            for key in keys
        ),
        principals=tuple(_owned(facts.principals, owners or {})),
        leaks=tuple(leaks),
    )


class _Index:
    """Keys by everything that a leak may name them by, strongest first."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.by: Mapping[Basis, dict[str, list[Key]]] = {
            "native_id": defaultdict(list),
            "provider_hash": defaultdict(list),
            "secret_id": defaultdict(list),
        }
        for key in keys:
            self.by["native_id"][key.native_id].append(key)
            for fingerprint in key.fingerprints:
                if fingerprint.scheme == "sha256":
                    self.by["provider_hash"][f"sha256:{fingerprint.value}"].append(key)
                elif fingerprint.scheme == "secret_id":
                    self.by["secret_id"][fingerprint.value].append(key)

    def matches(self, leak: Leak) -> Iterator[tuple[Basis, Key]]:
        """Yield each key once, under the strongest basis that names it."""
        names: tuple[tuple[Basis, Sequence[str]], ...] = (
            ("native_id", leak.key_native_ids),
            ("provider_hash", leak.provider_hashes),
            ("secret_id", (leak.secret_id,)),
        )
        seen: set[str] = set()
        for basis, values in names:
            for value in values:
                for key in self.by[basis].get(value, ()):
                    if key.record_id not in seen:
                        seen.add(key.record_id)
                        yield basis, key


def _exposed(leak: Leak, index: _Index) -> Leak:
    exposures = [_exposure(leak, key, basis) for basis, key in index.matches(leak)]
    return replace(leak, exposures=tuple(sorted(exposures, key=lambda e: e.key_id)))


def _exposure(leak: Leak, key: Key, basis: Basis) -> Exposure:
    state = _STATES[key.status]
    closed = key.deactivated_at or (key.expires_at if key.status == "expired" else None)
    return Exposure(
        leak_id=leak.record_id,
        key_id=key.record_id,
        basis=basis,
        key_state=state,
        opened_at=leak.first_seen_at,
        closed_at=closed if state == "dead" else None,
        used_after_leak=_used_after_leak(leak, key),
    )


def _used_after_leak(leak: Leak, key: Key) -> Literal["yes", "no", "unknown"]:
    """Compare last use with the first commit; a day-precise use on that very day proves nothing."""
    if key.last_used_state == "never":
        return "no"
    opened, used = leak.first_seen_at, key.last_used_at
    if opened is None or used is None or key.last_used_state != "known":
        return "unknown"
    if key.last_used_precision == "day" and used.date() == opened.date():
        return "unknown"
    return "yes" if used >= opened else "no"


def _newest_usages(usages: Sequence[Usage]) -> Mapping[tuple[str, str, str], Usage]:
    """Return the newest usage of each key."""
    ordered = sorted(usages, key=lambda usage: usage.last_used_at)
    return {(u.issuer_type, u.issuer_instance, u.native_id): u for u in ordered}


def _with_usage(key: Key, usages: Mapping[tuple[str, str, str], Usage]) -> Key:
    """Take over the newest use that another source saw, where it is newer than the issuer's."""
    newest = usages.get((key.issuer_type, key.issuer_instance, key.native_id))
    if newest is None or (key.last_used_at and key.last_used_at >= newest.last_used_at):
        return key
    return replace(
        key,
        last_used_at=newest.last_used_at,
        last_used_state="known",
        last_used_precision="second",
        last_used_detail=newest.detail,
    )


def _owned(records: Sequence[Owned], owners: Mapping[str, str]) -> list[Owned]:
    return [_with_owner(record, owners) for record in records] if owners else list(records)


def _with_owner(record: Owned, owners: Mapping[str, str]) -> Owned:
    if record.owner:
        return record
    names = [record.name, record.native_id]
    if isinstance(record, Key):
        names.append(record.principal_name)
    for pattern, owner in owners.items():
        if any(name and fnmatch.fnmatchcase(name, pattern) for name in names):
            return replace(record, owner=owner, owner_source="mapping")
    return record
