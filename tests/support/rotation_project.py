"""A project whose AWS keys can be rotated: settings, store, users with keys, approved tickets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.aws import Aws
from tests.support.runs import START

from keyproof.app.store import open_store
from keyproof.model.finding import finding_id
from keyproof.model.secret import Secret
from keyproof.model.ticket import RotationRequest, Ticket, rotation_hash

SETTINGS = """\
store: state/keyproof.db
sources:
  aws: {connector: aws_iam}
trackers:
  desk: {tracker: file, folder: tickets}
targets:
"""


class Rotatable(NamedTuple):
    """One user whose only key is to be rotated, and where its consumers read it."""

    user: str
    native_id: str
    value: Secret
    ticket: Ticket
    file: Path


class RotationProject:
    """Everything below one folder; secrets lie in its ``planted`` folder only."""

    def __init__(self, folder: Path, planted: Path, aws: Aws) -> None:
        self.folder, self.planted, self.aws = folder, planted, aws
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = SETTINGS
        self.url = f"sqlite:///{folder}/state/keyproof.db"
        self.write_settings()

    def write_settings(self) -> None:
        (self.folder / "keyproof.yaml").write_text(self.settings)

    def rotatable(self, user: str, **changes: Any) -> Rotatable:
        """Make a user with one key, which a file and a secret hold, and a ticket for it."""
        [(native_id, value)] = self.aws.user(user, 1)
        file = self.planted / f"{user}.json"
        held = {"access_key_id": native_id, "secret_access_key": value.reveal_text()}
        file.write_text(json.dumps(held))
        file.chmod(0o600)
        self.aws.client("secretsmanager").create_secret(
            Name=user,
            SecretString=json.dumps(
                {"AccessKeyId": native_id, "SecretAccessKey": value.reveal_text()}
            ),
        )
        self.settings += f"  {user}-file: {{target: file, path: '{file}'}}\n"
        self.settings += f"  {user}-secret: {{target: aws_secrets_manager, secret: {user}}}\n"
        self.write_settings()
        ticket = self._ticket(user, native_id, changes)
        store = open_store(self.url)
        store.put_ticket(ticket)
        store.close()
        return Rotatable(user, native_id, value, ticket, file)

    def _ticket(self, user: str, native_id: str, changes: dict[str, Any]) -> Ticket:
        fields: dict[str, Any] = {
            "key_id": f"key_{native_id}",
            "native_id": native_id,
            "rotator": "aws_iam",
            "source": "aws",
            "principal": user,
            "targets": (f"{user}-file", f"{user}-secret"),
            "overlap_seconds": 0,
            "soak_seconds": 0,
        }
        request = RotationRequest(**fields | changes)
        return Ticket(
            id=f"ticket_{user}",
            tracker="desk",
            finding_id=finding_id("keys.max_age", request.key_id),
            title=f"The key of {user} is too old",
            severity="high",
            state="open",
            plan_hash=rotation_hash(request),
            rotation=request,
            opened_at=START,
            updated_at=START,
            body_digest="sha256:0",
        )

    def keys(self, user: str) -> dict[str, bool]:
        """Return a user's keys and whether each is active."""
        listed = self.aws.client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"]
        return {key["AccessKeyId"]: key["Status"] == "Active" for key in listed}

    def served(self, user: str) -> set[str]:
        """Return the ids of the keys that the two targets serve, each tried against AWS."""
        secret = self.aws.client("secretsmanager").get_secret_value(
            SecretId=user, VersionStage="AWSCURRENT"
        )
        members = json.loads(secret["SecretString"])
        data = json.loads((self.planted / f"{user}.json").read_text())
        pairs = (
            (members["AccessKeyId"], members["SecretAccessKey"]),
            (data["access_key_id"], data["secret_access_key"]),
        )
        for native_id, value in pairs:
            arn = self.aws.client("sts", native_id, value).get_caller_identity()["Arn"]
            assert arn.endswith(f":user/{user}")
        return {native_id for native_id, _ in pairs}
