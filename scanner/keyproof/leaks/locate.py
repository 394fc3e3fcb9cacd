"""From hits to what may leave: line, column, identities and a redaction; the plaintext ends here.

The context of an occurrence is the line with the value replaced by a placeholder and white space
collapsed, plus the nearest non-blank line on each side. It holds no line number, path or commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from keyproof.identity import redact
from keyproof.leaks import inline
from keyproof.leaks.hit import Hit
from keyproof.model.secret import Secret

_PLACEHOLDER = b"\x00secret\x00"
_LONGEST_LINE = 4096
_REACH = 512
"""How many bytes of a line count as context, on each side of the value."""


class Identities(Protocol):
    """What is asked of a fingerprinter here: see ``ports.Fingerprinter``."""

    def secret_id(self, secret: Secret) -> str:
        """See ``Fingerprinter.secret_id``."""
        ...

    def occurrence_id(self, secret_id: str, context: str, nth: int) -> str:
        """See ``Fingerprinter.occurrence_id``."""
        ...


class Named(Identities, Protocol):
    """A fingerprinter whose key has an id."""

    @property
    def key_id(self) -> str:
        """See ``Fingerprinter.key_id``."""
        ...


class Found(NamedTuple):
    """One secret at one place of one text, without its value. Lines and columns count from 1.

    ``stated`` is the marker and reason of a comment that accepts it; ``baseline_ids`` are its
    secret and occurrence ids under a baseline's key. ``pending`` is the hit's.
    """

    detector: str
    secret_id: str
    occurrence_id: str
    redacted: str
    confidence: str
    key_ids: tuple[str, ...]
    provider_hashes: tuple[str, ...]
    line: int | None
    column: int | None
    stated: tuple[str, str | None] | None = None
    baseline_ids: tuple[str, str] | None = None
    pending: str = ""


class WithBaseline:
    """A fingerprinter that also knows the one whose ids stand in a baseline."""

    def __init__(self, own: Named, salted: Identities) -> None:
        """Take the installation's fingerprinter and the baseline's."""
        self._own = own
        self.salted = salted
        self.key_id = own.key_id

    def secret_id(self, secret: Secret) -> str:
        """See ``Fingerprinter.secret_id``."""
        return self._own.secret_id(secret)

    def occurrence_id(self, secret_id: str, context: str, nth: int) -> str:
        """See ``Fingerprinter.occurrence_id``."""
        return self._own.occurrence_id(secret_id, context, nth)


def locate(
    identities: Identities,
    text: bytes,
    hits: Sequence[Hit],
    *,
    first_line: int = 1,
    exact: bool = True,
) -> list[Found]:
    """Turn the hits of one text into what may leave.

    Args:
        hits: sorted by place.
        first_line: the number of the text's first line.
        exact: false where columns mean nothing in the bytes that a person would look at.
    """
    counts: dict[tuple[str, bytes], int] = {}
    line, counted = first_line, 0
    found = []
    for hit in hits:
        line += text.count(b"\n", counted, hit.start)
        counted = hit.start
        begin = text.rfind(b"\n", 0, hit.start) + 1
        secret_id = identities.secret_id(hit.secret)
        context = _context(text, begin, hit)
        nth = counts[secret_id, context] = counts.get((secret_id, context), -1) + 1
        before = text[begin : hit.start].decode("utf-8", "surrogateescape")
        shown = context.decode("utf-8", "surrogateescape")
        found.append(
            Found(
                detector=hit.detector,
                secret_id=secret_id,
                occurrence_id=identities.occurrence_id(secret_id, shown, nth),
                redacted=redact(hit.secret.reveal(), public_prefix=hit.public_prefix),
                confidence=hit.confidence,
                key_ids=hit.key_ids,
                provider_hashes=hit.provider_hashes,
                line=line,
                column=len(before) + 1 if exact else None,
                stated=_stated(text, begin, hit),
                baseline_ids=_baseline_ids(identities, hit, shown, nth),
                pending=hit.pending,
            )
        )
    return found


def _stated(text: bytes, begin: int, hit: Hit) -> tuple[str, str | None] | None:
    """Return the statement on the lines of a hit, or for them on the line above."""
    finish = text.find(b"\n", hit.end, hit.end + _LONGEST_LINE)
    finish = min(len(text), hit.end + _LONGEST_LINE) if finish < 0 else finish
    above = text[max(0, text.rfind(b"\n", 0, max(begin - 1, 0)) + 1, begin - _LONGEST_LINE) : begin]
    left = text[max(begin, hit.start - _LONGEST_LINE) : hit.start]
    found = inline.statement(above, left + b"\0" + text[hit.end : finish])
    return (found.marker, found.reason) if found else None


def _baseline_ids(
    identities: Identities, hit: Hit, context: str, nth: int
) -> tuple[str, str] | None:
    if not isinstance(identities, WithBaseline):
        return None
    secret_id = identities.salted.secret_id(hit.secret)
    return secret_id, identities.salted.occurrence_id(secret_id, context, nth)


def _context(text: bytes, begin: int, hit: Hit) -> bytes:
    """Return the normalised surroundings of a hit."""
    value = text[hit.start : hit.end]
    # a value of several lines has its context on the lines where it begins and ends
    finish = text.find(b"\n", hit.end)
    finish = len(text) if finish < 0 else finish
    left = text[max(begin, hit.start - _REACH) : hit.start]
    right = text[hit.end : min(finish, hit.end + _REACH)]
    own = left + _PLACEHOLDER + right
    if value:
        own = own.replace(value, _PLACEHOLDER)
    around = (_neighbour_above(text, begin), own, _neighbour_below(text, finish))
    return b"\n".join(b" ".join(part.replace(value, _PLACEHOLDER).split()) for part in around)


def _neighbour_above(text: bytes, begin: int) -> bytes:
    """Return the end of the nearest non-blank line above; blank stretches are bounded."""
    stretch = text[max(0, begin - 4 * _REACH) : begin].rstrip()
    return stretch[stretch.rfind(b"\n") + 1 :][-_REACH:]


def _neighbour_below(text: bytes, finish: int) -> bytes:
    """Return the beginning of the nearest non-blank line below."""
    stretch = text[finish : finish + 4 * _REACH].lstrip()
    finish = stretch.find(b"\n")
    return (stretch if finish < 0 else stretch[:finish])[:_REACH]
