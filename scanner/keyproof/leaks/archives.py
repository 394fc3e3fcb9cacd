"""Archives: the secrets in what is packed in a file, by the paths inside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keyproof.leaks.locate import Found
from keyproof.leaks.unpack_forms import form

if TYPE_CHECKING:
    from keyproof.leaks.unpack import Member


class Packed(NamedTuple):
    """What the members of one archive gave.

    Attributes:
        found: each secret with the path inside of the member that holds it; empty where the file
            is one compressed text.
        unread: what could not be read: path inside, and a ``GapReason``.
        read: how many members were read.
    """

    found: tuple[tuple[bytes, Found], ...]
    unread: tuple[tuple[bytes, str], ...]
    read: int


class Inside(NamedTuple):
    """What lies in an object that was read, and could not be read itself.

    Attributes:
        path: inside the object; empty for all that it holds.
        reason: a ``GapReason``.
    """

    oid: str
    path: bytes
    reason: str


def is_packed(head: bytes | bytearray) -> bool:
    """Tell from its first ``HEAD_BYTES`` whether something may be packed in a file."""
    return bool(form(head))


def search_packed(data: bytes, search: Callable[[bytes], list[Found]]) -> Packed:
    """Search every member of ``data``, and its name.

    Args:
        search: finds the secrets in one text.
    """
    from keyproof.leaks.unpack import Unread, unpack

    found: list[tuple[bytes, Found]] = []
    unread: list[tuple[bytes, str]] = []
    shown: set[str] = set()
    read = 0
    for one in unpack(data):
        if isinstance(one, Unread):
            unread.append((one.path, one.reason))
            continue
        if one.again:
            places = [place for place in search(one.data) if place.secret_id not in shown]
        else:
            read += 1
            places = _member(one, search)
            shown = {place.secret_id for place in places}
        found += [(one.path, place) for place in places]
    return Packed(tuple(found), tuple(unread), read)


def _member(member: Member, search: Callable[[bytes], list[Found]]) -> list[Found]:
    named = [one._replace(line=None, column=None) for one in search(member.path)]
    return [*search(member.data), *named]


def inside(outer: bytes | None, inner: bytes) -> bytes | None:
    """Return the path of a member: ``outer.zip!inner/path``."""
    if not inner:
        return outer
    return (outer or b"") + b"!" + inner
