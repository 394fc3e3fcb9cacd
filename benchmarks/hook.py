"""The hook on a clean staged diff of five files, beside peers, git and an empty Python process.

Whole processes, alternating in one run, so that a busy machine is busy for all; on such a machine
compare the processor's milliseconds, not the clock's. Two states of the cache: warm, and cold, which
is the first run after an installation, with the rules that the wheel brings.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from history import gitleaks, peer

FILES = 5
BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent
FLOOR = "floor: python -c pass"
HOOK = [sys.executable, "-P", "-c", "from keyproof.hook import main; main()"]
"""As ``keyproof hook install`` writes it: pip's launcher imports ``re``, which takes its time."""


class Taken(NamedTuple):
    """Milliseconds of one run: by the clock, and of the processor, children included."""

    wall: float
    cpu: float


def main() -> None:
    """Measure, and print milliseconds: median and least."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        work, home = Path(folder) / "work", Path(folder) / "home"
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "KEYPROOF"))
        }
        environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
        names = _repository(work, environment)
        environment["PYTHONPATH"] = str(_installed(Path(folder)))
        commands = {
            "keyproof-hook, warm": HOOK,
            "keyproof-hook, warm, pip's launcher": [str(BIN / "keyproof-hook")],
            "keyproof --version": [str(BIN / "keyproof"), "--version"],
            "keyproof --help": [str(BIN / "keyproof"), "--help"],
            "detect-secrets-hook": [str(BIN / "detect-secrets-hook"), *names],
            "kingfisher scan --staged": [
                peer("kingfisher"),
                "scan",
                ".",
                "--staged",
                "--no-validate",
            ],
            "gitleaks git --staged": [gitleaks() or "", "git", "--staged", "--no-banner"],
            "floor: git diff --cached": ["git", "diff", "--cached"],
            FLOOR: [sys.executable, "-c", "pass"],
        }
        found = {n: c for n, c in commands.items() if shutil.which(c[0])}
        _compile(environment)
        taken: dict[str, list[Taken]] = {name: [] for name in found}
        for _ in range(rounds):
            for name, command in found.items():
                taken[name].append(_once(command, work, environment))
        cold = _cold(Path(folder), work, environment)
        taken["keyproof-hook, cold"] = [cold() for _ in range(max(5, rounds // 3))]
        _print(taken)


def _compile(environment: dict[str, str]) -> None:
    """Fill the cache, as the hook does in the background after its first run."""
    code = (
        "import os; from keyproof.identity import cache_folder; "
        "from keyproof.leaks.background import compile_now; compile_now(cache_folder(os.environ))"
    )
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def _installed(folder: Path) -> Path:
    """Return where a wheel of this tree lies unpacked: what its users have, compiled rules and all."""
    wheels, unpacked = folder / "wheels", folder / "unpacked"
    build = ("-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(wheels))
    subprocess.run([sys.executable, *build, str(ROOT)], check=True)
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(unpacked)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(unpacked)], check=True)
    return unpacked


def _cold(folder: Path, work: Path, environment: dict[str, str]) -> Callable[[], Taken]:
    """Return what runs the hook with an empty cache; nothing is left to compile later."""
    cache = folder / "cold"
    # in CI nothing is compiled behind the next run's back
    first = environment | {"XDG_CACHE_HOME": str(cache), "CI": "true"}

    def once() -> Taken:
        shutil.rmtree(cache, ignore_errors=True)
        return _once(HOOK, work, first)

    return once


def _print(taken: dict[str, list[Taken]]) -> None:
    least = min(one.cpu for one in taken[FLOOR])
    print(f"{'milliseconds':38} median  least   CPU   of python -c pass")
    for name, times in taken.items():
        wall = [one.wall for one in times]
        cpu = min(one.cpu for one in times)
        median = statistics.median(wall)
        print(f"{name:38} {median:6.1f} {min(wall):6.1f} {cpu:6.1f} {cpu / least:6.1f}x")
    print(f"load average: {os.getloadavg()[0]:.1f}")


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


def _once(command: list[str], work: Path, environment: dict[str, str]) -> Taken:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, check=False)
    wall = (time.perf_counter() - begun) * 1000
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr.decode()[:300]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(wall, cpu * 1000)


if __name__ == "__main__":
    main()
