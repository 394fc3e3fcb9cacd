"""Installs Regal, the linter of Rego, for the tests of the pack: built from its Go module.

It is built where its module lies, with its own ``go.sum``: ``go install`` asks for the list of all
versions, which not every module proxy has.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.tools_opa import go_program

VERSION = "0.39.0"
PACKAGE = "github.com/open-policy-agent/regal"


def install(bin_folder: Path) -> None:
    """Build ``regal`` into ``bin_folder``, unless it is there in the right version.

    Raises:
        subprocess.CalledProcessError: Go could not be had, or the build failed.
    """
    binary = bin_folder.resolve() / "regal"
    if _is_right(binary):
        print(f"==> Regal {VERSION} is there")
        return
    go = go_program(bin_folder.parent)
    print(f"==> building Regal {VERSION} (about a minute)")
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-p=2 -trimpath -buildvcs=false",
        "GOTOOLCHAIN": "local",
    }
    fetched = subprocess.run(
        [go, "mod", "download", "-json", f"{PACKAGE}@v{VERSION}"],
        env=environment, cwd=bin_folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    folder = json.loads(fetched.stdout)["Dir"]
    named = f"-ldflags=-s -w -X {PACKAGE}/pkg/version.Version={VERSION}"
    subprocess.run(
        [go, "build", named, "-o", str(binary), "."], env=environment, cwd=folder, check=True
    )
    if not _is_right(binary):
        raise RuntimeError(f"what was built is not Regal {VERSION}")


def _is_right(binary: Path) -> bool:
    if not binary.exists():
        return False
    done = subprocess.run([str(binary), "version"], capture_output=True, text=True, check=False)
    return VERSION in done.stdout
