"""Binance: the presented key's rights, over a double that checks the signature."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.support.adapter_context import NOON, StillClock, adapter_context, fingerprinter
from tests.support.binance_double import BinanceDouble
from tests.support.http_double import HttpDouble, Reply, script
from tests.support.planted import letters, plant

from keyproof.connectors import binance
from keyproof.model.key import Fingerprint, Key
from keyproof.model.secret import Secret
from keyproof.model.source import Gap, Source
from keyproof.transport.http import HttpSettings

API_KEY = letters("binance-key", 64)
API_SECRET = plant(letters("binance-secret", 64))
ENVIRONMENT = {"BINANCE_API_KEY": API_KEY, "BINANCE_API_SECRET": API_SECRET}


@pytest.fixture
def double() -> BinanceDouble:
    return BinanceDouble(API_KEY, API_SECRET, NOON)


@pytest.fixture
def server(double: BinanceDouble) -> Iterator[HttpDouble]:
    with HttpDouble(double) as running:
        yield running


def _collect(
    server: HttpDouble, variables: dict[str, str] = ENVIRONMENT, **options: Any
) -> tuple[Key | Gap, Source]:
    clock = options.pop("clock", None)
    context = adapter_context(variables, clock=clock)
    settings = binance.BinanceSettings(base_url=server.url, account="treasury", **options)
    record, source = binance.collect(settings, context)
    assert isinstance(record, Key | Gap)
    assert isinstance(source, Source)
    for one in (record, source):
        assert API_SECRET not in msgspec.json.encode(one).decode()
    return record, source


def test_a_key_that_only_reads(server: HttpDouble) -> None:
    key, source = _collect(server, name="reporting", owner="treasury", environment="production")
    assert isinstance(key, Key)
    assert (key.native_id, key.issuer_type, key.issuer_instance) == (API_KEY, "binance", "treasury")
    assert key.created_at == datetime(2023, 10, 30, 5, 53, 39, tzinfo=UTC)
    assert (key.can_withdraw, key.can_trade, key.privilege_level) == (False, False, "read")
    assert key.network_restrictions.state == "restricted"
    assert (key.scopes, key.scopes_known) == (("enable_reading",), True)
    assert (key.last_used_state, key.expiry_state) == ("not_supported", "not_supported")
    assert key.fingerprints == (
        Fingerprint(scheme="secret_id", value=fingerprinter().secret_id(Secret(API_SECRET))),
    )
    assert (source.complete, source.parsed, source.scope) == (True, 1, "whole")


@pytest.mark.parametrize(
    ("flags", "withdraw", "trade", "level"),
    [
        ({"enableWithdrawals": True}, True, False, "admin"),
        ({"enableFutures": True}, False, True, "write"),
        ({"permitsUniversalTransfer": True}, False, False, "write"),
        ({"enableReading": False}, False, False, "none"),
        ({"enableWithdrawals": None}, None, False, "unknown"),
        ({"enableMargin": None}, False, None, "unknown"),
    ],
)
def test_rights_decide_the_level_and_what_is_not_said_is_unknown(
    server: HttpDouble,
    double: BinanceDouble,
    flags: dict[str, bool | None],
    withdraw: bool | None,
    trade: bool | None,
    level: str,
) -> None:
    for name, value in flags.items():
        if value is None:
            del double.restrictions[name]
        else:
            double.restrictions[name] = value
    key, _ = _collect(server)
    assert isinstance(key, Key)
    assert (key.can_withdraw, key.can_trade, key.privilege_level) == (withdraw, trade, level)
    assert key.evidence.complete == (None not in flags.values())


def test_a_key_without_an_address_list_is_unrestricted(
    server: HttpDouble, double: BinanceDouble
) -> None:
    double.restrictions["ipRestrict"] = False
    key, _ = _collect(server)
    assert isinstance(key, Key)
    assert key.network_restrictions.state == "unrestricted"


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"BINANCE_API_KEY": letters("other", 64)}, "not accepted"),
        ({"BINANCE_API_SECRET": letters("wrong", 64)}, "signature"),
        ({"BINANCE_API_KEY": "half a key"}, "form"),
        ({"BINANCE_API_KEY": ""}, "BINANCE_API_KEY is not set"),
        ({"BINANCE_API_SECRET": ""}, "BINANCE_API_SECRET is not set"),
    ],
)
def test_a_credential_that_is_wrong_is_a_gap(
    server: HttpDouble, environment: dict[str, str], word: str
) -> None:
    gap, source = _collect(server, ENVIRONMENT | environment)
    assert isinstance(gap, Gap)
    assert gap.reason == "authentication"
    assert word in gap.detail
    assert gap.hint
    assert (source.complete, source.parsed) == (False, 0)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_off_is_named(server: HttpDouble, minutes: int) -> None:
    gap, _ = _collect(server, clock=StillClock(NOON + timedelta(minutes=minutes)))
    assert isinstance(gap, Gap)
    assert "clock" in gap.detail
    assert "NTP" in str(gap.hint)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(418, {"code": -1003, "msg": "banned"}, {"Retry-After": "7200"}), "throttled"),
        (Reply(429, {"code": -1003, "msg": "slow"}), "throttled"),
        (Reply(403, b"<html>WAF</html>"), "access_denied"),
        (Reply(401, b"<html>Unauthorized</html>"), "authentication"),
        (Reply(503, b""), "unavailable"),
        (Reply(500, b""), "unavailable"),
        (Reply(200, b"<html>maintenance</html>"), "invalid_data"),
        (Reply(200, b'{"ipRestrict": tr'), "invalid_data"),
        (Reply(200, {"ipRestrict": "yes", "createTime": 1, "enableReading": True}), "invalid_data"),
        (Reply(200, {"enableReading": True}), "invalid_data"),
        (Reply(200, b'{"ipRestrict": true}', cut=5), "truncated"),
        (Reply(vanish=True), "unavailable"),
        (Reply(hang=0.5), "timeout"),
    ],
)
def test_whatever_goes_wrong_is_a_gap_with_its_reason(reply: Reply, reason: str) -> None:
    with HttpDouble(script(reply)) as server:
        gap, source = _collect(server, http=HttpSettings(attempts=2, read_timeout=0.2))
    assert isinstance(gap, Gap)
    assert (gap.reason, source.complete) == (reason, False)
    assert gap.call.startswith("GET ")
    assert "signature" not in gap.call


def test_a_retry_is_signed_for_its_own_time(double: BinanceDouble) -> None:
    clock = StillClock()
    failures = [Reply(503), Reply(503)]

    def answer(request):
        double.now_ms = int(clock.now().timestamp() * 1000)
        return failures.pop() if failures else double(request)

    with HttpDouble(answer) as server:
        key, _ = _collect(server, clock=clock, receive_window_ms=100)
    assert isinstance(key, Key)
    assert len({request.query["timestamp"] for request in server.requests}) == 3


def test_check_says_whether_the_key_may_read(server: HttpDouble) -> None:
    settings = binance.BinanceSettings(base_url=server.url)
    assert [c.ok for c in binance.check(settings, adapter_context(ENVIRONMENT))] == [True]
    (bad,) = binance.check(settings, adapter_context())
    assert bad.ok is False
    assert "BINANCE_API_KEY" in bad.detail
