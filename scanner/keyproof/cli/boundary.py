"""The error boundary: every failure becomes three lines on stderr and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from keyproof.errors import ExitCode, KeyproofError


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run a click command and return the process's exit code; commands return theirs."""
    try:
        result = command.main(list(arguments), prog_name="keyproof", standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.OK
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as failure:
        failure.show(sys.stderr)
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        print("keyproof: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        with contextlib.suppress(
            OSError
        ):  # the reader of stdout left; Python would complain at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except KeyproofError as error:
        explain(error)
        return error.exit_code
    except Exception as error:
        return _internal(error)


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
