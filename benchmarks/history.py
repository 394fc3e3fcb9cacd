"""Times a whole history scan: git's own floor, keyproof cold and again, and its peers; in one run.

    .venv/bin/python benchmarks/history.py REPOSITORY…

Prints one Markdown table a repository. The floor is what any scanner must do: list all objects and
read each blob once, on two processes, and throw the bytes away. Peers: kingfisher (every object, as
keyproof), gitleaks (what ``git log -p`` shows) and detect-secrets (the newest files only: it reads
no history).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measure import Taken, timed

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".tools" / "bench"
GITLEAKS = "github.com/zricethezav/gitleaks/v8@v8.30.0"
_LEAKS = ("-m", "keyproof", "leaks")


def peer(name: str) -> str:
    """Return a peer's program; the peers live in a virtual environment of their own."""
    if not (PEERS / "bin" / name).exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        lock = ROOT / ".requirements" / "bench.lock"
        install = [str(PEERS / "bin" / "pip"), "install", "-q", "--require-hashes", "-r", str(lock)]
        subprocess.run(install, check=True)
    return str(PEERS / "bin" / name)


def gitleaks() -> str | None:
    """Return gitleaks: the one on PATH, or built by Go; ``None`` where neither can be had."""
    found = shutil.which("gitleaks") or shutil.which("gitleaks", path=str(PEERS / "bin"))
    if found or not shutil.which("go"):
        return found
    built = subprocess.run(
        ["go", "install", GITLEAKS], env=os.environ | {"GOBIN": str(PEERS / "bin")}, check=False
    )
    return None if built.returncode else str(PEERS / "bin" / "gitleaks")


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


def _keyproof(repository: Path, home: Path) -> Iterator[tuple[str, Taken]]:
    environment = os.environ | {"XDG_CACHE_HOME": str(home), "XDG_DATA_HOME": str(home)}
    # compile the rules once: the first large scan of a fresh home pays seconds for that alone
    timed([sys.executable, "-m", "keyproof.leaks.background", str(home / "keyproof")], environment)
    scan = [sys.executable, *_LEAKS, str(repository), "-q", "--format", "jsonl"]
    yield "keyproof, first scan", timed(scan, environment)
    yield "keyproof, second scan", timed(scan, environment)


def _peers(repository: Path, scratch: Path) -> Iterator[tuple[str, Taken]]:
    environment = dict(os.environ)
    scan = [peer("kingfisher"), "scan", str(repository), "--no-validate"]
    yield "kingfisher 2.14.0", timed(scan, environment)
    program = gitleaks()
    if program:
        scan = [program, "git", "--no-banner", "--log-opts=--all", str(repository)]
        yield "gitleaks 8.30.0", timed(scan, environment)
    tree = scratch / "tree"
    tree.mkdir()
    with tempfile.TemporaryFile() as archive:
        subprocess.run(
            ["git", "-C", str(repository), "archive", "HEAD"], stdout=archive, check=True
        )
        archive.seek(0)
        subprocess.run(["tar", "-x", "-C", str(tree)], stdin=archive, check=True)
    scan = [peer("detect-secrets"), "scan", "--all-files", "."]
    yield "detect-secrets 1.5.0, newest files", timed(scan, environment, tree)


def measure(repository: Path) -> None:
    """Print one repository's table."""
    size = sum(f.stat().st_size for f in repository.rglob("*.pack")) / 1e6
    print(f"\n{repository.name}: {size:,.0f} MB of packs, load {os.getloadavg()[0]:.1f}\n")
    base = min(floor(str(repository)), floor(str(repository)))
    print("| | wall s | CPU s | PSS MB | private MB | wall × floor | CPU × keyproof |")
    print("|---|---|---|---|---|---|---|")
    print(f"| floor: 2 × git cat-file | {base:.2f} | | | | 1.0 | |")
    own = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for runs in (_keyproof(repository, Path(scratch)), _peers(repository, Path(scratch))):
            for name, taken in runs:
                own = own or taken.cpu
                print(
                    f"| {name} | {taken.wall:.2f} | {taken.cpu:.2f} | {taken.pss:.0f} "
                    f"| {taken.private:.0f} | {taken.wall / base:.1f} | {taken.cpu / own:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        measure(Path(argument).resolve())
