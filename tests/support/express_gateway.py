"""A real Express Gateway 1.16.11 from npm, with its database emulated in memory.

``make tools`` installs it below ``.tools/express-gateway``; a test that finds it missing installs
it too, one process at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.needs import TOOLS, missing

VERSION = "1.16.11"
HOME = TOOLS / "express-gateway"
_PACKAGE = HOME / "node_modules" / "express-gateway"
_LISTENS = re.compile(r"(admin|gateway) http server listening on \S*?:(\d+)")


def install() -> None:
    """Install the pinned version, if it is not there.

    Raises:
        RuntimeError: node or npm is missing.
        subprocess.SubprocessError: npm could not fetch it.
    """
    if not shutil.which("npm") or not shutil.which("node"):
        msg = "node and npm are not installed"
        raise RuntimeError(msg)
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _installed():
            return
        print(f"==> installing Express Gateway {VERSION} (npm, about 40 s)")
        subprocess.run(
            [
                *("npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund"),
                *("--ignore-scripts", "--loglevel=error", f"express-gateway@{VERSION}"),
            ],
            cwd=HOME,
            check=True,
            capture_output=True,
            timeout=600,
        )


def _installed() -> bool:
    manifest = _PACKAGE / "package.json"
    return manifest.exists() and json.loads(manifest.read_text())["version"] == VERSION


class Gateway(NamedTuple):
    """A running gateway: where its administration and its data path listen."""

    admin: str
    data: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send one administrative request and return its JSON."""
        request = urllib.request.Request(
            self.admin + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            raw = answer.read()
        return json.loads(raw) if raw else None

    def use(self, presented: str) -> int:
        """Send a request through the data path with a key; return the status."""
        request = urllib.request.Request(
            self.data + "/", headers={"Authorization": f"apiKey {presented}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


@contextlib.contextmanager
def express_gateway(folder: Path, upstream: str) -> Iterator[Gateway]:
    """Run a gateway that guards ``upstream`` with key-auth; its configuration goes to ``folder``."""
    try:
        install()
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        missing(f"Express Gateway cannot be installed ({type(error).__name__})")
    _configure(folder, upstream)
    process = subprocess.Popen(
        ["node", str(_PACKAGE / "lib" / "index.js")],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "EG_CONFIG_DIR": str(folder),
            "EG_DISABLE_CONFIG_WATCH": "true",
            "LOG_LEVEL": "info",
            "NO_COLOR": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    stop = threading.Timer(60, process.kill)
    stop.start()
    drain = threading.Thread(target=process.stdout.read, daemon=True)  # type: ignore[union-attr]
    try:
        ports = _ports(process)
        stop.cancel()
        drain.start()
        yield Gateway(f"http://127.0.0.1:{ports['admin']}", f"http://127.0.0.1:{ports['gateway']}")
    finally:
        stop.cancel()
        process.kill()
        process.wait()
        if drain.ident:
            drain.join(5)
        process.stdout.close()  # type: ignore[union-attr]


def _ports(process: subprocess.Popen[str]) -> dict[str, str]:
    ports: dict[str, str] = {}
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if found := _LISTENS.search(line):
            ports[found[1]] = found[2]
        if len(ports) == 2:
            return ports
    raise AssertionError("the gateway did not start:\n" + "".join(lines))


def _configure(folder: Path, upstream: str) -> None:
    shutil.copytree(_PACKAGE / "lib" / "config" / "models", folder / "models")
    (folder / "system.config.yml").write_text(
        "db: {redis: {emulate: true, namespace: EG}}\n"
        "crypto: {cipherKey: test, algorithm: aes256, saltRounds: 4}\n"
        "session: {secret: test, resave: false, saveUninitialized: false}\n"
        "accessTokens: {timeToExpiry: 7200000}\n"
        "refreshTokens: {timeToExpiry: 7200000}\n"
        "authorizationCodes: {timeToExpiry: 300000}\n"
    )
    (folder / "gateway.config.yml").write_text(
        "http: {port: 0, host: 127.0.0.1}\n"
        "admin: {port: 0, host: 127.0.0.1}\n"
        "apiEndpoints: {api: {host: '*'}}\n"
        f"serviceEndpoints: {{backend: {{url: '{upstream}'}}}}\n"
        "policies: [proxy, key-auth]\n"
        "pipelines:\n"
        "  main:\n"
        "    apiEndpoints: [api]\n"
        "    policies:\n"
        "      - key-auth: {}\n"
        "      - proxy: {action: {serviceEndpoint: backend}}\n"
    )
