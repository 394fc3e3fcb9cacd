"""What a reading of an account holds, and the shapes of IAM's answers in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from keyproof.connectors._aws_calls import Problem
from keyproof.connectors._aws_policies import UNREAD, Policy, parse
from keyproof.connectors._aws_report import Report, ReportKey

POWERS = (
    "can_manage_iam",
    "network_restrictions",
    "privilege_level",
    "resource_scope",
    "wildcard_action",
    "wildcard_resource",
)
DETAILS = tuple(sorted((*POWERS, "environment", "labels", "owner", "scopes")))
LAST_USE = ("last_used_at", "last_used_state")
MFA = ("mfa", "principal_mfa")
UNTOLD = "corroboration"
"""What a failed call leaves open where another call told the same: no field of any record."""


class Reading(NamedTuple):
    """What AWS said, as it said it, and every call that failed.

    Users, groups and keys are botocore's parsed elements. ``users`` without authorization details
    are in ``undetailed``; ``virtual_mfa`` and ``report`` are ``None`` where they were not read.
    A key's last use is in ``last_used`` (asked for) or in ``reported_use`` (from the report).
    """

    account: str
    identity: str
    users: Mapping[str, Mapping[str, Any]]
    undetailed: frozenset[str]
    groups: Mapping[str, Mapping[str, Any]]
    policies: Mapping[str, Policy]
    report: Report | None
    summary: Mapping[str, int] | None
    virtual_mfa: Mapping[str, tuple[str, ...]] | None
    own_mfa: Mapping[str, tuple[str, ...]]
    console: Mapping[str, bool]
    keys: Mapping[str, tuple[Mapping[str, Any], ...]]
    last_used: Mapping[str, Mapping[str, Any]]
    reported_use: Mapping[str, ReportKey]
    service_credentials: tuple[Mapping[str, Any], ...]
    problems: tuple[Problem, ...]
    calls: tuple[str, ...]


def attached(entity: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ARNs of the managed policies attached to a user or group."""
    arns = (policy.get("PolicyArn") for policy in dicts(entity, "AttachedManagedPolicies"))
    return tuple(arn for arn in arns if isinstance(arn, str))


def boundary_arn(user: Mapping[str, Any]) -> str | None:
    """Return the ARN of a user's permissions boundary."""
    boundary = user.get("PermissionsBoundary")
    arn = boundary.get("PermissionsBoundaryArn") if isinstance(boundary, Mapping) else None
    return arn if isinstance(arn, str) else None


def users_with(
    users: Mapping[str, Mapping[str, Any]], groups: Mapping[str, Mapping[str, Any]], arn: str
) -> tuple[str, ...]:
    """Return the names of the users to whom a managed policy applies, groups and boundary included."""
    holding = {name for name, group in groups.items() if arn in attached(group)}
    return tuple(
        sorted(
            name
            for name, user in users.items()
            if arn in attached(user)
            or arn == boundary_arn(user)
            or not holding.isdisjoint(user.get("GroupList") or ())
        )
    )


def dicts(holder: Mapping[str, Any], member: str) -> Iterable[Mapping[str, Any]]:
    """Return the records of a list member; what is no record there is left out."""
    items = holder.get(member)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def default_version(policy: Mapping[str, Any]) -> Policy:
    """Return the version of a managed policy that is in force."""
    for version in dicts(policy, "PolicyVersionList"):
        if version.get("IsDefaultVersion"):
            return parse(version.get("Document"), arn=str(policy.get("Arn")))
    return UNREAD


def word(value: Any) -> str | None:
    """Return a text of AWS's that says something; anything else is ``None``."""
    return value if isinstance(value, str) and value not in {"", "N/A"} else None


def moment(value: Any) -> datetime | None:
    """Return a time of AWS's in UTC; what is none is ``None``."""
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def tagged(tags: Mapping[str, str], names: Sequence[str]) -> str | None:
    """Return the value of the first of the named tags that is set, letters' case aside."""
    folded = {key.lower(): value for key, value in sorted(tags.items()) if value}
    return next((folded[name.lower()] for name in names if name.lower() in folded), None)
