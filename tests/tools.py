"""Installs the tools that tests want: ``python tests/tools.py`` (``make tools``).

Each installer is idempotent and says what it does. One that cannot do its work is named; the tests
that need the tool then skip with the reason, and fail in CI.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
sys.path.insert(0, str(ROOT))


def installers() -> dict[str, Callable[[], None]]:
    """Return the installer of each tool by its name."""
    from tests import tools_chromium, tools_opa, tools_postgres, tools_regal
    from tests.support import express_gateway

    return {
        "opa": lambda: tools_opa.install(TOOLS / "bin"),
        "regal": lambda: tools_regal.install(TOOLS / "bin"),
        "PostgreSQL": tools_postgres.install,
        "Chromium": tools_chromium.install,
        "Express Gateway": express_gateway.install,
    }


def main() -> int:
    """Install what is missing; in CI a tool that cannot be had is an error."""
    (TOOLS / "bin").mkdir(parents=True, exist_ok=True)
    failed = []
    for name, install in installers().items():
        try:
            install()
        except (OSError, subprocess.SubprocessError, RuntimeError) as error:
            failed.append(name)
            print(f"==> {name} could not be installed: {error}", file=sys.stderr)
    if failed:
        print(f"==> tests that need {', '.join(failed)} will be skipped", file=sys.stderr)
    return 1 if failed and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
