"""Times ``keyproof scan`` of an organisation: thousands of small repositories in one source.

    .venv/bin/python benchmarks/organisation.py [REPOSITORIES]

The repositories (1,000 if not told) are made by ``git fast-import`` below ``.cache/bench``: twelve
commits each, and a key assembled at run time. Prints the first scan and the second as Markdown. The
floor is git saying which objects each repository holds, one after the other.
"""

from __future__ import annotations

import os
import random
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measure import timed

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".cache" / "bench" / "organisation"
_COMMITS, _FIRST = 12, 1_700_000_000
_WORDS = ("user", "item", "order", "price", "handle", "update", "build", "queue", "index", "parse")
_LIST = ("cat-file", "--batch-all-objects", "--batch-check")


def main() -> None:
    """Make what is missing, and time."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    chosen = random.Random(count)
    folder = KEPT / str(count)
    for number in range(count):
        _made(folder / f"r{number:04d}.git", chosen)
    started = time.monotonic()
    for repository in sorted(folder.iterdir()):
        subprocess.run(["git", "-C", str(repository), *_LIST], capture_output=True, check=True)
    floor = time.monotonic() - started
    print(f"| {count:,} repositories | wall s | CPU s | private MB | times the floor |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as home:
        settings = Path(home) / "keyproof.yaml"
        settings.write_text(f"sources:\n  all: {{connector: git, paths: ['{folder}/*.git']}}\n")
        own = {f"XDG_{name}_HOME": f"{home}/{name}" for name in ("CACHE", "CONFIG", "DATA")}
        command = [sys.executable, "-m", "keyproof", "scan", "--config", str(settings)]
        for what in ("first scan", "again"):
            took = timed(command, os.environ | own, Path(home))
            figures = f"{took.wall:.0f} | {took.cpu:.0f} | {took.private:.0f}"
            print(f"| {what} | {figures} | {took.wall / floor:.1f} |", flush=True)


def _made(path: Path, chosen: random.Random) -> None:
    if path.exists():
        return
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    stream = "".join(_commits(chosen)).encode()
    subprocess.run(["git", "-C", str(path), "fast-import", "--quiet"], input=stream, check=True)


def _commits(chosen: random.Random) -> Iterator[str]:
    for commit in range(_COMMITS):
        moment = _FIRST + 3600 * commit
        yield "commit refs/heads/main\n"
        yield f"committer Ada Dev <ada@example.org> {moment} +0000\ndata 7\nchange\n"
        for name in chosen.sample(range(10), 2 if commit else 6):
            text = _code(chosen)
            if commit == _COMMITS // 2:
                text += f'aws_secret_access_key = "{_key(chosen)}"\n'
            yield f"M 100644 inline src/m{name}.py\ndata {len(text)}\n{text}\n"


def _code(chosen: random.Random) -> str:
    names = (f"{chosen.choice(_WORDS)}_{number}" for number in range(chosen.randint(5, 60)))
    return "".join(f"def {n}(x):\n    return {chosen.choice(_WORDS)}(x)\n\n\n" for n in names)


def _key(chosen: random.Random) -> str:
    return "".join(chosen.choices(string.ascii_letters + string.digits, k=40))


if __name__ == "__main__":
    main()
