"""One request to the demo's AWS and one answer, in a form that mends and tests can handle."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

_NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
_AUTHENTICATION_CODES = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "AccessDenied": "AccessDeniedException",
    "Throttling": "ThrottlingException",
    "ExpiredToken": "ExpiredTokenException",
}
REQUEST_ID = "00000000-0000-4000-8000-000000000000"


class Call(NamedTuple):
    """One signed request: which service and action, by which access key id, with what."""

    service: str
    action: str
    key_id: str
    parameters: Mapping[str, Any]
    body: bytes

    @property
    def name(self) -> str:
        """The action as IAM policies name it (``iam:ListUsers``)."""
        return f"{self.service}:{self.action}"


class Answer(NamedTuple):
    """A status, headers and a body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


Forward = Callable[[], Answer]
"""Handles the call as if nobody had stepped in."""

Intercept = Callable[[Call, Forward], Answer]
"""Steps in before a call is handled: to refuse, delay, cut or garble it."""


def read_call(environ: dict[str, Any]) -> Call | None:
    """Return the call in a WSGI request, leaving its body readable; ``None`` if it is not one."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0]
    parts = scope.split("/")
    if len(parts) != 5:  # noqa: PLR2004 (key id, day, region, service, terminator)
        return None
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        parameters: Mapping[str, Any] = json.loads(body or b"{}")
        action = target.rpartition(".")[2]
    else:
        form = parse_qs(body.decode(), keep_blank_values=True)
        parameters = {name: values[0] for name, values in form.items()}
        action = str(parameters.get("Action", ""))
    return Call(parts[3], action, parts[0], parameters, body)


def error(call: Call, status: int, code: str, message: str) -> Answer:
    """Return an AWS error in the protocol of the call's service, under that protocol's code."""
    if call.service not in _NAMESPACES:
        code = _AUTHENTICATION_CODES.get(code, code)
        body = json.dumps({"__type": code, "message": message}).encode()
        return Answer(400, (("Content-Type", "application/x-amz-json-1.1"),), body)
    text = (
        f'<ErrorResponse xmlns="{_NAMESPACES[call.service]}"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    )
    return Answer(status, (("Content-Type", "text/xml"),), text.encode())


def xml_answer(call: Call, result: str) -> Answer:
    """Return a successful answer of the query protocol with ``result`` inside."""
    text = (
        f'<{call.action}Response xmlns="{_NAMESPACES[call.service]}">'
        f"<{call.action}Result>{result}</{call.action}Result>"
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
        f"</{call.action}Response>"
    )
    return Answer(200, (("Content-Type", "text/xml"),), text.encode())


def json_answer(result: Mapping[str, Any]) -> Answer:
    """Return a successful answer of the JSON protocol."""
    return Answer(
        200, (("Content-Type", "application/x-amz-json-1.1"),), json.dumps(result).encode()
    )


def elements(values: Mapping[str, Any]) -> str:
    """Return the XML of a flat record; absent values are left out."""
    return "".join(
        f"<{name}>{escape(str(value))}</{name}>"
        for name, value in values.items()
        if value is not None
    )
