"""Reads an AWS account's IAM: bulk calls first, one call each only for what no bulk call tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from keyproof.connectors._aws_calls import Caller, Problem, problems
from keyproof.connectors._aws_payload import (
    DETAILS,
    LAST_USE,
    POWERS,
    UNTOLD,
    Reading,
    attached,
    boundary_arn,
    default_version,
    dicts,
    moment,
    users_with,
)
from keyproof.connectors._aws_people import console, own_mfa
from keyproof.connectors._aws_policies import UNREAD, Policy, parse
from keyproof.connectors._aws_report import ROOT, Report, ReportKey, is_fresh, read_report, uses
from keyproof.ports import Clock
from keyproof.transport.aws import AwsClient, AwsError

PAGE = 1000
REPORT_TRIES = 15
REPORT_WAIT_SECONDS = 2.0


LastUseFrom = Literal["auto", "calls", "report"]
"""Where last uses come from: a call for each key, the report, or the report if it is fresh."""


def read(
    caller: Caller, clock: Clock, account: str, arn: str, last_use: LastUseFrom = "auto"
) -> Reading:
    """Read everything; whatever fails becomes a problem of the reading, and the rest is kept."""
    return _Reader(caller, clock, last_use).read(account, arn)


class _Reader:
    def __init__(self, caller: Caller, clock: Clock, last_use: LastUseFrom) -> None:
        self._caller = caller
        self._last_use = last_use
        self._clock = clock
        self._problems: list[Problem] = []

    def read(self, account: str, arn: str) -> Reading:
        self._start_report()
        users, undetailed, groups, policies = self._details()
        policies |= self._managed(users, groups, policies)
        keys = self._keys(users)
        credentials = self._service_credentials()
        virtual = self._virtual_mfa()
        report, summary = self._account()
        reported = self._reported_use(keys, report)
        last_used = self._last_used(keys, reported)
        devices, mfa_problems = own_mfa(self._caller, users, virtual, report)
        consoles, console_problems = console(self._caller, users, report)
        self._problems += mfa_problems + console_problems
        return Reading(
            account=account,
            identity=arn,
            users=users,
            undetailed=undetailed,
            groups=groups,
            policies=policies,
            report=report,
            summary=summary,
            virtual_mfa=virtual,
            own_mfa=devices,
            console=consoles,
            keys=keys,
            last_used=last_used,
            reported_use=reported,
            service_credentials=credentials,
            problems=tuple(self._problems),
            calls=tuple(sorted(self._caller.made)),
        )

    def _note(self, error: AwsError, *fields: str, users: Iterable[str] = ()) -> None:
        self._problems.append(Problem(error, fields, tuple(sorted(users))))

    def _start_report(self) -> None:
        """Ask for the report first: AWS makes it while the rest is read."""
        try:
            self._caller.one("generate_credential_report")
        except AwsError as error:
            self._note(error, UNTOLD)

    def _details(
        self,
    ) -> tuple[
        dict[str, Mapping[str, Any]],
        frozenset[str],
        dict[str, Mapping[str, Any]],
        dict[str, Policy],
    ]:
        pages, error = self._caller.pages(
            "get_account_authorization_details",
            Filter=["User", "Group", "LocalManagedPolicy"],
            MaxItems=PAGE,
        )
        users = self._named(pages, "UserDetailList", "UserName")
        undetailed: frozenset[str] = frozenset()
        if error:
            listed = self._plain_users()
            undetailed = frozenset(listed.keys() - users.keys())
            users = listed | users
            fields = DETAILS if undetailed else POWERS
            self._note(error, *fields, users=undetailed or users)
        groups = self._named(pages, "GroupDetailList", "GroupName")
        policies = {
            arn: default_version(policy)
            for arn, policy in self._named(pages, "Policies", "Arn").items()
        }
        return users, undetailed, groups, policies

    def _named(
        self, pages: Iterable[Mapping[str, Any]], member: str, name: str
    ) -> dict[str, Mapping[str, Any]]:
        """Return a list's elements by name; an element without one is a problem, not a nothing."""
        items = [item for page in pages for item in dicts(page, member)]
        found = {item[name]: item for item in items if isinstance(item.get(name), str)}
        nameless = sum(not isinstance(item.get(name), str) for item in items)
        if nameless:
            msg = f"{nameless} elements of {member} have no {name}"
            where = "iam:GetAccountAuthorizationDetails"
            self._note(AwsError(msg, reason="invalid_data", where=where), "principals", "keys")
        return found

    def _plain_users(self) -> dict[str, Mapping[str, Any]]:
        """List the users without their policies and tags, where those are refused."""
        pages, error = self._caller.pages("list_users", MaxItems=PAGE)
        if error:
            self._note(error, "principals", "keys")
        return self._named(pages, "Users", "UserName")

    def _managed(
        self,
        users: Mapping[str, Mapping[str, Any]],
        groups: Mapping[str, Mapping[str, Any]],
        known: Mapping[str, Policy],
    ) -> dict[str, Policy]:
        """Read the policies in use that the account does not own: AWS's, once each."""
        used = {arn for entity in (*users.values(), *groups.values()) for arn in attached(entity)}
        used |= {arn for user in users.values() if (arn := boundary_arn(user))}

        def ask(iam: AwsClient, arn: str) -> Policy:
            policy = iam.call("get_policy", PolicyArn=arn).get("Policy") or {}
            version = iam.call(
                "get_policy_version",
                PolicyArn=arn,
                VersionId=policy.get("DefaultVersionId") or "v1",
            )
            return parse((version.get("PolicyVersion") or {}).get("Document"), arn=arn)

        answers = self._caller.each("get_policy", used - known.keys(), ask)
        for error_arn, error in answers.failed.items():
            touched = users_with(users, groups, error_arn)
            self._problems.append(Problem(error, POWERS, touched))
        return dict(answers.given) | dict.fromkeys(answers.failed, UNREAD)

    def _keys(self, users: Iterable[str]) -> dict[str, tuple[Mapping[str, Any], ...]]:
        def ask(iam: AwsClient, user: str) -> tuple[Mapping[str, Any], ...]:
            pages = iam.pages("list_access_keys", UserName=user)
            return tuple(key for page in pages for key in dicts(page, "AccessKeyMetadata"))

        answers = self._caller.each("list_access_keys", users, ask)
        self._problems += problems(answers.failed, ("keys",))
        return dict(answers.given)

    def _reported_use(
        self, keys: Mapping[str, tuple[Mapping[str, Any], ...]], report: Report | None
    ) -> Mapping[str, ReportKey]:
        """Take last uses from the report, which tells all at once, where it is as good as asking."""
        wanted = self._last_use == "report" or (
            self._last_use == "auto" and is_fresh(report, self._clock.now())
        )
        if report is None or not wanted:
            return {}
        made = {
            user: {str(k.get("AccessKeyId")): moment(k.get("CreateDate")) for k in own}
            for user, own in keys.items()
        }
        return uses(report, made)

    def _last_used(
        self,
        keys: Mapping[str, tuple[Mapping[str, Any], ...]],
        reported: Mapping[str, ReportKey],
    ) -> Mapping[str, Mapping[str, Any]]:
        ids = {
            str(key["AccessKeyId"])
            for own in keys.values()
            for key in own
            if key.get("AccessKeyId") and key["AccessKeyId"] not in reported
        }

        def ask(iam: AwsClient, key_id: str) -> Mapping[str, Any]:
            used = iam.call("get_access_key_last_used", AccessKeyId=key_id).get("AccessKeyLastUsed")
            if not isinstance(used, Mapping):
                call = iam.name("get_access_key_last_used")
                msg = f"the answer to {call} says nothing of the key"
                raise AwsError(msg, reason="invalid_data", where=call)
            return used

        answers = self._caller.each("get_access_key_last_used", ids, ask)
        self._problems += problems(answers.failed, LAST_USE, of_keys=True)
        return answers.given

    def _service_credentials(self) -> tuple[Mapping[str, Any], ...]:
        pages, error = self._caller.pages(
            "list_service_specific_credentials", AllUsers=True, MaxItems=PAGE
        )
        if error:
            self._note(error, "keys")
        return tuple(item for page in pages for item in dicts(page, "ServiceSpecificCredentials"))

    def _virtual_mfa(self) -> Mapping[str, tuple[str, ...]] | None:
        pages, error = self._caller.pages(
            "list_virtual_mfa_devices", AssignmentStatus="Assigned", MaxItems=PAGE
        )
        if error:
            self._note(error, UNTOLD)
            return None
        devices: dict[str, tuple[str, ...]] = {}
        for device in (item for page in pages for item in dicts(page, "VirtualMFADevices")):
            arn = (device.get("User") or {}).get("Arn")
            if arn and device.get("SerialNumber"):
                devices[arn] = tuple(sorted({*devices.get(arn, ()), device["SerialNumber"]}))
        return devices

    def _account(self) -> tuple[Report | None, Mapping[str, int] | None]:
        """Read what is told of the account and its root; each of the two covers for the other."""
        report, unreported = self._report()
        summary: Mapping[str, int] | None = None
        try:
            found = self._caller.one("get_account_summary").get("SummaryMap")
            summary = found if isinstance(found, Mapping) else None
        except AwsError as error:
            self._note(error, UNTOLD if report else "root_keys_active")
        if unreported:
            alone = () if summary else ("root_keys_active",)
            self._note(unreported, "console_access", "last_seen_at", *alone)
            if (summary or {}).get("AccountAccessKeysPresent") != 0:
                self._note(unreported, "keys", users=[ROOT])
        return report, summary

    def _report(self) -> tuple[Report | None, AwsError | None]:
        """Wait for the report that was asked for at the start, and fetch it."""
        try:
            for attempt in range(REPORT_TRIES):
                if self._caller.one("generate_credential_report").get("State") == "COMPLETE":
                    break
                self._clock.sleep(REPORT_WAIT_SECONDS if attempt else 0.5)
        except AwsError as error:
            if not any(known.error.where == error.where for known in self._problems):
                self._note(error, UNTOLD)
        try:
            answer = self._caller.one("get_credential_report")
        except AwsError as error:
            return None, error
        report = read_report(answer.get("Content"), answer.get("GeneratedTime"))
        if report is None:
            msg = "the credential report cannot be read"
            return None, AwsError(msg, reason="invalid_data", where="iam:GetCredentialReport")
        return report, None
