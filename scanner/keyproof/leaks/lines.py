"""What the lines of a match say by themselves, whatever stands around them.

The same lines stand in thousands of texts, and nearly all of what triggers report is refused by them:
a name that holds no secret, a placeholder, code. So the answer is worked out once. What else may
speak against a value, and whose it is, is for :mod:`keyproof.leaks.exact` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from keyproof.leaks.checksums import CHECKS
from keyproof.leaks.placeholders import entropy, is_placeholder, is_template
from keyproof.leaks.rules import BEHIND_LINE, Detector, RuleSet
from keyproof.leaks.rules_digested import Digested

CONFIDENCES = ("low", "medium", "high")
_CUT = (b"***", b"...", "…".encode(), b"###", b"<re")
"""What follows a value of which only the beginning is shown."""
_DIGIT = re.compile(rb"[0-9]")
OTHER_ADDRESS = re.compile(
    rb"[)\]>]{1,3}\(?https?://([^/\s\"'<>)]{1,100})/[^\s\"'<>)]{0,200}[?&][\w-]{1,30}=\Z"
)
"""An address behind another one, in whose parameter a value stands."""
_LONGEST = 400
"""So far beyond the window of a check its lines may reach: longer ones are met once."""
_REMEMBERED = 32_768


def refused_within(rules: RuleSet, detector: int, text: bytes, end: int) -> tuple[int, int] | None:
    """Return from where to where the lines stand that refuse what a trigger reported at ``end``.

    ``None`` where the lines do not refuse it, or something else would have to be looked at.
    """
    rule = rules.detectors[detector]
    lines = None if rule.foreign else _lines(rule, text, end)
    if lines is None:
        return None
    low, high = lines
    return lines if _refuse(Digested(rules), detector, text[low:high], end - low) else None


@lru_cache(maxsize=_REMEMBERED)
def _refuse(digested: Digested, detector: int, lines: bytes, end: int) -> bool:
    rules = digested.rules
    rule = rules.detectors[detector]
    return not any(
        confidence_by_lines(rule, lines, match) or may_have_owner(rules, rule, lines, match)
        for match in matches(rule, lines, end)
    )


def _lines(rule: Detector, text: bytes, end: int) -> tuple[int, int] | None:
    """Return where the lines stand that hold all that a check matches; ``None`` where one is long.

    With them comes the line's end before them, and behind them what a pattern may ask for.
    """
    low, high = _window(rule, text, end)
    start = text.rfind(b"\n", max(0, low - _LONGEST), low)
    if start < 0 and low > _LONGEST:
        return None
    stop = text.find(b"\n", max(end, high - BEHIND_LINE), high + _LONGEST)
    if stop < 0 and high + _LONGEST < len(text):
        return None
    return max(0, start), len(text) if stop < 0 else min(len(text), stop + BEHIND_LINE)


def _window(rule: Detector, text: bytes, end: int) -> tuple[int, int]:
    """Return from where to where a match that has to do with ``end`` is searched."""
    low, high = max(0, end - rule.before), min(len(text), end + rule.after)
    if not (rule.covers and rule.in_line):
        return low, high
    stop = text.find(b"\n", end, high)
    if stop >= 0:
        high = min(high, stop + BEHIND_LINE)
    return max(low, text.rfind(b"\n", low, end) + 1), high


def matches(rule: Detector, text: bytes, end: int) -> Iterator[re.Match[bytes]]:
    """Yield a detector's matches that have to do with the end that its trigger reported."""
    for match in compiled(rule.pattern).finditer(text, *_window(rule, text, end)):
        if rule.covers:
            if match.start() >= end:
                return
            if match.end() < end or _strays(rule, text, match):
                continue
        yield match


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[bytes]:
    """Return a rule's expression, compiled."""
    return re.compile(pattern.encode("latin-1"))


def _strays(rule: Detector, text: bytes, match: re.Match[bytes]) -> bool:
    """Whether a context word belongs to something else: two lines up, or beside another's address."""
    if not rule.reject:
        return False
    low, start = match.start(), match.start("secret")
    if text.count(b"\n", low, start) > 1:
        return True
    address = OTHER_ADDRESS.search(text, low, start)
    return address is not None and text[low : low + 5].lower() not in address.group(1).lower()


def confidence_by_lines(rule: Detector, text: bytes, match: re.Match[bytes]) -> str | None:
    """Return what value, name and line leave of a detector's confidence; ``None`` is no secret."""
    value, end = match.group("secret"), match.end("secret")
    body = value[rule.public_prefix :]
    if rule.entropy and entropy(body) < rule.entropy:
        return None
    if is_placeholder(body) or (rule.shape and is_template(body)) or text[end : end + 3] in _CUT:
        return None
    confidence = rule.confidence
    if rule.shape:
        from keyproof.leaks.generic import SHAPES  # compiles much that a clean commit never needs

        shaped = SHAPES[rule.shape](match, text)
        if shaped is None:
            return None
        confidence = min(confidence, shaped, key=CONFIDENCES.index)
    for check in rule.checks:
        if not CHECKS[check.name](value):
            if check.otherwise == "drop":
                return None
            confidence = min(confidence, check.otherwise, key=CONFIDENCES.index)
    return confidence


def may_have_owner(rules: RuleSet, rule: Detector, text: bytes, match: re.Match[bytes]) -> bool:
    """Whether a value has the form of a provider's secret, and the detector asks for its name."""
    if not rule.around:
        return False
    from keyproof.leaks.naming import names_no_secret
    from keyproof.leaks.surroundings import fits_any

    value = match.group("secret")
    if _DIGIT.search(value) is None or names_no_secret(match, text):
        return False
    return fits_any(rules, value)
