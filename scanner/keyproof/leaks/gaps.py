"""Gaps of a repository: what its scan did not see, why, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from msgspec.structs import replace

from keyproof.leaks.listing import Unread
from keyproof.leaks.unpack_forms import LFS
from keyproof.model.source import Gap, GapReason

UNPACKING = "unpack"
"""The call of a gap that is about what lies packed in a file."""
READING = "read"
"""The call of a gap that is about plain files."""
NESTED = "git submodule"
"""The call of a gap that is about a repository in a repository."""
LFS_CALL = "git lfs"
"""The call of a gap that is about what Git LFS keeps elsewhere."""
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
_CALL_SAID = {
    (LFS_CALL, "missing_object"): "kept by Git LFS, whose content is not here",
    (NESTED, "missing_object"): "not here: a submodule that is not checked out",
    (NESTED, "unsupported"): "not read, because it leads out of the repository",
    (NESTED, "limit"): "not read: too many lie in one another",
    (READING, "unsupported"): "not read, being pipes, sockets or devices",
    (READING, "corrupt"): "could not be read to the end",
}
_CALL_HINTS = {
    (LFS_CALL, "missing_object"): "git lfs fetch --all, and scan again",
    (NESTED, "missing_object"): "git submodule update --init --recursive",
    (NESTED, "unsupported"): "scan it on its own",
    (NESTED, "limit"): "scan the innermost ones on their own",
    (READING, "unsupported"): "remove them, or scan the folders beside them",
    (READING, "corrupt"): "check the disk, and scan again",
}


def _said(call: str, reason: str) -> str:
    return _CALL_SAID.get((call, reason)) or _SAID.get(reason, "unread")


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
        _gap(source, READING, reason, "file", sorted(paths, key=natural))
        for reason, paths in sorted(by_reason.items())
    ]


def inside_gaps(source: str, unread: Iterable[tuple[str, str]]) -> list[Gap]:
    """Return one gap a reason for what is packed in files: ``(reason, shown path)``."""
    by_reason: dict[str, set[str]] = {}
    for reason, path in unread:
        shown = _before_pointer(path) if reason == "missing_object" else path
        by_reason.setdefault(reason, set()).add(shown)
    elsewhere = by_reason.pop("missing_object", None)
    gaps = [
        _gap(source, UNPACKING, reason, "packed file", sorted(paths, key=natural))
        for reason, paths in sorted(by_reason.items())
    ]
    if elsewhere:
        gaps.append(
            _gap(source, LFS_CALL, "missing_object", "file", sorted(elsewhere, key=natural))
        )
    return gaps


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """Return what names are sorted by, so that ``a9`` comes before ``a10``."""
    parts = re.split(r"([0-9]{1,18})", name)
    return tuple(
        (text, int(number)) for text, number in zip(parts[::2], [*parts[1::2], "0"], strict=True)
    )


def _before_pointer(path: str) -> str:
    """Return the path of a pointer of Git LFS without what it points at."""
    return path.rpartition(LFS)[0].removesuffix("!")


def nested_gap(source: str, reason: str, paths: Iterable[str], hint: str | None = None) -> Gap:
    """Return the gap of submodules and nested repositories that were not read."""
    gap = _gap(source, NESTED, reason, "nested repository", sorted(paths, key=natural))
    return gap if hint is None else replace(gap, hint=hint)


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


def _gap(source: str, call: str, reason: str, noun: str, names: list[str]) -> Gap:
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    many = noun if len(names) == 1 else _plural(noun)
    return Gap(
        source=source,
        call=call,
        reason=cast("GapReason", reason),
        detail=f"{len(names):,} {many} {_said(call, reason)}: {shown}",
        hint=_CALL_HINTS.get((call, reason), _HINTS.get(reason)),
    )


def _plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
