"""The root user of an AWS account, from the credential report and the account summary. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from keyproof.connectors._aws_payload import Reading
from keyproof.connectors._aws_report import ROOT, ReportKey, ReportRow
from keyproof.model.key import (
    Evidence,
    Key,
    LastUsedDetail,
    MfaState,
    NetworkRestrictions,
    RotationSetting,
    key_record_id,
)
from keyproof.model.principal import Principal, principal_record_id

ISSUER = "aws.iam"


def root_principal(reading: Reading, source: str, collected_at: datetime) -> Principal:
    """Return the root user: whether it has keys, and whether MFA guards it."""
    row, summary = _row(reading), reading.summary or {}
    mfa: MfaState = "unknown"
    flag = row.mfa if row and row.mfa is not None else summary.get("AccountMFAEnabled")
    if flag is not None:
        mfa = "enabled" if flag else "disabled"
    active = sum(key.active for key in row.keys) if row else summary.get("AccountAccessKeysPresent")
    missing = [
        name for name, value in (("root_keys_active", active), ("mfa", flag)) if value is None
    ]
    if row is None:
        missing += ["created_at", "last_seen_at"]
    arn = _arn(reading)
    return Principal(
        record_id=principal_record_id(ISSUER, reading.account, arn),
        source=source,
        issuer_type=ISSUER,
        issuer_instance=reading.account,
        native_id=arn,
        principal_type="root",
        name="root",
        active=True,
        created_at=row.created_at if row else None,
        last_seen_at=row.password_used_at if row else None,
        console_access=bool(summary.get("AccountPasswordPresent", 1)),
        mfa=mfa,
        mfa_devices=(reading.virtual_mfa or {}).get(arn, ()),
        privilege_level="root",
        root_keys_active=active,
        evidence=_evidence(collected_at, missing, reported=row is not None),
    )


def root_keys(reading: Reading, source: str, collected_at: datetime) -> Iterator[Key]:
    """Yield the root user's access keys; AWS tells their ids to root alone, so slots name them."""
    row = _row(reading)
    mfa = root_principal(reading, source, collected_at).mfa
    for slot in row.keys if row else ():
        native_id = f"{ROOT}/access_key_{slot.slot}"
        yield Key(
            record_id=key_record_id(ISSUER, reading.account, native_id),
            source=source,
            issuer_type=ISSUER,
            issuer_instance=reading.account,
            credential_type="access_key",
            native_id=native_id,
            status="active" if slot.active else "suspended",
            status_native="Active" if slot.active else "Inactive",
            used_by_keyproof=_arn(reading) == reading.identity,
            name=f"root access key {slot.slot}",
            principal_id=_arn(reading),
            principal_name="root",
            principal_type="root",
            principal_mfa=mfa,
            created_at=slot.changed_at,
            activated_at=slot.changed_at,
            expiry_state="not_supported",
            last_rotated_at=slot.changed_at,
            rotated_basis="updated_at" if slot.changed_at else None,
            last_used_at=slot.used_at,
            last_used_state="known" if slot.used_at else "never",
            last_used_precision="report_lag" if slot.used_at else None,
            last_used_lag_seconds=_age(reading, collected_at),
            last_used_detail=_detail(slot) if slot.used_at else None,
            scopes_known=True,
            privilege_level="root",
            can_manage_iam=True,
            wildcard_action=True,
            wildcard_resource=True,
            resource_scope=("*",),
            network_restrictions=NetworkRestrictions(state="unrestricted"),
            rotation=RotationSetting(mechanism="manual", max_active=2),
            overlap_group=f"{_arn(reading)}#access_key",
            evidence=_evidence(
                collected_at,
                ([] if slot.changed_at else ["created_at"])
                + (["principal_mfa"] if mfa == "unknown" else []),
            ),
        )


def _row(reading: Reading) -> ReportRow | None:
    return reading.report.rows.get(ROOT) if reading.report else None


def _arn(reading: Reading) -> str:
    row = _row(reading)
    return row.arn if row and row.arn else f"arn:aws:iam::{reading.account}:root"


def _age(reading: Reading, now: datetime) -> int | None:
    made = reading.report.generated_at if reading.report else None
    return max(0, int((now - made).total_seconds())) if made else None


def _detail(slot: ReportKey) -> LastUsedDetail:
    return LastUsedDetail(service=slot.used_service, region=slot.used_region)


def _evidence(collected_at: datetime, missing: list[str], *, reported: bool = True) -> Evidence:
    return Evidence(
        collector="aws_iam",
        api_call="iam:GetCredentialReport" if reported else "iam:GetAccountSummary",
        collected_at=collected_at,
        complete=not missing,
        missing_fields=tuple(sorted(missing)),
    )
