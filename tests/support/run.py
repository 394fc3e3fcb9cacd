"""Runs the real command line in a process of its own, with an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

COMPILED_RULES = Path(__file__).resolve().parent.parent.parent / ".cache" / "compiled-rules"
"""Compiling the rules takes seconds: each new home is given what an earlier one compiled."""


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def keyproof(
    *arguments: str,
    cwd: Path,
    home: Path,
    env: Mapping[str, str] = {},
    stdin: bytes | None = None,
    module: str = "keyproof",
    timeout: float = 300,
) -> Ran:
    """Run ``python -m keyproof`` and keep its output below ``home/outputs``, where the sweep looks."""
    home.mkdir(parents=True, exist_ok=True)
    compiled = home / "cache" / "keyproof"
    share_rules(COMPILED_RULES, compiled)
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        env=isolated(home) | dict(env),
        input=stdin,
        capture_output=True,
        check=False,
        timeout=timeout,
    )
    share_rules(compiled, COMPILED_RULES)
    outputs = home / "outputs"
    outputs.mkdir(exist_ok=True)
    stem = f"{len(list(outputs.iterdir()))}"
    (outputs / f"{stem}.out").write_bytes(done.stdout)
    (outputs / f"{stem}.err").write_bytes(done.stderr)
    return Ran(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )


def isolated(home: Path) -> dict[str, str]:
    """Return an environment in which nothing of the developer's own configuration is seen."""
    kept = (
        "PATH",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "SYSTEMROOT",
        "CI",
        "VIRTUAL_ENV",
        "KEYPROOF_TEST_PLANTED",
    )
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada Dev",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada Dev",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_COLOR": "1",
    }


def share_rules(source: Path, target: Path) -> None:
    """Link compiled rules (named by their digest, so never stale); nothing of any scan.

    Links, because a copy for each of some thousand tests is tens of gigabytes: keyproof replaces
    these files whole and never writes into one.
    """
    files = [*source.glob("matcher-*.hs"), *source.glob("rules-*")]
    if files:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in files:
        if not (target / file.name).exists():
            part = target / f"{file.name}.{os.getpid()}.part"
            _link(file, part)
            part.replace(target / file.name)


def _link(file: Path, link: Path) -> None:
    try:
        link.hardlink_to(file)
    except OSError:  # another file system
        shutil.copyfile(file, link)
