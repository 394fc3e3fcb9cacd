"""Lives: the rows of findings that ever failed, and the findings in them.

What a finding shares with others of its policy (controls, parameters, remediation) is most of it,
and is kept once. Rows that an older keyproof wrote hold everything themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace

from keyproof.model.finding import Finding
from keyproof.model.record import Document
from keyproof.stores._documents import decoded, encoded, finding_row, insert_missing, upsert
from keyproof.stores._parts import Commons, Shared, filled, lean_of
from keyproof.stores._schema import FINDINGS, SHARED


class _Kept(Document, frozen=True, kw_only=True):
    """One row's document: a finding, and the digest of what it shares."""

    finding: Finding
    shared: str


_MARK = '{"finding":'
"""How such a document begins; that of a finding which holds everything begins otherwise."""


def write(connection: sa.Connection, lives: Iterable[Finding]) -> None:
    """Insert findings, or replace what is known of them."""
    commons = Commons()

    def rows() -> Iterator[Mapping[str, Any]]:
        for finding in lives:
            kept = _Kept(finding=lean_of(finding), shared=commons.digest(finding))
            yield finding_row(finding, encoded(kept))

    upsert(connection, FINDINGS, rows())
    for digest, shared in commons.found.items():
        row = {"digest": digest, "document": encoded(shared)}
        insert_missing(connection, SHARED, row)


class Reader:
    """Turns documents of rows into findings, which hold in common what they have in common."""

    def __init__(self, connection: sa.Connection) -> None:
        """Read what is shared: a few rows for each policy."""
        self._shared = {
            row.digest: decoded(row.document, Shared)
            for row in connection.execute(sa.select(SHARED))
        }
        self._older: dict[tuple[str, str], Finding] = {}

    def finding(self, text: str) -> Finding:
        """Return the finding of one row.

        Raises:
            msgspec.MsgspecError: the text is none.
        """
        if text.startswith(_MARK):
            kept = decoded(text, _Kept)
            shared = self._shared.get(kept.shared)
            if shared is None:
                msg = "what the finding shares is not there"
                raise msgspec.ValidationError(msg)
            return filled(kept.finding, shared)
        return self._thrifty(decoded(text, Finding))

    def _thrifty(self, finding: Finding) -> Finding:
        """Let a finding that was kept whole share what another of its policy says alike."""
        known = self._older.setdefault((finding.policy, finding.policy_digest), finding)
        if known is finding:
            return finding
        same = {
            name: getattr(known, name)
            for name in Shared.__struct_fields__
            if getattr(known, name) == getattr(finding, name)
        }
        return replace(finding, **same)
