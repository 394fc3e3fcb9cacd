"""The AWS IAM connector against moto's server: a whole account, and each way in which reading fails."""

from __future__ import annotations

import json
import re
import socket
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.adapter_context import NOON, StillClock, adapter_context
from tests.support.aws import Aws, moto_aws

from keyproof.app.demo.moto_iam import RootKey, ServiceCredential
from keyproof.connectors import aws_iam
from keyproof.connectors._aws_calls import GIVE_UP_AFTER
from keyproof.connectors._aws_gaps import gaps
from keyproof.connectors._aws_payload import Reading
from keyproof.connectors._aws_records import Naming, Transformer
from keyproof.connectors._aws_report import Report, ReportKey, ReportRow, uses
from keyproof.model.key import Key
from keyproof.model.principal import Principal
from keyproof.model.record import digest
from keyproof.model.source import Gap, Source
from keyproof.pipeline.collect import ConfiguredSource, harvest
from keyproof.ports import Connector

QUICK = aws_iam.SETTINGS(max_attempts=1, last_use="calls", concurrency=2)
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


class Found(NamedTuple):
    """A collection's records, sorted out."""

    keys: dict[str, Key]
    principals: dict[str, Principal]
    gaps: list[Gap]
    source: Source

    def of(self, user: str) -> list[Key]:
        return [key for key in self.keys.values() if key.principal_name == user]


def collected(aws: Aws, settings=QUICK, clock: StillClock | None = None, **environment) -> Found:
    """Collect as the pipeline does, which validates every record."""
    module: Connector = aws_iam
    context = adapter_context(dict(aws.environment) | environment, source="aws", clock=clock)
    gathered = harvest(ConfiguredSource("aws", "aws_iam", module, settings, context))
    return Found(
        {r.native_id: r for r in gathered.records if isinstance(r, Key)},
        {str(r.name): r for r in gathered.records if isinstance(r, Principal)},
        list(gathered.gaps),
        gathered.source,
    )


@pytest.fixture
def aws():
    with moto_aws() as running:
        yield running


def grant(aws: Aws, user: str, *statements: dict, name: str = "inline") -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    aws.client("iam").put_user_policy(UserName=user, PolicyName=name, PolicyDocument=text)


def backdate(aws: Aws, key_id: str, created: datetime) -> None:
    aws.server.iam().access_keys[key_id].create_date = created.replace(tzinfo=None)


def the_gap(found: Found, call: str) -> Gap:
    (gap,) = [gap for gap in found.gaps if gap.call == call]
    return gap


def test_a_key_is_described_in_full(aws: Aws) -> None:
    ((key_id, secret),) = aws.user("deploy", 1, Owner="payments", env="production", cost="42")
    grant(aws, "deploy", {**ALL, "Action": ["s3:Get*", "s3:Put*"], "Resource": "arn:aws:s3:::a/*"})
    backdate(aws, key_id, NOON - timedelta(days=400))
    aws.client("sts", key_id, secret.reveal_text()).get_caller_identity()
    found = collected(aws)
    key = found.keys[key_id]
    arn = f"arn:aws:iam::{aws.account}:user/deploy"
    assert (key.issuer_type, key.issuer_instance) == ("aws.iam", aws.account)
    assert (key.status, key.status_native, key.credential_type) == (
        "active",
        "Active",
        "access_key",
    )
    assert (key.principal_id, key.principal_name, key.principal_type) == (arn, "deploy", "user")
    assert (key.owner, key.owner_source, key.environment) == ("payments", "tag", "production")
    assert key.labels == {"Owner": "payments", "env": "production", "cost": "42"}
    assert (key.created_at, key.rotated_basis) == (NOON - timedelta(days=400), "created_at")
    assert (key.last_used_state, key.last_used_precision) == ("known", "second")
    assert key.last_used_lag_seconds == 900
    assert key.last_used_detail is not None
    assert (key.last_used_detail.service, key.last_used_detail.region) == ("sts", "us-east-1")
    assert (key.privilege_level, key.can_manage_iam, key.scopes_known) == ("write", False, True)
    assert (key.wildcard_action, key.wildcard_resource) == (False, False)
    assert (key.scopes, key.resource_scope) == (("inline:inline",), ("arn:aws:s3:::a/*",))
    assert (key.network_restrictions.state, key.expiry_state) == ("unrestricted", "not_supported")
    assert (key.principal_mfa, key.rotation.max_active) == ("disabled", 2)
    assert (key.evidence.api_call, key.evidence.complete) == ("iam:ListAccessKeys", True)
    assert (key.can_withdraw, key.can_trade) == (None, None)
    assert found.gaps == []
    assert (found.source.complete, found.source.listed, found.source.parsed) == (True, 1, 1)


def test_powers_come_from_groups_and_managed_policies_too(aws: Aws) -> None:
    iam = aws.client("iam")
    for name in ("ada", "bea", "cleo"):
        aws.user(name, 1)
    iam.create_group(GroupName="admins")
    text = json.dumps({"Version": "2012-10-17", "Statement": ALL})
    iam.put_group_policy(GroupName="admins", PolicyName="all", PolicyDocument=text)
    iam.add_user_to_group(GroupName="admins", UserName="ada")
    office = {"NotIpAddress": {"aws:SourceIp": ["198.51.100.0/24"]}}
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": {**ALL, "Effect": "Deny", "Condition": office}}
    )
    arn = iam.create_policy(PolicyName="office", PolicyDocument=text)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="bea", PolicyArn=arn)
    found = collected(aws)
    (ada,), (bea,), (cleo,) = found.of("ada"), found.of("bea"), found.of("cleo")
    assert (ada.privilege_level, ada.can_manage_iam) == ("admin", True)
    assert ada.scopes_native == ("group/admins/all",)
    assert (bea.privilege_level, bea.network_restrictions.state) == ("none", "restricted")
    assert bea.network_restrictions.cidrs == ("198.51.100.0/24",)
    assert (bea.scopes, bea.scopes_native) == (("office",), (arn,))
    assert (cleo.privilege_level, cleo.scopes) == ("none", ())
    assert found.principals["ada"].privilege_level == "admin"


def test_an_aws_managed_policy_is_read_once_for_all_who_have_it(aws: Aws) -> None:
    from keyproof.app.demo.aws import build

    account = build(aws.server, NOON)
    found = collected(aws)
    assert found.gaps == []
    assert aws.faults.calls["iam:GetPolicyVersion"] == 7
    (leaked,) = found.of(account.leaked_user)
    assert (leaked.native_id, leaked.privilege_level) == (account.leaked_key_id, "write")
    assert leaked.scopes == ("PowerUserAccess",)


def test_a_boundary_limits_and_is_noted(aws: Aws) -> None:
    iam = aws.client("iam")
    aws.user("bound", 1)
    grant(aws, "bound", ALL)
    text = json.dumps({"Version": "2012-10-17", "Statement": {**ALL, "Action": "s3:Get*"}})
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=text)["Policy"]["Arn"]
    aws.server.iam().users["bound"].permissions_boundary = {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": arn,
    }
    (key,) = collected(aws).of("bound")
    assert (key.privilege_level, key.can_manage_iam) == ("read", False)
    assert key.labels["aws:permissions_boundary"] == arn


def test_mfa_is_told_by_bulk_calls_and_asked_only_where_they_leave_it_open(aws: Aws) -> None:
    iam = aws.client("iam")
    for name in ("virtual", "hardware", "none"):
        aws.user(name, 1)
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="virtual")["VirtualMFADevice"]
    for name, number in (("virtual", serial["SerialNumber"]), ("hardware", "GAHT12345678")):
        iam.enable_mfa_device(
            UserName=name,
            SerialNumber=number,
            AuthenticationCode1="123456",
            AuthenticationCode2="654321",
        )
    found = collected(aws)
    states = {name: found.principals[name].mfa for name in ("virtual", "hardware", "none")}
    assert states == {"virtual": "enabled", "hardware": "enabled", "none": "disabled"}
    assert found.principals["hardware"].mfa_devices == ("GAHT12345678",)
    assert found.of("virtual")[0].principal_mfa == "enabled"
    assert aws.faults.calls["iam:ListMFADevices"] == 1


def test_console_access_and_last_sign_in_come_from_the_report(aws: Aws) -> None:
    aws.user("console")
    aws.user("robot")
    user = aws.server.iam().users["console"]
    user.password, user.password_last_used = "x", NOON.replace(tzinfo=None)
    found = collected(aws)
    assert found.principals["console"].console_access is True
    assert found.principals["console"].last_seen_at == NOON
    assert found.principals["robot"].console_access is False
    assert aws.faults.calls["iam:GetLoginProfile"] == 0


def test_root_is_a_principal_and_its_keys_are_keys(aws: Aws) -> None:
    extras = aws.server.extras
    extras.root_mfa = False
    extras.root_keys = (RootKey(True, NOON - timedelta(days=900)), RootKey(False, NOON, NOON))
    found = collected(aws)
    root = found.principals["root"]
    assert (root.principal_type, root.mfa, root.root_keys_active) == ("root", "disabled", 1)
    first, second = found.of("root")
    assert (first.status, first.privilege_level, first.last_used_state) == (
        "active",
        "root",
        "never",
    )
    assert first.created_at == NOON - timedelta(days=900)
    assert (second.status, second.last_used_precision) == ("suspended", "report_lag")
    assert (found.source.listed, found.source.parsed) == (2, 2)


def test_service_credentials_of_all_users_come_in_pages(aws: Aws) -> None:
    aws.user("model")
    grant(aws, "model", {**ALL, "Action": "bedrock:*"})
    soon = NOON + timedelta(days=30)
    services = ["bedrock.amazonaws.com", "codecommit.amazonaws.com", "cassandra.amazonaws.com"]
    aws.server.extras.service_credentials += [
        ServiceCredential(f"ACCA{number}", "model", service, NOON, soon if number == 0 else None)
        for number, service in enumerate(services)
    ]
    aws.server.mends._page_limit = 1
    found = collected(aws)
    bedrock, commit, cassandra = (found.keys[f"ACCA{number}"] for number in range(3))
    assert aws.faults.calls["iam:ListServiceSpecificCredentials"] == 3
    assert (bedrock.credential_type, bedrock.expires_at) == ("api_token", soon)
    assert (bedrock.expiry_state, commit.expiry_state) == ("known", "never")
    assert (bedrock.privilege_level, commit.privilege_level) == ("write", "none")
    assert (commit.credential_type, cassandra.credential_type) == ("password", "password")
    assert bedrock.last_used_state == "not_supported"


def test_inactive_keys_are_suspended_and_unused_ones_were_never_used(aws: Aws) -> None:
    ((key_id, _),) = aws.user("idle", 1)
    aws.client("iam").update_access_key(UserName="idle", AccessKeyId=key_id, Status="Inactive")
    key = collected(aws).keys[key_id]
    assert (key.status, key.status_native) == ("suspended", "Inactive")
    assert (key.last_used_state, key.last_used_at) == ("never", None)


def test_a_fresh_report_tells_last_uses_without_a_call_a_key(aws: Aws) -> None:
    ((used_id, secret),) = aws.user("used", 1)
    ((idle_id, _),) = aws.user("idle", 1)
    aws.client("sts", used_id, secret.reveal_text()).get_caller_identity()
    now = datetime.now(UTC)
    found = collected(aws, aws_iam.SETTINGS(max_attempts=1), StillClock(now))
    used, idle = found.keys[used_id], found.keys[idle_id]
    assert (used.last_used_state, used.last_used_precision) == ("known", "report_lag")
    assert used.last_used_detail is not None
    assert used.last_used_detail.service == "sts"
    assert 900 <= (used.last_used_lag_seconds or 0) < 1000
    assert (idle.last_used_state, idle.last_used_at) == ("never", None)
    assert aws.faults.calls["iam:GetAccessKeyLastUsed"] == 0


def test_an_old_report_and_a_key_that_fits_no_slot_are_asked_for(aws: Aws) -> None:
    (first, _), (second, _) = aws.user("twin", 2)
    same = NOON - timedelta(days=3)
    backdate(aws, first, same)
    backdate(aws, second, same)
    aws.user("single", 1)
    settings = aws_iam.SETTINGS(max_attempts=1, last_use="report")
    found = collected(aws, settings)
    assert {key.last_used_state for key in found.keys.values()} == {"never"}
    assert aws.faults.calls["iam:GetAccessKeyLastUsed"] == 2
    collected(aws, aws_iam.SETTINGS(max_attempts=1), StillClock(NOON + timedelta(days=30)))
    assert aws.faults.calls["iam:GetAccessKeyLastUsed"] == 5


def test_a_slot_is_matched_only_where_one_key_alone_can_be_meant() -> None:
    def slot(number: int, moment: datetime | None) -> ReportKey:
        return ReportKey(number, True, moment, None, None, None)

    def matched(slots: tuple[ReportKey, ...], **made: datetime | None) -> set[str]:
        row = ReportRow("ada", "arn", None, None, None, None, slots)
        return {*uses(Report(NOON, {"ada": row}), {"ada": made})}

    later = NOON + timedelta(seconds=1)
    both = (slot(1, NOON), slot(2, later))
    assert matched(both, a=NOON + timedelta(microseconds=7), b=later) == {"a", "b"}
    assert matched((slot(1, NOON),), a=NOON, b=NOON) == set()
    assert matched((slot(1, NOON), slot(2, NOON)), a=NOON, b=later) == set()
    assert matched((slot(1, later),), a=NOON, b=None) == set()
    assert uses(Report(NOON, {}), {"ada": {"a": NOON}}) == {}


def test_two_scans_say_the_same_byte_for_byte(aws: Aws) -> None:
    aws.user("ada", 2, owner="x")
    aws.user("bea", 1)
    aws.server.mends._now = lambda: NOON
    first, second = collected(aws), collected(aws)
    assert digest([first.keys, first.principals]) == digest([second.keys, second.principals])


def test_pages_of_every_list_are_followed() -> None:
    with moto_aws(page_limit=3) as aws:
        for number in range(10):
            aws.user(f"user-{number}", 1)
        found = collected(aws)
        assert len(found.keys) == 10
        assert found.gaps == []
        assert aws.faults.calls["iam:GetAccountAuthorizationDetails"] == 4


# One thing fails, everything else is kept.


@pytest.fixture
def account(aws: Aws) -> Aws:
    for name in ("ada", "bea", "cleo"):
        aws.user(name, 1, owner="team")
        grant(aws, name, ALL)
    return aws


def test_last_use_denied(account: Aws) -> None:
    account.faults.deny("iam:GetAccessKeyLastUsed")
    found = collected(account)
    gap = the_gap(found, "iam:GetAccessKeyLastUsed")
    assert (gap.reason, gap.fields) == ("access_denied", ("last_used_at", "last_used_state"))
    assert gap.hint == "allow iam:GetAccessKeyLastUsed to the identity that keyproof runs as"
    assert gap.subjects == tuple(sorted(key.record_id for key in found.keys.values()))
    assert {key.last_used_state for key in found.keys.values()} == {"unknown"}
    assert all("last_used_at" in key.evidence.missing_fields for key in found.keys.values())
    assert {key.privilege_level for key in found.keys.values()} == {"admin"}
    assert (found.source.complete, len(found.gaps)) == (False, 1)


def test_keys_of_one_user_denied(account: Aws) -> None:
    from keyproof.app.demo.moto_call import error

    def handler(call, forward):
        refused = call.parameters["UserName"] == "bea"
        return error(call, 403, "AccessDenied", "no") if refused else forward()

    account.faults.on("iam:ListAccessKeys", handler)
    found = collected(account)
    gap = the_gap(found, "iam:ListAccessKeys")
    assert (gap.reason, gap.fields) == ("access_denied", ("keys",))
    assert gap.subjects == (found.principals["bea"].record_id,)
    assert {key.principal_name for key in found.keys.values()} == {"ada", "cleo"}
    assert (found.source.listed, found.source.complete) == (None, False)


def test_details_denied_leaves_keys_with_unknown_powers_and_owners(account: Aws) -> None:
    account.faults.deny("iam:GetAccountAuthorizationDetails")
    found = collected(account)
    gap = the_gap(found, "iam:GetAccountAuthorizationDetails")
    assert gap.reason == "access_denied"
    assert {"privilege_level", "owner", "wildcard_action", "network_restrictions"} <= {*gap.fields}
    assert len(found.keys) == 3
    for key in found.keys.values():
        assert (key.privilege_level, key.can_manage_iam, key.owner) == ("unknown", None, None)
        assert (key.scopes_known, key.network_restrictions.state) == (False, "unknown")
        assert key.record_id in gap.subjects
    assert {p.mfa for p in found.principals.values()} == {"enabled", "disabled"}


def test_one_managed_policy_denied_leaves_its_users_open_and_administrators_certain(
    account: Aws,
) -> None:
    from keyproof.app.demo.aws import build

    build(account.server, NOON)
    account.faults.deny("iam:GetPolicyVersion")
    found = collected(account)
    gaps = [gap for gap in found.gaps if gap.call == "iam:GetPolicyVersion"]
    (leaked,) = found.of("svc-payments-deploy")
    assert (leaked.privilege_level, leaked.wildcard_action) == ("unknown", None)
    assert any(leaked.record_id in gap.subjects and "privilege_level" in gap.fields for gap in gaps)
    assert {key.privilege_level for key in found.of("ada")} == {"admin"}
    assert not any(found.principals["ada"].record_id in gap.subjects for gap in gaps)
    assert all(gap.reason == "access_denied" for gap in gaps)


def test_the_report_denied_leaves_console_access_open_and_mfa_asked_for(account: Aws) -> None:
    account.faults.deny("iam:GetCredentialReport")
    found = collected(account)
    gaps = [gap for gap in found.gaps if gap.call == "iam:GetCredentialReport"]
    assert {field for gap in gaps for field in gap.fields} == {"console_access", "last_seen_at"}
    assert found.principals["ada"].console_access is None
    assert found.principals["ada"].mfa == "disabled"
    root = found.principals["root"]
    assert (root.mfa, root.root_keys_active) == ("enabled", 0)


def test_report_and_summary_denied_leave_root_unknown(account: Aws) -> None:
    account.faults.deny("iam:GetCredentialReport")
    account.faults.deny("iam:GetAccountSummary")
    found = collected(account)
    root = found.principals["root"]
    assert (root.mfa, root.root_keys_active) == ("unknown", None)
    assert {"mfa", "root_keys_active"} <= {*root.evidence.missing_fields}
    keys_open = [gap for gap in found.gaps if "keys" in gap.fields]
    assert [gap.subjects for gap in keys_open] == [(root.record_id,)]


def test_mfa_lists_denied_are_covered_by_the_report(account: Aws) -> None:
    account.faults.deny("iam:ListVirtualMFADevices")
    found = collected(account)
    assert found.principals["ada"].mfa == "disabled"
    assert the_gap(found, "iam:ListVirtualMFADevices").fields == ("corroboration",)
    account.faults.deny("iam:GetCredentialReport")
    account.faults.deny("iam:ListMFADevices")
    found = collected(account)
    assert found.principals["ada"].mfa == "unknown"
    assert found.of("ada")[0].principal_mfa == "unknown"
    assert the_gap(found, "iam:ListMFADevices").fields == ("mfa", "principal_mfa")


def test_service_credentials_denied(account: Aws) -> None:
    account.faults.deny("iam:ListServiceSpecificCredentials")
    found = collected(account)
    assert the_gap(found, "iam:ListServiceSpecificCredentials").fields == ("keys",)
    assert (len(found.keys), found.source.listed) == (3, None)


def test_throttled_for_a_while_is_only_slower(account: Aws) -> None:
    account.faults.throttle("iam:ListAccessKeys", times=2)
    found = collected(account, aws_iam.SETTINGS(max_attempts=3, last_use="calls"))
    assert (found.gaps, len(found.keys)) == ([], 3)


def test_throttled_for_ever_gives_up_and_says_for_whom(aws: Aws) -> None:
    for number in range(30):
        aws.user(f"user-{number:02}")
    aws.faults.throttle("iam:ListAccessKeys")
    found = collected(aws)
    gap = the_gap(found, "iam:ListAccessKeys")
    assert (gap.reason, gap.detail) == ("throttled", "AWS throttled iam:ListAccessKeys (30 times)")
    assert len(gap.subjects) == 30
    assert GIVE_UP_AFTER <= aws.faults.calls["iam:ListAccessKeys"] <= GIVE_UP_AFTER + 2


def test_a_cut_list_of_users_is_filled_from_elsewhere_and_said() -> None:
    with moto_aws(page_limit=2) as aws:
        for name in ("ada", "bea", "cleo"):
            aws.user(name, 1)
            grant(aws, name, ALL)

        def cut(call, forward):
            answer = forward()
            return answer._replace(body=re.sub(rb"<Marker>.*?</Marker>", b"", answer.body))

        aws.faults.on("iam:GetAccountAuthorizationDetails", cut)
        found = collected(aws)
        gap = the_gap(found, "iam:GetAccountAuthorizationDetails")
        assert gap.reason == "truncated"
        levels = {name: found.of(name)[0].privilege_level for name in ("ada", "bea", "cleo")}
        assert levels == {"ada": "admin", "bea": "admin", "cleo": "unknown"}
        assert found.of("cleo")[0].record_id in gap.subjects
        assert found.of("ada")[0].record_id not in gap.subjects


def test_users_that_the_account_counts_and_no_list_holds_are_missed(account: Aws) -> None:
    account.faults.replace(
        "iam:GetAccountSummary",
        b"<entry><key>Users</key><value>3</value></entry>",
        b"<entry><key>Users</key><value>4</value></entry>",
    )
    gap = the_gap(collected(account), "iam:GetAccountSummary")
    assert (gap.reason, gap.fields) == ("truncated", ("keys", "principals"))
    assert gap.detail == "the account counts 4 users, 3 were listed"


def test_a_key_without_a_creation_date(account: Aws) -> None:
    def undated(call, forward):
        answer = forward()
        return answer._replace(body=re.sub(rb"<CreateDate>.*?</CreateDate>", b"", answer.body))

    account.faults.on("iam:ListAccessKeys", undated)
    found = collected(account)
    gap = the_gap(found, "iam:ListAccessKeys")
    assert (gap.reason, gap.fields) == ("invalid_data", ("created_at",))
    assert gap.subjects == tuple(sorted(key.record_id for key in found.keys.values()))
    key = found.of("ada")[0]
    assert (key.created_at, key.last_rotated_at, key.rotated_basis) == (None, None, None)
    assert key.evidence.missing_fields == ("created_at",)


def test_a_key_without_an_id_is_counted_and_missed(account: Aws) -> None:
    account.faults.replace("iam:ListAccessKeys", b"AccessKeyId>", b"AccessKeyIdx>")
    found = collected(account)
    gap = the_gap(found, "iam:ListAccessKeys")
    assert (gap.reason, gap.fields) == ("invalid_data", ("keys",))
    assert (found.source.listed, found.source.parsed) == (3, 0)


def test_a_status_nobody_knows_counts_as_active_and_is_said(account: Aws) -> None:
    account.faults.replace("iam:ListAccessKeys", b">Active<", b">Dormant<")
    found = collected(account)
    key = found.of("ada")[0]
    assert (key.status, key.status_native) == ("active", "Dormant")
    assert the_gap(found, "iam:ListAccessKeys").fields == ("status",)


def test_a_policy_nobody_understands_leaves_its_user_open(account: Aws) -> None:
    account.faults.replace("iam:GetAccountAuthorizationDetails", b"%22Allow%22", b"%22Permit%22")
    found = collected(account)
    gap = the_gap(found, "iam:GetAccountAuthorizationDetails")
    assert gap.reason == "invalid_data"
    assert "privilege_level" in gap.fields
    assert found.of("ada")[0].privilege_level == "unknown"


@pytest.mark.parametrize(
    "action",
    [
        "GetAccountAuthorizationDetails",
        "ListAccessKeys",
        "GetAccessKeyLastUsed",
        "GetCredentialReport",
        "GetAccountSummary",
        "ListVirtualMFADevices",
        "ListServiceSpecificCredentials",
        "GenerateCredentialReport",
    ],
)
def test_any_answer_may_be_garbage(account: Aws, action: str) -> None:
    account.faults.replace(f"iam:{action}", b"<", b"(")
    found = collected(account)
    assert the_gaps(found, f"iam:{action}") == {"invalid_data"}
    assert len(found.principals) == 4
    assert "crash" not in {gap.reason for gap in found.gaps}


def the_gaps(found: Found, call: str) -> set[str]:
    return {gap.reason for gap in found.gaps if gap.call == call}


def test_a_report_that_is_no_report(account: Aws) -> None:
    account.faults.on("iam:GetCredentialReport", _other_report)
    found = collected(account)
    assert the_gaps(found, "iam:GetCredentialReport") == {"invalid_data"}
    assert found.principals["ada"].console_access is None


def _other_report(call, forward):
    body = re.sub(rb"<Content>.*?</Content>", b"<Content>aGVsbG8=</Content>", forward().body)
    return forward()._replace(body=body)


def test_a_report_that_is_never_ready_is_not_waited_for_for_ever(account: Aws) -> None:
    account.faults.replace("iam:GenerateCredentialReport", b"COMPLETE", b"INPROGRESS")
    clock = StillClock()
    found = collected(account, clock=clock)
    assert 20 < sum(clock.sleeps) < 60
    assert found.principals["ada"].console_access is False


def test_expired_credentials_read_nothing_and_say_so(account: Aws) -> None:
    account.faults.fail("sts:GetCallerIdentity", "ExpiredToken", 403)
    found = collected(account)
    gap = the_gap(found, "sts:GetCallerIdentity")
    assert (gap.reason, gap.fields, gap.subjects) == ("authentication", (), ())
    assert "expired" in str(gap.hint)
    assert (found.keys, found.source.complete, found.source.listed) == ({}, False, None)


def test_nobody_listening_reads_nothing_and_says_so(account: Aws) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        found = collected(account, AWS_ENDPOINT_URL=url)
    gap = the_gap(found, "sts:GetCallerIdentity")
    assert (gap.reason, found.source.complete) == ("unavailable", False)


def test_nothing_secret_is_in_what_is_yielded(account: Aws) -> None:
    found = collected(account)
    text = msgspec.json.encode([list(found.keys.values()), found.gaps, found.source]).decode()
    secrets = [key.secret_access_key for key in account.server.iam().access_keys.values()]
    assert len(secrets) == 3
    assert not any(secret in text for secret in secrets)
    assert account.environment["AWS_SECRET_ACCESS_KEY"] not in text


# the audit log


def test_a_trail_of_all_regions_that_records_is_an_audit_log(account: Aws) -> None:
    assert collected(account).source.audit_log == "off"
    account.client("s3").create_bucket(Bucket="trail")
    trails = account.client("cloudtrail")
    trails.create_trail(Name="here", S3BucketName="trail", IsMultiRegionTrail=False)
    trails.start_logging(Name="here")
    assert collected(account).source.audit_log == "off", "one region is not all"
    trails.create_trail(Name="all", S3BucketName="trail", IsMultiRegionTrail=True)
    assert collected(account).source.audit_log == "off", "it does not record yet"
    trails.start_logging(Name="all")
    assert collected(account).source.audit_log == "on"


def test_a_trail_that_nobody_may_see_is_unknown_and_a_gap(account: Aws) -> None:
    account.faults.deny("cloudtrail:DescribeTrails")
    found = collected(account)
    assert found.source.audit_log == "unknown"
    assert [gap.fields for gap in found.gaps if gap.call == "cloudtrail:DescribeTrails"] == [
        ("audit_log",)
    ]


# doctor


def test_every_right_of_the_scopes_is_tried_and_nothing_is_written(account: Aws) -> None:
    before = dict(account.faults.calls)
    checks = {c.name: c for c in aws_iam.check(QUICK, adapter_context(account.environment))}
    assert set(checks) == set(aws_iam.SCOPES)
    assert all(check.ok for check in checks.values())
    called = {
        call for call in account.faults.calls if account.faults.calls[call] > before.get(call, 0)
    }
    assert called == set(aws_iam.SCOPES)


def test_a_missing_right_is_named_with_how_to_grant_it(account: Aws) -> None:
    account.faults.deny("iam:GetAccountSummary")
    checks = {c.name: c for c in aws_iam.check(QUICK, adapter_context(account.environment))}
    summary = checks["iam:GetAccountSummary"]
    assert (summary.ok, "allow iam:GetAccountSummary" in str(summary.hint)) == (False, True)
    assert sum(not check.ok for check in checks.values()) == 1


def test_an_empty_account_leaves_open_what_it_cannot_try(aws: Aws) -> None:
    checks = {c.name: c for c in aws_iam.check(QUICK, adapter_context(aws.environment))}
    assert checks["iam:ListAccessKeys"].ok is None
    assert checks["iam:GetAccountAuthorizationDetails"].ok is True
    account = collected(aws)
    assert (account.keys, account.source.complete, account.source.listed) == ({}, True, 0)


# whatever the payloads hold

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
NAMES = [
    "Arn",
    "CreateDate",
    "Tags",
    "UserPolicyList",
    "AttachedManagedPolicies",
    "GroupList",
    "PermissionsBoundary",
    "Status",
    "AccessKeyId",
    "ServiceSpecificCredentialId",
    "UserName",
    "ServiceName",
    "ExpirationDate",
    "LastUsedDate",
]


def odd(**certain) -> st.SearchStrategy[dict]:
    fields = st.dictionaries(st.sampled_from(NAMES), JSON | st.just(NOON), max_size=6)
    return fields.map(lambda found: found | certain)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd(), odd(), odd(AccessKeyId="AKIA1"), odd(ServiceSpecificCredentialId="ACCA1"), odd())
def test_no_payload_breaks_the_transformation(user, group, key, credential, used) -> None:
    reading = Reading(
        account="123456789012",
        identity="arn:aws:iam::123456789012:user/reader",
        users={"ada": user},
        undetailed=frozenset(),
        groups={"g": group},
        policies={},
        report=None,
        summary=None,
        virtual_mfa=None,
        own_mfa={},
        console={},
        keys={"ada": (key,)},
        last_used={"AKIA1": used},
        reported_use={},
        service_credentials=(credential,),
        problems=(),
        calls=(),
    )
    made = Transformer(reading, Naming("aws", NOON, ("owner",), ("env",)))
    found = [*made.principals(), *made.access_keys(), *made.service_credentials()]
    assert len(found) == 3
    for record in [*found, *gaps(reading, made, "aws")]:
        msgspec.json.decode(msgspec.json.encode(record), type=type(record))
