"""Puts a new key into a secret of AWS Secrets Manager, by its staging labels.

``stage`` writes a version labelled AWSPENDING, ``promote`` moves AWSCURRENT to it (AWSPREVIOUS
follows by itself), ``restore`` moves it back. The version's id is the token, so that repeating
changes nothing. Rights on the secret: ``secretsmanager:DescribeSecret``, ``GetSecretValue``,
``PutSecretValue``, ``UpdateSecretVersionStage``; on its key ``kms:Decrypt``, ``kms:GenerateDataKey``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from keyproof.errors import RotationError
from keyproof.model.secret import Secret
from keyproof.ports import Context, Delivery, IssuedKey
from keyproof.transport.aws import (
    AwsClient,
    AwsError,
    AwsSession,
    AwsSettings,
    stopping_for_people,
)

TITLE = "AWS Secrets Manager"
CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"


class SecretsManagerSettings(AwsSettings, frozen=True, kw_only=True):
    """Which secret, and under which names its JSON object holds the key.

    Attributes:
        secret: the secret's name or ARN. Other members of its object are kept as they are.
    """

    secret: str
    key_id_field: str = "AccessKeyId"
    secret_field: str = "SecretAccessKey"  # noqa: S105 (a member's name)


SETTINGS = SecretsManagerSettings


def stage(
    settings: SecretsManagerSettings, context: Context, key: IssuedKey, token: str
) -> Delivery:
    """See ``Target.stage``."""
    with stopping_for_people():
        client = _client(settings, context)
        versions = _versions(client, settings)
        held = _value(client, settings, VersionId=token)
        if held is None:
            _put(client, settings, key, token, versions)
        elif _key_in(held, settings) != key:
            msg = "the secret holds another value under this rotation's version"
            raise RotationError(msg, hint=f"look at the versions of {settings.secret}")
        elif not versions.get(token):
            _move(client, settings, PENDING, to=token, away=_labelled(versions, PENDING))
    current = _labelled(versions, CURRENT)
    return Delivery(token, _labelled(versions, PREVIOUS) if current == token else current)


def read_staged(
    settings: SecretsManagerSettings, context: Context, version: str
) -> IssuedKey | None:
    """See ``Target.read_staged``."""
    with stopping_for_people():
        client = _client(settings, context)
        value = _value(client, settings, VersionId=version)
    return None if value is None else _key_in(value, settings)


def promote(settings: SecretsManagerSettings, context: Context, delivery: Delivery) -> None:
    """See ``Target.promote``.

    Raises:
        RotationError: somebody else has made another version current meanwhile.
    """
    with stopping_for_people():
        client = _client(settings, context)
        versions = _versions(client, settings)
        current = _labelled(versions, CURRENT)
        if current != delivery.version:
            if current != delivery.previous_version:
                msg = "another version of the secret became current since the new key was staged"
                raise RotationError(msg, hint=f"look at the versions of {settings.secret}")
            _move(client, settings, CURRENT, to=delivery.version, away=current)
        if PENDING in versions.get(delivery.version, ()):
            _move(client, settings, PENDING, away=delivery.version)


def restore(settings: SecretsManagerSettings, context: Context, delivery: Delivery) -> None:
    """See ``Target.restore``; a version that is not there, or not current, needs no going back."""
    with stopping_for_people():
        client = _client(settings, context)
        versions = _versions(client, settings)
        if CURRENT in versions.get(delivery.version, ()) and delivery.previous_version:
            _move(client, settings, CURRENT, to=delivery.previous_version, away=delivery.version)
        if PENDING in versions.get(delivery.version, ()):
            _move(client, settings, PENDING, away=delivery.version)


def _client(settings: SecretsManagerSettings, context: Context) -> AwsClient:
    return AwsSession(settings, context.environment).client("secretsmanager")


def _versions(client: AwsClient, settings: SecretsManagerSettings) -> Mapping[str, tuple[str, ...]]:
    """Return the labels of each labelled version.

    Raises:
        RotationError: the secret is scheduled for deletion.
    """
    answer = client.call("describe_secret", SecretId=settings.secret)
    if answer.get("DeletedDate"):
        msg = f"the secret {settings.secret} is scheduled for deletion"
        raise RotationError(msg, hint="restore it, or name another target")
    labels = answer.get("VersionIdsToStages") or {}
    return {version: tuple(stages) for version, stages in labels.items()}


def _labelled(versions: Mapping[str, tuple[str, ...]], label: str) -> str | None:
    return next((version for version, labels in versions.items() if label in labels), None)


def _put(
    client: AwsClient,
    settings: SecretsManagerSettings,
    key: IssuedKey,
    token: str,
    versions: Mapping[str, tuple[str, ...]],
) -> None:
    pending = _labelled(versions, PENDING)
    if pending and pending != _labelled(versions, CURRENT):
        msg = f"another rotation of the secret {settings.secret} is under way"
        raise RotationError(msg, hint="finish or cancel it: AWSPENDING is on a version of its own")
    current = _value(client, settings, VersionStage=CURRENT) if versions else None
    members = dict(_object(current) or {})
    members[settings.key_id_field] = key.native_id
    members[settings.secret_field] = key.value.reveal_text()
    client.call(
        "put_secret_value",
        SecretId=settings.secret,
        ClientRequestToken=token,
        SecretString=json.dumps(members),
        VersionStages=[PENDING],
    )


def _value(client: AwsClient, settings: SecretsManagerSettings, **which: str) -> Secret | None:
    """Read one version by id or label; ``None`` if there is none, or it holds no text."""
    try:
        answer = client.call("get_secret_value", SecretId=settings.secret, **which)
    except AwsError as error:
        if error.gone:
            return None
        raise
    text = answer.get("SecretString")
    return Secret(text) if isinstance(text, str) else None


def _object(value: Secret | None) -> Mapping[str, Any] | None:
    try:
        members = json.loads(value.reveal()) if value else None
    except ValueError:
        return None
    return members if isinstance(members, dict) else None


def _key_in(value: Secret, settings: SecretsManagerSettings) -> IssuedKey | None:
    members = _object(value) or {}
    key_id, secret = members.get(settings.key_id_field), members.get(settings.secret_field)
    if not isinstance(key_id, str) or not isinstance(secret, str):
        return None
    return IssuedKey(key_id, Secret(secret))


def _move(
    client: AwsClient,
    settings: SecretsManagerSettings,
    label: str,
    *,
    to: str | None = None,
    away: str | None = None,
) -> None:
    places = {"MoveToVersionId": to, "RemoveFromVersionId": away}
    client.call(
        "update_secret_version_stage",
        SecretId=settings.secret,
        VersionStage=label,
        **{name: version for name, version in places.items() if version},
    )
