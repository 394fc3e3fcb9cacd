"""Builds a repository from the releases of a real package: each release one commit, and merges.

    .venv/bin/python benchmarks/corpus.py botocore 12 .cache/bench/botocore

The wheels come from the configured package registry through pip, spread over the package's life.
Every third release is committed on a branch and merged. The same releases give the same commits.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

_WHO = b"Release Bot <releases@example.org>"
_START, _DAY = 1_500_000_000, 86_400


def releases(package: str, count: int) -> list[str]:
    """Return ``count`` versions of a package, evenly spread, oldest first."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", package],
        capture_output=True,
        text=True,
        check=True,
    )
    match = re.search(r"Available versions: (.*)", done.stdout)
    if match is None:
        message = f"the registry lists no versions of {package}"
        raise SystemExit(message)
    every = [v.strip() for v in match[1].split(",") if re.fullmatch(r"[0-9.]+", v.strip())][::-1]
    step = max(1, len(every) // count)
    return every[::-1][::step][:count][::-1]


def wheels(package: str, versions: Sequence[str], folder: Path) -> Iterator[Path]:
    """Download one wheel a version; versions without a pure one are passed over, aloud."""
    for version in versions:
        target = folder / version
        target.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--only-binary", ":all:", "--dest", str(target), f"{package}=={version}"),
            ],
            stderr=subprocess.DEVNULL,  # pip prints every version that there is
            check=False,
        )
        found = sorted(target.glob("*.whl"))
        if done.returncode or not found:
            print(f"{package} {version}: no wheel; passed over", file=sys.stderr)
            continue
        yield found[0]


def build(package: str, count: int, target: Path) -> None:
    """Make the repository at ``target``; one that is there is kept."""
    if (target / "HEAD").exists():
        return
    target.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(target)], check=True)
    importer = subprocess.Popen(
        ["git", "-C", str(target), "fast-import", "--quiet", "--done"], stdin=subprocess.PIPE
    )
    assert importer.stdin
    with tempfile.TemporaryDirectory() as scratch:
        for chunk in _stream(wheels(package, releases(package, count), Path(scratch))):
            importer.stdin.write(chunk)
    importer.stdin.close()
    if importer.wait():
        message = "git fast-import failed"
        raise SystemExit(message)
    subprocess.run(["git", "-C", str(target), "repack", "-adq"], check=True)


def _stream(files: Iterator[Path]) -> Iterator[bytes]:
    mark = 0
    main = 0
    for number, wheel in enumerate(files):
        on_branch = number % 3 == 2
        mark += 1
        parents = [main] if main else []
        yield from _commit(b"side" if on_branch else b"main", mark, number, parents, wheel)
        if on_branch:
            mark += 1
            yield from _commit(b"main", mark, number, [main, mark - 1], wheel)
        main = mark
    yield b"done\n"


def _commit(
    branch: bytes, mark: int, number: int, parents: list[int], wheel: Path
) -> Iterator[bytes]:
    stamp = f"{_START + mark * _DAY} +0000".encode()
    message = f"release {wheel.name.split('-')[1]}\n".encode()
    yield b"commit refs/heads/%s\nmark :%d\n" % (branch, mark)
    yield b"author %s %s\ncommitter %s %s\n" % (_WHO, stamp, _WHO, stamp)
    yield b"data %d\n%s" % (len(message), message)
    for index, parent in enumerate(parents):
        yield b"%s :%d\n" % (b"merge" if index else b"from", parent)
    yield b"deleteall\n"
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith("/"):
                content = archive.read(name)
                yield b'M 100644 inline "%s"\ndata %d\n' % (name.encode(), len(content))
                yield content + b"\n"


if __name__ == "__main__":
    build(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
