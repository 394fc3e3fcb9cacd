"""Plain text: names that others chose are shown, but can steer neither a terminal nor a reader.

Control characters move cursors and set colours, bidirectional overrides reorder what is read, and
invisible characters make two names look like one: each is shown as its escape.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_IN_JSON = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def plain(text: str) -> str:
    """Return ``text`` with every steering or invisible character as ``\\xNN`` or ``\\uNNNN``."""
    return _STEERING.sub(_escape, text)


def json_safe(encoded: str) -> str:
    """Return JSON text of equal meaning in which the same characters stand as ``\\uNNNN``."""
    return _IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded)


def day(moment: datetime | None) -> str:
    """Return a moment's day in UTC, or that it is not known."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}" if moment else "not known"


def minute(moment: datetime | None) -> str:
    """Return a moment to the minute in UTC, zone said, or that it is not known."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else "not known"


def amount(number: int, word: str) -> str:
    """Return a number with its noun: ``1 source``, ``2 sources``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number <= 0xFF:  # noqa: PLR2004
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004
