"""Ends the process at once, and without a traceback, where somebody interrupts its start."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal itself imports enum
import os

_CODES = ((_signal.SIGINT, 130), (_signal.SIGTERM, 143))


def leave_quietly() -> None:
    """Let SIGINT and SIGTERM end the process with the shell's codes for them: 130 and 143."""
    for number, code in _CODES:
        _handle(number, lambda _number, _frame, code=code: os._exit(code))


def raise_again() -> None:
    """Let signals do what they do in any Python process: from here on, somebody handles them."""
    _handle(_signal.SIGINT, _signal.default_int_handler)
    _handle(_signal.SIGTERM, _signal.SIG_DFL)


def _handle(number: int, handler: object) -> None:
    try:
        if _signal.getsignal(number) != _signal.SIG_IGN:  # nohup, or a shell's background
            _signal.signal(number, handler)
    except ValueError:  # not the main thread, which alone is sent signals
        return
