"""keyproof's own keys: the one that makes its ids, those that sign policies or sign it in.

Nothing is sent anywhere. Values are fingerprinted in memory, so that a leak of one is found to be
that key, and their length bounds their strength.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from keyproof.connectors._strength import most_bits
from keyproof.identity import KEY_FILE, KEY_VARIABLE, data_folder
from keyproof.model.facts import Record
from keyproof.model.key import Evidence, Fingerprint, Key, StorageRef, key_record_id
from keyproof.model.secret import Secret
from keyproof.model.source import Gap, Source
from keyproof.ports import Check, Context

TITLE = "keyproof's own keys (identity key, credentials in the environment)"
SCOPES: tuple[str, ...] = ("read access to keyproof's data folder",)
ISSUER = "keyproof"
_Kind = Literal["hmac_secret", "api_token"]
_BUNDLE_SECRET = "KEYPROOF_BUNDLE_SECRET"  # noqa: S105 - the name of a variable
_HMAC = frozenset({KEY_VARIABLE, _BUNDLE_SECRET})
"""What signs or makes ids; everything else signs keyproof in somewhere."""
_CALL = "read keyproof's own keys"
_MEND = "run as the user who owns keyproof's data folder"


class OwnKeysSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which credentials keyproof is given, and who answers for them.

    Attributes:
        variables: environment variables with credentials of keyproof's own; those that are set count.
        instance: what this installation is called in ids and reports.
    """

    variables: tuple[str, ...] = ("KEYPROOF_OPA_TOKEN", _BUNDLE_SECRET)
    instance: str = "this installation"
    owner: str | None = None
    environment: str | None = None


SETTINGS = OwnKeysSettings


def collect(settings: OwnKeysSettings, context: Context) -> Iterator[Record]:
    """See ``Connector.collect``."""
    started, parsed, complete = context.clock.now(), 0, True
    try:
        for key in _keys(settings, context, started):
            parsed += 1
            yield key
    except OSError as error:
        complete = False
        yield Gap(
            source=context.source,
            call=_CALL,
            reason="access_denied",
            detail=f"the identity key's file cannot be read ({error.strerror})",
            hint=_MEND,
            fields=("keys",),
        )
    yield Source(
        id=context.source,
        connector="own_keys",
        kind="inventory",
        instance=settings.instance,
        started_at=started,
        finished_at=context.clock.now(),
        complete=complete,
        listed=parsed if complete else None,
        parsed=parsed,
        calls=(_CALL,),
        transport="local",
        audit_log="not_applicable",
    )


def check(settings: OwnKeysSettings, context: Context) -> Iterator[Check]:
    """See ``Connector.check``."""
    try:
        found = len(list(_keys(settings, context, context.clock.now())))
    except OSError as error:
        detail = f"the identity key's file cannot be read ({error.strerror})"
        yield Check(SCOPES[0], ok=False, detail=detail, hint=_MEND)
    else:
        yield Check(SCOPES[0], ok=True, detail=f"keys found: {found}")


def _keys(settings: OwnKeysSettings, context: Context, at: datetime) -> Iterator[Key]:
    environment = context.environment
    for name in dict.fromkeys((KEY_VARIABLE, *settings.variables)):
        if environment.get(name):
            yield _from_variable(name, settings, context, at)
    path = data_folder(environment) / KEY_FILE  # last: it alone may be out of reach
    if not environment.get(KEY_VARIABLE) and path.exists():
        yield _from_file(path, settings, context, at)


def _from_file(path: Path, settings: OwnKeysSettings, context: Context, at: datetime) -> Key:
    about = path.stat()
    made = datetime.fromtimestamp(about.st_mtime, UTC)
    place = StorageRef(system="file", path=path.name, readable_by=_readers(about.st_mode))
    return _key(
        KEY_FILE,
        Secret(path.read_bytes().strip()),
        "hmac_secret",
        settings,
        context,
        at,
        storage_refs=(place,),
        created_at=made,
        last_rotated_at=made,
        rotated_basis="updated_at",
    )


def _readers(mode: int) -> Literal["owner", "group", "everyone", "unknown"]:
    if os.name == "nt":
        return "unknown"  # access there is by lists, not by mode
    if mode & stat.S_IROTH:
        return "everyone"
    return "group" if mode & stat.S_IRGRP else "owner"


def _from_variable(name: str, settings: OwnKeysSettings, context: Context, at: datetime) -> Key:
    value = Secret(context.environment[name])
    kind: _Kind = "hmac_secret" if name in _HMAC else "api_token"
    place = StorageRef(system="environment", path=name)
    return _key(
        name, value, kind, settings, context, at, storage_refs=(place,), missing=("created_at",)
    )


def _key(
    name: str,
    value: Secret,
    kind: _Kind,
    settings: OwnKeysSettings,
    context: Context,
    at: datetime,
    missing: tuple[str, ...] = (),
    **fields: Any,
) -> Key:
    hmac: Mapping[str, Any] = {"algorithm": "hmac-sha256"} if kind == "hmac_secret" else {}
    return Key(
        record_id=key_record_id(ISSUER, settings.instance, name),
        source=context.source,
        issuer_type=ISSUER,
        issuer_instance=settings.instance,
        credential_type=kind,
        native_id=name,
        status="active",
        **hmac,
        key_bits=most_bits(value),
        used_by_keyproof=True,
        name=name,
        principal_name="keyproof",
        principal_type="service_account",
        principal_mfa="not_applicable",
        owner=settings.owner,
        owner_source="mapping" if settings.owner else "none",
        environment=settings.environment,
        expiry_state="not_supported",
        last_used_state="not_supported",
        privilege_level="none" if kind == "hmac_secret" else "unknown",
        fingerprints=(
            Fingerprint(scheme="secret_id", value=context.fingerprinter.secret_id(value)),
        ),
        evidence=Evidence(
            collector="own_keys",
            api_call=_CALL,
            collected_at=at,
            complete=not missing,
            missing_fields=missing,
        ),
        **fields,
    )
