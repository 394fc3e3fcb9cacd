"""What every stored document shares: a base struct, canonical JSON, digests and record ids."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

UtcTime = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment with a zone; stored in UTC."""


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An immutable document that is validated where it enters and named by its digest.

    It holds no cycle, so the garbage collector need not look at it: a million findings are made in
    half the time.
    """


def canonical_json(value: Any) -> bytes:
    """Encode ``value`` so that equal documents give equal bytes (keys and fields sorted)."""
    return msgspec.json.encode(value, order="sorted")


def digest(value: Any) -> str:
    """Return ``sha256:<hex>`` over the canonical JSON of ``value``."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()


def record_id(prefix: str, *parts: str | int | None) -> str:
    """Return ``<prefix>_<32 hex>``: a stable id over the JSON array of ``parts``.

    The array, never a concatenation: ``("a", "bc")`` and ``("ab", "c")`` are different records.
    """
    return f"{prefix}_{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]}"


def utc(moment: datetime) -> datetime:
    """Return ``moment`` in UTC.

    Raises:
        ValueError: the moment carries no zone.
    """
    if moment.tzinfo is None:
        msg = "a moment without a time zone"
        raise ValueError(msg)
    return moment.astimezone(UTC)
