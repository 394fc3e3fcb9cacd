"""Source: a configured place that facts come from; Gap: what was not read there, and why."""

from __future__ import annotations

from typing import Literal

from keyproof.model.record import Document, UtcTime

REPOSITORIES = "repositories"
"""How ``Source.coverage`` calls the repositories that were read."""

GapReason = Literal[
    "access_denied",
    "authentication",
    "throttled",
    "unavailable",
    "timeout",
    "truncated",
    "invalid_data",
    "corrupt",
    "missing_object",
    "shallow",
    "partial_clone",
    "unsupported",
    "limit",
    "not_reported",
    "crash",
]


class Source(Document, frozen=True, kw_only=True, tag_field="record", tag="source"):
    """What was read of one configured source.

    ``listed`` is the source's own count of its population where it gives one, ``parsed`` ours;
    they tie out, or the report fails. ``complete`` is true only if nothing was left out.
    ``transport`` says how what is read there travels (``local``: not over a network), ``audit_log``
    whether the system keeps a log of who did what.
    """

    id: str
    connector: str
    kind: Literal["inventory", "repository"]
    instance: str
    started_at: UtcTime
    finished_at: UtcTime
    complete: bool
    scope: Literal["whole", "partial"] = "whole"
    listed: int | None = None
    parsed: int = 0
    excluded: int = 0
    calls: tuple[str, ...] = ()
    coverage: tuple[tuple[str, int], ...] = ()
    transport: Literal["tls", "plain", "local", "unknown"] = "unknown"
    audit_log: Literal["on", "off", "not_applicable", "unknown"] = "unknown"

    @property
    def repositories(self) -> int:
        """How many repositories were read: submodules and repositories in one count, too."""
        return dict(self.coverage).get(REPOSITORIES, 0)


class Gap(Document, frozen=True, kw_only=True, tag_field="record", tag="gap"):
    """Something that should have been read and was not.

    ``fields`` names the fields that stay unknown, ``subjects`` the record ids touched (empty: the
    whole source). ``hint`` says how to mend it. Texts never quote what was read.
    """

    source: str
    call: str
    reason: GapReason
    detail: str
    hint: str | None = None
    fields: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
