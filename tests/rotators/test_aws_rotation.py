"""A whole rotation on AWS over HTTP: the real engine and store, and a consumer that never fails."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.adapter_context import StillClock, adapter_context
from tests.support.aws import Aws, moto_aws

from keyproof.model.rotation import TERMINAL, Rotation
from keyproof.model.ticket import RotationRequest, Ticket, rotation_hash
from keyproof.pipeline import rotate
from keyproof.pipeline.rotation_reach import Driver, Place, Reach
from keyproof.pipeline.rotation_record import Deps
from keyproof.rotators import aws_iam
from keyproof.stores.open import open_store
from keyproof.targets import aws_secrets_manager

NAME, USER = "production/app", "svc-app"


class Desk:
    """An account with one key in one secret, its consumer, and a rotation of that key."""

    def __init__(self, aws: Aws, folder: Path) -> None:
        self.aws = aws
        ((self.old, value),) = aws.user(USER, 1)
        text = json.dumps({"AccessKeyId": self.old, "SecretAccessKey": value.reveal_text()})
        self.secrets = aws.client("secretsmanager")
        self.secrets.create_secret(Name=NAME, SecretString=text)
        self.clock = StillClock(datetime.now(UTC))
        self.store = open_store(f"sqlite:///{folder / 'keyproof.db'}")
        self.deps = Deps(self.store, self.clock, self.reach)

    def reach(self, request: RotationRequest) -> Reach:
        context = adapter_context(self.aws.environment, clock=self.clock)
        settings = aws_secrets_manager.SETTINGS(secret=NAME, max_attempts=1)
        return Reach(
            request,
            Driver(aws_iam, aws_iam.SETTINGS(max_attempts=1), context),
            (Place("app", aws_secrets_manager, settings, context),),
        )

    def start(self) -> Rotation:
        request = RotationRequest(
            key_id="key_1",
            native_id=self.old,
            rotator="aws_iam",
            source="aws",
            principal=USER,
            targets=("app",),
            overlap_seconds=7200,
            soak_seconds=7200,
        )
        ticket = Ticket(
            id="t1",
            tracker="markdown",
            finding_id="f_1",
            title="rotate",
            severity="high",
            state="approved",
            plan_hash=rotation_hash(request),
            approved_by="Ada",
            approved_at=self.clock.now(),
            rotation=request,
            opened_at=self.clock.now(),
            updated_at=self.clock.now(),
            body_digest="sha256:0",
        )
        return rotate.start(ticket, self.deps)

    def consume(self) -> str:
        """Do the consumer's work with what the secret holds now; return the key's id."""
        answer = self.secrets.get_secret_value(SecretId=NAME, VersionStage="AWSCURRENT")
        held = json.loads(answer["SecretString"])
        sts = self.aws.client("sts", held["AccessKeyId"], held["SecretAccessKey"])
        assert sts.get_caller_identity()["Arn"].endswith(f":user/{USER}")
        return held["AccessKeyId"]

    def run(self, rotation: Rotation) -> Rotation:
        """Advance to the end; the consumer works after every step."""
        for _ in range(60):
            if rotation.state in TERMINAL or rotation.state == "needs_attention":
                return rotation
            rotation = rotate.advance(rotation, self.deps)
            self.consume()
            self.clock.sleep(1800)
        pytest.fail(f"stuck in {rotation.state}: {rotation.problem}")

    def keys(self) -> list[str]:
        listed = self.aws.client("iam").list_access_keys(UserName=USER)["AccessKeyMetadata"]
        return [key["AccessKeyId"] for key in listed]


@pytest.fixture
def desk(tmp_path: Path):
    with moto_aws() as aws:
        made = Desk(aws, tmp_path)
        yield made
        made.store.close()


def test_the_key_is_replaced_and_the_consumer_never_fails(desk: Desk) -> None:
    done = desk.run(desk.start())
    assert (done.state, done.problem) == ("closed", None)
    assert desk.keys() == [done.new_native_id]
    assert desk.consume() == done.new_native_id != desk.old


def test_an_outage_of_each_service_in_turn_costs_time_and_nothing_else(desk: Desk) -> None:
    for action in (
        "iam:CreateAccessKey",
        "secretsmanager:PutSecretValue",
        "sts:GetCallerIdentity",
        "secretsmanager:UpdateSecretVersionStage",
        "iam:UpdateAccessKey",
        "iam:DeleteAccessKey",
    ):
        desk.aws.faults.fail(action, "InternalFailure", 500, times=1)
    rotation = desk.start()
    for _ in range(60):
        if rotation.state in TERMINAL:
            break
        rotation = rotate.advance(rotation, desk.deps)
        desk.clock.sleep(1800)
    assert rotation.state == "closed"
    assert desk.keys() == [rotation.new_native_id] == [desk.consume()]


def test_a_rollback_gives_the_old_key_back(desk: Desk) -> None:
    rotation = desk.start()
    while desk.consume() == desk.old:
        rotation = rotate.advance(rotation, desk.deps)
    rotation = rotate.roll_back(rotation, desk.deps, "Ada")
    desk.clock.sleep(timedelta(hours=3).total_seconds())
    done = desk.run(rotation)
    assert (done.state, done.problem) == ("rolled_back", None)
    assert [desk.consume()] == [desk.old] == desk.keys()
