"""One section of ``keyproof.yaml``."""

from __future__ import annotations

import msgspec


class SettingsPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One section of the file; an unknown key in it is an error."""
