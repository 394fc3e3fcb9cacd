"""Compiled rules: the form of a rule set that is quick to load, and what says whether it is current.

A file holds a head (stamp, digest), which is all that a clean commit reads of it, and the rules as
plain tuples. One comes with the wheel, made when that is built; each user's cache keeps another.
This module imports next to nothing, because every commit pays for it.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib

TYPE_CHECKING = False  # importing typing would cost a clean commit two milliseconds
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs milliseconds
DETECTORS = os.path.join(HERE, "detectors")  # noqa: PTH118
SHIPPED = os.path.join(HERE, "rules.bin")  # noqa: PTH118
"""The compiled rules that a wheel brings; a source tree has none."""
_MARSHAL = 4
"""A form that every Python since 3.4 reads, on every machine."""
_HEAD_BYTES = 4096
_NUMBER = 4


def cached(cache_folder: str, folders: Sequence[str]) -> str:
    """Return where the rules of ``folders`` are kept in a user's cache."""
    place = zlib.crc32("\0".join(folders).encode("utf-8", "surrogateescape"))
    return f"{cache_folder}{os.sep}rules-{place:08x}-{sys.implementation.cache_tag}.bin"


def stamp(folders: Sequence[str]) -> str:
    """Return what changes with every change of the detector files, or of the code that reads them.

    Reading 400 files costs the hook more than everything else it does, so times, sizes and names
    stand for their content.
    """
    parts = [f"{HERE} {_state(HERE, '.py')}"]
    parts += [f"{folder} {_state(folder, '.yaml')}" for folder in folders]
    return "\n".join(parts)


def _state(folder: str, suffix: str) -> str:
    count = size = times = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(suffix):
                status = entry.stat()
                count += 1
                size += status.st_size
                times += status.st_mtime_ns + status.st_ctime_ns
    return f"{count} {size} {times}"


def digest_of_current(cache_folder: str) -> str | None:
    """Return the digest of the detectors that ship, if the cache knows it of exactly these files."""
    found = _open(cached(cache_folder, (DETECTORS,)), _HEAD_BYTES)
    return found[1] if found and found[0] == stamp((DETECTORS,)) else None


def read(path: str) -> tuple[str, str, tuple[Any, ...]] | None:
    """Return stamp, digest and rules of a file; ``None`` where there is none, or it is damaged."""
    found = _open(path, None)
    if found is None:
        return None
    body, check = found[2], found[3]
    if zlib.crc32(body) != check:
        return None
    try:
        return found[0], found[1], marshal.loads(body)  # noqa: S302 - checked, and the user's own
    except (ValueError, EOFError, TypeError):
        return None


def _open(path: str, most: int | None) -> tuple[str, str, bytes, int] | None:
    """Return stamp, digest, the body (as much of it as was read) and its checksum."""
    try:
        with open(path, "rb", 0) as file:  # noqa: PTH123
            data = file.read(-1 if most is None else most)
    except OSError:
        return None
    end = 2 * _NUMBER + int.from_bytes(data[:_NUMBER], "big")
    head = data[2 * _NUMBER : end]
    if (
        not head
        or len(head) < end - 2 * _NUMBER
        or zlib.crc32(head) != _number(data[_NUMBER : 2 * _NUMBER])
    ):
        return None
    made, digest, check = marshal.loads(head)  # noqa: S302 - checked, and the user's own
    return made, digest, data[end:], check


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def dump(made: str, digest: str, rules: tuple[Any, ...]) -> bytes:
    """Return the file of a rule set of plain tuples; equal rules give equal bytes."""
    body = marshal.dumps(rules, _MARSHAL)
    head = marshal.dumps((made, digest, zlib.crc32(body)), _MARSHAL)
    numbers = (len(head), zlib.crc32(head))
    return b"".join((*(n.to_bytes(_NUMBER, "big") for n in numbers), head, body))


def write(path: str, content: bytes) -> None:
    """Write a file whole or not at all, readable by its user only; a failure costs time later."""
    part = f"{path}.{os.getpid()}.part"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True, mode=0o700)  # noqa: PTH103, PTH120
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
        os.replace(part, path)  # noqa: PTH105
    except OSError:
        try:
            os.remove(part)  # noqa: PTH107
        except OSError:
            return
