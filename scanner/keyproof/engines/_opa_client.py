"""OPA client: opa-python-client with what it leaves open closed, and every failure in one error.

Its traps, met here: a ``.netrc`` entry replaces the token (``trust_env`` off); an uploaded policy
may be rewritten (``rego_compat`` off, read back and compared); an undefined result is no error;
no CA can be named (``_session.verify``); errors come as five kinds of exception that quote values.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import requests
from opa_client import errors as opa_errors
from opa_client.opa import OpaClient

from keyproof.errors import ConfigError, EngineError

T = TypeVar("T")

_ATTEMPTS = 3
_OTHERS = (
    opa_errors.ConnectionsError,
    opa_errors.DeletePolicyError,
    opa_errors.PolicyNotFoundError,
    opa_errors.QueryExecuteError,
    opa_errors.TypeException,
)
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class OpaAddress(NamedTuple):
    """Where a server is and how it is spoken to. The token is a credential: never printed."""

    host: str
    port: int
    tls: bool
    token: str | None = None
    ca_file: str | None = None


class OpaFailure(EngineError):
    """A call to the server failed. ``line`` is where in the policy, if the server said so."""

    def __init__(self, message: str, *, line: int | None = None, timed_out: bool = False) -> None:
        super().__init__(message, hint="is policies.opa.url right, and KEYPROOF_OPA_TOKEN set?")
        self.line = line
        self.timed_out = timed_out


def address(url: str, token: str | None, ca_file: str | None) -> OpaAddress:
    """Return the address of a configured server.

    Raises:
        ConfigError: the URL is none, has a path, or would carry the token in the clear.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ConfigError("policies.opa.url must look like https://opa.example.org:8181")
    if parts.path.strip("/") or parts.query:
        raise ConfigError("policies.opa.url must not have a path: OPA's client knows none")
    tls = parts.scheme == "https"
    if token and not tls and parts.hostname not in _LOCAL:
        raise ConfigError(
            "KEYPROOF_OPA_TOKEN would go over the network in the clear",
            hint="give policies.opa.url as https://",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return OpaAddress(host, port or (443 if tls else 80), tls, token, ca_file)


class Client:
    """One connection to a server. Not for use by two threads at once."""

    def __init__(self, where: OpaAddress, seconds: float) -> None:
        """Connect to nothing yet; ``seconds`` bounds each call."""
        self._client = OpaClient(
            host=where.host,
            port=where.port,
            ssl=where.tls,
            token=where.token,
            retries=0,
            timeout=seconds,
        )
        self._client._session.trust_env = False  # noqa: SLF001 - see the module's docstring
        if where.tls and where.ca_file:
            self._client._session.verify = where.ca_file  # noqa: SLF001

    def healthy(self) -> bool:
        """Tell whether the server answers its health check."""
        return bool(self._client.check_health())

    def names(self) -> list[str]:
        """Return the names of all modules that the server holds.

        Raises:
            OpaFailure: the server does not say.
        """
        found = self._call(self._client.get_policies_list)
        return [name for name in found if isinstance(name, str)]

    def upload(self, name: str, module: str) -> None:
        """Put a module, read it back and compare.

        Raises:
            OpaFailure: the server refused it, or holds something else.
        """
        self._call(lambda: self._client.update_policy_from_string(module, name, rego_compat=False))
        self.confirm(name, module)

    def confirm(self, name: str, module: str) -> None:
        """Read a module back and compare.

        Raises:
            OpaFailure: the server holds something else, or does not say.
        """
        held = self._call(lambda: self._client.get_policy(name))
        raw = held.get("result", {}).get("raw") if isinstance(held, dict) else None
        if not isinstance(raw, str) or _sha256(raw) != _sha256(module):
            raise OpaFailure("the server holds another text than the one that was uploaded")

    def remove(self, name: str) -> None:
        """Delete a module.

        Raises:
            OpaFailure: the server did not.
        """
        self._call(lambda: self._client.delete_policy(name))

    def query(
        self,
        path: str,
        rule: str | None,
        document: Any,
        parameters: Mapping[str, str],
        seconds: float,
    ) -> Mapping[str, Any]:
        """Return the server's answer to ``POST /v1/data/<path>/<rule>``.

        Raises:
            OpaFailure: there was none.
        """
        self._client.timeout = seconds
        answer = self._call(lambda: self._client.query_rule(document, path, rule, dict(parameters)))
        if not isinstance(answer, dict):
            raise OpaFailure("the server gave an answer that is none")
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._client.close_connection()

    def _call(self, call: Callable[[], T]) -> T:
        """Try a call; again where no connection came about, since then nothing was done."""
        for attempt in range(_ATTEMPTS):
            try:
                return call()
            except requests.Timeout:
                raise OpaFailure("ran longer than its limit", timed_out=True) from None
            except requests.exceptions.SSLError:
                raise OpaFailure("the server's certificate was not accepted") from None
            except requests.ConnectionError:
                if attempt == _ATTEMPTS - 1:
                    raise OpaFailure("the OPA server cannot be reached") from None
                time.sleep(0.1 * 2**attempt)
            except requests.HTTPError as failure:
                raise _refusal(failure.response) from None
            except opa_errors.RegoParseError as failure:
                raise _fault(failure.expression, failure.errors) from None
            except (requests.RequestException, ValueError, AttributeError, *_OTHERS):
                raise OpaFailure("the server gave an answer that is none") from None
        raise AssertionError


def _refusal(response: Any) -> OpaFailure:
    """Return what OPA's error body says, without its messages: they quote values."""
    try:
        body = response.json()
    except (ValueError, AttributeError):
        body = None
    if isinstance(body, dict):
        return _fault(body.get("code"), body.get("errors"))
    status = getattr(response, "status_code", "no status")
    return OpaFailure(f"the server answered with {status}")


def _fault(code: Any, errors: Any) -> OpaFailure:
    first = errors[0] if isinstance(errors, list) and errors else {}
    first = first if isinstance(first, dict) else {}
    place = first.get("location")
    line = place.get("row") if isinstance(place, dict) else None
    name = first.get("code") or code
    safe = name if isinstance(name, str) and name.replace("_", "").isalnum() else "an error"
    return OpaFailure(safe.replace("_", " "), line=line if isinstance(line, int) else None)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
