"""Background: compiles the databases while nobody waits, so that the next hook finds them.

The process is detached, nice and silent. Of several that are started, one works; what it makes is
there whole or not at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_LOCK = "matcher.lock"
_NICE = 15


def compile_later(environment: Mapping[str, str], cache_folder: Path) -> bool:
    """Start compiling, where that is of use to somebody; tell whether it was started.

    In CI nothing runs behind a job's back, and its next job seldom has this one's cache.
    """
    if os.name == "nt" or environment.get("CI"):
        return False
    import subprocess

    kept = {name: value for name, value in environment.items() if not name.startswith("GIT_")}
    try:
        subprocess.Popen(
            [sys.executable, "-P", "-m", "keyproof.leaks.background", str(cache_folder)],
            cwd="/",
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    return True


def compile_now(cache_folder: Path) -> bool:
    """Compile what the cache lacks; tell whether it is there, or another process is at it."""
    import fcntl

    from keyproof.leaks.databases import made_databases, stored_databases
    from keyproof.leaks.rules import load_rules

    os.nice(_NICE)
    cache_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (cache_folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        rules = load_rules(cache_folder)
        if stored_databases(rules.digest, str(cache_folder)) is None:
            made_databases(rules, str(cache_folder))
        return stored_databases(rules.digest, str(cache_folder)) is not None


if __name__ == "__main__":
    try:
        sys.exit(0 if compile_now(Path(sys.argv[1])) else 1)
    except (OSError, IndexError):
        sys.exit(1)
