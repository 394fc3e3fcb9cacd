"""The demo's AWS account: sixty-odd users of a shop, as such accounts look after six years.

Built straight into moto's state, so that ages are real: everything is dated back from ``as_of``.
Secret values are moto's own random ones, worth nothing anywhere.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from keyproof.app.demo import aws_policies
from keyproof.app.demo.moto_iam import RootKey, ServiceCredential
from keyproof.app.demo.moto_server import REGION, MotoServer
from keyproof.model.secret import Secret

SERVICES = ("orders", "payments", "search", "mail", "quotes", "accounts")
TEAMS = ("payments", "search", "platform", "data", "trading")
PEOPLE = tuple(
    "amara.okafor bjarne.lund chiara.conti deniz.kaya emeka.obi farah.haddad goran.ilic "  # noqa: SIM905
    "hana.sato ines.duarte jonas.weber katya.orlova liam.byrne mei.lin nadia.rahman oskar.nyman "
    "priya.nair quentin.leroy rosa.vega sami.aalto tara.walsh uma.desai viktor.horvath "
    "wren.ellis xenia.popa yusuf.demir zofia.zielinska ada.birch boris.kral cleo.marsh "
    "dario.rossi".split()
)
LEAKED_USER = "svc-payments-deploy"
LEAKED_AGE_DAYS = 505
SECRET_NAME = "production/payments/aws"  # noqa: S105 (a name)
_KEY_AGES = (3, 20, 33, 58, 75, 88, 96, 140, 210, 330, 480, 900)


class DemoAccount(NamedTuple):
    """What was built: counts, and where the one key that leaks is found.

    ``secret_name`` is the Secrets Manager secret that holds the leaked key, for its rotation.
    """

    account: str
    users: int
    keys: int
    service_credentials: int
    leaked_user: str
    leaked_key_id: str
    leaked_secret: Secret
    secret_name: str


def build(server: MotoServer, as_of: datetime, seed: int = 5) -> DemoAccount:
    """Fill a fresh server's account; the same seed and moment give the same ids and dates."""
    builder = _Builder(server, as_of, random.Random(seed))  # noqa: S311
    builder.policies()
    builder.people()
    builder.services()
    leaked = builder.leaked()
    builder.root_and_service_credentials()
    iam = server.iam()
    return DemoAccount(
        account=server.account,
        users=len(iam.users),
        keys=sum(len(user.access_keys) for user in iam.users.values()) + 1,
        service_credentials=len(server.extras.service_credentials),
        leaked_user=LEAKED_USER,
        leaked_key_id=leaked.access_key_id,
        leaked_secret=Secret(leaked.secret_access_key),
        secret_name=SECRET_NAME,
    )


class _Builder:
    def __init__(self, server: MotoServer, as_of: datetime, chance: random.Random) -> None:
        self._server = server
        self._iam: Any = server.iam()
        self._as_of = as_of.astimezone(UTC).replace(tzinfo=None, microsecond=0)  # as moto keeps it
        self._chance = chance

    def policies(self) -> None:
        """Bring in the AWS-managed policies that are used, the account's own, and the groups."""
        from moto.iam.aws_managed_policies import aws_managed_policies_data
        from moto.iam.models import AWSManagedPolicy

        known = json.loads(aws_managed_policies_data)
        for name in aws_policies.AWS_MANAGED:
            policy = AWSManagedPolicy.from_data(name, self._server.account, REGION, known[name])
            self._iam.aws_managed_policies.append(policy)
            self._iam.managed_policies[policy.arn] = policy
        for service in SERVICES:
            text = aws_policies.for_service(service, self._server.account)
            self._iam.create_policy("", "/", text, f"deploy-{service}", [])
        self._iam.create_policy("", "/", aws_policies.only_from_office(), "only-from-office", [])
        for group, names in aws_policies.GROUPS.items():
            self._iam.create_group(group)
            for name in names:
                self._iam.attach_group_policy(self._arn(name), group)

    def people(self) -> None:
        """Make the people: most in one team's group, few with keys, MFA on most consoles."""
        for number, name in enumerate(PEOPLE):
            team = TEAMS[number % len(TEAMS)]
            tags = {"team": team, "owner": f"{name}@example.org", "environment": "corporate"}
            if number % 11 == 7:  # noqa: PLR2004
                tags = {}
            user = self._user(name, self._chance.randint(40, 2100), tags, path="/people/")
            group = "admins" if number < 3 else ("developers", "developers", "analysts")[number % 3]  # noqa: PLR2004
            self._iam.add_user_to_group(group, name)
            self._iam.add_user_to_group("everybody", name)
            if number % 10 != 9:  # noqa: PLR2004
                user.password = self._random_password()
                user.password_last_used = self._ago(self._chance.choice((0.2, 1, 6, 45, 200)))
                if number % 5 != 4:  # noqa: PLR2004
                    self._mfa(user)
            if number % 3 == 0:
                self._keys(user, 1 if number % 9 else 2)

    def services(self) -> None:
        """Make the service users: deployments, jobs, tools; some forgotten, one an administrator."""
        for number, service in enumerate(SERVICES):
            for environment in ("production", "staging"):
                name = f"svc-{service}-{environment[:4]}"
                user = self._user(name, 800 - 50 * number, _service_tags(service, environment))
                self._iam.attach_user_policy(self._arn(f"deploy-{service}"), name)
                if environment == "production" and number % 2 == 0:
                    self._iam.attach_user_policy(self._arn("only-from-office"), name)
                self._keys(user, 2 if number == 1 else 1)
        tools: tuple[tuple[str, str, dict[str, str]], ...] = (
            ("terraform", aws_policies.everything(), {"team": "platform"}),
            ("jenkins-legacy", aws_policies.everything(), {}),
            ("backup-job", aws_policies.too_wide("s3"), {"team": "platform"}),
            ("etl-nightly", aws_policies.too_wide("dynamodb"), {"team": "data"}),
            ("mailer", aws_policies.too_wide("ses"), {"team": "platform"}),
            ("old-importer", aws_policies.too_wide("ec2"), {}),
        )
        for name, text, tags in tools:
            more = {"environment": "production"} if tags else {}
            user = self._user(name, self._chance.randint(300, 1900), tags | more)
            user.put_policy("inline", text)
            self._keys(user, 2 if name == "backup-job" else 1)
        for team in TEAMS:
            user = self._user(f"ci-{team}", 400, {"team": team, "environment": "staging"})
            self._iam.attach_user_policy(self._arn("AmazonS3ReadOnlyAccess"), user.name)
            self._keys(user, 1)
        auditor = self._user("audit-export", 120, {"team": "platform", "environment": "production"})
        self._iam.add_user_to_group("auditors", auditor.name)
        self._keys(auditor, 1)

    def leaked(self) -> Any:
        """Make the user whose key lies in the demo's git history, and the secret that holds it."""
        tags = {"owner": "payments", "team": "payments", "environment": "production"}
        user = self._user(LEAKED_USER, LEAKED_AGE_DAYS + 30, tags)
        self._iam.attach_user_policy(self._arn("PowerUserAccess"), user.name)
        key = self._key(user, LEAKED_AGE_DAYS, used_days=0.1)
        self._server.secrets().create_secret(
            name=SECRET_NAME,
            secret_string=json.dumps(
                {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}
            ),
            secret_binary=None,
            description="the payments deployment's access key",
            tags=[{"Key": "team", "Value": "payments"}],
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return key

    def root_and_service_credentials(self) -> None:
        """Give root a key and no MFA, and a few users credentials of single services."""
        extras = self._server.extras
        extras.root_created_at = self._aware(2200)
        extras.root_mfa = False
        extras.root_keys = (RootKey(True, self._aware(1400), self._aware(26)),)  # noqa: FBT003
        bedrock = self._user("BedrockAPIKey-7fk2", 64, {"team": "search"})
        self._iam.attach_user_policy(self._arn("AmazonBedrockLimitedAccess"), bedrock.name)
        extras.service_credentials += [
            self._credential(bedrock.name, "bedrock.amazonaws.com", 64, None),
            self._credential("ci-search", "bedrock.amazonaws.com", 10, self._aware(-80)),
            self._credential("deniz.kaya", "codecommit.amazonaws.com", 700, None),
            self._credential("etl-nightly", "cassandra.amazonaws.com", 410, None),
        ]

    def _user(self, name: str, age_days: int, tags: dict[str, str], path: str = "/") -> Any:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        user = self._iam.create_user(REGION, name, path, pairs)
        user = user[0] if isinstance(user, tuple) else user
        user.create_date = self._ago(age_days)
        return user

    def _keys(self, user: Any, count: int) -> None:
        """Give a user keys no older than itself: used, idle, never used, or switched off."""
        oldest = (self._as_of - user.create_date).days
        for number in range(count):
            age = min(self._chance.choice(_KEY_AGES), oldest)
            used = self._chance.choice((0.1, 0.5, 2, 9, 40, 100, None))
            key = self._key(user, age, None if used is None else min(used, age))
            if self._chance.random() < 0.12 or (number and self._chance.random() < 0.5):  # noqa: PLR2004
                key.status = "Inactive"

    def _key(self, user: Any, age_days: float, used_days: float | None) -> Any:
        from moto.iam.models import AccessKeyLastUsed

        key = self._iam.create_access_key(user.name)
        key.create_date = self._ago(age_days)
        if used_days is not None:
            service = self._chance.choice(("s3", "sqs", "sts", "lambda", "dynamodb"))
            key.last_used = AccessKeyLastUsed(self._ago(used_days), service, "eu-central-1")
        self._server.issued(Secret(key.secret_access_key))
        return key

    def _mfa(self, user: Any) -> None:
        device = self._iam.create_virtual_mfa_device(user.name, "/")
        self._iam.enable_mfa_device(user.name, device.serial_number, "123456", "654321")

    def _credential(
        self, user: str, service: str, age_days: float, expires_at: datetime | None
    ) -> ServiceCredential:
        letters = "".join(self._chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ234567", k=16))
        return ServiceCredential(f"ACCA{letters}", user, service, self._aware(age_days), expires_at)

    def _random_password(self) -> str:
        password = "".join(random.SystemRandom().choices("abcdefghjkmnpqrstuvwxyz23456789", k=18))
        self._server.issued(Secret(password))
        return password

    def _arn(self, name: str) -> str:
        return str(next(a for a, p in self._iam.managed_policies.items() if p.name == name))

    def _ago(self, days: float) -> datetime:
        return self._as_of - timedelta(days=days)

    def _aware(self, days: float) -> datetime:
        return self._ago(days).replace(tzinfo=UTC)


def _service_tags(service: str, environment: str) -> dict[str, str]:
    owners = {"orders": "platform", "mail": "platform", "quotes": "trading", "accounts": "data"}
    tags = {"owner": owners.get(service, service), "environment": environment}
    return {} if (service, environment) == ("mail", "staging") else tags
