"""Key: one credential as its issuer lists it, never its value (facts: NIST SP 800-57, key states)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from keyproof.model.leak import Exposure
from keyproof.model.record import Document, UtcTime, record_id

KeyStatus = Literal[
    "pre_active", "active", "suspended", "deactivated", "compromised", "destroyed", "expired"
]
CredentialType = Literal[
    "access_key",
    "api_token",
    "oauth_client_secret",
    "certificate",
    "ssh_key",
    "hmac_secret",
    "jwt_secret",
    "sa_key",
    "static_role_password",
    "virtual_key",
    "password",
]
PrincipalType = Literal[
    "user", "service_account", "app", "consumer", "sub_account", "root", "unknown"
]
OwnerSource = Literal["tag", "native", "mapping", "inferred", "none"]
MfaState = Literal["enabled", "disabled", "insecure", "not_applicable", "unknown"]
PrivilegeLevel = Literal["none", "read", "write", "admin", "root", "unknown"]
LastUsedState = Literal["known", "never", "unknown", "not_supported"]


class LastUsedDetail(Document, frozen=True, kw_only=True):
    """Where a key was last used, as far as its issuer says."""

    service: str | None = None
    region: str | None = None
    ips: tuple[str, ...] = ()
    source: Literal["native", "log", "metric"] = "native"


class NetworkRestrictions(Document, frozen=True, kw_only=True):
    """From where a key may be used."""

    state: Literal["restricted", "unrestricted", "unknown"] = "unknown"
    cidrs: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    referrers: tuple[str, ...] = ()


class RotationSetting(Document, frozen=True, kw_only=True):
    """How a key is rotated by the system that holds it; ``None`` is "not reported"."""

    enabled: bool | None = None
    interval_days: int | None = None
    next_at: UtcTime | None = None
    mechanism: Literal["native", "managed_lambda", "engine", "manual", "unknown"] = "unknown"
    grace_seconds: int | None = None
    max_active: int | None = None


class StorageRef(Document, frozen=True, kw_only=True):
    """A place where the key's value is kept (a Secrets Manager ARN, a KV path, a CI secret).

    ``readable_by`` is the widest circle that a file's mode lets read it.
    """

    system: str
    path: str
    version: str | None = None
    readable_by: Literal["owner", "group", "everyone", "unknown"] = "unknown"


class Fingerprint(Document, frozen=True, kw_only=True):
    """A non-secret image of a key's value that can be compared with a leak's.

    ``scheme`` is ``sha256`` only where the provider itself lists that hash, ``secret_id`` for the
    installation's keyed HMAC, ``hint`` for a masked value (a candidate, never proof).
    """

    scheme: Literal["sha256", "secret_id", "hint"]
    value: str


class Evidence(Document, frozen=True, kw_only=True):
    """Where a record came from, and what it could not learn."""

    collector: str
    api_call: str
    collected_at: UtcTime
    request_id: str | None = None
    raw_sha256: str | None = None
    complete: bool = True
    missing_fields: tuple[str, ...] = ()


class Key(Document, frozen=True, kw_only=True, tag_field="record", tag="key"):
    """One credential. ``None`` and ``unknown`` mean that the issuer does not say, never "no".

    ``algorithm`` is lower case (``rsa``, ``ed25519``, ``hmac-sha256``); ``key_bits`` is the key's
    length, or the most that a text of its length and letters can hold. ``used_by_keyproof`` is true
    of the keys of the identity that keyproof itself signs in as.
    """

    record_id: str
    source: str
    issuer_type: str
    issuer_instance: str
    credential_type: CredentialType
    native_id: str
    status: KeyStatus
    status_native: str | None = None
    algorithm: str | None = None
    key_bits: int | None = None
    used_by_keyproof: bool | None = None
    name: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = {}
    principal_id: str | None = None
    principal_name: str | None = None
    principal_type: PrincipalType = "unknown"
    principal_mfa: MfaState = "unknown"
    owner: str | None = None
    owner_source: OwnerSource = "none"
    environment: str | None = None
    created_at: UtcTime | None = None
    activated_at: UtcTime | None = None
    deactivated_at: UtcTime | None = None
    not_before: UtcTime | None = None
    expires_at: UtcTime | None = None
    expiry_state: Literal["known", "never", "unknown", "not_supported"] = "unknown"
    last_rotated_at: UtcTime | None = None
    rotated_basis: Literal["native", "version", "created_at", "updated_at"] | None = None
    last_used_at: UtcTime | None = None
    last_used_state: LastUsedState = "unknown"
    last_used_precision: Literal["second", "day", "report_lag"] | None = None
    last_used_lag_seconds: int | None = None
    last_used_detail: LastUsedDetail | None = None
    scopes: tuple[str, ...] = ()
    scopes_native: tuple[str, ...] = ()
    scopes_known: bool = False
    unused_scopes: tuple[str, ...] | None = None
    privilege_level: PrivilegeLevel = "unknown"
    can_withdraw: bool | None = None
    can_trade: bool | None = None
    can_manage_iam: bool | None = None
    wildcard_action: bool | None = None
    wildcard_resource: bool | None = None
    resource_scope: tuple[str, ...] = ()
    network_restrictions: NetworkRestrictions = NetworkRestrictions()
    rotation: RotationSetting = RotationSetting()
    overlap_group: str | None = None
    superseded_by: str | None = None
    supersedes: str | None = None
    storage_refs: tuple[StorageRef, ...] = ()
    consumers: tuple[str, ...] = ()
    fingerprints: tuple[Fingerprint, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    evidence: Evidence


def key_record_id(issuer_type: str, issuer_instance: str, native_id: str) -> str:
    """Return the stable id of a key: the same on every scan, whoever collects it."""
    return record_id("key", issuer_type, issuer_instance, native_id)
