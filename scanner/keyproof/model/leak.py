"""Leak: one secret found where it must not be, with all its occurrences; Exposure: its key."""

from __future__ import annotations

from typing import Literal

from keyproof.model.record import Document, UtcTime, record_id

Where = Literal[
    "blob",
    "commit_message",
    "tag_message",
    "note",
    "ref_name",
    "file_name",
    "index",
    "worktree",
    "config",
]
Confidence = Literal["high", "medium", "low"]


class Exposure(Document, frozen=True, kw_only=True):
    """A leak joined to the key that it is.

    ``basis`` orders the strength of the join, strongest first; ``hint`` is a candidate only.
    The window runs from ``opened_at`` (first commit) to ``closed_at`` (deactivation), which is
    ``None`` while the key can still be used or where nobody recorded the day.
    """

    leak_id: str
    key_id: str
    basis: Literal["native_id", "provider_hash", "secret_id", "hint"]
    key_state: Literal["active", "dead", "unknown"]
    opened_at: UtcTime | None = None
    closed_at: UtcTime | None = None
    used_after_leak: Literal["yes", "no", "unknown"] = "unknown"


class Suppression(Document, frozen=True, kw_only=True):
    """Somebody's statement that an occurrence is accepted: it waives, it never removes the leak."""

    kind: Literal["baseline", "inline"]
    marker: str
    reason: str | None = None
    owner: str | None = None
    approver: str | None = None
    expires_on: str | None = None
    expired: bool = False

    def holds(self, today: str) -> bool:
        """Tell whether it is still in force on a day, ``YYYY-MM-DD``: its last day counts."""
        return not self.expired and (not self.expires_on or self.expires_on >= today)


class Occurrence(Document, frozen=True, kw_only=True):
    """One place where a leaked secret stands.

    Lines and columns count from 1, columns in code points; ``None`` where they mean nothing.
    ``path`` shows undecodable bytes as ``\\xNN``.
    """

    where: Where
    repository: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    commit: str | None = None
    author: str | None = None
    introduced_at: UtcTime | None = None
    in_head: bool | None = None
    reachable: bool | None = None
    occurrence_id: str
    suppression: Suppression | None = None

    def shown(self, *, several: bool) -> str:
        """Return the path, or what kind of place it is; after the repository, if it is one of several.

        Of the repository's folder or URL its last two names say enough: ``acme/shop``.
        """
        at = self.path if self.path is not None else self.where.replace("_", " ")
        if not several:
            return at
        names = [name for name in self.repository.removesuffix(".git").split("/") if name]
        return f"{'/'.join(names[-2:])}: {at}"


class Leak(Document, frozen=True, kw_only=True, tag_field="record", tag="leak"):
    """One secret, whatever the number of its copies.

    ``key_native_ids`` are public ids read beside or inside the secret (``AKIA…``): join keys.
    ``provider_hashes`` are ``<scheme>:<hex>`` images as the provider itself lists them.
    """

    record_id: str
    source: str
    secret_id: str
    detector: str
    provider: str
    kind: str
    named: bool
    confidence: Confidence
    redacted: str
    key_native_ids: tuple[str, ...] = ()
    provider_hashes: tuple[str, ...] = ()
    occurrences: tuple[Occurrence, ...]
    exposures: tuple[Exposure, ...] = ()

    @property
    def first_seen_at(self) -> UtcTime | None:
        """The earliest introduction over all occurrences; ``None`` where none is dated."""
        return min((o.introduced_at for o in self.occurrences if o.introduced_at), default=None)


def leak_record_id(source: str, secret_id: str) -> str:
    """Return the stable id of a leak: one secret in one source."""
    return record_id("leak", source, secret_id)
