"""MFA and console access of the users whom no bulk call settles: one call each, for those alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyproof.connectors._aws_calls import Answers, Caller, Problem, problems
from keyproof.connectors._aws_payload import MFA, UNTOLD, dicts
from keyproof.connectors._aws_report import ROOT, Report
from keyproof.transport.aws import AwsClient, AwsError


def own_mfa(
    caller: Caller,
    users: Mapping[str, Mapping[str, Any]],
    virtual: Mapping[str, tuple[str, ...]] | None,
    report: Report | None,
) -> tuple[Mapping[str, tuple[str, ...]], list[Problem]]:
    """Ask for the devices of those whom no bulk call clears: hardware, or newer than the report."""
    rows = report.rows if report else {}
    open_users = {
        name
        for name, user in users.items()
        if user.get("Arn") not in (virtual or {}) and not (name in rows and rows[name].mfa is False)
    }

    def ask(iam: AwsClient, user: str) -> tuple[str, ...]:
        pages = iam.pages("list_mfa_devices", UserName=user)
        return tuple(
            sorted(str(d.get("SerialNumber")) for p in pages for d in dicts(p, "MFADevices"))
        )

    answers = caller.each("list_mfa_devices", open_users, ask)
    told = {name: e for name, e in answers.failed.items() if name in rows and rows[name].mfa}
    untold = {name: e for name, e in answers.failed.items() if name not in told}
    return answers.given, problems(told, (UNTOLD,)) + problems(untold, MFA)


def console(
    caller: Caller, users: Mapping[str, Mapping[str, Any]], report: Report | None
) -> tuple[Mapping[str, bool], list[Problem]]:
    """Ask for the password of those whom the report does not know yet."""
    if report is None:
        return {}, []

    def ask(iam: AwsClient, user: str) -> bool:
        try:
            iam.call("get_login_profile", UserName=user)
        except AwsError as error:
            if error.gone:
                return False
            raise
        return True

    newer = users.keys() - report.rows.keys() - {ROOT}
    answers: Answers = caller.each("get_login_profile", newer, ask)
    return answers.given, problems(answers.failed, ("console_access",))
