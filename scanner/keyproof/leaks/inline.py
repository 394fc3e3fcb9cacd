"""Inline statements: a comment on a secret's line that accepts it, ours or another scanner's.

``keyproof:allow why it may stand here``, or one of the peers' markers. A statement waives the
occurrence, it never hides the leak; ``--no-inline`` switches all of them off.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MARKERS = (
    "keyproof:allow",
    "gitleaks:allow",
    "betterleaks:allow",
    "trufflehog:ignore",
    "kingfisher:ignore",
    "ggignore",
    "pragma: allowlist secret",
    "pragma: whitelist secret",
    "pragma: allowlist nextline secret",
    "pragma: whitelist nextline secret",
)
"""Every statement that is understood, as it is counted and listed."""

_SAME = re.compile(
    rb"(?P<plain>(?:keyproof|gitleaks|betterleaks):allow|(?:trufflehog|kingfisher):ignore"
    rb"|(?<![0-9A-Za-z])ggignore(?![0-9A-Za-z]))"
    rb"|pragma:\s?(?P<list>allow|white)list[- ]secret"
)
_NEXT = re.compile(rb"pragma:\s?(?P<list>allow|white)list[- ]nextline[- ]secret")
_REASON = re.compile(rb"keyproof:allow(?P<reason>[^\r\n]*)")
_CLOSERS = re.compile(r"(?:\*/|-->|[#%]\}|\*\))\s*$")
_LONGEST_REASON = 300


class Inline(NamedTuple):
    """A statement: its marker (one of :data:`MARKERS`) and the reason that ours may give."""

    marker: str
    reason: str | None


def statement(above: bytes, line: bytes) -> Inline | None:
    """Return what is stated about a secret on ``line``; ``above`` is the line before it.

    Args:
        line: without the secret's value, which could hold anything.
    """
    match = _SAME.search(line)
    if match is None:
        match = _NEXT.search(above)
        return (
            Inline(f"pragma: {match['list'].decode()}list nextline secret", None) if match else None
        )
    if match["list"]:
        return Inline(f"pragma: {match['list'].decode()}list secret", None)
    marker = match["plain"].decode()
    return Inline(marker, _reason(line) if marker == "keyproof:allow" else None)


def _reason(line: bytes) -> str | None:
    match = _REASON.search(line)
    text = match["reason"].decode("utf-8", "replace") if match else ""
    text = _CLOSERS.sub("", text).strip(" \t:-")
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown[:_LONGEST_REASON] or None
