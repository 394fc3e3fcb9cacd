"""Hit: one secret that a detector confirmed in a text, with the bytes that it stands on."""

from __future__ import annotations

from typing import NamedTuple

from keyproof.model.secret import Secret


class Hit(NamedTuple):
    """One confirmed secret. ``start`` and ``end`` are byte offsets in the text that was given.

    Attributes:
        detector: the detector's id (``github.pat``).
        start: where the secret itself begins (the captured group, not the whole match).
        end: the offset after its last byte.
        secret: the canonical value: decoded, unquoted, the secret half of a pair.
        key_ids: public ids that were read beside or inside the secret (``AKIA…``).
        provider_hashes: ``<scheme>:<hex>`` images of the value as its provider lists them.
        confidence: ``high``, ``medium`` or ``low``.
        public_prefix: how many leading characters are the provider's constant, and may be shown.
        pending: what an imported rule asks of the place (``leaks.conditions``); empty if nothing.
    """

    detector: str
    start: int
    end: int
    secret: Secret
    key_ids: tuple[str, ...]
    provider_hashes: tuple[str, ...]
    confidence: str
    public_prefix: int
    pending: str = ""
