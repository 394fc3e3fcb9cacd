"""The way back: a key as one row of an inventory file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from keyproof.connectors._file_columns import KeyRow
from keyproof.model.key import Key

_OF_THE_PRINCIPAL_ALONE = frozenset(
    {
        "principal_active",
        "principal_console_access",
        "principal_created_at",
        "principal_last_seen_at",
        "principal_privilege_level",
    }
)
COLUMNS = tuple(
    field.name
    for field in msgspec.structs.fields(KeyRow)
    if field.name not in _OF_THE_PRINCIPAL_ALONE
)


def row_of(key: Key) -> dict[str, str]:
    """Return the cells of every column; see :data:`COLUMNS`."""
    detail, network, rotation = key.last_used_detail, key.network_restrictions, key.rotation
    nested: Mapping[str, Any] = {
        "last_used_service": detail and detail.service,
        "last_used_region": detail and detail.region,
        "last_used_ips": detail and detail.ips,
        "network_state": network.state,
        "network_cidrs": network.cidrs,
        "network_zones": network.zones,
        "network_referrers": network.referrers,
        "rotation_enabled": rotation.enabled,
        "rotation_interval_days": rotation.interval_days,
        "rotation_next_at": rotation.next_at,
        "rotation_mechanism": rotation.mechanism,
        "rotation_grace_seconds": rotation.grace_seconds,
        "rotation_max_active": rotation.max_active,
        "storage_refs": [f"{ref.system}:{ref.path}" for ref in key.storage_refs],
        "fingerprints": [f"{mark.scheme}:{mark.value}" for mark in key.fingerprints],
    }
    return {name: _cell(nested[name] if name in nested else getattr(key, name)) for name in COLUMNS}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return ";".join(f"{name}={label}" for name, label in sorted(value.items()))
    if isinstance(value, list | tuple):
        return ";".join(value)
    return str(value)
