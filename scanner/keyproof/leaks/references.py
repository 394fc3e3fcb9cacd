"""References: which objects the trees, commits and tags that were read name.

What they name and no pack holds is missing; nothing else has to walk the history to tell. Of a tree
only the stretch is read in which it is not the tree before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

_NAMED = re.compile(rb"(?:tree|parent|object) ([0-9a-f]{40,64})\n")
_HEADER = re.compile(rb"(?:(?:tree|parent|object) [0-9a-f]{40,64}\n){1,999}")
"""With what commits and tags begin."""
_MODE = re.compile(rb"[1-7][0-7]{4,5} ")
_TREE, _SUBMODULE = b"4", b"16"
"""How the modes of folders begin, and of commits of other repositories."""


class Referred(NamedTuple):
    """Ids without repetition, in bytes, one behind the other: of files, and of all the rest."""

    files: bytes = b""
    others: bytes = b""


class Absent(NamedTuple):
    """Ids in hexadecimal that are referred to and not there: of files, and of all the rest."""

    files: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class References:
    """Collects the ids that objects name. Belongs to one thread.

    Attributes:
        whole: false once an object was too large to be read for them.
    """

    def __init__(self, oid_bytes: int) -> None:
        """Take the length of ids: 20, or 32 in SHA-256 repositories."""
        self.whole = True
        self._oid_bytes = oid_bytes
        self._entry = re.compile(rb"([1-7][0-7]{4,5}) [^\0]+\0(.{%d})" % oid_bytes, re.DOTALL)
        self._files: set[bytes] = set()
        self._others: set[bytes] = set()

    def in_tree(self, tree: bytes, low: int, high: int) -> None:
        """Take the ids of all entries that ``tree[low:high]`` touches."""
        stop = tree.find(b"\0", high)
        stop = len(tree) if stop < 0 else stop + 1 + self._oid_bytes
        for mode, oid in self._entry.findall(tree, self._entry_before(tree, low), stop):
            if mode.startswith(_TREE):
                self._others.add(oid)
            elif not mode.startswith(_SUBMODULE):
                self._files.add(oid)

    def _entry_before(self, tree: bytes, low: int) -> int:
        """Return where an entry begins, at ``low`` or before it.

        An id may hold a zero, too; that a mode follows it where the next entry would begin, chance
        does not bring about.
        """
        zero = tree.rfind(b"\0", 0, low)
        while zero >= 0:
            begin = zero + 1 + self._oid_bytes
            if begin <= low and _MODE.match(tree, begin):
                return begin
            zero = tree.rfind(b"\0", 0, zero)
        return 0

    def in_header(self, text: Any, start: int, end: int) -> None:
        """Take the ids that the commit or tag at ``text[start:end]`` names."""
        header = _HEADER.match(text, start, end)
        if header:
            self._others.update(map(_raw, _NAMED.findall(header.group())))

    def referred(self) -> Referred:
        """Return everything that was named."""
        return Referred(b"".join(self._files), b"".join(self._others))


def _raw(oid: bytes) -> bytes:
    return bytes.fromhex(oid.decode("ascii"))


def absent(ids: bytes, referred: Iterable[Referred], before: Absent) -> Absent:
    """Return what is referred to and is not among ``ids`` (in hexadecimal, one a line).

    Args:
        before: what was absent when objects were read that are not read again.
    """
    oid_bytes = ids.find(b"\n") // 2
    present = set(map(_start, map(_raw, ids.splitlines())))
    files, others = (
        {oid for oid in known if _start(_raw(oid.encode())) not in present} for known in before
    )
    for part in referred:
        for named, kept in ((part.files, files), (part.others, others)):
            for at in range(0, len(named), oid_bytes):
                if _start(named[at : at + 8]) not in present:
                    kept.add(named[at : at + oid_bytes].hex())
    return Absent(tuple(sorted(files)), tuple(sorted(others)))


def _start(oid: bytes) -> int:
    """Return the first half of an id and less: no two objects share it, and a number takes little."""
    return int.from_bytes(oid[:8], "big")
