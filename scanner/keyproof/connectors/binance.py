"""Binance: inspects the one API key that it is given; the exchange lists no others.

``GET /sapi/v1/account/apiRestrictions`` (Binance, Wallet endpoints, "Get API Key Permission"),
signed with HMAC-SHA-256 over the query. The exchange reports neither last use nor an expiry.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import msgspec

from keyproof.connectors._travel import travel
from keyproof.errors import SourceError
from keyproof.model.facts import Record
from keyproof.model.key import (
    Evidence,
    Fingerprint,
    Key,
    NetworkRestrictions,
    PrivilegeLevel,
    key_record_id,
)
from keyproof.model.secret import Secret
from keyproof.model.source import Gap, Source
from keyproof.ports import Check, Clock, Context
from keyproof.transport.http import Answer, HttpClient, HttpError, HttpSettings, Signer, credential

TITLE = "Binance (the presented key)"
SCOPES: tuple[str, ...] = ("Enable Reading",)
PATH = "/sapi/v1/account/apiRestrictions"
_CALL = f"GET {PATH}"
_EXPLAINED = frozenset({400, 401, 403})


class BinanceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which key to inspect. The key and its secret stand in the named environment variables.

    Attributes:
        account: what the account is called in reports; the exchange does not name it.
        receive_window_ms: how old a request may be when the exchange gets it (at most 60000).
    """

    base_url: str = "https://api.binance.com"
    key_variable: str = "BINANCE_API_KEY"
    secret_variable: str = "BINANCE_API_SECRET"  # noqa: S105
    account: str | None = None
    name: str | None = None
    owner: str | None = None
    environment: str | None = None
    receive_window_ms: int = 5000
    http: HttpSettings = HttpSettings()


SETTINGS = BinanceSettings


class Restrictions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The exchange's answer. A flag that it left out is ``None``: unknown, not "no"."""

    ip_restrict: bool
    create_time: int
    enable_reading: bool
    enable_withdrawals: bool | None = None
    enable_internal_transfer: bool | None = None
    permits_universal_transfer: bool | None = None
    enable_spot_and_margin_trading: bool | None = None
    enable_margin: bool | None = None
    enable_futures: bool | None = None
    enable_vanilla_options: bool | None = None
    enable_portfolio_margin_trading: bool | None = None
    enable_fix_api_trade: bool | None = None
    enable_fix_read_only: bool | None = None


class _Refusal(msgspec.Struct, frozen=True):
    code: int


_TRADE = (
    "enable_spot_and_margin_trading",
    "enable_margin",
    "enable_futures",
    "enable_vanilla_options",
    "enable_portfolio_margin_trading",
    "enable_fix_api_trade",
)
_MOVE = ("enable_internal_transfer", "permits_universal_transfer")
_REFUSALS: Mapping[int, tuple[str, str, str]] = {
    -1003: ("throttled", "the exchange asks to slow down", "run it again later"),
    -1021: (
        "authentication",
        "this machine's clock differs from the exchange's",
        "set the clock by NTP, or raise receive_window_ms",
    ),
    -1022: (
        "authentication",
        "the signature was not accepted",
        "the secret does not belong to the key",
    ),
    -2014: ("authentication", "the key has not the form of one", "set the whole key"),
    -2015: (
        "authentication",
        "the key was not accepted, or it may not read, or not be used from here",
        "in the account: does the key exist, has it Enable Reading, is this address on its list?",
    ),
}
"""Binance, "Error Codes": code → reason, what it means, what to do."""


def collect(settings: BinanceSettings, context: Context) -> Iterator[Record]:
    """See ``Connector.collect``."""
    started = context.clock.now()
    listed = 0
    try:
        key = credential(context.environment, settings.key_variable)
        secret = credential(context.environment, settings.secret_variable)
        restrictions, answer = _get(settings, context, key, secret)
        yield transform(restrictions, answer, key, secret, settings, context)
        listed = 1
    except SourceError as error:
        yield Gap(
            source=context.source,
            call=error.where or _CALL,
            reason=error.reason,  # type: ignore[arg-type]
            detail=error.message,
            hint=error.hint,
        )
    yield Source(
        id=context.source,
        connector="binance",
        kind="inventory",
        instance=_instance(settings),
        started_at=started,
        finished_at=context.clock.now(),
        complete=bool(listed),
        parsed=listed,
        calls=(_CALL,),
        transport=travel(settings.base_url),
    )


def check(settings: BinanceSettings, context: Context) -> Iterator[Check]:
    """See ``Connector.check``: the key may read its own restrictions."""
    for record in collect(settings, context):
        if isinstance(record, Gap):
            yield Check(SCOPES[0], ok=False, detail=record.detail, hint=record.hint)
        elif isinstance(record, Key):
            yield Check(SCOPES[0], ok=True, detail="the key may read its own restrictions")


def _instance(settings: BinanceSettings) -> str:
    return settings.account or urlsplit(settings.base_url).hostname or "binance"


def _get(
    settings: BinanceSettings, context: Context, key: Secret, secret: Secret
) -> tuple[Restrictions, Answer]:
    with HttpClient(
        settings.base_url,
        context.clock,
        settings.http,
        secret_headers={"X-MBX-APIKEY": key},
        signer=signer(secret, context.clock, settings.receive_window_ms),
    ) as client:
        answer = client.request("GET", PATH, accept=_EXPLAINED)
    if answer.status in _EXPLAINED:
        raise _refused(answer)
    return answer.json(Restrictions), answer


def signer(secret: Secret, clock: Clock, window_ms: int) -> Signer:
    """Return what signs a query: HMAC-SHA-256 over it, with the time at which it is sent."""

    def sign(query: Mapping[str, str]) -> Mapping[str, str]:
        timed = {
            **query,
            "recvWindow": str(window_ms),
            "timestamp": str(int(clock.now().timestamp() * 1000)),
        }
        mac = hmac.new(secret.reveal(), urlencode(timed).encode(), hashlib.sha256)
        return {**timed, "signature": mac.hexdigest()}

    return sign


def _refused(answer: Answer) -> SourceError:
    """Explain a refusal by the exchange's own code; its text is not passed on."""
    try:
        known = _REFUSALS.get(answer.json(_Refusal).code)
    except HttpError:
        known = None
    if known is None:
        return answer.failure()
    reason, text, hint = known
    return SourceError(text, reason=reason, hint=hint, where=answer.where)


def transform(
    restrictions: Restrictions,
    answer: Answer,
    key: Secret,
    secret: Secret,
    settings: BinanceSettings,
    context: Context,
) -> Key:
    """Return the key. Its id is the API key itself: the public half, as AWS's key ids are."""
    native_id = key.reveal_text()
    instance = _instance(settings)
    stated = msgspec.structs.asdict(restrictions)
    flags = {name: value for name, value in stated.items() if isinstance(value, bool)}
    unsaid = tuple(name for name, value in stated.items() if value is None)
    trade = _any(restrictions, _TRADE)
    return Key(
        record_id=key_record_id("binance", instance, native_id),
        source=context.source,
        issuer_type="binance",
        issuer_instance=instance,
        credential_type="hmac_secret",
        native_id=native_id,
        status="active",
        algorithm="hmac-sha256",
        used_by_keyproof=True,
        name=settings.name,
        owner=settings.owner,
        owner_source="mapping" if settings.owner else "none",
        environment=settings.environment,
        created_at=datetime.fromtimestamp(restrictions.create_time / 1000, UTC),
        expiry_state="not_supported",
        last_used_state="not_supported",
        scopes=tuple(sorted(name for name, on in flags.items() if on and name != "ip_restrict")),
        scopes_known=not unsaid,
        privilege_level=_level(restrictions, trade=trade),
        can_withdraw=restrictions.enable_withdrawals,
        can_trade=trade,
        network_restrictions=NetworkRestrictions(
            state="restricted" if restrictions.ip_restrict else "unrestricted"
        ),
        fingerprints=(
            Fingerprint(scheme="secret_id", value=context.fingerprinter.secret_id(secret)),
        ),
        evidence=Evidence(
            collector="binance",
            api_call=_CALL,
            collected_at=context.clock.now(),
            raw_sha256=hashlib.sha256(answer.body).hexdigest(),
            complete=not unsaid,
            missing_fields=("expires_at", "last_used_at"),
        ),
    )


def _any(restrictions: Restrictions, names: tuple[str, ...]) -> bool | None:
    """Return whether one of the flags is on; ``None`` where none is and one is unknown."""
    values = [getattr(restrictions, name) for name in names]
    if any(values):
        return True
    return None if None in values else False


def _level(restrictions: Restrictions, *, trade: bool | None) -> PrivilegeLevel:
    """Rank the rights: money can leave the account, money can move, somebody can look."""
    move = _any(restrictions, _MOVE)
    if restrictions.enable_withdrawals:
        return "admin"
    if restrictions.enable_withdrawals is None:
        return "unknown"
    if trade or move:
        return "write"
    if trade is None or move is None:
        return "unknown"
    return "read" if restrictions.enable_reading or restrictions.enable_fix_read_only else "none"
