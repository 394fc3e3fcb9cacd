"""Plain: what :mod:`keyproof.leaks.databases` does, by Python's own expressions.

Compiling a rule set for hyperscan takes seconds, which nobody should wait for at a first commit. A
small text is searched without: of the triggers, those one of whose literals stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from keyproof.leaks.databases import (
    SEARCHED,
    WIDE,
    Databases,
    made_databases,
    part_of,
    stored_databases,
)
from keyproof.leaks.rules import RuleSet

MOST_BYTES = 512 << 10
"""Texts that are longer, all together, are searched faster once everything is compiled."""
_CALL_BYTES = 4 << 10
"""A search takes as long as so many bytes do, however short its text is."""


class PlainDatabases(Databases):
    """Searches small texts, and answers as ``Databases`` do."""

    def __init__(self, rules: RuleSet) -> None:
        """Take the rules; nothing is compiled before it is needed."""
        self._rules = rules
        self._compiled: dict[bytes, re.Pattern[bytes]] = {}

    def copy(self) -> PlainDatabases:
        """See ``Databases.copy``."""
        return PlainDatabases(self._rules)

    def scan(self, part: str, data: Any) -> list[tuple[int, int]]:
        """See ``Databases.scan``."""
        text = bytes(data)
        if part == "wide":
            return [(0, end) for end in self._ends(WIDE, re.DOTALL, text)][:1]
        return [
            (number, end)
            for number, expression, flags in self._wanted(part, text)
            for end in self._ends(expression, flags, text)
        ]

    def _wanted(self, part: str, text: bytes) -> Iterator[tuple[int, bytes, int]]:
        if part == "encoded":
            from keyproof.leaks.encoded import ENCODINGS

            for number, one in enumerate(ENCODINGS, len(self._rules.triggers)):
                yield number, one.expression, re.DOTALL
            return
        lower = text.lower()
        for number, trigger in enumerate(self._rules.triggers):
            if part_of(trigger.width) != part:
                continue
            if not trigger.needs or any(needed in lower for needed in trigger.needs):
                yield number, trigger.expression, 0

    def _ends(self, expression: bytes, flags: int, text: bytes) -> Iterator[int]:
        """Yield the ends of all matches, as hyperscan does, not of those alone that do not overlap."""
        pattern = self._compiled.get(expression)
        if pattern is None:
            pattern = self._compiled[expression] = re.compile(expression, flags)
        seen: set[int] = set()
        match = pattern.search(text)
        while match:
            start: int = match.start()
            shorter: re.Match[bytes] | None = match
            while shorter:
                seen.add(shorter.end())
                shorter = pattern.match(text, start, shorter.end() - 1)
            match = pattern.search(text, start + 1)
        yield from sorted(seen)


class PlainAtFirst(Databases):
    """Searches plainly as long as there is little to search; compiles once there is much."""

    def __init__(self, rules: RuleSet, cache_folder: str, left: int = MOST_BYTES) -> None:
        """Take the rules, where to keep what is compiled, and how many bytes are little."""
        self._rules = rules
        self._cache_folder = cache_folder
        self._left = left
        self._databases: Databases = PlainDatabases(rules)

    def copy(self) -> Databases:
        """See ``Databases.copy``."""
        if self._left < 0:
            return self._databases.copy()
        return PlainAtFirst(self._rules, self._cache_folder, self._left)

    def expect(self, size: int) -> None:
        """See ``Databases.expect``."""
        if 0 <= self._left < size:
            self._compile()

    def scan(self, part: str, data: Any) -> list[tuple[int, int]]:
        """See ``Databases.scan``."""
        if self._left >= 0 and part == SEARCHED[0]:
            self._left -= len(data) + _CALL_BYTES
            if self._left < 0:
                self._compile()
        return self._databases.scan(part, data)

    def _compile(self) -> None:
        self._left = -1
        folder = self._cache_folder
        known = stored_databases(self._rules.digest, folder)
        self._databases = known or made_databases(self._rules, folder)
