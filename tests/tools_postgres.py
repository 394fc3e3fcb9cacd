"""Installs PostgreSQL's server programs for the store's tests, where that can be done unasked."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.support.postgres import programs


def install() -> None:
    """Install PostgreSQL on Debian and its kin when it is missing and we are root.

    Raises:
        RuntimeError: it is missing and a person must install it; the text says how.
        subprocess.CalledProcessError: apt-get failed.
    """
    found = programs()
    if found:
        print(f"PostgreSQL is here: {found}")
        return
    if shutil.which("apt-get") and os.name != "nt" and os.geteuid() == 0:
        print("installing PostgreSQL with apt-get")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (
            ("update",),
            ("install", "--yes", "--no-install-recommends", "postgresql"),
        ):
            subprocess.run(["apt-get", "--quiet", *arguments], check=True, env=quiet)
        if programs():
            return
    msg = (
        "PostgreSQL's initdb and postgres are missing; install them: 'sudo apt-get install"
        " postgresql' (Debian), 'brew install postgresql' (macOS), 'dnf install postgresql-server'"
    )
    raise RuntimeError(msg)
