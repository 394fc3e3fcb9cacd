"""What every issuer's rotation driver must do: the same tests over every module of ``rotators/``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from tests.support.adapter_context import adapter_context
from tests.support.aws import moto_aws

from keyproof.app import registry
from keyproof.errors import KeyproofError, RotationError
from keyproof.model.secret import Secret
from keyproof.model.ticket import RotationRequest
from keyproof.ports import Context, IssuedKey, Rotator


class Bench(NamedTuple):
    """One issuer with a principal that has one key, and how that key is used there.

    ``fail`` makes the issuer refuse the named call of the port.
    """

    rotator: Rotator
    settings: Any
    context: Context
    request: RotationRequest
    old: IssuedKey
    use: Callable[[IssuedKey], bool]
    fail: Callable[[str], None]


def aws_iam() -> Iterator[Bench]:
    with moto_aws() as aws:
        [(native_id, value)] = aws.user("billing", 1)
        aws.user("other", 1)

        def use(key: IssuedKey) -> bool:
            client = aws.client("sts", key.native_id, key.value.reveal_text())
            try:
                client.get_caller_identity()
            except client.exceptions.ClientError:
                return False
            return True

        actions = {"create": "CreateAccessKey", "slots": "ListAccessKeys"}

        def fail(call: str) -> None:
            aws.faults.fail(f"iam:{actions[call]}", "ServiceFailure", 500)

        rotator = registry.load("rotators", "aws_iam")
        request = RotationRequest(
            key_id="key_1",
            native_id=native_id,
            rotator="aws_iam",
            source="aws",
            principal="billing",
            targets=(),
            overlap_seconds=0,
            soak_seconds=0,
        )
        context = adapter_context(aws.environment)
        settings = rotator.SETTINGS(max_attempts=1)
        yield Bench(rotator, settings, context, request, IssuedKey(native_id, value), use, fail)


BENCHES: dict[str, Callable[[], Iterator[Bench]]] = {"aws_iam": aws_iam}


@pytest.fixture(params=sorted(BENCHES))
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    yield from BENCHES[request.param]()


def active(bench: Bench) -> dict[str, bool]:
    slots = bench.rotator.slots(bench.settings, bench.context, bench.request)
    return {slot.native_id: slot.active for slot in slots}


def test_every_rotator_stands_this_test() -> None:
    assert set(BENCHES) == set(registry.names("rotators"))


@pytest.mark.parametrize("name", registry.names("rotators"))
def test_it_is_a_rotator(name: str) -> None:
    module = registry.load("rotators", name)
    assert module.TITLE
    assert module.MAX_KEYS >= 2, "without a second key there is no overlap"
    for call in ("slots", "create", "verify", "last_use", "set_active", "delete"):
        wanted = list(inspect.signature(getattr(Rotator, call)).parameters)[1:]
        assert list(inspect.signature(getattr(module, call)).parameters) == wanted


def test_it_lists_the_principals_keys_only(bench: Bench) -> None:
    assert active(bench) == {bench.old.native_id: True}


def test_a_new_key_is_listed_dated_and_works_beside_the_old(bench: Bench) -> None:
    rotator, settings, context, request, old, use, _ = bench
    new = rotator.create(settings, context, request)
    assert rotator.verify(settings, context, request, new)
    assert use(new)
    assert use(old)
    assert active(bench) == {old.native_id: True, new.native_id: True}
    [slot] = [s for s in rotator.slots(settings, context, request) if s.native_id == new.native_id]
    assert slot.created_at is not None
    assert abs(slot.created_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_no_more_keys_than_the_issuer_allows(bench: Bench) -> None:
    rotator, settings, context, request, *_ = bench
    for _ in range(rotator.MAX_KEYS - 1):
        rotator.create(settings, context, request)
    with pytest.raises(RotationError):
        rotator.create(settings, context, request)
    assert len(active(bench)) == rotator.MAX_KEYS


def test_a_wrong_value_or_another_principal_is_not_verified(bench: Bench) -> None:
    from msgspec.structs import replace

    rotator, settings, context, request, old, *_ = bench
    wrong = IssuedKey(old.native_id, Secret("x" * len(old.value)))
    assert not rotator.verify(settings, context, request, wrong)
    assert not rotator.verify(settings, context, replace(request, principal="other"), old)
    assert rotator.verify(settings, context, request, old)


def test_last_use_is_never_and_then_known(bench: Bench) -> None:
    rotator, settings, context, request, _, use, _ = bench
    new = rotator.create(settings, context, request)
    assert rotator.last_use(settings, context, new.native_id) == ("never", None)
    assert use(new)
    seen = rotator.last_use(settings, context, new.native_id)
    assert seen.state == "known"
    assert seen.at is not None
    assert seen.at.tzinfo is not None


def test_deactivating_can_be_undone_and_repeated(bench: Bench) -> None:
    rotator, settings, context, request, old, use, _ = bench
    for wanted in (False, False, True, True):
        rotator.set_active(settings, context, request, old.native_id, active=wanted)
        assert active(bench) == {old.native_id: wanted}
        assert use(old) is wanted


def test_deleting_twice_is_deleting_once(bench: Bench) -> None:
    rotator, settings, context, request, *_ = bench
    new = rotator.create(settings, context, request)
    for _ in range(2):
        rotator.delete(settings, context, request, new.native_id)
    assert new.native_id not in active(bench)


def test_a_failing_issuer_may_be_asked_again(bench: Bench) -> None:
    rotator, settings, context, request, _, _, fail = bench
    for name in ("create", "slots"):
        fail(name)
        with pytest.raises(KeyproofError) as caught:
            getattr(rotator, name)(settings, context, request)
        assert not isinstance(caught.value, RotationError)
