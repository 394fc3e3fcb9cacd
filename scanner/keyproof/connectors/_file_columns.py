"""The columns of an inventory file, and how the text of a CSV cell becomes a value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from keyproof.connectors._file_cells import (
    read_boolean,
    read_integer,
    read_labels,
    read_list,
    read_moment,
)
from keyproof.errors import SourceError
from keyproof.model.key import (
    CredentialType,
    KeyStatus,
    LastUsedState,
    MfaState,
    OwnerSource,
    PrincipalType,
    PrivilegeLevel,
)
from keyproof.model.record import UtcTime


class KeyRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row: the columns that a file may have. Five are required, an empty cell is "not said".

    Times are ISO 8601 with a zone; a bare date means midnight UTC. Lists in CSV are separated by
    ``;``, labels are ``k=v;k2=v2``; JSON has arrays and objects there. ``fingerprints`` are
    ``scheme:value`` (``sha256``, ``secret_id``, ``hint``), ``storage_refs`` are ``system:path``.
    The ``principal_`` columns also describe the principal, where ``principal_id`` names it.
    """

    issuer_type: str
    issuer_instance: str
    native_id: str
    status: KeyStatus
    credential_type: CredentialType
    status_native: str | None = None
    algorithm: str | None = None
    key_bits: int | None = None
    used_by_keyproof: bool | None = None
    name: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = {}
    principal_id: str | None = None
    principal_name: str | None = None
    principal_type: PrincipalType | None = None
    principal_mfa: MfaState | None = None
    principal_active: bool | None = None
    principal_console_access: bool | None = None
    principal_created_at: UtcTime | None = None
    principal_last_seen_at: UtcTime | None = None
    principal_privilege_level: PrivilegeLevel | None = None
    owner: str | None = None
    owner_source: OwnerSource | None = None
    environment: str | None = None
    created_at: UtcTime | None = None
    activated_at: UtcTime | None = None
    deactivated_at: UtcTime | None = None
    not_before: UtcTime | None = None
    expires_at: UtcTime | None = None
    expiry_state: Literal["known", "never", "unknown", "not_supported"] | None = None
    last_rotated_at: UtcTime | None = None
    rotated_basis: Literal["native", "version", "created_at", "updated_at"] | None = None
    last_used_at: UtcTime | None = None
    last_used_state: LastUsedState | None = None
    last_used_precision: Literal["second", "day", "report_lag"] | None = None
    last_used_lag_seconds: int | None = None
    last_used_service: str | None = None
    last_used_region: str | None = None
    last_used_ips: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    scopes_known: bool | None = None
    unused_scopes: tuple[str, ...] | None = None
    privilege_level: PrivilegeLevel | None = None
    can_withdraw: bool | None = None
    can_trade: bool | None = None
    can_manage_iam: bool | None = None
    wildcard_action: bool | None = None
    wildcard_resource: bool | None = None
    resource_scope: tuple[str, ...] = ()
    network_state: Literal["restricted", "unrestricted", "unknown"] | None = None
    network_cidrs: tuple[str, ...] = ()
    network_zones: tuple[str, ...] = ()
    network_referrers: tuple[str, ...] = ()
    rotation_enabled: bool | None = None
    rotation_interval_days: int | None = None
    rotation_next_at: UtcTime | None = None
    rotation_mechanism: (
        Literal["native", "managed_lambda", "engine", "manual", "unknown"] | None
    ) = None
    rotation_grace_seconds: int | None = None
    rotation_max_active: int | None = None
    overlap_group: str | None = None
    storage_refs: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()


class Columns(NamedTuple):
    """The known columns by the way in which their cells are read."""

    required: frozenset[str]
    known: frozenset[str]
    readers: Mapping[str, Callable[[Any], Any]]
    words: Mapping[str, tuple[str, ...]]


_PLAIN_SECRETS = frozenset(
    {
        "secret",
        "value",
        "token",
        "password",
        "passwd",
        "passphrase",
        "credential",
        "plaintext",
        "key",
        "keyvalue",
        "secretvalue",
        "secretkey",
        "secretaccesskey",
        "privatekey",
        "apikey",
        "apitoken",
        "accesstoken",
        "refreshtoken",
        "bearertoken",
        "clientsecret",
        "apisecret",
        "sharedsecret",
        "signingsecret",
        "webhooksecret",
        "hmacsecret",
        "tokenvalue",
        "keysecret",
        "masterkey",
        "connectionstring",
    }
)


def columns() -> Columns:
    """Return the columns of :class:`KeyRow` and how each one's cells are read."""
    fields = msgspec.structs.fields(KeyRow)
    readers: dict[str, Callable[[Any], Any]] = {}
    words: dict[str, tuple[str, ...]] = {}
    for field in fields:
        arguments = (field.type, *getattr(field.type, "__args__", ()))
        for argument in arguments:
            if get_origin(argument) is Literal:
                words[field.name] = get_args(argument)
        if UtcTime in arguments:
            readers[field.name] = read_moment
        elif bool in arguments:
            readers[field.name] = read_boolean
        elif int in arguments:
            readers[field.name] = read_integer
        elif field.name == "labels":
            readers[field.name] = read_labels
        elif tuple[str, ...] in arguments:
            readers[field.name] = read_list
    return Columns(
        required=frozenset(field.name for field in fields if field.required),
        known=frozenset(field.name for field in fields),
        readers=readers,
        words=words,
    )


def check_name(
    name: str, position: str, where: str, layout: Columns, fingerprint_column: str | None
) -> None:
    """Refuse a column that is not known, or that looks as if it held secrets.

    Unknown names are not quoted: in a file without a header they are somebody's data.

    Raises:
        SourceError: (``invalid_data``) with the likeliest column.
    """
    if name in layout.known or name == fingerprint_column:
        return
    if re.sub(r"[^a-z]", "", name) in _PLAIN_SECRETS:
        raise SourceError(
            f"{position} looks as if it held the keys' values",
            reason="invalid_data",
            hint="take it out of the file; or name it in 'fingerprint_column', which keeps only "
            "a keyed hash of each value",
            where=where,
        )
    close = difflib.get_close_matches(name, sorted(layout.known), n=1)
    raise SourceError(
        f"{position} is not a known one",
        reason="invalid_data",
        hint=f"did you mean '{close[0]}'?"
        if close
        else f"fields are named as in: {', '.join(sorted(layout.required))}; these are required, "
        "docs/contracts.md has the others",
        where=where,
    )


def check_required(names: Iterable[str], where: str, layout: Columns) -> None:
    """Refuse a header that lacks a required column.

    Raises:
        SourceError: (``invalid_data``) naming them.
    """
    missing = sorted(layout.required - set(names))
    if missing:
        raise SourceError(
            f"the columns {', '.join(missing)} are missing",
            reason="invalid_data",
            hint=f"required are: {', '.join(sorted(layout.required))}",
            where=where,
        )
