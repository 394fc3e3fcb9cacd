"""The exact check: what its own lines let pass is judged by what stands around it.

Hyperscan only says where to look. What it reports is judged here, and of several hits on the same
bytes the most specific one stays.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from keyproof.leaks.hit import Hit
from keyproof.leaks.lines import (
    CONFIDENCES,
    compiled,
    confidence_by_lines,
    matches,
    may_have_owner,
    refused_within,
)
from keyproof.leaks.placeholders import is_sealed
from keyproof.leaks.rules import Companion, Detector, RuleSet
from keyproof.leaks.rules_digested import Digested
from keyproof.leaks.sift import may_be_random
from keyproof.model.secret import Secret


def confirm(rules: RuleSet, detector: int, text: bytes, end: int) -> Iterator[Hit]:
    """Yield the hits of one detector around the end that its trigger reported.

    Args:
        detector: index into ``rules.detectors``.
        end: offset after the last byte of the trigger's match.
    """
    rule = rules.detectors[detector]
    if rule.foreign:
        from keyproof.leaks import foreign

        yield from foreign.confirm(rule, text, end)
        return
    if rule.into and not may_be_random(text, end - rule.into):
        return
    if refused_within(rules, detector, text, end):
        return
    for match in matches(rule, text, end):
        hit = _judge(rule, text, match)
        if hit is not None:
            yield hit
        if may_have_owner(rules, rule, text, match):
            theirs = _provider_hit(rules, text, match)
            if theirs is not None:
                yield theirs


def confirm_whole(rules: RuleSet, detector: int, text: bytes) -> Iterator[Hit]:
    """Yield the hits of one detector anywhere in a text, to which no trigger led."""
    rule = rules.detectors[detector]
    for match in compiled(rule.pattern).finditer(text):
        hit = _judge(rule, text, match)
        if hit is not None:
            yield hit


def resolve(rules: RuleSet, hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits by place, each span once.

    Of hits that overlap, a named detector beats a generic one, a vendor's own form beats its
    context, and then the surer, the longer and the first by name win.
    """
    ranks = _ranks(Digested(rules))

    def preference(hit: Hit) -> tuple[int, int, int, str, int]:
        rank = ranks.get(hit.detector, 8)
        sure = -CONFIDENCES.index(hit.confidence)
        return (rank, sure, hit.start - hit.end, hit.detector, hit.start)

    kept: list[Hit] = []
    pending: list[Hit] = []  # their place may still speak against them: they displace nothing
    for hit in sorted(hits, key=lambda hit: (bool(hit.pending), *preference(hit))):
        if not any(hit.start < other.end and other.start < hit.end for other in kept):
            (pending if hit.pending else kept).append(hit)
    return sorted(kept + pending, key=lambda hit: (hit.start, hit.end, hit.detector))


@lru_cache(maxsize=4)
def _ranks(digested: Digested) -> dict[str, int]:
    return {rule.id: rule.rank for rule in digested.rules.detectors}


def _provider_hit(rules: RuleSet, text: bytes, match: re.Match[bytes]) -> Hit | None:
    """Return the hit of the provider whose name stands around an assignment, if one does."""
    from keyproof.leaks.surroundings import whose

    key = match.span("key") if "key" in match.re.groupindex else (match.start(), match.start())
    number = whose(rules, text, key, match.span("secret"))
    return None if number is None else _judge(rules.detectors[number], text, match)


def _judge(rule: Detector, text: bytes, match: re.Match[bytes]) -> Hit | None:
    start, end = match.span("secret")
    value = match.group("secret")
    confidence = confidence_by_lines(rule, text, match)
    if confidence is None:
        return None
    if not rule.public_prefix and is_sealed(value, text[max(0, start - 300) : start]):
        return None
    if _spoiled(rule, text, match, start) or _is_none(rule, text, match):
        return None
    key_ids = _own_ids(match)
    if rule.companion:
        other = _companion(rule.companion, text, start, end)
        if other is None and rule.companion.required:
            return None
        if other and rule.companion.key_id:
            key_ids = (*key_ids, other)
    return Hit(
        detector=rule.id,
        start=start,
        end=end,
        secret=Secret(value),
        key_ids=tuple(sorted(set(key_ids))),
        provider_hashes=tuple(_hashed(name, value) for name in rule.hashes),
        confidence=confidence,
        public_prefix=rule.public_prefix,
    )


def _spoiled(rule: Detector, text: bytes, match: re.Match[bytes], start: int) -> bool:
    """Whether what introduces the value says that it is a digest, an identifier or public."""
    if not rule.reject:
        return False
    low = max(match.start(), start - 40) if rule.covers else max(0, start - 24)
    return compiled(rule.reject).search(text, low, start) is not None


def _is_none(rule: Detector, text: bytes, match: re.Match[bytes]) -> bool:
    """Whether a value is a piece of something larger, or what a manual prints."""
    from keyproof.leaks import fragments, published  # needed for what looks like a secret only

    start, end = match.span("secret")
    if published.is_published(match.group("secret")) or fragments.in_block(text, start, end):
        return True
    if not (rule.shape or rule.reject):
        return False
    if rule.reject and _is_named_otherwise(text, start, end):
        return True
    if not rule.named and fragments.in_template(text, start):
        return True
    around = 0 if rule.named else 16
    return fragments.in_binary(text, match.start(), end, around) or fragments.is_digest(text, start)


def _is_named_otherwise(text: bytes, start: int, end: int) -> bool:
    """Whether a value near a provider's name is a version, an identifier or a name of its own."""
    from keyproof.leaks import fragments, ordinary

    value = text[start:end]
    if fragments.in_escape(text, start, end) or fragments.is_told(text, start):
        return True
    if ordinary.UUID.match(value):
        return fragments.is_id(text, start)
    return ordinary.is_identifier(value, digits=1)


def _own_ids(match: re.Match[bytes]) -> tuple[str, ...]:
    value = match.groupdict().get("id")
    return (value.decode("ascii", "replace"),) if value else ()


def _companion(companion: Companion, text: bytes, start: int, end: int) -> str | None:
    """Return the id nearest to the secret, the one before it where two are as near."""
    low, high = max(0, start - companion.within), min(len(text), end + companion.within)
    nearest, best = None, companion.within + 1
    for match in compiled(companion.pattern).finditer(text, low, high):
        distance = start - match.end() if match.end() <= start else match.start() - end
        if 0 <= distance < best:
            nearest, best = match, distance
    if nearest is None:
        return None
    value = nearest.group(1) if nearest.re.groups else nearest.group()
    return value.decode("ascii", "replace")


def _hashed(name: str, value: bytes) -> str:
    digest = hashlib.sha256(value).digest()
    shown = digest.hex() if name == "sha256" else base64.b64encode(digest).decode()
    return f"{name}:{shown}"
