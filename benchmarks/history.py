"""Times a whole history scan: git's own floor, keyproof cold and again, kingfisher; in one run.

    .venv/bin/python benchmarks/history.py REPOSITORY…

The floor is what any scanner must do: list all objects and read each blob once, on two processes,
and throw the bytes away. Peak memory is the largest process's, in MB, children included.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".tools" / "bench"


def peer(name: str) -> str:
    """Return a peer's program; the peers live in a virtual environment of their own."""
    if not (PEERS / "bin" / name).exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        lock = ROOT / ".requirements" / "bench.lock"
        install = [str(PEERS / "bin" / "pip"), "install", "-q", "--require-hashes", "-r", str(lock)]
        subprocess.run(install, check=True)
    return str(PEERS / "bin" / name)


def timed(command: Sequence[str], environment: dict[str, str]) -> tuple[float, float, float]:
    """Run a command in a process that reports its children: wall, CPU seconds, peak MB."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        started = time.monotonic()
        subprocess.run(
            command,
            check=False,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wall, used = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(writer, f"{wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}".encode())
        os._exit(0)
    os.close(writer)
    wall, cpu, peak = map(float, os.read(reader, 200).split())
    os.close(reader)
    os.waitpid(child, 0)
    return wall, cpu, peak


def floor(repository: str) -> float:
    """Return the seconds of two ``git cat-file`` that read every blob of the object database."""
    started = time.monotonic()
    git = ["git", "-C", repository, "cat-file", "--buffer"]
    listed = subprocess.run(
        [*git, "--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectname)"],
        capture_output=True,
        check=True,
    ).stdout.splitlines()
    blobs = [line[5:] for line in listed if line.startswith(b"blob")]
    half = (len(blobs) + 1) // 2
    processes = []
    for part in (blobs[:half], blobs[half:]):
        with tempfile.TemporaryFile() as given:
            given.write(b"\n".join(part) + b"\n")
            given.seek(0)
            processes.append(
                subprocess.Popen([*git, "--batch"], stdin=given, stdout=subprocess.DEVNULL)
            )
    for process in processes:
        process.wait()
    return time.monotonic() - started


def measure(repository: Path) -> None:
    """Print one repository's table."""
    size = sum(f.stat().st_size for f in repository.rglob("*.pack")) / 1e6
    print(f"\n{repository.name}: {size:,.0f} MB of packs")
    keyproof = [
        sys.executable,
        "-m",
        "keyproof",
        "leaks",
        str(repository),
        "-q",
        "--format",
        "jsonl",
    ]
    rules_home = tempfile.mkdtemp()
    environment = os.environ | {"XDG_CACHE_HOME": rules_home, "XDG_DATA_HOME": rules_home}
    subprocess.run(  # compile the rules once: a scan in a fresh home pays seconds for that alone
        [sys.executable, "-m", "keyproof", "leaks", "--stdin"],
        input=b"",
        env=environment,
        capture_output=True,
        check=False,
    )
    rows: list[tuple[str, Callable[[], tuple[float, float, float]]]] = [
        ("keyproof, first scan", lambda: timed(keyproof, environment)),
        ("keyproof, second scan", lambda: timed(keyproof, environment)),
        (
            "kingfisher 2.14.0",
            lambda: timed(
                [peer("kingfisher"), "scan", str(repository), "--no-validate"], dict(os.environ)
            ),
        ),
    ]
    peer("kingfisher")
    base = floor(str(repository))
    base = min(base, floor(str(repository)))
    print(f"  {'':24}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'× floor':>9}")
    print(f"  {'floor: 2 × git cat-file':24}{base:8.2f}{'':8}{'':9}{1:9.2f}")
    for name, run in rows:
        wall, cpu, peak = run()
        print(f"  {name:24}{wall:8.2f}{cpu:8.2f}{peak:9.0f}{wall / base:9.2f}")
    shutil.rmtree(rules_home)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        measure(Path(argument))
