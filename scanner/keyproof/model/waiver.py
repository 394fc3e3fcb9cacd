"""Waiver: a dated, reasoned, approved exception that expires."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from keyproof.model.record import Document


class Waiver(Document, frozen=True, kw_only=True):
    """One entry of ``waivers.yaml``. It matches a policy and either a subject or labels."""

    id: str
    policy: str
    subject: str | None = None
    labels: Mapping[str, str] = {}
    reason: str
    requester: str
    approver: str
    created: date
    expires: date
    compensating_control: str | None = None
    ticket: str | None = None
    approval: Literal["verified", "declared"] = "declared"
