"""Rotating IAM access keys against moto's server, with the issuer's misfortunes."""

from __future__ import annotations

import pytest
from tests.support.adapter_context import StillClock, adapter_context
from tests.support.aws import Aws, moto_aws

from keyproof.errors import RotationError
from keyproof.model.secret import Secret
from keyproof.model.ticket import RotationRequest
from keyproof.ports import IssuedKey
from keyproof.rotators import aws_iam
from keyproof.transport.aws import AwsError

QUICK = aws_iam.SETTINGS(max_attempts=1)


@pytest.fixture
def aws():
    with moto_aws() as running:
        yield running


@pytest.fixture
def old(aws: Aws) -> str:
    ((key_id, _),) = aws.user("deploy", 1)
    return key_id


def request(old: str, principal: str = "deploy") -> RotationRequest:
    return RotationRequest(
        key_id="key_x",
        native_id=old,
        rotator="aws_iam",
        source="aws",
        principal=principal,
        targets=("app",),
        overlap_seconds=60,
        soak_seconds=60,
    )


def test_a_key_goes_its_whole_way(aws: Aws, old: str) -> None:
    context, asked = adapter_context(aws.environment), request(old)
    new = aws_iam.create(QUICK, context, asked)
    assert isinstance(new.value, Secret)
    assert {slot.native_id for slot in aws_iam.slots(QUICK, context, asked)} == {old, new.native_id}
    assert aws_iam.verify(QUICK, context, asked, new)
    aws_iam.set_active(QUICK, context, asked, old, active=False)
    states = {slot.native_id: slot.active for slot in aws_iam.slots(QUICK, context, asked)}
    assert states == {old: False, new.native_id: True}
    aws_iam.set_active(QUICK, context, asked, old, active=True)
    aws_iam.delete(QUICK, context, asked, old)
    (left,) = aws_iam.slots(QUICK, context, asked)
    assert (left.native_id, left.active) == (new.native_id, True)
    assert left.created_at is not None
    assert left.created_at.tzinfo is not None


def test_a_principal_may_be_named_by_its_arn(aws: Aws, old: str) -> None:
    context = adapter_context(aws.environment)
    aws.client("iam").create_user(UserName="pathed", Path="/team/")
    asked = request(old, f"arn:aws:iam::{aws.account}:user/team/pathed")
    new = aws_iam.create(QUICK, context, asked)
    assert aws_iam.verify(QUICK, context, asked, new)
    elsewhere = request(old, "arn:aws:iam::999999999999:user/team/pathed")
    assert not aws_iam.verify(QUICK, context, elsewhere, new)


def test_a_full_principal_needs_a_person(aws: Aws, old: str) -> None:
    context = adapter_context(aws.environment)
    aws_iam.create(QUICK, context, request(old))
    with pytest.raises(RotationError, match="2 access keys already") as caught:
        aws_iam.create(QUICK, context, request(old))
    assert "deactivate" in str(caught.value.hint)


def test_creating_is_tried_once(aws: Aws, old: str) -> None:
    aws.faults.fail("iam:CreateAccessKey", "ServiceFailure", 500)
    with pytest.raises(AwsError) as caught:
        aws_iam.create(
            aws_iam.SETTINGS(max_attempts=4), adapter_context(aws.environment), request(old)
        )
    assert caught.value.reason == "unavailable"
    assert aws.faults.calls["iam:CreateAccessKey"] == 2  # one of them made the old key


def test_a_new_key_is_waited_for_while_aws_does_not_know_it(aws: Aws, old: str) -> None:
    clock = StillClock()
    context, asked = adapter_context(aws.environment, clock=clock), request(old)
    new = aws_iam.create(QUICK, context, asked)
    aws.faults.fail("sts:GetCallerIdentity", "InvalidClientTokenId", 403, times=2)
    assert aws_iam.verify(QUICK, context, asked, new)
    assert clock.sleeps == [1.0, 2.0]


def test_a_key_that_is_wrong_or_somebody_elses_is_not_verified(aws: Aws, old: str) -> None:
    context, asked = adapter_context(aws.environment), request(old)
    new = aws_iam.create(QUICK, context, asked)
    assert not aws_iam.verify(QUICK, context, asked, IssuedKey(new.native_id, Secret("0" * 40)))
    ((other, secret),) = aws.user("somebody", 1)
    assert not aws_iam.verify(QUICK, context, asked, IssuedKey(other, secret))
    aws_iam.set_active(QUICK, context, asked, new.native_id, active=False)
    assert not aws_iam.verify(QUICK, context, asked, new)


def test_an_outage_while_verifying_is_an_error_not_a_no(aws: Aws, old: str) -> None:
    context, asked = adapter_context(aws.environment), request(old)
    new = aws_iam.create(QUICK, context, asked)
    aws.faults.fail("sts:GetCallerIdentity", "ServiceFailure", 500)
    with pytest.raises(AwsError):
        aws_iam.verify(QUICK, context, asked, new)


def test_last_use_is_never_then_known(aws: Aws) -> None:
    ((key_id, secret),) = aws.user("used", 1)
    context = adapter_context(aws.environment)
    assert aws_iam.last_use(QUICK, context, key_id) == ("never", None)
    aws.client("sts", key_id, secret.reveal_text()).get_caller_identity()
    state, at = aws_iam.last_use(QUICK, context, key_id)
    assert state == "known"
    assert at is not None
    assert at.utcoffset() is not None


def test_what_is_gone_needs_no_deleting_and_no_deactivating(aws: Aws, old: str) -> None:
    context, asked = adapter_context(aws.environment), request(old)
    for _ in range(2):
        aws_iam.delete(QUICK, context, asked, old)
    aws_iam.set_active(QUICK, context, asked, old, active=False)
    with pytest.raises(RotationError):
        aws_iam.set_active(QUICK, context, asked, old, active=True)


@pytest.mark.parametrize(
    ("action", "act"),
    [
        ("ListAccessKeys", lambda c, r: aws_iam.slots(QUICK, c, r)),
        ("CreateAccessKey", lambda c, r: aws_iam.create(QUICK, c, r)),
        ("GetAccessKeyLastUsed", lambda c, r: aws_iam.last_use(QUICK, c, r.native_id)),
        (
            "UpdateAccessKey",
            lambda c, r: aws_iam.set_active(QUICK, c, r, r.native_id, active=False),
        ),
        ("DeleteAccessKey", lambda c, r: aws_iam.delete(QUICK, c, r, r.native_id)),
    ],
)
def test_a_missing_right_needs_a_person_and_an_outage_another_try(
    aws: Aws, old: str, action: str, act
) -> None:
    context, asked = adapter_context(aws.environment), request(old)
    aws.faults.deny(f"iam:{action}")
    with pytest.raises(RotationError) as caught:
        act(context, asked)
    assert caught.value.hint == f"allow iam:{action} to the identity that keyproof runs as"
    aws.faults.throttle(f"iam:{action}")
    with pytest.raises(AwsError) as again:
        act(context, asked)
    assert again.value.reason == "throttled"


def test_root_is_refused(aws: Aws) -> None:
    for principal in ("root", f"arn:aws:iam::{aws.account}:root"):
        with pytest.raises(RotationError, match="root"):
            aws_iam.slots(QUICK, adapter_context(aws.environment), request("x", principal))
