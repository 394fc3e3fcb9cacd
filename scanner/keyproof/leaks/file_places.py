"""File places: the paths that a detector's ``files`` stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


def is_at(path: bytes, places: Sequence[str]) -> bool:
    """Whether a path ends as one of ``places`` does: ``config/*.key``; ``*`` crosses no folder."""
    return any(_place(place).search(path) for place in places)


def is_named(name: bytes, places: Sequence[str]) -> bool:
    """Whether a file's name alone could be at one of ``places``: its folder is not known."""
    return is_at(name, [place.rpartition("/")[2] for place in places])


@lru_cache(maxsize=512)
def _place(place: str) -> re.Pattern[bytes]:
    form = re.escape(place).replace(r"\*", "[^/]*")
    return re.compile(f"(?i)(?:^|/){form}\\Z".encode())
