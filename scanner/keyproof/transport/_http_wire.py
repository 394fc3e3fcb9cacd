"""One exchange over httpx2: TLS, deadlines and sizes; its exceptions turned into reasons."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from keyproof.errors import ConfigError, MissingExtra
from keyproof.ports import Clock
from keyproof.transport._http_errors import HttpError

if TYPE_CHECKING:
    import httpx2


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one server is spoken to. Times are seconds.

    Attributes:
        ca_file: PEM file of the certificate authorities to trust instead of the system's.
        proxy: URL of a proxy; nothing is read from ``HTTPS_PROXY``.
        plain_http: allow a credential to travel over ``http://`` to another machine.
        connect_timeout: until a connection stands.
        read_timeout: between two pieces of an answer.
        total_timeout: for one answer as a whole.
        attempts: how often one request is tried, the first included.
        longest_wait: the longest ``Retry-After`` that is waited for; a longer one is a Gap.
        requests_per_second: at most so many requests a second; ``None`` for no limit of ours.
        maximum_bytes: the largest answer that is read, after decompression.
        maximum_pages: the most pages of one list.
    """

    ca_file: str | None = None
    proxy: str | None = None
    plain_http: bool = False
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    total_timeout: float = 120.0
    attempts: int = 4
    longest_wait: float = 90.0
    requests_per_second: float | None = None
    maximum_bytes: int = 64 * 1024 * 1024
    maximum_pages: int = 10_000


class Exchange(NamedTuple):
    """One answer as it came: lower-case header names, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Failed(Exception):
    """An exchange that gave no answer. ``sent`` is false where the request never left."""

    def __init__(self, error: HttpError, *, sent: bool, retry: bool = True) -> None:
        super().__init__(error.message)
        self.error = error
        self.sent = sent
        self.retry = retry


class Wire:
    """A pool of connections. Redirects are not followed here."""

    def __init__(self, settings: HttpSettings, headers: Mapping[str, str], clock: Clock) -> None:
        """Open the pool.

        Raises:
            ConfigError: the CA file or the proxy cannot be used.
            MissingExtra: httpx2 is not installed.
        """
        try:
            import httpx2
        except ModuleNotFoundError:
            raise MissingExtra("scan", "a source on the network") from None
        self._settings = settings
        self._clock = clock
        timeout = httpx2.Timeout(settings.read_timeout, connect=settings.connect_timeout)
        try:
            self._client = httpx2.Client(
                headers=dict(headers),
                verify=_trust(settings.ca_file) if settings.ca_file else True,
                proxy=settings.proxy,
                timeout=timeout,
                trust_env=False,
                follow_redirects=False,
            )
        except (ValueError, httpx2.InvalidURL):  # the texts quote the proxy, password and all
            msg = "the proxy's address cannot be used"
            raise ConfigError(msg, hint="http.proxy: http://host:port") from None

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def send(
        self,
        method: str,
        url: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        content: bytes | None,
        where: str,
    ) -> Exchange:
        """Send one request and read the answer to its end.

        Raises:
            Failed: there is no whole answer.
        """
        extra = dict(headers)
        if content is not None:
            extra.setdefault("Content-Type", "application/json")
        with _explained(where):
            request = self._client.build_request(
                method, url, params=dict(query) or None, headers=extra, content=content
            )
            response = self._client.send(request, stream=True)
        try:
            with _explained(where, reading=True):
                return Exchange(
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                    self._read(response, where),
                )
        finally:
            response.close()

    def _read(self, response: httpx2.Response, where: str) -> bytes:
        limit, pieces, size = self._settings.maximum_bytes, [], 0
        until = self._clock.now() + timedelta(seconds=self._settings.total_timeout)
        for piece in response.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                text = f"the answer is larger than {limit} bytes"
                raise Failed(
                    HttpError(text, reason="limit", hint="raise http.maximum_bytes", where=where),
                    sent=True,
                    retry=False,
                )
            if self._clock.now() > until:
                raise Failed(_timeout(where), sent=True)
        return b"".join(pieces)


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        msg = "the file of certificate authorities cannot be used"
        raise ConfigError(
            msg, where=ca_file, hint="http.ca_file names a PEM file that can be read"
        ) from None


def _timeout(where: str) -> HttpError:
    return HttpError(
        "the server did not answer in time",
        reason="timeout",
        hint="check the address, or raise http.read_timeout",
        where=where,
    )


@contextlib.contextmanager
def _explained(where: str, *, reading: bool = False) -> Iterator[None]:
    """Turn httpx2's exceptions, whose texts may quote headers and addresses, into reasons."""
    import httpx2

    try:
        yield
    except (httpx2.ConnectTimeout, httpx2.PoolTimeout):
        raise Failed(_timeout(where), sent=False) from None
    except httpx2.TimeoutException:
        raise Failed(_timeout(where), sent=True) from None
    except httpx2.ConnectError as error:
        raise _unconnected(error, where) from None
    except httpx2.ProxyError:
        refused = HttpError("the proxy refused", hint="check http.proxy", where=where)
        raise Failed(refused, sent=False, retry=False) from None
    except httpx2.DecodingError:
        raise Failed(_broken("the answer cannot be decompressed", where), sent=True) from None
    except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL, ValueError):
        raise Failed(_unsendable(where), sent=False, retry=False) from None
    except httpx2.TransportError:
        text = "the answer broke off" if reading else "the connection broke off"
        raise Failed(_broken(text, where, reading=reading), sent=True) from None


def _unconnected(error: Exception, where: str) -> Failed:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        untrusted = HttpError(
            "the server's certificate is not trusted",
            hint="name its certificate authority in http.ca_file",
            where=where,
        )
        return Failed(untrusted, sent=False, retry=False)
    text, hint = "no connection", "check the address, the network and the firewall"
    return Failed(HttpError(text, hint=hint, where=where), sent=False)


def _broken(text: str, where: str, *, reading: bool = True) -> HttpError:
    reason = "truncated" if reading else "unavailable"
    return HttpError(text, reason=reason, hint="run it again", where=where)


def _unsendable(where: str) -> HttpError:
    return HttpError(
        "the request cannot be sent: an address or a header holds a character that it may not",
        reason="invalid_data",
        hint="check the address, and the credential for stray spaces and line ends",
        where=where,
    )
