"""Pure: a row of an inventory file becomes a key, and all rows together their principals."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from keyproof.connectors._file_cells import DATE_LENGTH, CellError, read_cells
from keyproof.connectors._file_columns import Columns, KeyRow
from keyproof.model.key import (
    Evidence,
    Fingerprint,
    Key,
    LastUsedDetail,
    NetworkRestrictions,
    RotationSetting,
    StorageRef,
    key_record_id,
)
from keyproof.model.principal import Principal, principal_record_id
from keyproof.model.secret import Secret
from keyproof.ports import Fingerprinter

_ONE_AT_A_TIME = threading.Lock()
"""Two sources may be the first to need :class:`KeyRow`, for which msgspec is not made."""

_FIELD = re.compile(r"at `\$\.([a-z_]+)")
_MISSING = re.compile(r"missing required field `([a-z_]+)`")
_SAME = (
    "name",
    "description",
    "labels",
    "principal_id",
    "principal_name",
    "status_native",
    "algorithm",
    "key_bits",
    "used_by_keyproof",
    "unused_scopes",
    "owner",
    "environment",
    "created_at",
    "activated_at",
    "deactivated_at",
    "not_before",
    "expires_at",
    "last_rotated_at",
    "rotated_basis",
    "last_used_at",
    "last_used_lag_seconds",
    "can_withdraw",
    "can_trade",
    "can_manage_iam",
    "wildcard_action",
    "wildcard_resource",
    "overlap_group",
)
_LISTS = ("scopes", "resource_scope", "consumers")
_PRINCIPAL_FIELDS: Mapping[str, str] = {
    "name": "principal_name",
    "principal_type": "principal_type",
    "mfa": "principal_mfa",
    "active": "principal_active",
    "console_access": "principal_console_access",
    "created_at": "principal_created_at",
    "last_seen_at": "principal_last_seen_at",
    "privilege_level": "principal_privilege_level",
}


class Origin(NamedTuple):
    """What the records of one file share."""

    source: str
    name: str
    collected_at: datetime
    fingerprinter: Fingerprinter
    fingerprint_column: str | None
    raw_sha256: str | None


def parse_row(
    cells: Mapping[str, Any], layout: Columns, origin: Origin
) -> tuple[KeyRow, str | None]:
    """Return a row's values, and the keyed id of the value in the fingerprint column.

    Raises:
        CellError: naming the column and what it should hold.
    """
    plain = {name: cell for name, cell in cells.items() if name != origin.fingerprint_column}
    values = read_cells(plain, layout.readers)
    if len(str(plain.get("last_used_at", "")).strip()) == DATE_LENGTH:
        values.setdefault("last_used_precision", "day")
    try:
        with _ONE_AT_A_TIME:
            row = msgspec.convert(values, KeyRow)
    except msgspec.ValidationError as error:  # its text may quote the value
        text = str(error)
        if missing := _MISSING.search(text):
            raise CellError(missing[1], "given") from None
        place = _FIELD.search(text)
        column = place[1] if place else "the row"
        words = layout.words.get(column)
        expected = f"one of {', '.join(words)}" if words else "a text"
        raise CellError(column, expected) from None
    _consistent(row)
    return row, _fingerprint(cells, origin)


def _fingerprint(cells: Mapping[str, Any], origin: Origin) -> str | None:
    column = origin.fingerprint_column
    value = cells.get(column) if column else None
    if value is None:
        return None
    if not isinstance(value, str):
        raise CellError(str(column), "a text")
    bare = value.strip()
    return origin.fingerprinter.secret_id(Secret(bare)) if bare else None


def _consistent(row: KeyRow) -> None:
    """Refuse a state that contradicts its time."""
    for state, moment, column in (
        (row.last_used_state, row.last_used_at, "last_used_state"),
        (row.expiry_state, row.expires_at, "expiry_state"),
    ):
        if state and (state == "known") != (moment is not None):
            raise CellError(column, "in step with its time: a time, or none")
    for text in row.fingerprints:
        if text.partition(":")[0] not in {"sha256", "secret_id", "hint"}:
            raise CellError("fingerprints", "sha256:…, secret_id:… or hint:…")
    for text in row.storage_refs:
        if not all(text.partition(":")):
            raise CellError("storage_refs", "system:path")


def to_key(row: KeyRow, secret_id: str | None, line: int, origin: Origin) -> Key:
    """Return the key that a row states."""
    same = {name: getattr(row, name) for name in _SAME}
    same |= {name: tuple(sorted(getattr(row, name))) for name in _LISTS}
    fingerprints = [Fingerprint(scheme=a, value=b) for a, b in _pairs(row.fingerprints)]  # type: ignore[arg-type]
    if secret_id:
        fingerprints.append(Fingerprint(scheme="secret_id", value=secret_id))
    unrestricted = "restricted" if row.network_cidrs or row.network_zones else "unknown"
    detail = (row.last_used_service, row.last_used_region, row.last_used_ips)
    return Key(
        **same,
        record_id=key_record_id(row.issuer_type, row.issuer_instance, row.native_id),
        source=origin.source,
        issuer_type=row.issuer_type,
        issuer_instance=row.issuer_instance,
        credential_type=row.credential_type,
        native_id=row.native_id,
        status=row.status,
        principal_type=row.principal_type or "unknown",
        principal_mfa=row.principal_mfa or "unknown",
        owner_source=row.owner_source or ("native" if row.owner else "none"),
        expiry_state=row.expiry_state or ("known" if row.expires_at else "unknown"),
        last_used_state=row.last_used_state or ("known" if row.last_used_at else "unknown"),
        last_used_precision=row.last_used_precision,
        last_used_detail=LastUsedDetail(
            service=row.last_used_service, region=row.last_used_region, ips=row.last_used_ips
        )
        if any(detail)
        else None,
        scopes_known=bool(row.scopes) if row.scopes_known is None else row.scopes_known,
        privilege_level=row.privilege_level or "unknown",
        network_restrictions=NetworkRestrictions(
            state=row.network_state or unrestricted,  # type: ignore[arg-type]
            cidrs=tuple(sorted(row.network_cidrs)),
            zones=tuple(sorted(row.network_zones)),
            referrers=tuple(sorted(row.network_referrers)),
        ),
        rotation=RotationSetting(
            enabled=row.rotation_enabled,
            interval_days=row.rotation_interval_days,
            next_at=row.rotation_next_at,
            mechanism=row.rotation_mechanism or "unknown",
            grace_seconds=row.rotation_grace_seconds,
            max_active=row.rotation_max_active,
        ),
        storage_refs=tuple(StorageRef(system=a, path=b) for a, b in _pairs(row.storage_refs)),
        fingerprints=tuple(fingerprints),
        evidence=_evidence(origin, line),
    )


def _pairs(texts: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(first, second) for first, _, second in (text.partition(":") for text in sorted(texts))]


def _evidence(origin: Origin, line: int) -> Evidence:
    return Evidence(
        collector="file",
        api_call=f"{origin.name}:{line}",
        collected_at=origin.collected_at,
        raw_sha256=origin.raw_sha256,
    )


class Principals:
    """Gathers what the rows say of each principal; where they contradict, it is unknown."""

    def __init__(self, origin: Origin) -> None:
        """Start with none."""
        self._origin = origin
        self._found: dict[str, tuple[KeyRow, int, dict[str, Any]]] = {}

    def add(self, row: KeyRow, line: int) -> list[str]:
        """Take a row in; return the principal's fields in which it contradicts an earlier one."""
        if not row.principal_id:
            return []
        record = principal_record_id(row.issuer_type, row.issuer_instance, row.principal_id)
        _, _, stated = self._found.setdefault(record, (row, line, {}))
        contradicted = []
        for field, column in _PRINCIPAL_FIELDS.items():
            value = getattr(row, column)
            if value is None:
                continue
            if field in stated and stated[field] != value:
                contradicted.append(field)
                value = None
            stated[field] = value
        return contradicted

    def records(self) -> Iterator[Principal]:
        """Yield the principals, in the order of their first rows."""
        for record, (row, line, stated) in self._found.items():
            known = {field: value for field, value in stated.items() if value is not None}
            yield Principal(
                **{"principal_type": "unknown", **known},
                record_id=record,
                source=self._origin.source,
                issuer_type=row.issuer_type,
                issuer_instance=row.issuer_instance,
                native_id=str(row.principal_id),
                environment=row.environment,
                evidence=_evidence(self._origin, line),
            )


def passed_on(cells: Mapping[str, Any], origin: Origin) -> Key | Principal:
    """Return a record that keyproof itself wrote (``keyproof inventory --format jsonl``).

    Raises:
        CellError: it is none.
    """
    kind: type[Key | Principal] = Key if cells.get("record") == "key" else Principal
    try:
        record = msgspec.convert(dict(cells), kind)
    except msgspec.ValidationError as error:
        place = _FIELD.search(str(error))
        raise CellError(place[1] if place else "record", "as keyproof writes it") from None
    make_id = key_record_id if kind is Key else principal_record_id
    if record.record_id != make_id(record.issuer_type, record.issuer_instance, record.native_id):
        raise CellError("record_id", "the id of this issuer and native id")
    return msgspec.structs.replace(record, source=origin.source)
