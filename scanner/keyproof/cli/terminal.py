"""What commands share of the terminal: where results go, progress on stderr, colour."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from keyproof.errors import UsageError


def note(text: str) -> None:
    """Write one line to stderr: everything that is not the result."""
    click.echo(text, err=True)


def wants_colour(stream: IO[Any]) -> bool:
    """Tell whether a stream gets colour: ``NO_COLOR``, then ``FORCE_COLOR``, then a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


@contextlib.contextmanager
def result_stream(output: str | None, *, binary: bool = False) -> Iterator[IO[Any]]:
    """Open where the result goes: stdout for ``None`` or ``-``, else a file, replaced at the end.

    Raises:
        UsageError: the file cannot be written.
    """
    if output in {None, "-"}:
        yield sys.stdout.buffer if binary else sys.stdout
        sys.stdout.flush()
        return
    path = Path(str(output))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    direct = _is_written_directly(path)
    # "x": a link that somebody laid in the way is not followed
    mode, encoding = ("w" if direct else "x") + "b" * binary, None if binary else "utf-8"
    try:
        with (path if direct else part).open(mode, encoding=encoding) as stream:
            yield stream
        if not direct:
            part.replace(path)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"cannot write {path} ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)


def _is_written_directly(path: Path) -> bool:
    """Tell whether a path is a pipe, a device or an open file: replaced, it would be gone."""
    if path.parts[1:2] in {("dev",), ("proc",)}:
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


class TerminalProgress:
    """Progress on one line of stderr. See ``ports.Progress``."""

    def __init__(self) -> None:
        self._last = 0.0
        self._shown = False

    def step(self, what: str, done: int = 0, total: int | None = None) -> None:
        """See ``Progress.step``; redraws at most ten times a second."""
        moment = time.monotonic()
        if moment - self._last < 0.1 and done != total:  # noqa: PLR2004
            return
        self._last, self._shown = moment, True
        amount = f" {done:,}/{total:,}" if total else f" {done:,}" if done else ""
        sys.stderr.write(f"\r\x1b[2K{what}{amount}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


@contextlib.contextmanager
def progress(*, quiet: bool = False) -> Iterator[TerminalProgress | None]:
    """Yield a progress where a person watches (stderr is a terminal, not CI, not quiet)."""
    if quiet or not sys.stderr.isatty() or os.environ.get("CI"):
        yield None
        return
    shown = TerminalProgress()
    try:
        yield shown
    finally:
        shown.clear()
