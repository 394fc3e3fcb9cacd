"""OPA server: one that keyproof starts from an ``opa`` binary, for itself alone, and ends again.

It listens on 127.0.0.1 only, answers nobody without a random token, looks for no newer version,
and is given no credential of ours (https://www.openpolicyagent.org/docs/cli, "run").
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from keyproof.errors import EngineError, UsageError

START_SECONDS = 20.0
_ATTEMPTS = 3
_AUTHORIZATION = """\
package system.authz

default allow := false

allow if input.identity == "{token}"
"""


class OpaServer(NamedTuple):
    """A running server: its process, where it listens, and the token that it asks for."""

    process: subprocess.Popen[bytes]
    port: int
    token: str

    def stop(self) -> None:
        """End the server."""
        self.process.kill()
        self.process.wait()


def find_binary(configured: str | None) -> str:
    """Return the ``opa`` binary: the configured one, else the one on PATH.

    Raises:
        UsageError: there is none.
    """
    found = shutil.which(configured or "opa")
    if found is None:
        raise UsageError(
            f"there is no OPA binary '{configured or 'opa'}'",
            hint="set policies.opa.url or policies.opa.binary, or use the embedded engine",
        )
    return found


def start(binary: str) -> OpaServer:
    """Start a server and return it as soon as it listens.

    Raises:
        EngineError: it did not start.
    """
    for _ in range(_ATTEMPTS):  # between finding a port and taking it, another may take it
        if server := _try(binary):
            return server
    hint = f"see why: {binary} run --server; or use the embedded engine"
    raise EngineError("the OPA server did not start", where=binary, hint=hint)


def _try(binary: str) -> OpaServer | None:
    token = secrets.token_urlsafe(32)
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="keyproof-opa-") as folder:
        policy = Path(folder) / "authz.rego"
        policy.touch(mode=0o600)
        policy.write_text(_AUTHORIZATION.format(token=token))
        command = [binary, "run", "--server", f"--addr=127.0.0.1:{port}", "--log-level=error"]
        command += ["--authentication=token", "--authorization=basic", "--skip-version-check"]
        passed = {
            n: os.environ[n] for n in ("PATH", "HOME", "TMPDIR", "SYSTEMROOT") if n in os.environ
        }
        process = subprocess.Popen(
            [*command, str(policy)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=passed | {"GOMEMLIMIT": "2GiB"},
        )
        server = OpaServer(process, port, token)
        if _listens(server):
            return server
        server.stop()
        return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(server: OpaServer) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return server.process.poll() is None
    return False
