"""Principal: the identity that a key acts as."""

from __future__ import annotations

from collections.abc import Mapping

from keyproof.model.key import Evidence, MfaState, OwnerSource, PrincipalType, PrivilegeLevel
from keyproof.model.record import Document, UtcTime, record_id


class Principal(Document, frozen=True, kw_only=True, tag_field="record", tag="principal"):
    """A user, service account, app, consumer, sub-account or root. MFA belongs here, not to keys."""

    record_id: str
    source: str
    issuer_type: str
    issuer_instance: str
    native_id: str
    principal_type: PrincipalType
    name: str | None = None
    labels: Mapping[str, str] = {}
    owner: str | None = None
    owner_source: OwnerSource = "none"
    environment: str | None = None
    active: bool | None = None
    created_at: UtcTime | None = None
    last_seen_at: UtcTime | None = None
    console_access: bool | None = None
    mfa: MfaState = "unknown"
    mfa_devices: tuple[str, ...] = ()
    privilege_level: PrivilegeLevel = "unknown"
    root_keys_active: int | None = None
    evidence: Evidence


def principal_record_id(issuer_type: str, issuer_instance: str, native_id: str) -> str:
    """Return the stable id of a principal."""
    return record_id("prn", issuer_type, issuer_instance, native_id)
