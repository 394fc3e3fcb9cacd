"""Whether an AWS account keeps a log of its calls: CloudTrail's trails and their state.

IAM is global, so only a trail of all regions that includes global services records it (AWS
CloudTrail documentation, "Understanding multi-Region trails").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from keyproof.connectors._aws_payload import dicts
from keyproof.transport.aws import AwsClient, AwsError, AwsSession

CALLS = ("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus")


class AuditLog(NamedTuple):
    """What CloudTrail said; ``error`` is why it is unknown."""

    state: Literal["on", "off", "unknown"]
    error: AwsError | None = None


def audit_log(session: AwsSession) -> AuditLog:
    """Return whether a trail that would record IAM's calls is recording."""
    try:
        client = session.client("cloudtrail")
        trails = dicts(client.call("describe_trails"), "trailList")
    except AwsError as error:
        return AuditLog("unknown", error)
    refused: AwsError | None = None
    for trail in trails:
        try:
            if _records_iam(trail) and _is_logging(client, trail):
                return AuditLog("on")
        except AwsError as error:
            refused = error
    return AuditLog("unknown", refused) if refused else AuditLog("off")


def _records_iam(trail: Mapping[str, Any]) -> bool:
    return trail.get("IsMultiRegionTrail") is True and (
        trail.get("IncludeGlobalServiceEvents") is True
    )


def _is_logging(client: AwsClient, trail: Mapping[str, Any]) -> bool:
    name = str(trail.get("TrailARN") or trail.get("Name"))
    return client.call("get_trail_status", Name=name).get("IsLogging") is True
