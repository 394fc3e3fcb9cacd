"""Compiles the innermost loop of a history scan, ``keyproof/leaks/delta.py``, with mypyc.

    .venv/bin/python scanner/build_delta.py     beside its source, where ``make`` does it, too

The build hook does the same for a wheel that is built with ``KEYPROOF_COMPILE=1``. Nothing needs the
compiled form: Python prefers it where it is, and scans are slower where it is not.
"""

from __future__ import annotations

import importlib.machinery
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = "keyproof/leaks/delta.py"
_SECONDS = 300


class NotCompiled(Exception):
    """There is no mypyc or no compiler here, or they failed."""


def compile_delta(target: Path) -> list[Path]:
    """Compile the module into the folder ``target``, and return the files made.

    Raises:
        NotCompiled: with the last words of what failed.
    """
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, SOURCE)
        source.parent.mkdir(parents=True)
        for package in (source.parent.parent, source.parent):
            (package / "__init__.py").touch()
        shutil.copy(HERE / SOURCE, source)
        command = [sys.executable, "-m", "mypyc", "--ignore-missing-imports", SOURCE]
        try:
            done = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotCompiled("mypyc took too long") from None
        made = sorted(source.parent.glob(f"delta*{suffix}"), reverse=True)
        if done.returncode or not made:
            raise NotCompiled((done.stderr or done.stdout).strip()[-500:])
        target.mkdir(parents=True, exist_ok=True)
        return [_placed(one, target) for one in made]


def _placed(made: Path, target: Path) -> Path:
    """Copy a file in one step: a scan may be loading it."""
    part = target / f"{made.name}.part"
    shutil.copy(made, part)
    return part.replace(target / made.name)


def main() -> None:
    """Compile in place; where that cannot be, say so and go on without."""
    try:
        for made in compile_delta((HERE / SOURCE).parent):
            print(f"compiled {made.name}")
    except NotCompiled as failed:
        print(f"history scans run uncompiled: {failed}", file=sys.stderr)


if __name__ == "__main__":
    main()
