"""What every place for new keys must do: the same tests over every module of ``targets/``."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.support.adapter_context import adapter_context
from tests.support.aws import moto_aws
from tests.support.planted import aws_key_id, aws_secret_key

from keyproof.app import registry
from keyproof.model.secret import Secret
from keyproof.ports import Context, IssuedKey, Target

TOKEN, LATER = "a" * 64, "b" * 64


class Bench(NamedTuple):
    """One target that holds the old key, and what a consumer of it reads."""

    target: Target
    settings: Any
    context: Context
    old: IssuedKey
    consumer: Callable[[], tuple[str, str]]


def a_key(seed: str) -> IssuedKey:
    return IssuedKey(aws_key_id(seed), Secret(aws_secret_key(seed)))


def shown(key: IssuedKey) -> tuple[str, str]:
    return key.native_id, key.value.reveal_text()


def file_json(folder: Path) -> Iterator[Bench]:
    old, path = a_key("old"), folder / "settings.json"
    names = ("access_key_id", "secret_access_key")
    path.write_text(json.dumps(dict(zip(names, shown(old), strict=True)) | {"region": "eu"}))
    path.chmod(0o600)

    def consumer() -> tuple[str, str]:
        data = json.loads(path.read_text())
        assert data["region"] == "eu"
        return data[names[0]], data[names[1]]

    target = registry.load("targets", "file")
    yield Bench(target, target.SETTINGS(path=str(path)), adapter_context(), old, consumer)


def file_env(folder: Path) -> Iterator[Bench]:
    old, path = a_key("old"), folder / ".env"
    native_id, value = shown(old)
    path.write_text(f"# service\nREGION=eu\nexport ID={native_id}\nVALUE='{value}'\n\nLAST=1\n")
    path.chmod(0o640)

    def consumer() -> tuple[str, str]:
        lines = path.read_text().splitlines()
        assert lines[:2] == ["# service", "REGION=eu"]
        assert "LAST=1" in lines
        found = dict(line.removeprefix("export ").split("=", 1) for line in lines if "=" in line)
        return found["ID"], found["VALUE"].strip("'")

    target = registry.load("targets", "file")
    settings = target.SETTINGS(path=str(path), format="env", id_field="ID", value_field="VALUE")
    yield Bench(target, settings, adapter_context(), old, consumer)


def aws_secrets_manager(_folder: Path) -> Iterator[Bench]:
    old = a_key("old")
    native_id, value = shown(old)
    with moto_aws() as aws:
        client = aws.client("secretsmanager")
        text = json.dumps({"AccessKeyId": native_id, "SecretAccessKey": value, "region": "eu"})
        client.create_secret(Name="billing", SecretString=text)

        def consumer() -> tuple[str, str]:
            answer = client.get_secret_value(SecretId="billing", VersionStage="AWSCURRENT")
            data = json.loads(answer["SecretString"])
            assert data["region"] == "eu"
            return data["AccessKeyId"], data["SecretAccessKey"]

        target = registry.load("targets", "aws_secrets_manager")
        context = adapter_context(aws.environment)
        yield Bench(target, target.SETTINGS(secret="billing"), context, old, consumer)


BENCHES: dict[str, tuple[str, Callable[[Path], Iterator[Bench]]]] = {
    "file-json": ("file", file_json),
    "file-env": ("file", file_env),
    "aws-secrets-manager": ("aws_secrets_manager", aws_secrets_manager),
}


@pytest.fixture(params=sorted(BENCHES))
def bench(request: pytest.FixtureRequest, planted: Path) -> Iterator[Bench]:
    yield from BENCHES[request.param][1](planted)


def test_every_target_stands_this_test() -> None:
    assert {name for name, _ in BENCHES.values()} == set(registry.names("targets"))


@pytest.mark.parametrize("name", registry.names("targets"))
def test_it_is_a_target(name: str) -> None:
    module = registry.load("targets", name)
    assert module.TITLE
    for call in ("stage", "read_staged", "promote", "restore"):
        wanted = list(inspect.signature(getattr(Target, call)).parameters)[1:]
        assert list(inspect.signature(getattr(module, call)).parameters) == wanted


def test_a_staged_key_can_be_read_back_but_is_not_served(bench: Bench) -> None:
    target, settings, context, old, consumer = bench
    new = a_key("new")
    delivery = target.stage(settings, context, new, TOKEN)
    assert consumer() == shown(old)
    back = target.read_staged(settings, context, delivery.version)
    assert back is not None
    assert shown(back) == shown(new)


def test_a_token_finds_its_version_before_anybody_recorded_it(bench: Bench) -> None:
    target, settings, context, _, _ = bench
    assert target.read_staged(settings, context, TOKEN) is None
    new = a_key("new")
    target.stage(settings, context, new, TOKEN)
    back = target.read_staged(settings, context, TOKEN)
    assert back is not None
    assert shown(back) == shown(new)


def test_staging_twice_is_staging_once(bench: Bench) -> None:
    target, settings, context, _, consumer = bench
    new = a_key("new")
    first = target.stage(settings, context, new, TOKEN)
    assert target.stage(settings, context, new, TOKEN) == first
    target.promote(settings, context, first)
    assert target.stage(settings, context, new, TOKEN) == first
    assert consumer() == shown(new)


def test_a_promoted_key_is_served_and_the_old_one_can_still_be_read(bench: Bench) -> None:
    target, settings, context, old, consumer = bench
    new = a_key("new")
    delivery = target.stage(settings, context, new, TOKEN)
    for _ in range(2):
        target.promote(settings, context, delivery)
        assert consumer() == shown(new)
    back = target.read_staged(settings, context, delivery.version)
    assert back is not None
    assert shown(back) == shown(new)
    assert delivery.previous_version is not None
    before = target.read_staged(settings, context, delivery.previous_version)
    assert before is not None
    assert shown(before) == shown(old)


def test_restore_serves_the_old_key_again(bench: Bench) -> None:
    target, settings, context, old, consumer = bench
    delivery = target.stage(settings, context, a_key("new"), TOKEN)
    target.promote(settings, context, delivery)
    for _ in range(2):
        target.restore(settings, context, delivery)
        assert consumer() == shown(old)


def test_restore_of_what_was_only_staged_or_never_staged_changes_nothing(bench: Bench) -> None:
    target, settings, context, old, consumer = bench
    delivery = target.stage(settings, context, a_key("new"), TOKEN)
    target.restore(settings, context, delivery)
    assert consumer() == shown(old)
    target.restore(settings, context, delivery._replace(version=LATER, previous_version=None))
    assert consumer() == shown(old)


def test_a_restore_comes_too_late_for_a_later_rotation(bench: Bench) -> None:
    target, settings, context, _, consumer = bench
    first = target.stage(settings, context, a_key("new"), TOKEN)
    target.promote(settings, context, first)
    newest = a_key("newest")
    second = target.stage(settings, context, newest, LATER)
    target.promote(settings, context, second)
    target.restore(settings, context, first)
    assert consumer() == shown(newest)
    target.restore(settings, context, second)
    assert consumer() == shown(a_key("new"))
