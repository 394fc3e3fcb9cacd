"""Rotates access keys of IAM users: two slots, so the new key works beside the old one.

Rights: ``iam:ListAccessKeys``, ``iam:CreateAccessKey``, ``iam:GetAccessKeyLastUsed``,
``iam:UpdateAccessKey`` and ``iam:DeleteAccessKey`` on the users that may be rotated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from keyproof.errors import RotationError
from keyproof.model.secret import Secret
from keyproof.model.ticket import RotationRequest
from keyproof.ports import Context, IssuedKey, LastUse, Slot
from keyproof.transport.aws import (
    AwsClient,
    AwsError,
    AwsSession,
    AwsSettings,
    Credentials,
    stopping_for_people,
)

TITLE = "AWS IAM access keys"
MAX_KEYS = 2
PROPAGATION_WAITS = (1.0, 2.0)
"""Seconds between tries of a new key: IAM is eventually consistent."""
SETTINGS = AwsSettings


def slots(settings: AwsSettings, context: Context, request: RotationRequest) -> Sequence[Slot]:
    """See ``Rotator.slots``."""
    with stopping_for_people():
        pages = list(_iam(settings, context).pages("list_access_keys", UserName=_user(request)))
    return [_slot(raw) for page in pages for raw in page.get("AccessKeyMetadata") or ()]


def create(settings: AwsSettings, context: Context, request: RotationRequest) -> IssuedKey:
    """See ``Rotator.create``.

    Not retried by the transport: an answer that got lost may have made a key.
    """
    once = AwsSession(_once(settings), context.environment).client("iam")
    try:
        with stopping_for_people():
            made = once.call("create_access_key", UserName=_user(request)).get("AccessKey")
    except AwsError as error:
        if error.code == "LimitExceeded":
            msg = f"{_user(request)} has {MAX_KEYS} access keys already"
            hint = "find who uses the other key, deactivate and delete it"
            raise RotationError(msg, hint=hint, where=error.where) from None
        raise
    if not isinstance(made, dict) or not {"AccessKeyId", "SecretAccessKey"} <= made.keys():
        call = once.name("create_access_key")
        msg = f"the answer to {call} holds no key"
        raise AwsError(msg, reason="invalid_data", where=call)
    return IssuedKey(str(made["AccessKeyId"]), Secret(str(made["SecretAccessKey"])))


def verify(
    settings: AwsSettings, context: Context, request: RotationRequest, key: IssuedKey
) -> bool:
    """See ``Rotator.verify``: asks STS with the new key who it is, and again while it is too new.

    A network failure is an :class:`AwsError`; a refusal is only a ``False``.
    """
    sts = AwsSession(settings, context.environment, Credentials(key.native_id, key.value)).client(
        "sts"
    )
    for wait in (*PROPAGATION_WAITS, None):
        try:
            arn = str(sts.call("get_caller_identity").get("Arn"))
        except AwsError as error:
            if error.reason != "authentication":
                raise
        else:
            return _is(arn, request.principal)
        if wait is not None:
            context.clock.sleep(wait)
    return False


def last_use(settings: AwsSettings, context: Context, native_id: str) -> LastUse:
    """See ``Rotator.last_use``; IAM notes the first use within fifteen minutes."""
    with stopping_for_people():
        answer = _iam(settings, context).call("get_access_key_last_used", AccessKeyId=native_id)
    used = answer.get("AccessKeyLastUsed")
    if not isinstance(used, dict):
        return LastUse("unknown", None)
    at = used.get("LastUsedDate")
    return (
        LastUse("known", at.astimezone(UTC)) if isinstance(at, datetime) else LastUse("never", None)
    )


def set_active(
    settings: AwsSettings,
    context: Context,
    request: RotationRequest,
    native_id: str,
    *,
    active: bool,
) -> None:
    """See ``Rotator.set_active``; a key that is gone cannot be reactivated."""
    try:
        _iam(settings, context).call(
            "update_access_key",
            UserName=_user(request),
            AccessKeyId=native_id,
            Status="Active" if active else "Inactive",
        )
    except AwsError as error:
        if error.gone and not active:
            return
        with stopping_for_people():
            raise


def delete(
    settings: AwsSettings, context: Context, request: RotationRequest, native_id: str
) -> None:
    """See ``Rotator.delete``."""
    try:
        _iam(settings, context).call(
            "delete_access_key", UserName=_user(request), AccessKeyId=native_id
        )
    except AwsError as error:
        if error.gone:
            return
        with stopping_for_people():
            raise


def _iam(settings: AwsSettings, context: Context) -> AwsClient:
    return AwsSession(settings, context.environment).client("iam")


def _once(settings: AwsSettings) -> AwsSettings:
    from msgspec.structs import replace

    return replace(settings, max_attempts=1)


def _user(request: RotationRequest) -> str:
    """Return the user's name of a principal given by name or ARN."""
    name = request.principal.rpartition("/")[2]
    if not name or name == "root" or name.endswith(":root"):
        msg = "the root user's access keys cannot be rotated"
        raise RotationError(msg, hint="delete them in the console, signed in as root")
    return name


def _is(arn: str, principal: str) -> bool:
    if principal.startswith("arn:"):
        return arn == principal
    return ":user/" in arn and arn.rpartition("/")[2] == principal


def _slot(raw: Any) -> Slot:
    created = raw.get("CreateDate")
    return Slot(
        native_id=str(raw.get("AccessKeyId")),
        active=raw.get("Status") == "Active",
        created_at=created.astimezone(UTC) if isinstance(created, datetime) else None,
    )
