"""A PostgreSQL server of the test session's own: temporary, on a Unix socket, not synced to disk."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support.needs import missing

USER = "keyproof"
START_SECONDS = 60.0


def programs() -> Path | None:
    """Return the folder of the newest ``initdb`` and ``postgres``: Debian's, else that on PATH."""
    found = [
        folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if (folder / "initdb").exists() and (folder / "postgres").exists()
    ]
    if found:
        return max(found, key=lambda folder: float(re.sub(r"[^0-9.]", "", folder.parent.name)))
    on_path = shutil.which("initdb")
    folder = Path(on_path).resolve().parent if on_path else None
    return folder if folder and (folder / "postgres").exists() else None


class Server:
    """A running server. Every test makes a database of its own in it."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process

    def database(self) -> str:
        """Make an empty database, and return its URL for ``open_store``."""
        name = f"t_{uuid.uuid4().hex}"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgresql+psycopg://{USER}@/{name}?host={self.folder}"

    def conninfo(self, database: str) -> str:
        """Return what psycopg connects with."""
        return f"host={self.folder} user={USER} dbname={database}"

    def stop(self) -> None:
        """Stop at once, and remove everything."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start() -> Server:
    """Start a server; where the tests run as root, as a user without rights (it refuses root)."""
    bin_folder = programs()
    if bin_folder is None:
        missing("PostgreSQL (initdb, postgres) is not installed (make tools)")
    assert bin_folder is not None
    folder = Path(tempfile.mkdtemp(prefix="kp-pg-", dir="/tmp"))  # a socket's path must be short
    run_as = _unprivileged(folder)
    log = folder / "log"
    with log.open("wb") as output:
        common: dict[str, Any] = {"stdout": output, "stderr": output, "cwd": folder, **run_as}
        data = str(folder / "data")
        initdb = [str(bin_folder / "initdb"), "--no-sync", "-A", "trust", "-E", "UTF8", "-U", USER]
        subprocess.run([*initdb, "--locale=C", "-D", data], check=True, timeout=120, **common)
        options = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
        options = (*options, "listen_addresses=", "max_connections=40", "shared_buffers=16MB")
        process = subprocess.Popen(
            [
                str(bin_folder / "postgres"),
                *("-D", data, "-k", str(folder)),
                *(part for option in options for part in ("-c", option)),
            ],
            **common,
        )
    server = Server(folder, process)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(server.conninfo("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                text = log.read_text(errors="replace")
                server.stop()
                pytest.fail(f"PostgreSQL did not start:\n{text}")
            time.sleep(0.05)
        else:
            return server


def _unprivileged(folder: Path) -> Mapping[str, Any]:
    if os.name == "nt" or os.geteuid() != 0:
        return {}
    import pwd  # Windows has none

    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server a test process, started by the first test that asks for it."""
    server = start()
    yield server
    server.stop()
