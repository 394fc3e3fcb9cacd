"""Builds a repository from the releases of a real package: each release one commit, and merges.

    .venv/bin/python benchmarks/corpus.py botocore .cache/bench/botocore
    .venv/bin/python benchmarks/corpus.py --pin botocore 28      (prints lines for releases.lock)

The wheels come from the configured package registry through pip; ``releases.lock`` names them with
their hashes. Every third release is committed on a branch and merged. The same releases give the
same commits.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

LOCK = Path(__file__).with_name("releases.lock")
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


def pin(package: str, count: int) -> Iterator[str]:
    """Yield lines for ``releases.lock``; releases without a wheel are passed over, aloud."""
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--no-deps"]
    uv += ["--generate-hashes", "--no-header", "--no-annotate", "--only-binary", ":all:", "-"]
    for version in releases(package, count):
        line = f"{package}=={version}"
        done = subprocess.run(uv, input=line, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{line}: no wheel; passed over", file=sys.stderr)
            continue
        yield " ".join([line, *re.findall(r"--hash=\S+", done.stdout)])


def pinned(package: str) -> list[str]:
    """Return the lines of ``releases.lock`` that are about a package, oldest release first."""
    lines = LOCK.read_text().splitlines()
    return [line for line in lines if line.startswith(f"{package}==")]


def _download(requirement: str, target: Path) -> Path | None:
    """Download one wheel; a hash in the requirement must be the wheel's."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = target / "wanted.txt"
    wanted.write_text(requirement + "\n")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *(
                "--ignore-requires-python",
                "--only-binary",
                ":all:",
                "--dest",
                str(target),
                "-r",
                str(wanted),
            ),
        ],
        stderr=subprocess.DEVNULL,  # pip prints every version that there is
        check=False,
    )
    return next(iter(target.glob("*.whl")), None)


def wheels(lines: Sequence[str], folder: Path) -> Iterator[Path]:
    """Download the wheels of the lines, each as it is asked for."""
    for number, line in enumerate(lines):
        wheel = _download(line, folder / str(number))
        if wheel is None:
            message = f"{line.split()[0]}: the registry has no wheel with this hash"
            raise SystemExit(message)
        yield wheel
        wheel.unlink()


def build(package: str, target: Path) -> None:
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
        for chunk in _stream(wheels(pinned(package), Path(scratch))):
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
    if sys.argv[1] == "--pin":
        for one in pin(sys.argv[2], int(sys.argv[3])):
            print(one, flush=True)
    else:
        build(sys.argv[1], Path(sys.argv[2]))
