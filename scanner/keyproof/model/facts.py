"""Facts: the snapshot of sources, keys, principals, leaks, usages and gaps, as of one moment."""

from __future__ import annotations

from collections.abc import Mapping

from keyproof.model.key import Key
from keyproof.model.leak import Leak
from keyproof.model.principal import Principal
from keyproof.model.record import Document, UtcTime, digest
from keyproof.model.source import Gap, Source
from keyproof.model.usage import Usage
from keyproof.model.waiver import WaiverRecord

Record = Source | Key | Principal | Leak | Usage | Gap
"""What a connector yields; told apart in JSON by the member ``record``."""


class Facts(Document, frozen=True, kw_only=True):
    """Everything that was gathered, each collection sorted by its record's id.

    ``waivers`` come last: what became of each is known once everything else was decided.
    """

    as_of: UtcTime
    fingerprint_key_id: str
    fingerprint_key_local: bool
    sources: tuple[Source, ...] = ()
    keys: tuple[Key, ...] = ()
    principals: tuple[Principal, ...] = ()
    leaks: tuple[Leak, ...] = ()
    usages: tuple[Usage, ...] = ()
    gaps: tuple[Gap, ...] = ()
    waivers: tuple[WaiverRecord, ...] = ()

    def counts(self) -> Mapping[str, int]:
        """Return how many records of each kind the snapshot holds."""
        return {
            "sources": len(self.sources),
            "keys": len(self.keys),
            "principals": len(self.principals),
            "leaks": len(self.leaks),
            "usages": len(self.usages),
            "gaps": len(self.gaps),
        }

    def digest(self) -> str:
        """Return the digest by which evidence cites this snapshot."""
        return digest(self)
