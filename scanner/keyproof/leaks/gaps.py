"""Gaps of a repository: what its scan did not see, why, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from keyproof.leaks.listing import Unread
from keyproof.model.source import Gap, GapReason

UNPACKING = "unpack"
"""The call of a gap that is about what lies packed in a file."""
_SHOWN = 5
_HINTS = {
    "corrupt": "git fsck names the damage; clone the repository again",
    "missing_object": "git fsck names what is missing; fetch or clone the repository again",
    "partial_clone": "git clone without --filter, or git fetch --refetch --no-filter",
    "shallow": "git fetch --unshallow (in CI: fetch-depth: 0)",
    "unsupported": "unpack it with its password or its own tool, and scan what it holds",
    "limit": "unpack it, and scan what it holds",
    "access_denied": "give the scanning user the right to read it",
}
_SAID = {
    "corrupt": "cannot be read: damaged",
    "missing_object": "missing",
    "partial_clone": "left with the remote by a partial clone",
    "shallow": "commits cut off by a shallow clone",
    "access_denied": "may not be read",
    "unsupported": "encrypted, or of a form that is not unpacked",
    "limit": "over the bounds of what is unpacked or decoded",
    "crash": "unread: a worker process died of them",
}


def object_gaps(source: str, unread: Iterable[Unread]) -> list[Gap]:
    """Return one gap a reason for objects that were not read, naming the first few."""
    by_reason: dict[str, set[str]] = {}
    for one in unread:
        by_reason.setdefault(one.reason, set()).add(one.oid)
    return [
        _gap(source, "git cat-file", reason, "object", sorted(oids))
        for reason, oids in sorted(by_reason.items())
    ]


def file_gaps(source: str, unread: Iterable[tuple[str, str]]) -> list[Gap]:
    """Return one gap a reason for files that were not read: ``(reason, shown path)``."""
    by_reason: dict[str, list[str]] = {}
    for reason, path in unread:
        by_reason.setdefault(reason, []).append(path)
    return [
        _gap(source, "read", reason, "file", sorted(paths))
        for reason, paths in sorted(by_reason.items())
    ]


def inside_gaps(source: str, unread: Iterable[tuple[str, str]]) -> list[Gap]:
    """Return one gap a reason for what is packed in files: ``(reason, shown path)``."""
    by_reason: dict[str, set[str]] = {}
    for reason, path in unread:
        by_reason.setdefault(reason, set()).add(path)
    return [
        _gap(source, UNPACKING, reason, "packed file", sorted(paths))
        for reason, paths in sorted(by_reason.items())
    ]


def shallow_gap(source: str, boundary: Iterable[str]) -> Gap:
    """Return the gap of a shallow clone: the parents of ``boundary`` are not here."""
    oids = sorted(boundary)
    return _gap(source, "git rev-list", "shallow", "boundary commit", oids)


def unchecked_gap(source: str) -> Gap:
    """Return the gap of a repository whose references could not be followed to their end."""
    return Gap(
        source=source,
        call="git rev-list",
        reason="corrupt",
        detail="references could not be followed to their end: objects may be missing unnoticed",
        hint=_HINTS["corrupt"],
    )


def listing_gap(source: str) -> Gap:
    """Return the gap of a repository whose objects git could not list to the end."""
    return Gap(
        source=source,
        call="git cat-file",
        reason="corrupt",
        detail="git could not list all objects",
        hint=_HINTS["corrupt"],
    )


def _gap(source: str, call: str, reason: str, noun: str, names: list[str]) -> Gap:
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    many = noun if len(names) == 1 else f"{noun}s"
    return Gap(
        source=source,
        call=call,
        reason=cast("GapReason", reason),
        detail=f"{len(names):,} {many} {_SAID.get(reason, 'unread')}: {shown}",
        hint=_HINTS.get(reason),
    )
