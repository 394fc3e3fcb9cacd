"""Rule: what a rule of another scanner says, before it is translated."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from keyproof.leaks.conditions import Condition

FIRST = -1
"""As a group: the first one that matched something, else the whole match."""


_GENERIC = re.compile(r"generic|entropy|password|passwd", re.IGNORECASE)


def is_named(rule: str) -> bool:
    """Tell from what a rule is called whether it says whose the secrets are."""
    return _GENERIC.search(rule) is None


class Beside(NamedTuple):
    """Another rule's match that must stand near, or there is no finding.

    ``lines`` and ``columns`` bound how far away it may be; ``None`` does not.
    """

    rule: str
    lines: int | None
    columns: int | None


class Rule(NamedTuple):
    """One rule as its file says it.

    Attributes:
        id: as we call it: ``gitleaks:acme-token``.
        where: ``file:line``.
        pattern: in the dialect ``go``, ``rust`` or ``python``.
        group: number or name of the group that is the secret.
        keywords: one of them must stand near, in any case of its letters.
        skip: when a match is no secret.
        beside: what must stand near it.
        reported: false for a rule that only serves others.
        examples: texts that the rule must find something in; ``counterexamples``: nothing.
    """

    id: str
    where: str
    pattern: str
    dialect: Literal["go", "rust", "python"] = "go"
    group: int | str = FIRST
    keywords: tuple[str, ...] = ()
    skip: Condition = False
    beside: tuple[Beside, ...] = ()
    confidence: Literal["high", "medium", "low"] = "medium"
    named: bool = True
    reported: bool = True
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


class Refusal(NamedTuple):
    """What cannot be translated, where it stands, and why. It never quotes a pattern or a value."""

    where: str
    rule: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.where}: {self.rule}: {self.reason}"
            if self.rule
            else f"{self.where}: {self.reason}"
        )


class Reading(NamedTuple):
    """A file of rules: what it says, what is refused, and what a person should know besides."""

    rules: tuple[Rule, ...]
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


class Untranslatable(ValueError):
    """A pattern or condition that cannot be said in our words. The text is the reason."""
