"""The one HTTP home: timeouts, bounded retries, rate limits, TLS, sizes, paging, redirects.

Nothing of the process's environment is used (no ``.netrc``, no ``HTTPS_PROXY``): a proxy, an own
certificate authority and every credential are named by the settings. No message quotes a header,
a query or a body.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import msgspec

from keyproof import __version__
from keyproof.errors import SourceError
from keyproof.model.secret import Secret
from keyproof.ports import Clock
from keyproof.transport._http_address import checked_base, header_text, redirect_target, same_origin
from keyproof.transport._http_answer import Answer
from keyproof.transport._http_errors import (
    RETRIED,
    HttpError,
    from_status,
    is_throttled,
    wanted_wait,
)
from keyproof.transport._http_paging import PageTrail, next_link
from keyproof.transport._http_wire import Failed, HttpSettings, Wire

__all__ = ["Answer", "HttpClient", "HttpError", "HttpSettings", "PageTrail", "Signer", "credential"]

T = TypeVar("T")
Signer = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Called with the query before every attempt; returns the query with what must be new each time
(a timestamp, a signature over it), in the order in which it is sent."""

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = range(200, 300)
_MAXIMUM_REDIRECTS = 5


class _Call(NamedTuple):
    """One request as it is to be sent."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes | None
    accept: frozenset[int]
    safe: bool

    @property
    def where(self) -> str:
        return f"{self.method} {urlsplit(self.url)._replace(query='', fragment='').geturl()}"


class _NotNow(Exception):
    """An attempt that failed in a way that may pass; ``wait`` is what the server asks for."""

    def __init__(self, error: HttpError, *, wait: float | None, again: bool) -> None:
        super().__init__()
        self.error = error
        self.wait = wait
        self.again = again


class HttpClient:
    """A connection to one server, with one credential. Use it as a context manager."""

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        settings: HttpSettings | None = None,
        *,
        headers: Mapping[str, str] = {},
        secret_headers: Mapping[str, Secret] = {},
        signer: Signer | None = None,
    ) -> None:
        """Prepare the connection; nothing is sent yet.

        Args:
            base_url: scheme, host and the path below which everything lies.
            headers: sent with each request, as they stand.
            secret_headers: likewise; their values are credentials.
            signer: makes what must be new for each attempt; see :data:`Signer`.

        Raises:
            ConfigError: the address, the CA file or the proxy cannot be used, or the credential
                would travel unencrypted.
        """
        self._settings = settings or HttpSettings()
        self._private = bool(secret_headers) or signer is not None
        self._base = checked_base(
            base_url, private=self._private, plain_http=self._settings.plain_http
        )
        self._clock = clock
        self._signer = signer
        self._free_at: datetime | None = None
        fixed = {
            "User-Agent": f"keyproof/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            **headers,
            **{name: header_text(value) for name, value in secret_headers.items()},
        }
        self._wire = Wire(self._settings, fixed, clock)

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._wire.close()

    def get(self, path: str, params: Mapping[str, str] = {}, kind: type[T] | Any = Any) -> Any:
        """Return the JSON at ``path``, of the shape ``kind``. See :meth:`request` for errors."""
        return self.request("GET", path, params=params).json(kind)

    def pages(self, path: str, params: Mapping[str, str] = {}) -> Iterator[Answer]:
        """Yield each page of a list that names its next one in a ``Link`` header.

        Raises:
            HttpError: (``truncated``) a page repeats; (``unsupported``) it lies on another host.
        """
        answer = self.request("GET", path, params=params)
        trail = PageTrail(answer.where, self._settings.maximum_pages)
        yield answer
        while link := next_link(answer.headers.get("link", "")):
            trail.advance(link, more=True)
            answer = self.request("GET", urljoin(self._url(path), link))
            yield answer

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] = {},
        body: Any = None,
        headers: Mapping[str, str] = {},
        idempotent: bool | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> Answer:
        """Send one request, again where that is safe, and return the answer.

        Args:
            path: below the base URL, or a whole URL of the same server.
            body: sent as JSON.
            idempotent: whether it may be sent twice; by default what the method promises. One
                whose connection never stood may always be sent again.
            accept: statuses that the caller wants to see, besides 2xx.

        Raises:
            HttpError: no answer, or one with another status; ``reason`` says which.
        """
        call = _Call(
            method=method,
            url=self._url(path),
            query=params,
            headers=headers,
            content=None if body is None else msgspec.json.encode(body),
            accept=accept,
            safe=method in _IDEMPOTENT if idempotent is None else idempotent,
        )
        for _ in range(_MAXIMUM_REDIRECTS + 1):
            answer = self._tried(call)
            if answer.status not in _REDIRECTS or answer.status in accept:
                return answer
            target = redirect_target(
                call.method, call.url, answer.status, answer.headers, private=self._private
            )
            call = call._replace(url=target, query={})
        raise HttpError("too many redirects", hint="check the address", where=call.where)

    def _tried(self, call: _Call) -> Answer:
        """Try until an answer is final. stamina bounds and spaces the tries, the clock waits."""
        import stamina

        _hush("stamina")
        pause, spacing = 0.0, 0.0
        attempts = stamina.retry_context(
            lambda error: 0.0 if isinstance(error, _NotNow) and error.again else False,
            attempts=self._settings.attempts,
            timeout=None,
            wait_initial=0.5,
            wait_max=20.0,
        )
        try:
            for attempt in attempts:
                if attempt.num > 1:
                    self._clock.sleep(max(pause, spacing * random.uniform(0.75, 1.25)))  # noqa: S311
                spacing = attempt.next_wait
                with attempt:
                    try:
                        return self._once(call)
                    except _NotNow as failure:
                        pause = failure.wait or 0.0
                        raise
        except _NotNow as failure:
            raise failure.error from None
        raise HttpError("no attempt was made", hint="http.attempts is at least 1", where=call.where)

    def _once(self, call: _Call) -> Answer:
        self._take_turn()
        query = self._signer(call.query) if self._signer else call.query
        try:
            status, headers, body = self._wire.send(
                call.method, call.url, query, call.headers, call.content, call.where
            )
        except Failed as failure:
            again = failure.retry and (call.safe or not failure.sent)
            raise _NotNow(failure.error, wait=None, again=again) from None
        if status in _OK or status in call.accept or status in _REDIRECTS:
            return Answer(status, headers, body, call.where)
        wait = wanted_wait(headers, self._clock.now())
        error = from_status(status, headers, call.where, wait)
        passing = status in RETRIED or (is_throttled(status, headers) and wait is not None)
        bearable = (wait or 0.0) <= self._settings.longest_wait
        raise _NotNow(error, wait=wait, again=passing and bearable and call.safe)

    def _take_turn(self) -> None:
        """Wait until the next request is due."""
        if not self._settings.requests_per_second:
            return
        now = self._clock.now()
        if self._free_at and self._free_at > now:
            self._clock.sleep((self._free_at - now).total_seconds())
            now = self._free_at
        self._free_at = now + timedelta(seconds=1 / self._settings.requests_per_second)

    def _url(self, path: str) -> str:
        if "://" in path:
            if not same_origin(path, self._base):
                raise HttpError(
                    "the server names an address on another host",
                    reason="unsupported",
                    hint="set the base URL to the host that answers",
                    where=f"GET {self._base}",
                )
            return path
        return f"{self._base}/{path.lstrip('/')}"


def _hush(name: str) -> None:
    """Keep a library's log lines off stderr where nobody asked for a log."""
    logger = logging.getLogger(name)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def credential(environment: Mapping[str, str], variable: str) -> Secret:
    """Return the credential that an environment variable holds.

    Raises:
        SourceError: (``authentication``) it is not set, or is empty.
    """
    value = environment.get(variable, "").strip()
    if not value:
        msg = f"the environment variable {variable} is not set"
        raise SourceError(msg, reason="authentication", hint=f"export {variable}=…")
    return Secret(value)
