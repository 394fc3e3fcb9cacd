"""Named files: secrets that only the name of their file gives away, as ``config/master.key`` does.

No trigger leads to them: whoever knows a file's name asks here. Where only the name is known, and
not the folders before it, a hit waits (``Hit.pending``) for its places.
"""

from __future__ import annotations

from functools import lru_cache

from keyproof.leaks import conditions
from keyproof.leaks.exact import confirm_whole, resolve
from keyproof.leaks.file_names import may_tell
from keyproof.leaks.file_places import is_at, is_named
from keyproof.leaks.hit import Hit
from keyproof.leaks.rules import RuleSet
from keyproof.leaks.rules_digested import Digested

MOST_BYTES = 1 << 20
"""What is larger holds more than a secret."""


def hits_at(rules: RuleSet, path: bytes, data: bytes) -> list[Hit]:
    """Return what a file at this path holds because it lies there."""
    if not may_tell(path) or len(data) > MOST_BYTES:
        return []
    every = _every(Digested(rules))
    found = (confirm_whole(rules, n, data) for n, places in every if is_at(path, places))
    return resolve(rules, (hit for hits in found for hit in hits))


def hits_named(rules: RuleSet, name: bytes, data: bytes) -> list[Hit]:
    """Return what a file of this name may hold; ``pending`` says where it has to lie."""
    if not may_tell(name) or len(data) > MOST_BYTES:
        return []
    return [
        hit._replace(pending=conditions.dump(("not", ("at", "path", places))))
        for number, places in _every(Digested(rules))
        if is_named(name, places)
        for hit in confirm_whole(rules, number, data)
    ]


@lru_cache(maxsize=4)
def _every(digested: Digested) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return the detectors of named files, and their places."""
    detectors = digested.rules.detectors
    return tuple((number, rule.files) for number, rule in enumerate(detectors) if rule.files)
