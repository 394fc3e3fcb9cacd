"""Unread: which fields of which records a snapshot's gaps leave unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from keyproof.model.facts import Facts
from keyproof.model.key import Key
from keyproof.model.leak import Leak
from keyproof.model.principal import Principal
from keyproof.model.source import Gap

_SCOPES = (
    *("scopes", "scopes_native", "scopes_known", "privilege_level", "can_withdraw", "can_trade"),
    *("can_manage_iam", "wildcard_action", "wildcard_resource", "resource_scope"),
)
_USE = ("last_used_at", "last_used_state", "last_used_precision", "last_used_detail")
_EXPIRY = ("expires_at", "expiry_state")
_COMPANIONS: Mapping[str, Sequence[str]] = {
    "scopes": _SCOPES,
    "scopes_native": _SCOPES,
    "scopes_known": _SCOPES,
    "last_used_at": _USE,
    "last_used_state": _USE,
    "expires_at": _EXPIRY,
    "expiry_state": _EXPIRY,
    "owner": ("owner", "owner_source"),
    "mfa": ("mfa", "mfa_devices", "principal_mfa"),
    "mfa_devices": ("mfa", "mfa_devices", "principal_mfa"),
    "introduced_at": ("first_seen_at",),
    "in_head": ("occurrences_in_head",),
}
"""A field that was not read takes along what is derived from it."""


class Unread:
    """What was not read, by source, record and field."""

    def __init__(self, facts: Facts) -> None:
        """Index the gaps by their source."""
        self._gaps: dict[str, list[Gap]] = defaultdict(list)
        for gap in facts.gaps:
            self._gaps[gap.source].append(gap)
        self._sources = {source.id: source for source in facts.sources}

    def gaps(self, source: str) -> Sequence[Gap]:
        """Return the gaps of a source."""
        return self._gaps.get(source, ())

    def of_record(self, record: Key | Principal) -> frozenset[str]:
        """Return the fields of a record that were not read, with what derives from them."""
        named = self._named(record.source, (record.record_id, record.native_id))
        return _with_companions({*record.evidence.missing_fields, *named})

    def of_leak(self, leak: Leak) -> frozenset[str]:
        """Return the fields of a leak that were not read, with what derives from them."""
        return _with_companions(set(self._named(leak.source, (leak.record_id,))))

    def of_source(self, source: str) -> frozenset[str]:
        """Return the fields that the gaps of a source leave unknown, of whatever records."""
        return _with_companions({name for gap in self.gaps(source) for name in gap.fields})

    def keys_complete(self, principal: Principal) -> bool:
        """Tell whether every key of the principal was read: else "few enough" cannot be proved."""
        source = self._sources.get(principal.source)
        gaps = self.gaps(principal.source)
        if source is None or source.scope != "whole" or not (source.complete or gaps):
            return False
        ids = (principal.record_id, principal.native_id)
        return not any(
            (not gap.fields or "keys" in gap.fields)
            and (not gap.subjects or any(name in gap.subjects for name in ids))
            for gap in gaps
        )

    def _named(self, source: str, ids: tuple[str, ...]) -> Iterator[str]:
        for gap in self._gaps.get(source, ()):
            if not gap.subjects or any(name in gap.subjects for name in ids):
                yield from gap.fields


def _with_companions(named: set[str]) -> frozenset[str]:
    if not named:
        return frozenset()
    found = set(named)
    for name in named:
        found.update(_COMPANIONS.get(name, ()))
    return frozenset(found)
