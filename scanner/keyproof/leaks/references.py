"""References: which objects the trees, commits and tags that were read name.

What they name and no pack holds is missing; nothing else has to walk the history to tell.
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

_NAMED = re.compile(rb"(?:tree|parent|object) ([0-9a-f]{40,64})\n")
_HEADER = re.compile(rb"(?:(?:tree|parent|object) [0-9a-f]{40,64}\n){1,999}")
"""With what commits and tags begin."""
_FOLDER, _SUBMODULE = b"40000", b"160000"
"""The modes of folders, some with zeros before, and of commits of other repositories."""
_TOGETHER = 65_536


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
        whole: false once an object was too large, or too odd, to be read for them.
        in_trees: the ids that trees name, by mode: whoever reads trees adds to them.
        telling: ids and names of files whose name may be all that tells what they hold.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.whole = True
        self.in_trees: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self.telling: set[tuple[bytes, bytes]] = set()
        self._others: set[bytes] = set()

    def in_header(self, text: Any, start: int, end: int) -> None:
        """Take the ids that the commit or tag at ``text[start:end]`` names."""
        header = _HEADER.match(text, start, end)
        if header:
            self._others.update(map(_raw, _NAMED.findall(header.group())))

    def referred(self) -> Referred:
        """Return everything that was named."""
        files: set[bytes] = set()
        others = set(self._others)
        for mode, oids in self.in_trees.items():
            if mode.endswith(_FOLDER):
                others |= oids
            elif mode != _SUBMODULE:
                files |= oids
        return Referred(b"".join(files), b"".join(others))


def _raw(oid: bytes) -> bytes:
    return bytes.fromhex(oid.decode("ascii"))


def absent(ids: bytes, referred: Iterable[Referred], before: Absent) -> Absent:
    """Return what is referred to and is not among ``ids`` (in hexadecimal, one a line).

    Args:
        before: what was absent when objects were read that are not read again.
    """
    size = ids.find(b"\n") // 2 if ids else 20
    present: set[int] = set()
    for some in _slices(ids, 2 * size + 1):
        present.update(_starts(bytes.fromhex(some.decode("ascii")), size))
    files, others = ({oid for oid in known if int(oid[:16], 16) not in present} for known in before)
    for part in referred:
        for named, kept in ((part.files, files), (part.others, others)):
            for some in _slices(named, size):
                lacking = set(_starts(some, size)) - present
                if lacking:
                    every = (some[at : at + size] for at in range(0, len(some), size))
                    kept.update(oid.hex() for oid in every if next(_starts(oid, size)) in lacking)
    return Absent(tuple(sorted(files)), tuple(sorted(others)))


def _slices(data: bytes, width: int) -> Iterator[bytes]:
    """Cut what is made of entries of one width: numbers of all at once would take much memory."""
    step = width * _TOGETHER
    return (data[at : at + step] for at in range(0, len(data), step))


def _starts(ids: bytes, size: int) -> Iterator[int]:
    """Yield eight bytes of each id as a number: no two objects share them, and they take little."""
    return (start for (start,) in struct.iter_unpack(f">Q{size - 8}x", ids))
