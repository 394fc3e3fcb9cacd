"""The demo account's own policies, from harmless to far too much, and the AWS-managed ones in use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

OFFICE = ("198.51.100.0/24", "203.0.113.16/28")
"""Documentation ranges (RFC 5737) standing in for an office and a build farm."""

AWS_MANAGED = (
    "AdministratorAccess",
    "AmazonBedrockLimitedAccess",
    "AmazonS3ReadOnlyAccess",
    "CloudWatchReadOnlyAccess",
    "IAMUserChangePassword",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SecurityAudit",
)

GROUPS: Mapping[str, Sequence[str]] = {
    "admins": ("AdministratorAccess",),
    "developers": ("PowerUserAccess", "IAMUserChangePassword"),
    "analysts": ("AmazonS3ReadOnlyAccess", "CloudWatchReadOnlyAccess"),
    "auditors": ("SecurityAudit",),
    "everybody": ("IAMUserChangePassword",),
}


def allow(actions: Sequence[str], resources: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return a statement that allows."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources), **more}


def document(*statements: Mapping[str, Any]) -> str:
    """Return a policy document's JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def only_from_office() -> str:
    """Return the policy that denies everything from elsewhere."""
    return document(
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "NotIpAddress": {"aws:SourceIp": list(OFFICE)},
                "Bool": {"aws:ViaAWSService": "false"},
            },
        }
    )


def for_service(service: str, account: str) -> str:
    """Return what one service's deployment needs: its bucket, its queue, its function."""
    return document(
        allow(
            ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
            [f"arn:aws:s3:::shop-{service}", f"arn:aws:s3:::shop-{service}/*"],
        ),
        allow(
            ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
            [f"arn:aws:sqs:eu-central-1:{account}:{service}"],
        ),
        allow(
            ["lambda:UpdateFunctionCode", "lambda:PublishVersion"],
            [f"arn:aws:lambda:eu-central-1:{account}:function:{service}-*"],
        ),
    )


def too_wide(service: str) -> str:
    """Return what somebody wrote in a hurry: a whole service on every resource."""
    return document(allow([f"{service}:*"], ["*"]))


def everything() -> str:
    """Return the inline policy that makes an administrator without saying so."""
    return document(allow(["*"], ["*"]))
