"""What Secrets Manager alone has: labels, other rotations, missing secrets (the rest is the contract's)."""

from __future__ import annotations

import json

import pytest
from tests.support.adapter_context import adapter_context
from tests.support.aws import Aws, moto_aws
from tests.support.planted import aws_key_id, aws_secret_key

from keyproof.errors import RotationError
from keyproof.model.secret import Secret
from keyproof.ports import IssuedKey
from keyproof.targets import aws_secrets_manager as target
from keyproof.transport.aws import AwsError

TOKEN, LATER = "a" * 64, "b" * 64
NAME = "production/app"
SETTINGS = target.SETTINGS(secret=NAME, max_attempts=1)


def a_key(seed: str) -> IssuedKey:
    return IssuedKey(aws_key_id(seed), Secret(aws_secret_key(seed)))


@pytest.fixture
def aws():
    with moto_aws() as running:
        old = a_key("old")
        value = {"AccessKeyId": old.native_id, "SecretAccessKey": old.value.reveal_text()}
        running.client("secretsmanager").create_secret(Name=NAME, SecretString=json.dumps(value))
        yield running


def labels(aws: Aws) -> dict[str, list[str]]:
    answer = aws.client("secretsmanager").describe_secret(SecretId=NAME)
    return {
        {TOKEN: "new", LATER: "later"}.get(version, "old"): sorted(stages)
        for version, stages in answer["VersionIdsToStages"].items()
    }


def test_labels_move_as_aws_moves_them(aws: Aws) -> None:
    context = adapter_context(aws.environment)
    delivery = target.stage(SETTINGS, context, a_key("new"), TOKEN)
    assert delivery.version == TOKEN
    assert labels(aws) == {"old": ["AWSCURRENT"], "new": ["AWSPENDING"]}
    target.promote(SETTINGS, context, delivery)
    assert labels(aws) == {"old": ["AWSPREVIOUS"], "new": ["AWSCURRENT"]}
    target.restore(SETTINGS, context, delivery)
    assert labels(aws) == {"old": ["AWSCURRENT"], "new": ["AWSPREVIOUS"]}


def test_the_fields_of_the_object_are_configurable(aws: Aws) -> None:
    settings = target.SETTINGS(secret=NAME, key_id_field="id", secret_field="value")
    new = a_key("new")
    delivery = target.stage(settings, adapter_context(aws.environment), new, TOKEN)
    assert target.read_staged(settings, adapter_context(aws.environment), delivery.version) == new
    assert target.read_staged(SETTINGS, adapter_context(aws.environment), TOKEN) != new


def test_a_token_that_holds_another_key_stops_for_a_person(aws: Aws) -> None:
    context = adapter_context(aws.environment)
    target.stage(SETTINGS, context, a_key("new"), TOKEN)
    with pytest.raises(RotationError, match="another value"):
        target.stage(SETTINGS, context, a_key("other"), TOKEN)


def test_a_staged_version_that_lost_its_label_gets_it_back(aws: Aws) -> None:
    context, new = adapter_context(aws.environment), a_key("new")
    delivery = target.stage(SETTINGS, context, new, TOKEN)
    target.restore(SETTINGS, context, delivery)
    assert "AWSPENDING" not in labels(aws).get("new", [])
    assert target.stage(SETTINGS, context, new, TOKEN) == delivery
    assert labels(aws)["new"] == ["AWSPENDING"]


def test_another_rotation_under_way_is_left_alone(aws: Aws) -> None:
    context = adapter_context(aws.environment)
    target.stage(SETTINGS, context, a_key("theirs"), LATER)
    with pytest.raises(RotationError, match="another rotation"):
        target.stage(SETTINGS, context, a_key("new"), TOKEN)
    assert labels(aws) == {"old": ["AWSCURRENT"], "later": ["AWSPENDING"]}


def test_a_version_that_somebody_else_made_current_is_not_overridden(aws: Aws) -> None:
    context = adapter_context(aws.environment)
    delivery = target.stage(SETTINGS, context, a_key("new"), TOKEN)
    aws.client("secretsmanager").put_secret_value(
        SecretId=NAME, SecretString="{}", ClientRequestToken=LATER
    )
    with pytest.raises(RotationError, match="became current"):
        target.promote(SETTINGS, context, delivery)
    assert labels(aws)["later"] == ["AWSCURRENT"]


def test_what_is_no_object_or_not_there_is_no_key(aws: Aws) -> None:
    context, client = adapter_context(aws.environment), aws.client("secretsmanager")
    for token, text in ((TOKEN, "plain"), (LATER, "[1]")):
        client.put_secret_value(
            SecretId=NAME, SecretString=text, ClientRequestToken=token, VersionStages=["mine"]
        )
        assert target.read_staged(SETTINGS, context, token) is None
    assert target.read_staged(SETTINGS, context, "c" * 64) is None


def test_a_missing_secret_needs_a_person(aws: Aws) -> None:
    settings = target.SETTINGS(secret="nowhere", max_attempts=1)
    with pytest.raises(RotationError):
        target.stage(settings, adapter_context(aws.environment), a_key("new"), TOKEN)


def test_a_secret_on_its_way_out_needs_a_person(aws: Aws) -> None:
    aws.client("secretsmanager").delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    with pytest.raises(RotationError, match="scheduled for deletion"):
        target.stage(SETTINGS, adapter_context(aws.environment), a_key("new"), TOKEN)


@pytest.mark.parametrize("action", ["DescribeSecret", "GetSecretValue", "PutSecretValue"])
def test_a_missing_right_is_named_and_an_outage_tried_again(aws: Aws, action: str) -> None:
    context = adapter_context(aws.environment)
    aws.faults.deny(f"secretsmanager:{action}")
    with pytest.raises(RotationError) as caught:
        target.stage(SETTINGS, context, a_key("new"), TOKEN)
    assert f"allow secretsmanager:{action}" in str(caught.value.hint)
    aws.faults.fail(f"secretsmanager:{action}", "InternalServiceError", 500)
    with pytest.raises(AwsError):
        target.stage(SETTINGS, context, a_key("new"), TOKEN)
