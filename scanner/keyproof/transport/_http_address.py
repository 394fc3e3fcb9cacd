"""Which addresses may be spoken to, and which of them may be given a credential."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, urljoin, urlsplit

from keyproof.errors import ConfigError
from keyproof.model.secret import Secret
from keyproof.transport._http_errors import HttpError

_KEEP_METHOD = frozenset({307, 308})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def checked_base(base_url: str, *, private: bool, plain_http: bool) -> str:
    """Return a base URL without its last slash.

    Args:
        private: whether a credential will be sent there.
        plain_http: whether that may happen without TLS.

    Raises:
        ConfigError: it is no such address, or the credential would travel unencrypted.
    """
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.query or parts.fragment:
        msg = "the server's address cannot be used"
        raise ConfigError(msg, hint="https://host[:port][/path], without a user, query or fragment")
    bare = parts.scheme == "http" and parts.hostname not in _LOOPBACK
    if private and bare and not plain_http:
        raise ConfigError(
            "the credential would travel unencrypted",
            where=f"http://{parts.hostname}",
            hint="use https://, or say http.plain_http: true",
        )
    return base_url.rstrip("/")


def header_text(secret: Secret) -> str:
    """Return a credential as the text of a header.

    Raises:
        ConfigError: it holds characters that no header can carry.
    """
    text = secret.reveal_text()
    if not text.isascii() or not text.isprintable():
        msg = "the credential holds characters that no header can carry"
        raise ConfigError(msg, hint="set it again, without line ends and spaces")
    return text


def same_origin(one: str, other: str) -> bool:
    """Tell whether two addresses share scheme, host and port."""
    return _origin(urlsplit(one)) == _origin(urlsplit(other))


def redirect_target(
    method: str, url: str, status: int, headers: Mapping[str, str], *, private: bool
) -> str:
    """Return where a redirect leads: never off TLS, nor with a credential to another host.

    Raises:
        HttpError: (``unsupported``) it may not be followed.
    """
    target = urljoin(url, headers.get("location", ""))
    old, new = urlsplit(url), urlsplit(target)
    if method not in {"GET", "HEAD"} and status not in _KEEP_METHOD:
        refusal = "a write was redirected"
    elif new.scheme not in {"http", "https"} or (old.scheme == "https" and new.scheme != "https"):
        refusal = "the server redirects to an address without TLS"
    elif private and _origin(old) != _origin(new):
        refusal = "the server redirects to another host, which must not get the credential"
    elif target == url:
        refusal = "the server redirects to the same address"
    else:
        return target
    raise HttpError(
        refusal,
        status=status,
        reason="unsupported",
        hint="set the base URL to where the server really is",
        where=f"{method} {old._replace(query='', fragment='').geturl()}",
    )


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default
