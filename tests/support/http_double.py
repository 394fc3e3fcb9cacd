"""A hand-written HTTP double on a real socket: it answers what a test's function tells it to.

It stands in for servers that cannot run here (exchanges, GitHub). What each double knows of a
wire format is written down in its own module, with the vendor's document that it comes from.
"""

from __future__ import annotations

import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit


class Request(NamedTuple):
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    def json(self) -> Any:
        return json.loads(self.body)


class Reply(NamedTuple):
    """What to answer. ``cut`` closes the connection after so many bytes of the body."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = {}
    cut: int | None = None
    hang: float = 0.0
    vanish: bool = False


class HttpDouble:
    """A server on a free port of 127.0.0.1; keeps every request it got."""

    def __init__(
        self, answer: Callable[[Request], Reply], tls: ssl.SSLContext | None = None
    ) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def handle_one(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                request = Request(
                    self.command,
                    parts.path,
                    parts.query,
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                )
                double.requests.append(request)
                double._send(self, double.answer(request))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.scheme = "https" if tls else "http"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        time.sleep(reply.hang)
        if reply.vanish:
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if "content-type" not in {name.lower() for name in reply.headers}:
            handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if reply.cut is not None:
            handler.wfile.write(body[: reply.cut])
            handler.close_connection = True
            return
        handler.wfile.write(body)


def script(*replies: Reply) -> Callable[[Request], Reply]:
    """Return an answer function that gives these replies in turn, and the last one for ever."""
    left = list(replies)

    def answer(request: Request) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS for 127.0.0.1 that signed itself, and its certificate's file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "double")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_file, private = folder / "ca.pem", folder / "planted" / "key.pem"
    private.parent.mkdir(exist_ok=True)
    ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(ca_file, private)
    return tls, ca_file
