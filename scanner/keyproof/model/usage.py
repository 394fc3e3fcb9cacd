"""Usage: evidence of use that comes from elsewhere than the key's own record (logs, metrics)."""

from __future__ import annotations

from keyproof.model.key import Evidence, LastUsedDetail
from keyproof.model.record import Document, UtcTime


class Usage(Document, frozen=True, kw_only=True, tag_field="record", tag="usage"):
    """One statement that a key was used at a moment, joined to the key by its native id."""

    source: str
    issuer_type: str
    issuer_instance: str
    native_id: str
    last_used_at: UtcTime
    detail: LastUsedDetail
    evidence: Evidence
