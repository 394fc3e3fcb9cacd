"""Pure: what Express Gateway's admin API lists, as keys and principals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

import msgspec

from keyproof.connectors._strength import most_bits
from keyproof.model.key import (
    CredentialType,
    Evidence,
    Fingerprint,
    Key,
    KeyStatus,
    key_record_id,
)
from keyproof.model.principal import Principal, principal_record_id
from keyproof.model.secret import Secret
from keyproof.ports import Fingerprinter

ISSUER = "express_gateway"
_TYPES: Mapping[str, CredentialType] = {
    "key-auth": "api_token",
    "jwt": "jwt_secret",
    "basic-auth": "password",
    "oauth2": "oauth_client_secret",
}
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_DATE = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>[0-9]{2}) (?P<year>[0-9]{4}) "
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2}) "
    r"GMT(?P<sign>[+-])(?P<zone_hours>[0-9]{2})(?P<zone_minutes>[0-9]{2})( |$)"
)


class Consumer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user, or an application of one: what a credential acts as."""

    id: str
    is_active: bool
    username: str | None = None
    name: str | None = None
    user_id: str | None = None
    created_at: str | None = None

    @property
    def title(self) -> str:
        """The name by which people know it."""
        return self.username or self.name or self.id


class Credential(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One credential as listed. ``key_secret`` is in plain text for ``key-auth`` and ``jwt``."""

    id: str
    type: str
    is_active: bool
    key_secret: Secret | None = None
    scopes: tuple[str, ...] | str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Reading(NamedTuple):
    """What all records of one reading share."""

    source: str
    instance: str
    collected_at: datetime
    fingerprinter: Fingerprinter


def supported(credential: Credential) -> bool:
    """Tell whether the credential's type is one that the gateway itself brings."""
    return credential.type in _TYPES


def to_principal(consumer: Consumer, owner: Consumer | None, reading: Reading) -> Principal:
    """Return the principal that a consumer is; ``owner`` is the user whose application it is."""
    created = moment(consumer.created_at)
    return Principal(
        record_id=principal_record_id(ISSUER, reading.instance, consumer.id),
        source=reading.source,
        issuer_type=ISSUER,
        issuer_instance=reading.instance,
        native_id=consumer.id,
        principal_type="user" if consumer.username else "app",
        name=consumer.title,
        owner=(owner or consumer).title if owner or consumer.username else None,
        owner_source="native" if owner or consumer.username else "none",
        active=consumer.is_active,
        created_at=created,
        mfa="not_applicable",
        evidence=_evidence(reading, "GET /users, GET /apps", () if created else ("created_at",)),
    )


def to_key(credential: Credential, principal: Principal, reading: Reading) -> Key:
    """Return the key. A credential of a switched-off consumer is refused by the gateway too."""
    native_id = credential.id if credential.type == "key-auth" else _qualified(credential)
    created, changed = moment(credential.created_at), moment(credential.updated_at)
    status, native = _status(credential, principal)
    scopes = (credential.scopes,) if isinstance(credential.scopes, str) else credential.scopes
    return Key(
        record_id=key_record_id(ISSUER, reading.instance, native_id),
        source=reading.source,
        issuer_type=ISSUER,
        issuer_instance=reading.instance,
        credential_type=_TYPES[credential.type],
        native_id=native_id,
        status=status,
        status_native=native,
        key_bits=most_bits(credential.key_secret) if credential.key_secret else None,
        name=f"{credential.type} of {principal.name}",
        labels={"type": credential.type},
        principal_id=principal.native_id,
        principal_name=principal.name,
        principal_type=principal.principal_type,
        principal_mfa="not_applicable",
        owner=principal.owner,
        owner_source=principal.owner_source,
        created_at=created,
        deactivated_at=None if credential.is_active else changed,
        expiry_state="not_supported",
        last_used_state="not_supported",
        scopes=tuple(sorted(scopes or ())),
        scopes_known=True,
        overlap_group=f"{principal.native_id}/{credential.type}",
        fingerprints=_fingerprints(credential, reading.fingerprinter),
        evidence=_evidence(reading, "GET /credentials", () if created else ("created_at",)),
    )


def _qualified(credential: Credential) -> str:
    """Return an id that is unique over types: basic-auth and oauth2 carry their consumer's."""
    return f"{credential.type}/{credential.id}"


def _status(credential: Credential, principal: Principal) -> tuple[KeyStatus, str]:
    if not credential.is_active:
        return "suspended", "inactive"
    if not principal.active:
        return "suspended", "active, consumer inactive"
    return "active", "active"


def _fingerprints(credential: Credential, fingerprinter: Fingerprinter) -> tuple[Fingerprint, ...]:
    """Hash the secret alone, and as it is presented: ``<key id>:<secret>``."""
    if not credential.key_secret:
        return ()
    values = [credential.key_secret]
    if credential.type == "key-auth":
        values.append(Secret(f"{credential.id}:{credential.key_secret.reveal_text()}"))
    return tuple(
        Fingerprint(scheme="secret_id", value=fingerprinter.secret_id(value)) for value in values
    )


def _evidence(reading: Reading, call: str, missing: tuple[str, ...]) -> Evidence:
    return Evidence(
        collector=ISSUER,
        api_call=call,
        collected_at=reading.collected_at,
        complete=not missing,
        missing_fields=missing,
    )


def moment(text: str | None) -> datetime | None:
    """Return the time that JavaScript's ``Date.toString`` wrote, in UTC; ``None`` if it is none."""
    match = _DATE.match(text or "")
    if not match or match["month"] not in _MONTHS.split():
        return None
    zone = timedelta(hours=int(match["zone_hours"]), minutes=int(match["zone_minutes"]))
    try:
        written = datetime(
            int(match["year"]),
            _MONTHS.split().index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"]),
            tzinfo=timezone(-zone if match["sign"] == "-" else zone),
        )
        return written.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
