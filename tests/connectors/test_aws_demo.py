"""The demo's AWS account and the server behind it: repeatable, dated back, and stricter than moto."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from botocore.exceptions import ClientError
from tests.support.adapter_context import NOON, adapter_context
from tests.support.aws import Aws, moto_aws

from keyproof.app.demo.aws import LEAKED_AGE_DAYS, DemoAccount, build
from keyproof.connectors import aws_iam
from keyproof.model.key import Key
from keyproof.model.principal import Principal
from keyproof.model.record import digest
from keyproof.model.source import Gap, Source


def records(aws: Aws) -> list:
    return list(aws_iam.collect(aws_iam.SETTINGS(), adapter_context(aws.environment)))


def built() -> tuple[DemoAccount, list]:
    with moto_aws() as aws:
        aws.server.mends._now = lambda: NOON
        account = build(aws.server, NOON)
        return account, records(aws)


def test_the_account_looks_like_one_and_is_read_whole() -> None:
    account, found = built()
    keys = [record for record in found if isinstance(record, Key)]
    people = [record for record in found if isinstance(record, Principal)]
    (source,) = [record for record in found if isinstance(record, Source)]
    assert not [record for record in found if isinstance(record, Gap)]
    assert len(people) == account.users + 1 >= 55
    assert source.listed == source.parsed == len(keys) == account.keys + account.service_credentials
    assert {*Counter(key.privilege_level for key in keys)} >= {"read", "write", "admin", "root"}
    assert {key.status for key in keys} == {"active", "suspended"}
    assert {key.last_used_state for key in keys} == {"known", "never", "not_supported"}
    assert {key.network_restrictions.state for key in keys} == {"restricted", "unrestricted"}
    assert {person.mfa for person in people} == {"enabled", "disabled"}
    assert {key.owner_source for key in keys} == {"tag", "none"}
    assert any(key.created_at and (NOON - key.created_at).days > 365 for key in keys)
    root = next(person for person in people if person.principal_type == "root")
    assert (root.mfa, root.root_keys_active) == ("disabled", 1)
    bedrock = [key for key in keys if key.description == "accepted by bedrock.amazonaws.com alone"]
    assert {key.expiry_state for key in bedrock} == {"known", "never"}


def test_the_key_that_leaks_is_active_and_lies_in_a_secret() -> None:
    with moto_aws() as aws:
        account = build(aws.server, NOON)
        text = aws.client("secretsmanager").get_secret_value(SecretId=account.secret_name)
        held = json.loads(text["SecretString"])
        assert held["AccessKeyId"] == account.leaked_key_id
        assert held["SecretAccessKey"] == account.leaked_secret.reveal_text()
        (key,) = [r for r in records(aws) if getattr(r, "native_id", "") == account.leaked_key_id]
        assert (key.status, key.principal_name) == ("active", account.leaked_user)
        assert (NOON - key.created_at).days == LEAKED_AGE_DAYS
        sts = aws.client("sts", account.leaked_key_id, account.leaked_secret.reveal_text())
        assert sts.get_caller_identity()["Arn"].endswith(account.leaked_user)


def test_the_same_seed_builds_the_same_account() -> None:
    (first, found), (second, again) = built(), built()
    assert first.leaked_key_id == second.leaked_key_id
    assert digest(found) == digest(again)


@pytest.fixture
def aws():
    with moto_aws(page_limit=2) as running:
        yield running


def code_of(failing) -> str:
    with pytest.raises(ClientError) as caught:
        failing()
    return caught.value.response["Error"]["Code"]


def test_only_active_keys_with_their_own_secret_get_in(aws: Aws) -> None:
    ((key_id, secret),) = aws.user("ada", 1)
    iam, value = aws.client("iam"), secret.reveal_text()
    assert aws.client("sts", key_id, value).get_caller_identity()["Arn"].endswith("/ada")
    wrong = aws.client("sts", key_id, "0" * 40)
    assert code_of(wrong.get_caller_identity) == "SignatureDoesNotMatch"
    iam.update_access_key(UserName="ada", AccessKeyId=key_id, Status="Inactive")
    assert code_of(aws.client("sts", key_id, value).get_caller_identity) == "InvalidClientTokenId"
    secrets = aws.client("secretsmanager", key_id, value)
    assert code_of(secrets.list_secrets) == "UnrecognizedClientException"
    iam.update_access_key(UserName="ada", AccessKeyId=key_id, Status="Active")
    assert aws.client("sts", key_id, value).get_caller_identity()["Arn"].endswith("/ada")
    iam.delete_access_key(UserName="ada", AccessKeyId=key_id)
    assert code_of(aws.client("sts", key_id, value).get_caller_identity) == "InvalidClientTokenId"


def test_lists_honour_max_items_and_markers(aws: Aws) -> None:
    for number in range(5):
        aws.user(f"user-{number}")
    iam = aws.client("iam")
    first = iam.list_users(MaxItems=1)
    assert (len(first["Users"]), first["IsTruncated"]) == (1, True)
    pages = list(iam.get_paginator("list_users").paginate())
    assert [len(page["Users"]) for page in pages] == [2, 2, 1]
    assert code_of(lambda: iam.list_users(Marker="nonsense:4")) == "ValidationError"


def test_the_report_has_a_root_row_and_todays_date(aws: Aws) -> None:
    iam = aws.client("iam")
    assert code_of(iam.get_credential_report) == "ReportNotPresent"
    iam.generate_credential_report()
    report = iam.get_credential_report()
    assert report["Content"].decode().splitlines()[1].startswith("<root_account>,arn:aws:iam::")
    assert report["GeneratedTime"].year >= 2026


def test_a_token_with_another_value_is_refused_even_while_pending(aws: Aws) -> None:
    secrets, token = aws.client("secretsmanager"), "t" * 32
    secrets.create_secret(Name="app", SecretString="one")

    def put(value: str) -> dict:
        return secrets.put_secret_value(
            SecretId="app",
            SecretString=value,
            ClientRequestToken=token,
            VersionStages=["AWSPENDING"],
        )

    assert put("two")["VersionId"] == put("two")["VersionId"] == token
    assert code_of(lambda: put("three")) == "ResourceExistsException"
    assert secrets.get_secret_value(SecretId="app")["SecretString"] == "one"
    current = secrets.get_secret_value(SecretId="app", VersionStage="AWSCURRENT")["VersionId"]
    secrets.update_secret_version_stage(
        SecretId="app",
        VersionStage="AWSCURRENT",
        MoveToVersionId=token,
        RemoveFromVersionId=current,
    )
    assert secrets.get_secret_value(SecretId="app")["SecretString"] == "two"
    assert code_of(lambda: secrets.rotate_secret(SecretId="app")) == "InvalidRequestException"
