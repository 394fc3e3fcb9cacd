"""What an HTTP answer, or its absence, means: reason words and hints, never the text that was read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from keyproof.errors import SourceError

RETRIED = frozenset({429, 502, 503, 504})
"""Statuses by which a server says "not now" (RFC 9110 and RFC 6585)."""

_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_FORBIDDEN, _BANNED, _TOO_MANY = 403, 418, 429
_SECONDS = re.compile(r"[0-9]{1,9}")
_EPOCH = re.compile(r"[0-9]{1,11}")

_EXPLAINED: Mapping[int, tuple[str, str, str]] = {
    401: (
        "authentication",
        "the credential was not accepted",
        "check that the credential is whole, active and meant for this host",
    ),
    403: (
        "access_denied",
        "the credential lacks a right",
        "grant the read scopes that the documentation of this connector names",
    ),
    404: (
        "unavailable",
        "there is nothing at this address, or the credential may not see it",
        "check the address and what the credential may see",
    ),
    407: ("authentication", "the proxy asks for a credential", "check the proxy's setting"),
    408: ("timeout", "the server gave up waiting for the request", "run it again"),
    410: ("unavailable", "what stood at this address was removed", "check the address"),
    418: (
        "throttled",
        "the server has banned this address for too many requests",
        "wait, and lower requests_per_second",
    ),
    429: (
        "throttled",
        "the server asks to slow down",
        "run it again later, or lower requests_per_second",
    ),
}


class HttpError(SourceError):
    """An answer that is not the one asked for. ``status`` is 0 where there was none."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "unavailable",
        hint: str | None = None,
        where: str | None = None,
    ) -> None:
        super().__init__(message, reason=reason, hint=hint, where=where)
        self.status = status


def from_status(
    status: int, headers: Mapping[str, str], where: str, wait: float | None
) -> HttpError:
    """Explain a status that nobody asked for; ``wait`` is what the server wants, in seconds."""
    meant = _TOO_MANY if status == _FORBIDDEN and is_throttled(status, headers) else status
    if meant in _EXPLAINED:
        reason, text, hint = _EXPLAINED[meant]
    elif status >= _SERVER_ERROR:
        reason, text, hint = "unavailable", "the server failed", "run it again later"
    elif status >= _CLIENT_ERROR:
        reason, text = "unsupported", "the server refused the request"
        hint = "check the settings of this source, and the version of the server"
    else:
        reason, text = "invalid_data", "the server gave an answer of an unexpected kind"
        hint = "check the address: it may be a login page or a proxy"
    if wait and reason == "throttled":
        hint = f"the server asks for {round(wait)} seconds; {hint}"
    return HttpError(
        f"{text} (status {status})", status=status, reason=reason, hint=hint, where=where
    )


def is_throttled(status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether a status means "slow down".

    GitHub answers 403 for both a missing right and a spent limit; the headers tell them apart
    (its document "Rate limits for the REST API").
    """
    if status == _FORBIDDEN:
        return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return status in {_BANNED, _TOO_MANY}


def wanted_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks to wait: ``Retry-After``, else its reset time.

    ``Retry-After`` is seconds or an HTTP date (RFC 9110, 10.2.3); ``x-ratelimit-reset`` is
    seconds since 1970 and counts only where nothing remains.
    """
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    if text:
        try:
            return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
        except (ValueError, TypeError):
            return None
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and _EPOCH.fullmatch(reset):
        return max(0.0, float(reset) - now.timestamp())
    return None
