"""The error boundary: every failure becomes three lines on stderr and an exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from keyproof.errors import ExitCode, KeyproofError, UsageError


class _Terminated(KeyboardInterrupt):
    """SIGTERM: everything is left in good order, as after Ctrl-C; only the exit code differs."""

    exit_code = 128 + signal.SIGTERM


def _terminate(*_: object) -> NoReturn:
    raise _Terminated


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run a click command and return the process's exit code; commands return theirs."""
    _occupy_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    try:
        return _run(command, arguments)
    finally:
        if signal.getsignal(signal.SIGTERM) is _terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _run(command: click.Command, arguments: Sequence[str]) -> int:
    try:
        result = command.main(list(arguments), prog_name="keyproof", standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.OK
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as failure:
        failure.show(sys.stderr)
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort) as leaving:
        print("keyproof: interrupted", file=sys.stderr)
        cause = leaving.__cause__ or leaving  # click makes an Abort of what interrupts it
        return cause.exit_code if isinstance(cause, _Terminated) else ExitCode.INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()
        return ExitCode.OK
    except KeyproofError as error:
        explain(error)
        return error.exit_code
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            return _internal(error)
        _drop_stdout()
        hint = "free some room, or write elsewhere"
        explain(UsageError(f"the output cannot be written ({error.strerror})", hint=hint))
        return ExitCode.USAGE
    except Exception as error:
        return _internal(error)


def _occupy_closed_streams() -> None:
    """Put the null device where a standard stream is closed: the next file would take its number.

    ``sys.stdin`` stays ``None``: no input is not an empty input.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            if number:
                setattr(sys, name, os.fdopen(number, "w"))


def _drop_stdout() -> None:
    """Let what stdout still holds go nowhere: Python would complain at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def explain(error: KeyproofError) -> None:
    """Write what failed, where, and how to mend it."""
    print(f"error: {error}", file=sys.stderr)
    if error.hint:
        print(f"  fix: {error.hint}", file=sys.stderr)


def _internal(error: Exception) -> int:
    """Write a crash report without the values that a traceback's message may quote."""
    import platform
    import traceback
    from datetime import UTC, datetime

    from keyproof import __version__
    from keyproof.identity import cache_folder

    frames = [
        f"  {frame.filename}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    text = "\n".join(
        (
            f"keyproof {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"{type(error).__module__}.{type(error).__qualname__}",
            *frames,
            "",
        )
    )
    where = "the log could not be written"
    with contextlib.suppress(OSError):
        folder = Path(os.environ.get("KEYPROOF_LOG_DIR") or cache_folder(os.environ) / "logs")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
        path.write_text(text)
        where = f"log: {path}"
    print(f"error: internal error ({type(error).__qualname__}); {where}", file=sys.stderr)
    if os.environ.get("KEYPROOF_DEBUG"):
        print(text, file=sys.stderr)
    return ExitCode.INTERNAL
