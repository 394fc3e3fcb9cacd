"""The demo's spreadsheet: gateway, exchange and LLM-vendor keys that somebody keeps in a CSV.

One gateway key's value stands in it, in the column ``api_key`` that the settings name for hashing:
so the copy of it in the git history is recognised without the value ever being stored.
"""

from __future__ import annotations

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from keyproof.model.secret import Secret

FINGERPRINT_COLUMN = "api_key"
COLUMNS = (
    "issuer_type",
    "issuer_instance",
    "native_id",
    "status",
    "credential_type",
    "name",
    "principal_id",
    "principal_name",
    "principal_type",
    "owner",
    "environment",
    "created_at",
    "expires_at",
    "expiry_state",
    "last_used_at",
    "last_used_state",
    "scopes",
    "privilege_level",
    "can_withdraw",
    "can_trade",
    "network_state",
    "network_cidrs",
    FINGERPRINT_COLUMN,
)


class _Kind(NamedTuple):
    issuer_type: str
    issuer_instance: str
    credential_type: str
    prefix: str
    scopes: tuple[str, ...]
    reports_last_use: bool


_KINDS = (
    _Kind(
        "kong",
        "https://gateway.example.org",
        "api_token",
        "gw",
        ("quotes:read",),
        reports_last_use=False,
    ),
    _Kind("binance", "main", "hmac_secret", "bn", ("spot", "read"), reports_last_use=False),
    _Kind("kraken", "treasury", "hmac_secret", "kr", ("query", "trade"), reports_last_use=True),
    _Kind("openai", "org-shop", "api_token", "proj", ("model.request",), reports_last_use=True),
    _Kind("anthropic", "org-shop", "api_token", "apikey", ("workspace",), reports_last_use=False),
)
_EXCHANGES = frozenset({"binance", "kraken"})
_TEAMS = ("payments", "search", "trading", "platform", "")
ROWS = 45
LEAKED_KEY = "gw-quotes-frontend"


def write(path: Path, as_of: datetime, gateway_key: Secret, seed: int = 11) -> None:
    """Write the CSV: 45 keys, one of them with its value in the column that is to be hashed."""
    chance = random.Random(seed)  # noqa: S311
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerow(_leaked(as_of) | {FINGERPRINT_COLUMN: gateway_key.reveal_text()})
        for number in range(1, ROWS):
            writer.writerow(_row(number, as_of, chance))


def _leaked(as_of: datetime) -> dict[str, str]:
    return {
        "issuer_type": "kong",
        "issuer_instance": "https://gateway.example.org",
        "native_id": LEAKED_KEY,
        "status": "active",
        "credential_type": "api_token",
        "name": "quotes front end",
        "principal_id": "quotes-frontend",
        "principal_name": "quotes-frontend",
        "principal_type": "consumer",
        "owner": "search",
        "environment": "production",
        "created_at": _moment(as_of - timedelta(days=212)),
        "expiry_state": "never",
        "last_used_state": "not_supported",
        "scopes": "quotes:read",
        "privilege_level": "read",
        "network_state": "unrestricted",
    }


def _row(number: int, as_of: datetime, chance: random.Random) -> dict[str, str]:
    kind = _KINDS[number % len(_KINDS)]
    created = as_of - timedelta(days=chance.choice((12, 35, 60, 80, 130, 250, 410, 700)))
    exchange = kind.issuer_type in _EXCHANGES
    restricted = chance.choice((True, True, True, False, False))
    row = {
        "issuer_type": kind.issuer_type,
        "issuer_instance": kind.issuer_instance,
        "native_id": f"{kind.prefix}-{number:03d}",
        "status": chance.choice(("active",) * 6 + ("suspended",)),
        "credential_type": kind.credential_type,
        "name": f"{kind.issuer_type} {number}",
        "principal_id": f"{kind.issuer_type}-app-{number // 2}",
        "principal_name": f"{kind.issuer_type}-app-{number // 2}",
        "principal_type": "sub_account" if exchange else "app",
        "owner": chance.choice(_TEAMS),
        "environment": chance.choice(("production", "production", "staging")),
        "created_at": _moment(created),
        "scopes": ";".join(kind.scopes),
        "privilege_level": "write" if exchange else "read",
        "network_state": "restricted" if restricted else "unrestricted",
        "network_cidrs": "198.51.100.0/24" if restricted else "",
    }
    return (
        row | _expiry(created, chance) | _use(kind, as_of, created, chance) | _powers(kind, chance)
    )


def _expiry(created: datetime, chance: random.Random) -> dict[str, str]:
    if chance.choice((True, False)):
        return {"expiry_state": "never"}
    lifetime = timedelta(days=chance.choice((90, 365, 1095)))
    return {"expiry_state": "known", "expires_at": _moment(created + lifetime)}


def _use(kind: _Kind, as_of: datetime, created: datetime, chance: random.Random) -> dict[str, str]:
    if not kind.reports_last_use:
        return {"last_used_state": "not_supported"}
    if chance.choice((True, False, False, False, False)):
        return {"last_used_state": "never"}
    used = max(created, as_of - timedelta(days=chance.choice((0.2, 3, 40, 120))))
    return {"last_used_state": "known", "last_used_at": _moment(used)}


def _powers(kind: _Kind, chance: random.Random) -> dict[str, str]:
    if kind.issuer_type not in _EXCHANGES:
        return {}
    return {
        "can_trade": "true",
        "can_withdraw": chance.choice(("true", "false", "false")),
    }


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
