"""Tries every right that the AWS IAM connector needs, with calls that only read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyproof.connectors._aws_calls import identity
from keyproof.connectors._aws_payload import dicts
from keyproof.ports import Check, Context
from keyproof.transport.aws import DEFAULT_REGION, AwsClient, AwsError, AwsSession, AwsSettings

SAMPLE_POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_NOTHING_THERE = (
    *("ReportNotPresent", "ReportInProgress", "ReportExpired"),
    *("TrailNotFoundException", "TrailNotFound"),
)


def check(settings: AwsSettings, context: Context) -> Iterator[Check]:
    """Yield one line for each right; needing a user or key to try it on, it takes the first."""
    try:
        session = AwsSession(settings, context.environment)
        account, arn = identity(session.client("sts"))
        iam = session.client("iam")
    except AwsError as error:
        yield Check("sts:GetCallerIdentity", ok=False, detail=error.message, hint=error.hint)
        return
    yield Check("sts:GetCallerIdentity", ok=True, detail=f"account {account} as {arn}")
    user = _first(iam, "list_users", "Users", "UserName", MaxItems=1)
    key = _first(iam, "list_access_keys", "AccessKeyMetadata", "AccessKeyId", UserName=user)
    sample = "AKIA" + "A" * 16
    plan: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("get_account_authorization_details", {"MaxItems": 1, "Filter": ["User"]}),
        ("list_users", {"MaxItems": 1}),
        ("generate_credential_report", {}),
        ("get_credential_report", {}),
        ("get_account_summary", {}),
        ("list_virtual_mfa_devices", {"MaxItems": 1}),
        ("list_service_specific_credentials", {"AllUsers": True, "MaxItems": 1}),
        ("list_access_keys", {"UserName": user}),
        ("get_access_key_last_used", {"AccessKeyId": key or sample}),
        ("list_mfa_devices", {"UserName": user}),
        ("get_login_profile", {"UserName": user}),
        ("get_policy", {"PolicyArn": SAMPLE_POLICY}),
        ("get_policy_version", {"PolicyArn": SAMPLE_POLICY, "VersionId": "v1"}),
    )
    for operation, parameters in plan:
        yield _try(iam, operation, parameters)
    yield from _trails(session, account)


def _trails(session: AwsSession, account: str) -> Iterator[Check]:
    """Try the rights on CloudTrail; a trail that does not exist is asked for, which proves them."""
    try:
        client = session.client("cloudtrail")
    except AwsError as error:
        yield Check("cloudtrail:DescribeTrails", ok=False, detail=error.message, hint=error.hint)
        return
    region = session.region or DEFAULT_REGION
    sample = f"arn:aws:cloudtrail:{region}:{account}:trail/keyproof-doctor"
    yield _try(client, "describe_trails", {})
    yield _try(client, "get_trail_status", {"Name": sample})


def _try(iam: AwsClient, operation: str, parameters: Mapping[str, Any]) -> Check:
    name = iam.name(operation)
    if None in parameters.values():
        return Check(name, ok=None, detail="not tried: no user could be listed")
    try:
        iam.call(operation, **parameters)
    except AwsError as error:
        if error.gone or error.code in _NOTHING_THERE:
            return Check(name, ok=True, detail="allowed; there is nothing to read")
        return Check(name, ok=False, detail=error.message, hint=error.hint)
    return Check(name, ok=True, detail="allowed")


def _first(iam: AwsClient, operation: str, member: str, name: str, **parameters: Any) -> str | None:
    if None in parameters.values():
        return None
    try:
        items = list(dicts(iam.call(operation, **parameters), member))
    except AwsError:
        return None  # the same call is tried, and its failure told, as a line of its own
    value = items[0].get(name) if items else None
    return value if isinstance(value, str) else None
