"""Runs the benchmarks one after the other (``make bench``); see README.md beside this file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPORA = HERE.parent / ".cache" / "bench"
PACKAGES = ("botocore", "django")
"""Few large files in many versions; and many small ones: 1.3 GB of blobs together."""


def main() -> None:
    """Build the corpora, and run each script in a process of its own."""
    sys.path.insert(0, str(HERE))
    from corpus import build

    for package in PACKAGES:
        build(package, CORPORA / package)
    run("history.py", *(str(CORPORA / package) for package in PACKAGES))
    for script in ("organisation.py", "hook.py", "policies.py", "aws_inventory.py"):
        run(script)


def run(script: str, *arguments: str) -> None:
    """Run one script and pass its figures on; one that fails is said, and the rest goes on."""
    print(f"\n== {script}", flush=True)
    done = subprocess.run([sys.executable, str(HERE / script), *arguments], check=False)
    if done.returncode:
        print(f"{script} ended with {done.returncode}", flush=True)


if __name__ == "__main__":
    main()
