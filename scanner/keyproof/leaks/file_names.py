"""File names that say what a file holds: a key, a password, and nothing around it to tell.

The hook's clean path asks :func:`may_tell` of every name, so this imports next to nothing. Which
detector's file it is, the detectors' own ``files`` say (:mod:`keyproof.leaks.named_files`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_TELLING = re.compile(
    rb"(?i)(?:key|keys|secrets?|tokens?|credentials?|pass(?:words?|wd|phrase)?|pwd|cookie|auth|"
    rb"htpasswd|-s3fs|initialadminpassword|auth-user-pass[^/]*|vault[-_]?pass[^/]*)(?:\.txt)?\Z|"
    rb"\.(?:gpg|pgp|sec|der|p8|pk8|bks|ubr|uber|keystore|ks)\Z"
)
"""Every name of every detector's ``files``, and others: a test says that none is forgotten."""


def may_tell(name: bytes) -> bool:
    """Whether a file's name, or its path, may be all that says that it holds a secret."""
    return _TELLING.search(name) is not None


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
