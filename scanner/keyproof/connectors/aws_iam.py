"""AWS IAM: users, root, access keys and service-specific credentials of one account.

Three steps: :mod:`_aws_reading` gets, :mod:`_aws_records` transforms, this module composes. A call
that fails costs the fields that only it tells; a Gap names them, and everything else is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from keyproof.connectors import _aws_doctor
from keyproof.connectors._aws_calls import Caller, identity
from keyproof.connectors._aws_gaps import call_gap, gaps
from keyproof.connectors._aws_payload import Reading
from keyproof.connectors._aws_reading import LastUseFrom, read
from keyproof.connectors._aws_records import Naming, Transformer
from keyproof.connectors._aws_root import root_keys, root_principal
from keyproof.connectors._aws_trail import CALLS, AuditLog, audit_log
from keyproof.model.facts import Record
from keyproof.model.source import Source
from keyproof.ports import Check, Context
from keyproof.transport.aws import AwsError, AwsSession, AwsSettings

TITLE = "AWS IAM: users, root, access keys, service-specific credentials"
SCOPES: tuple[str, ...] = (
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrailStatus",
    "iam:GenerateCredentialReport",
    "iam:GetAccessKeyLastUsed",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetAccountSummary",
    "iam:GetCredentialReport",
    "iam:GetLoginProfile",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListAccessKeys",
    "iam:ListMFADevices",
    "iam:ListServiceSpecificCredentials",
    "iam:ListUsers",
    "iam:ListVirtualMFADevices",
    "sts:GetCallerIdentity",
)


class IamSettings(AwsSettings, frozen=True, kw_only=True):
    """How to reach the account, and which tags of a user name its owner and environment.

    Attributes:
        last_use: where last uses come from: ``calls`` (one for each key), ``report`` (one for all, up
            to four hours old), or ``auto``: the report if it is fresh, else calls.
    """

    owner_tags: tuple[str, ...] = ("owner", "team")
    environment_tags: tuple[str, ...] = ("environment", "env", "stage")
    last_use: LastUseFrom = "auto"


SETTINGS = IamSettings


def collect(settings: IamSettings, context: Context) -> Iterator[Record]:
    """See ``Connector.collect``."""
    started = context.clock.now()
    try:
        session = AwsSession(settings, context.environment)
        account, arn = identity(session.client("sts"))
        iam = session.client("iam")
    except AwsError as error:
        yield call_gap(context.source, error)
        yield _source(context, "unknown", started, complete=False)
        return
    caller = Caller(iam, settings.concurrency, context.progress)
    reading = read(caller, context.clock, account, arn, settings.last_use)
    naming = Naming(context.source, started, settings.owner_tags, settings.environment_tags)
    yield from _records(reading, naming, context, audit_log(session))


def check(settings: IamSettings, context: Context) -> Iterator[Check]:
    """See ``Connector.check``: tries every right of :data:`SCOPES`."""
    yield from _aws_doctor.check(settings, context)


def _records(reading: Reading, naming: Naming, context: Context, log: AuditLog) -> Iterator[Record]:
    transformer = Transformer(reading, naming)
    principals = [
        root_principal(reading, context.source, naming.collected_at),
        *transformer.principals(),
    ]
    keys = [
        *root_keys(reading, context.source, naming.collected_at),
        *transformer.access_keys(),
        *transformer.service_credentials(),
    ]
    yield from principals
    yield from keys
    found = tuple(gaps(reading, transformer, context.source))
    if log.error:
        found += (call_gap(context.source, log.error, ("audit_log",)),)
    yield from found
    listed = sum(len(own) for own in reading.keys.values()) + len(reading.service_credentials)
    listed += sum(key.principal_type == "root" for key in keys)
    unlisted = any("keys" in problem.fields for problem in reading.problems)
    yield _source(
        context,
        reading.account,
        naming.collected_at,
        complete=not found,
        listed=None if unlisted else listed,
        parsed=len(keys),
        calls=("sts:GetCallerIdentity", *reading.calls, *CALLS),
        coverage=(
            ("access_keys", sum(key.credential_type == "access_key" for key in keys)),
            ("groups", len(reading.groups)),
            ("managed_policies", len(reading.policies)),
            ("service_credentials", len(reading.service_credentials)),
            ("users", len(reading.users)),
        ),
        log=log,
    )


def _source(
    context: Context,
    instance: str,
    started: datetime,
    *,
    complete: bool,
    listed: int | None = None,
    parsed: int = 0,
    calls: tuple[str, ...] = ("sts:GetCallerIdentity",),
    coverage: tuple[tuple[str, int], ...] = (),
    log: AuditLog = AuditLog("unknown"),  # noqa: B008 - immutable
) -> Source:
    return Source(
        id=context.source,
        connector="aws_iam",
        kind="inventory",
        instance=instance,
        started_at=started,
        finished_at=context.clock.now(),
        complete=complete,
        listed=listed,
        parsed=parsed,
        calls=calls,
        coverage=coverage,
        audit_log=log.state,
    )
