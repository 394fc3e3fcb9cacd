"""What a reading of an AWS account left open, as Gaps: failed calls, cut lists, elements cut short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from keyproof.connectors._aws_calls import Problem
from keyproof.connectors._aws_payload import POWERS, UNTOLD, Reading, moment, word
from keyproof.connectors._aws_records import ISSUER, STATUSES, Transformer
from keyproof.connectors._aws_report import ROOT
from keyproof.model.key import key_record_id
from keyproof.model.principal import principal_record_id
from keyproof.model.source import Gap, GapReason
from keyproof.transport.aws import AwsError

_DETAILS_CALL = "iam:GetAccountAuthorizationDetails"


def call_gap(source: str, error: AwsError, fields: tuple[str, ...] = ()) -> Gap:
    """Return the gap for one call; without ``fields``, nothing could be read without it."""
    return _gap(source, Problem(error, fields), ())


def gaps(reading: Reading, transformer: Transformer, source: str) -> Iterator[Gap]:
    """Yield every gap of one reading."""
    told: set[str] = set()
    for problem in reading.problems:
        if set(problem.fields) == set(POWERS):
            told.update(problem.users)
            for narrowed in _narrowed(problem, transformer):
                yield _gap(source, narrowed, _subjects(reading, narrowed))
        else:
            yield _gap(source, problem, _subjects(reading, problem))
    yield from _cut(reading, source)
    unsound = transformer.unknown_powers(sorted(reading.users.keys() - told))
    for fields, users in unsound.items():
        msg = f"policies of {len(users)} users cannot be understood"
        error = AwsError(msg, reason="invalid_data", where=_DETAILS_CALL)
        problem = Problem(error, fields, tuple(users))
        yield _gap(source, problem, _subjects(reading, problem))
    for call, name, items in (
        ("iam:ListAccessKeys", "AccessKeyId", [k for own in reading.keys.values() for k in own]),
        (
            "iam:ListServiceSpecificCredentials",
            "ServiceSpecificCredentialId",
            list(reading.service_credentials),
        ),
    ):
        yield from _elements(reading, source, call, name, items)


def _gap(source: str, problem: Problem, subjects: Iterable[str]) -> Gap:
    error = problem.error
    reason: GapReason = error.reason if error.reason in get_args(GapReason) else "unavailable"  # type: ignore[assignment]
    many = f" ({problem.asked} times)" if problem.asked and problem.asked > 1 else ""
    return Gap(
        source=source,
        call=error.where or "aws",
        reason=reason,
        detail=error.message + many,
        hint=error.hint,
        fields=tuple(sorted(problem.fields)),
        subjects=tuple(sorted(set(subjects))),
    )


def _subjects(reading: Reading, problem: Problem) -> Iterator[str]:
    """Yield the ids of the records touched: the keys, or the users with their keys."""
    for key_id in problem.keys:
        yield key_record_id(ISSUER, reading.account, key_id)
    for user in problem.users:
        arn = reading.users.get(user, {}).get("Arn")
        path = "root" if user == ROOT else f"user/{user}"
        yield principal_record_id(
            ISSUER, reading.account, str(arn or f"arn:aws:iam::{reading.account}:{path}")
        )
        for key in reading.keys.get(user, ()):
            yield key_record_id(ISSUER, reading.account, str(key.get("AccessKeyId")))


def _cut(reading: Reading, source: str) -> Iterator[Gap]:
    """Compare with the account's own count of its users."""
    counted = (reading.summary or {}).get("Users")
    if counted is not None and counted != len(reading.users):
        yield Gap(
            source=source,
            call="iam:GetAccountSummary",
            reason="truncated",
            detail=f"the account counts {counted} users, {len(reading.users)} were listed",
            hint="scan again: users may have been made or deleted meanwhile",
            fields=("keys", "principals"),
        )


def _narrowed(problem: Problem, transformer: Transformer) -> Iterator[Problem]:
    """Keep of the fields of power those that other policies of the user do not settle alone."""
    groups = transformer.unknown_powers(problem.users)
    for fields, users in groups.items():
        yield problem._replace(fields=fields, users=tuple(users))
    if not groups:
        yield problem._replace(fields=(UNTOLD,))


def _elements(
    reading: Reading, source: str, call: str, name: str, items: list[Mapping[str, Any]]
) -> Iterator[Gap]:
    """Name list elements that lack what every one of them should have."""
    named = [item for item in items if isinstance(item.get(name), str)]
    for count, what, fields, lacking in (
        (len(items) - len(named), name, ("keys",), []),
        *(
            (len(bad), member, fields, bad)
            for member, fields, bad in (
                (
                    "CreateDate",
                    ("created_at",),
                    [i for i in named if moment(i.get("CreateDate")) is None],
                ),
                (
                    "Status",
                    ("status",),
                    [i for i in named if word(i.get("Status")) not in STATUSES],
                ),
            )
        ),
    ):
        if count:
            yield Gap(
                source=source,
                call=call,
                reason="invalid_data",
                detail=f"{count} of {len(items)} elements have no usable {what}",
                fields=fields,
                subjects=tuple(
                    sorted(key_record_id(ISSUER, reading.account, i[name]) for i in lacking)
                ),
            )
