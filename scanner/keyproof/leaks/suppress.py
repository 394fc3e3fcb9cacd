"""Suppressions: what a comment beside a secret or a baseline's entry states about a place.

A suppression marks an occurrence; it never removes one.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import NamedTuple

from keyproof.leaks.baseline import Baseline
from keyproof.leaks.locate import Found
from keyproof.model.leak import Suppression


class Suppressor(NamedTuple):
    """Knows the baseline, where there is one, and the day on which entries end.

    Attributes:
        inline: comments beside a secret count.
    """

    baseline: Baseline | None = None
    today: date = date.min
    inline: bool = True

    def of(self, found: Found, path: str | None) -> Suppression | None:
        """Return what is stated about one place: its own comment, else the baseline's entry."""
        if self.inline and found.stated is not None:
            marker, reason = found.stated
            return Suppression(kind="inline", marker=marker, reason=reason)
        if self.baseline is None or found.baseline_ids is None:
            return None
        entry = self.baseline.entry(*found.baseline_ids, path)
        if entry is None:
            return None
        return Suppression(
            kind="baseline",
            marker=entry.id,
            reason=entry.reason,
            owner=entry.owner,
            approver=entry.approver,
            expires_on=entry.expires,
            expired=entry.lapsed(self.today),
        )

    @property
    def salt(self) -> str:
        """Name the key of the ids that hits carry for the baseline."""
        return hashlib.sha256(self.baseline.salt).hexdigest() if self.baseline else ""

    @property
    def state(self) -> str:
        """Name everything that an answer rests on here."""
        comments = "" if self.inline else "no comments"
        return comments + (repr((self.baseline, self.today.isoformat())) if self.baseline else "")
