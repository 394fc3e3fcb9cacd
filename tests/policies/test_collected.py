"""Every shipped policy passes and fails on what a source really gave, through the real scan."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.aws import moto_aws
from tests.support.planted import aws_key_id, aws_secret_key, github_pat
from tests.support.repository import Repo
from tests.support.run import Ran, keyproof

from keyproof.model.key import Evidence, Key, StorageRef, key_record_id
from keyproof.model.principal import Principal, principal_record_id
from keyproof.pipeline import policyset

POLICIES = {policy.id: policy for policy in policyset.load().policies}
NOW = datetime.now(UTC)
Row = Mapping[str, Any]


def days(ago: float) -> str:
    return (NOW - timedelta(days=ago)).isoformat()


OLD, NEW = {"created_at": days(1000)}, {"created_at": days(5)}
EXPIRES = {"expiry_state": "known", "expires_at": days(-30)}
RESTRICTED = {"network_state": "restricted", "network_cidrs": ["203.0.113.0/24"]}
READS = {"scopes_known": True, "privilege_level": "read"}
PERSON = {
    "principal_type": "user",
    "principal_console_access": True,
    "principal_active": True,
}
UNUSED = OLD | {"last_used_state": "never"}
PROD, TEST = {"environment": "production"}, {"environment": "test"}

OFF = {"status": "deactivated", "deactivated_at": days(30), "last_used_state": "known"}
OWN = {"used_by_keyproof": True}
VENDOR = EXPIRES | {"labels": {"vendor": "acme"}, "privilege_level": "read"}

KEYS: Mapping[str, tuple[Row, Row]] = {
    "keys.accepted_after_end": (
        OFF | {"last_used_at": days(40)},
        OFF | {"last_used_at": days(2)},
    ),
    "keys.compromised": ({}, {"status": "compromised"}),
    "keys.environment": (PROD, {}),
    "keys.expiry": (EXPIRES, {"expiry_state": "never"}),
    "keys.least_privilege": (READS, READS | {"privilege_level": "admin"}),
    "keys.lifetime": (NEW | EXPIRES, OLD | EXPIRES),
    "keys.max_age": (NEW, OLD),
    "keys.network_restriction": (RESTRICTED, {"network_state": "unrestricted"}),
    "keys.own_read_only": (OWN | READS, OWN | READS | {"privilege_level": "admin"}),
    "keys.owner": ({"owner": "payments", "owner_source": "tag"}, {}),
    "keys.retired": (
        {"status": "deactivated", "deactivated_at": days(5)},
        {"status": "suspended", "deactivated_at": days(200)},
    ),
    "keys.rotation_enabled": ({"rotation_enabled": True}, {"rotation_enabled": False}),
    "keys.rotation_overdue": (
        {"rotation_enabled": True, "rotation_next_at": days(-3)},
        OLD | {"rotation_enabled": True, "rotation_interval_days": 30},
    ),
    "keys.shared_consumers": ({"consumers": ["shop"]}, {"consumers": ["shop", "reports"]}),
    "keys.stored_in_manager": (
        {"storage_refs": ["aws_secrets_manager:shop/api"]},
        {"storage_refs": ["wiki:Onboarding"]},
    ),
    "keys.trade_and_withdraw": (
        {"can_trade": True, "can_withdraw": False},
        {"can_trade": True, "can_withdraw": True},
    ),
    "keys.unused": (
        OLD | {"last_used_state": "known", "last_used_at": days(1)},
        UNUSED,
    ),
    "keys.unused_permissions": ({"unused_scopes": []}, {"unused_scopes": ["sqs:*"]}),
    "keys.vendor": (VENDOR | {"owner": "payments"}, VENDOR),
    "keys.weak_algorithm": ({"key_bits": 128}, {"algorithm": "rsa", "key_bits": 1024}),
    "keys.weak_type": ({}, {"credential_type": "password"}),
    "keys.withdraw_without_ip": (
        {"can_withdraw": True, **RESTRICTED},
        {"can_withdraw": True, "network_state": "unrestricted"},
    ),
    "keys.write_everywhere": (
        READS | {"privilege_level": "write", "wildcard_resource": False},
        READS | {"privilege_level": "write", "wildcard_resource": True},
    ),
}
"""Policy → the columns of a key that passes, and of one that fails."""

PRINCIPALS: Mapping[str, tuple[list[Row], list[Row]]] = {
    "principals.admin_mfa": (
        [PERSON | {"principal_privilege_level": "admin", "principal_mfa": "enabled"}],
        [PERSON | {"principal_privilege_level": "admin", "principal_mfa": "disabled"}],
    ),
    "principals.console_with_keys": ([PERSON | {"status": "deactivated"}], [PERSON]),
    "principals.dormant": (
        [PERSON | UNUSED | {"principal_last_seen_at": days(1)}],
        [PERSON | UNUSED | {"principal_last_seen_at": days(400)}],
    ),
    "principals.key_count": ([{}], [{}] * 5),
    "principals.mfa": ([PERSON | {"principal_mfa": "enabled"}], [PERSON | {"principal_mfa": "disabled"}]),
    "principals.mixed_environments": ([PROD, PROD], [PROD, TEST]),
    "principals.offboarded": (
        [{"principal_active": False, "status": "deactivated"}],
        [{"principal_active": False}],
    ),
    "principals.overlap": ([NEW], [OLD, OLD]),
    "principals.root_used": (
        [{"principal_type": "root", "principal_last_seen_at": days(400)}],
        [{"principal_type": "root", "principal_last_seen_at": days(1)}],
    ),
}  # fmt: skip
"""Policy → the rows of the keys of a principal that passes, and of one that fails."""

WHOLE = {"keys.storage_permissions", "principals.root_key", "principals.owner"}
"""What no column states: records as ``keyproof inventory --format jsonl`` writes them."""

WAIVERS: Mapping[str, tuple[str, str]] = {
    "waivers.approval": ("good", "bad"),
    "waivers.compensating_control": ("shown", "bare"),
    "waivers.expired": ("good", "ended"),
    "waivers.lifetime": ("good", "bad"),
    "waivers.unused": ("good", "bad"),
}
"""Policy → the ids of a waiver that passes, and of one that fails."""

OTHERS = {policy.id for policy in POLICIES.values() if policy.subject in {"leak", "source"}}
NEVER_PASSES = {"leaks.secret_in_history"}
"""A secret that stands there stands there: one that is gone is no subject any more."""


def waivers() -> str:
    """Return a file of waivers; what they cover fails for no owner, and nobody looks at that."""

    def entry(name: str, policy: str = "keys.owner", last: float = -30, **more: Any) -> Row:
        covered = {"subject": "keys.environment/fail", "reason": "a test", "requester": "ada"}
        made = {"created": days(60)[:10], "expires": days(last)[:10]}
        return {"id": name, "policy": policy, "approver": "grace", **covered, **made, **more}

    grave, control = "keys.accepted_after_end", "somebody watches the log"
    entries = [
        entry("good"),
        entry("bad", last=-4000, approver="ada", subject="nothing"),
        entry("ended", last=1),
        entry("bare", grave, subject="nothing"),
        entry("shown", grave, subject="nothing", compensating_control=control)
        | {"control_evidence": "https://wiki.example.org/log"},
    ]
    return json.dumps({"version": 1, "waivers": entries})


def rows() -> Iterator[Row]:
    common = {"issuer_type": "x", "issuer_instance": "y", "credential_type": "api_token"}
    for policy, (good, bad) in KEYS.items():
        for name, row in ((f"{policy}/pass", good), (f"{policy}/fail", bad)):
            yield common | {"native_id": name, "name": name, "status": "active"} | row
    for policy, (one, other) in PRINCIPALS.items():
        for name, keys in ((f"{policy}/pass", one), (f"{policy}/fail", other)):
            who = {"principal_id": name, "principal_name": name}
            for number, row in enumerate(keys):
                yield common | {"native_id": f"{name}/{number}", "status": "active"} | who | row
    for record in records():
        yield msgspec.to_builtins(record)


def records() -> Iterator[Key | Principal]:
    seen = Evidence(collector="test", api_call="test", collected_at=NOW)
    place: Any = {"source": "x", "issuer_type": "x", "issuer_instance": "y", "evidence": seen}

    def principal(name: str, **fields: Any) -> Principal:
        made = {"record_id": principal_record_id("x", "y", name), "native_id": name, "name": name}
        return Principal(**place, **made, **fields)

    for name, count in (("principals.root_key/pass", 0), ("principals.root_key/fail", 1)):
        yield principal(name, principal_type="root", root_keys_active=count)
    for name, who in (
        ("keys.storage_permissions/pass", "owner"),
        ("keys.storage_permissions/fail", "group"),
    ):
        yield Key(
            **place,
            record_id=key_record_id("x", "y", name),
            native_id=name,
            credential_type="api_token",
            status="active",
            storage_refs=(StorageRef(system="file", path="key", readable_by=who),),
        )
    owned = {"owner": "payments", "owner_source": "tag"}
    for name, fields in (("principals.owner/pass", owned), ("principals.owner/fail", {})):
        yield principal(name, principal_type="app", **fields)
        yield Key(
            **place,
            record_id=key_record_id("x", "y", f"{name}/0"),
            native_id=f"{name}/0",
            credential_type="api_token",
            status="active",
            principal_id=name,
        )


def clean(folder: Path, home: Path) -> None:
    """Make a repository that holds nothing, and is pushed over plain http."""
    repository = Repo(folder, home)
    repository.write("readme", "nothing here\n")
    repository.commit("one")
    repository.git("remote", "add", "origin", "http://git.example.org/clean.git")


def accounts(work: Path, home: Path) -> Iterator[Ran]:
    """Scan an AWS account whose calls nobody records, then with a trail of all regions."""
    (work / "aws.yaml").write_text("sources:\n  aws: {connector: aws_iam}\n")
    with moto_aws() as aws:
        for trail in (False, True):
            if trail:
                aws.client("s3").create_bucket(Bucket="trail")
                cloudtrail = aws.client("cloudtrail")
                cloudtrail.create_trail(Name="all", S3BucketName="trail", IsMultiRegionTrail=True)
                cloudtrail.start_logging(Name="all")
            yield scanned("--config", "aws.yaml", work=work, home=home, env=aws.environment)


def scanned(*arguments: str, work: Path, home: Path, env: Mapping[str, str] = {}) -> Ran:
    every = ("--no-store", "--format", "json")
    return keyproof("scan", *arguments, *every, cwd=work, home=home, env=env)


def leaking(folder: Path, home: Path) -> Iterator[Row]:
    """Make a repository with a key that was dealt with, one that was not, and accepted secrets."""
    repository = Repo(folder, home)
    common = {"issuer_type": "aws.iam", "issuer_instance": "1", "credential_type": "access_key"}
    dead, alive = aws_key_id("collected dead"), aws_key_id("collected alive")
    for name, key in (("dead", dead), ("alive", alive)):
        secret = aws_secret_key(f"collected {name}")
        repository.write(
            f"{name}.env", f"AWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY={secret}\n"
        )
    why, none = github_pat("collected why"), github_pat("collected none")
    repository.write("why.env", f"T={why} # keyproof:allow a sample of the documentation\n")
    repository.write("none.env", f"T={none} # keyproof:allow\n")
    repository.commit("leaks")
    (folder / "dead.env").unlink()
    repository.commit("remove one")
    shown = datetime.fromisoformat(repository.git("log", "-1", "--format=%cI")).astimezone(UTC)
    hour = (shown + timedelta(hours=1)).isoformat()
    never = {"last_used_state": "never"}
    yield common | never | {"native_id": dead, "status": "deactivated", "deactivated_at": hour}
    used = {"last_used_state": "known", "last_used_at": days(1)}
    yield common | used | {"native_id": alive, "status": "active"}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, str]]:
    """Return policy → subject's name → status, over the scans of this module."""
    pytest.importorskip("regorus")
    work = tmp_path_factory.mktemp("collected")
    home, shop = work / "home", work / "planted" / "shop"
    made = [*rows(), *leaking(shop, home)]
    (work / "keys.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in made))
    (work / "torn.csv").write_text(
        "issuer_type,issuer_instance,native_id,status,credential_type\nx,z,1,working,api_token\n"
    )
    clean(work / "clean", home)
    (work / "waivers.yaml").write_text(waivers())
    (work / "keyproof.yaml").write_text("waivers: waivers.yaml\n")
    found: dict[str, dict[str, str]] = defaultdict(dict)
    runs = [
        scanned(str(shop), "--file", "keys.jsonl", work=work, home=home),
        scanned("--file", "torn.csv", work=work, home=home),
        scanned(str(work / "clean"), work=work, home=home),
        *accounts(work, home),
    ]
    for number, ran in enumerate(runs):
        assert ran.code in {0, 1, 4}, ran.err
        for finding in json.loads(ran.out)["findings"]:
            subject = finding["subject"]
            name = f"{subject['name']} {subject['id']} {number}"
            found[finding["policy"]][name] = finding["status"]
    return found


def test_every_policy_is_shown() -> None:
    assert KEYS.keys() | PRINCIPALS.keys() | WHOLE | OTHERS | WAIVERS.keys() == POLICIES.keys()


@pytest.mark.parametrize("policy", sorted(KEYS.keys() | PRINCIPALS.keys() | WHOLE))
@pytest.mark.parametrize("status", ["pass", "fail"])
def test_a_policy_of_keys_and_principals(policy: str, status: str, verdicts: Any) -> None:
    named = {name.split()[0]: found for name, found in verdicts[policy].items()}
    assert named[f"{policy}/{status}"] == status


@pytest.mark.parametrize("policy", sorted(WAIVERS))
def test_a_policy_of_waivers(policy: str, verdicts: Any) -> None:
    named = {name.split()[0]: found for name, found in verdicts[policy].items() if name[-1] == "0"}
    assert [named[name] for name in WAIVERS[policy]] == ["pass", "fail"]


@pytest.mark.parametrize("policy", sorted(OTHERS))
def test_a_policy_of_leaks_and_sources(policy: str, verdicts: Any) -> None:
    wanted = {"fail"} if policy in NEVER_PASSES else {"pass", "fail"}
    assert wanted <= {*verdicts[policy].values()}


def test_no_policy_failed_on_anything(verdicts: Any) -> None:
    assert "error" not in {status for of in verdicts.values() for status in of.values()}
