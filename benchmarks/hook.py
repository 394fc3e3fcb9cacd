"""The pre-commit hook on a clean staged diff of five files, beside detect-secrets-hook and git.

Whole processes, warm caches, alternating in one run, so that a busy machine is busy for all. The
floor is what git itself takes to say what is staged, plus what an empty Python process takes.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 30
FILES = 5
BIN = Path(sys.executable).parent


def main() -> None:
    """Measure, and print milliseconds: median and least."""
    with tempfile.TemporaryDirectory() as folder:
        work, home = Path(folder) / "work", Path(folder) / "home"
        environment = os.environ | {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
        environment = {k: v for k, v in environment.items() if not k.startswith("GIT_")}
        names = _repository(work, environment)
        commands = {
            "keyproof-hook": [str(BIN / "keyproof-hook")],
            "detect-secrets-hook": [str(BIN / "detect-secrets-hook"), *names],
            "kingfisher scan --staged": ["kingfisher", "scan", ".", "--staged", "--no-validate"],
            "floor: git diff --cached": ["git", "diff", "--cached"],
            "floor: python -c pass": [sys.executable, "-c", "pass"],
        }
        commands = {n: c for n, c in commands.items() if shutil.which(c[0])}
        cold = _once(commands["keyproof-hook"], work, environment)
        print(f"{'keyproof-hook, cold':26} {cold:7.0f} ms (compiles the rules once)")
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                taken[name].append(_once(command, work, environment))
        for name, times in taken.items():
            print(f"{name:26} {statistics.median(times):7.1f} ms   least {min(times):7.1f}")


def _repository(work: Path, environment: dict[str, str]) -> list[str]:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Ada Dev", "-c", "user.email=ada@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=work, env=environment, check=True)

    work.mkdir(parents=True)
    names = [f"module{number}.py" for number in range(FILES)]
    git("init", "-q")
    for name in names:
        (work / name).write_text("".join(f"value_{n} = {n}\n" for n in range(200)))
    git("add", ".")
    git("commit", "-q", "-m", "first")
    for name in names:
        with (work / name).open("a") as stream:
            stream.write("".join(f"def function_{n}(): return value_{n}\n" for n in range(20)))
    git("add", ".")
    return names


def _once(command: list[str], work: Path, environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, check=False)
    taken = (time.perf_counter() - begun) * 1000
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr.decode()[:300]}")
    return taken


if __name__ == "__main__":
    main()
