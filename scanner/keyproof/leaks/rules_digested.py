"""Digested: a rule set as the argument of something that is worked out once for each."""

from __future__ import annotations

from keyproof.leaks.rules import RuleSet


class Digested:
    """A rule set that is hashed by its digest: hashing its thousands of tuples takes milliseconds."""

    def __init__(self, rules: RuleSet) -> None:
        """Take a rule set; its digest names exactly it."""
        self.rules = rules

    def __hash__(self) -> int:
        """Hash the digest."""
        return hash(self.rules.digest)

    def __eq__(self, other: object) -> bool:
        """Compare digests."""
        return isinstance(other, Digested) and self.rules.digest == other.rules.digest
