"""Turns a reading of an AWS account into principals and keys: pure, whatever the payloads hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from keyproof.connectors._aws_payload import LAST_USE, Reading, dicts, moment, tagged, word
from keyproof.connectors._aws_powers_of import PolicyBook, UserPolicies, unknown_powers
from keyproof.connectors._aws_use import last_use
from keyproof.model.key import (
    CredentialType,
    Evidence,
    Key,
    KeyStatus,
    MfaState,
    OwnerSource,
    RotationSetting,
    key_record_id,
)
from keyproof.model.principal import Principal, principal_record_id
from keyproof.model.record import digest

ISSUER = "aws.iam"
BOUNDARY_LABEL = "aws:permissions_boundary"
UNDETAILED = ("environment", "labels", "owner", "scopes")
STATUSES: Mapping[str, KeyStatus] = {
    "Active": "active",
    "Inactive": "suspended",
    "Expired": "expired",
}
_SERVICES = {
    "bedrock.amazonaws.com": ("bedrock", "api_token"),
    "codecommit.amazonaws.com": ("codecommit", "password"),
    "cassandra.amazonaws.com": ("cassandra", "password"),
}


class Naming(NamedTuple):
    """Whose scan it is, when, and which tags name owner and environment."""

    source: str
    collected_at: datetime
    owner_tags: tuple[str, ...]
    environment_tags: tuple[str, ...]


class User(NamedTuple):
    """One IAM user with what all its keys share."""

    name: str
    arn: str
    raw: Mapping[str, Any]
    labels: Mapping[str, str]
    owner: str | None
    owner_source: OwnerSource
    environment: str | None
    mfa: MfaState
    mfa_devices: tuple[str, ...]
    held: UserPolicies
    missing: tuple[str, ...]


class Transformer:
    """Makes the records of one reading."""

    def __init__(self, reading: Reading, naming: Naming) -> None:
        self._reading = reading
        self._naming = naming
        self._book = PolicyBook(reading)
        self._users = {name: self._user(name) for name in sorted(reading.users)}

    def unknown_powers(self, users: Iterable[str]) -> Mapping[tuple[str, ...], list[str]]:
        """Group users by the fields of power that stay unknown for them; the others are left out."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for name in users:
            user = self._users.get(name)
            if user is not None and user.held.known:
                found, network = self._book.powers(user.held), self._book.network(user.held)
                fields = tuple(sorted(unknown_powers(user.held, found, network)))
                if fields:
                    groups.setdefault(fields, []).append(name)
        return groups

    def principals(self) -> Iterator[Principal]:
        """Yield the users of the account."""
        for user in self._users.values():
            row = self._reading.report.rows.get(user.name) if self._reading.report else None
            console = row.console if row else self._reading.console.get(user.name)
            level = self._book.powers(user.held).level
            missing = {*user.missing} - {"scopes"}
            missing |= {"privilege_level"} if level == "unknown" else set()
            missing |= {"mfa"} if user.mfa == "unknown" else set()
            missing |= {"console_access"} if console is None else set()
            missing |= {"last_seen_at"} if row is None else set()
            yield Principal(
                record_id=principal_record_id(ISSUER, self._reading.account, user.arn),
                source=self._naming.source,
                issuer_type=ISSUER,
                issuer_instance=self._reading.account,
                native_id=user.arn,
                principal_type="user",
                name=user.name,
                labels=user.labels,
                owner=user.owner,
                owner_source=user.owner_source,
                environment=user.environment,
                active=True,
                created_at=moment(user.raw.get("CreateDate")),
                last_seen_at=row.password_used_at if row else None,
                console_access=console,
                mfa=user.mfa,
                mfa_devices=user.mfa_devices,
                privilege_level=level,
                evidence=self._evidence("iam:GetAccountAuthorizationDetails", user.raw, missing),
            )

    def access_keys(self) -> Iterator[Key]:
        """Yield the access keys of all users; an element without an id is passed over."""
        for name, keys in sorted(self._reading.keys.items()):
            for raw in keys:
                if isinstance(raw.get("AccessKeyId"), str):
                    yield self._access_key(self._users[name], raw)

    def service_credentials(self) -> Iterator[Key]:
        """Yield the credentials that only one service accepts; those without an id are left."""
        for raw in self._reading.service_credentials:
            if isinstance(raw.get("ServiceSpecificCredentialId"), str):
                yield self._service_credential(raw)

    def _access_key(self, user: User, raw: Mapping[str, Any]) -> Key:
        key_id, created = raw["AccessKeyId"], moment(raw.get("CreateDate"))
        use = last_use(self._reading, key_id, self._naming.collected_at)
        missing = {*user.missing}
        missing |= set() if created else {"created_at"}
        missing |= {*LAST_USE} if use.state == "unknown" else set()
        return self._key(
            user,
            raw,
            credential_type="access_key",
            native_id=key_id,
            call="iam:ListAccessKeys",
            missing=missing,
            expiry_state="not_supported",
            last_rotated_at=created,
            rotated_basis="created_at" if created else None,
            last_used_at=use.at,
            last_used_state=use.state,
            last_used_precision=use.precision,
            last_used_lag_seconds=use.lag_seconds,
            last_used_detail=use.detail,
            rotation=RotationSetting(mechanism="manual", max_active=2),
            overlap_group=f"{user.arn}#access_key",
        )

    def _service_credential(self, raw: Mapping[str, Any]) -> Key:
        service = str(raw.get("ServiceName"))
        prefix, kind = _SERVICES.get(service, (service.partition(".")[0], "api_token"))
        credential_type: CredentialType = "password" if kind == "password" else "api_token"
        name = str(raw.get("UserName"))
        user = self._users.get(name) or self._unlisted(name)
        created, expires = moment(raw.get("CreateDate")), moment(raw.get("ExpirationDate"))
        missing = {*user.missing} | (set() if created else {"created_at"})
        return self._key(
            user,
            raw,
            credential_type=credential_type,
            native_id=raw["ServiceSpecificCredentialId"],
            call="iam:ListServiceSpecificCredentials",
            missing=missing,
            service=prefix,
            name=str(raw.get("ServiceCredentialAlias") or raw.get("ServiceUserName") or service),
            description=f"accepted by {service} alone",
            expires_at=expires,
            expiry_state="known" if expires else "never",
            last_rotated_at=created,
            rotated_basis="created_at" if created else None,
            last_used_state="not_supported",
            rotation=RotationSetting(mechanism="manual", max_active=2),
            overlap_group=f"{user.arn}#{service}",
        )

    def _key(
        self,
        user: User,
        raw: Mapping[str, Any],
        *,
        credential_type: CredentialType,
        native_id: str,
        call: str,
        missing: set[str],
        service: str | None = None,
        **fields: Any,
    ) -> Key:
        powers, created = self._book.powers(user.held, service), moment(raw.get("CreateDate"))
        network = self._book.network(user.held)
        missing |= unknown_powers(user.held, powers, network)
        missing |= {"principal_mfa"} if user.mfa == "unknown" else set()
        status = word(raw.get("Status"))
        missing |= set() if status in STATUSES else {"status"}
        boundary = {BOUNDARY_LABEL: user.held.boundary} if user.held.boundary else {}
        return Key(
            record_id=key_record_id(ISSUER, self._reading.account, native_id),
            source=self._naming.source,
            issuer_type=ISSUER,
            issuer_instance=self._reading.account,
            credential_type=credential_type,
            native_id=native_id,
            status=STATUSES.get(status or "", "active"),
            status_native=status,
            used_by_keyproof=user.arn == self._reading.identity,
            labels={**user.labels, **boundary},
            principal_id=user.arn,
            principal_name=user.name,
            principal_type="user",
            principal_mfa=user.mfa,
            owner=user.owner,
            owner_source=user.owner_source,
            environment=user.environment,
            created_at=created,
            activated_at=created,
            scopes=user.held.names,
            scopes_native=user.held.native,
            scopes_known=user.held.known,
            privilege_level=powers.level,
            can_manage_iam=powers.can_manage_iam,
            wildcard_action=powers.wildcard_action,
            wildcard_resource=powers.wildcard_resource,
            resource_scope=powers.resources,
            network_restrictions=network,
            evidence=self._evidence(call, raw, missing),
            **fields,
        )

    def _user(self, name: str) -> User:
        raw, reading = self._reading.users[name], self._reading
        arn = str(raw.get("Arn") or f"arn:aws:iam::{reading.account}:user/{name}")
        tags = {str(t.get("Key")): str(t.get("Value") or "") for t in dicts(raw, "Tags")}
        owner = tagged(tags, self._naming.owner_tags)
        held = self._book.of(name)
        mfa, devices = self._mfa(name, arn)
        return User(
            name,
            arn,
            raw,
            tags,
            owner,
            "tag" if owner else "none",
            tagged(tags, self._naming.environment_tags),
            mfa,
            devices,
            held,
            () if held.known else UNDETAILED,
        )

    def _unlisted(self, name: str) -> User:
        """Stand in for a user whom a credential names and no list does."""
        arn = f"arn:aws:iam::{self._reading.account}:user/{name}"
        held = UserPolicies((), (), (), None, known=False)
        return User(name, arn, {}, {}, None, "none", None, "unknown", (), held, UNDETAILED)

    def _mfa(self, name: str, arn: str) -> tuple[MfaState, tuple[str, ...]]:
        reading = self._reading
        devices = (reading.virtual_mfa or {}).get(arn) or reading.own_mfa.get(name)
        if devices is not None:
            return ("enabled" if devices else "disabled"), devices
        row = reading.report.rows.get(name) if reading.report else None
        if row is None or row.mfa is None:
            return "unknown", ()
        return ("enabled" if row.mfa else "disabled"), ()

    def _evidence(self, call: str, raw: Mapping[str, Any], missing: set[str]) -> Evidence:
        return Evidence(
            collector="aws_iam",
            api_call=call,
            collected_at=self._naming.collected_at,
            raw_sha256=digest(raw).removeprefix("sha256:"),
            complete=not missing,
            missing_fields=tuple(sorted(missing)),
        )
