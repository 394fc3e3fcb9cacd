"""From places to Leaks: one leak a secret, with all its occurrences, and nothing secret in paths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import Literal, cast

import msgspec

from keyproof.identity import redact
from keyproof.leaks.attribution import show_path
from keyproof.leaks.conditions import skips
from keyproof.leaks.matcher import Matcher
from keyproof.leaks.placeholders import in_example_path
from keyproof.leaks.places import Place
from keyproof.leaks.rules import Detector
from keyproof.leaks.suppress import Suppressor
from keyproof.model.leak import Confidence, Leak, Occurrence, Where, leak_record_id

_PUBLIC_HALF = "access_key_id"
_SURE = {"high": 0, "medium": 1, "low": 2}


class Cleaner:
    """Takes secrets out of paths, ref names and authors before they are shown."""

    def __init__(self, matcher: Matcher) -> None:
        """Take the matcher that says what a secret is."""
        self._matcher = matcher
        self._known: dict[bytes, str] = {}

    def show(self, raw: bytes) -> str:
        r"""Return ``raw`` with every secret in it redacted, undecodable bytes as ``\xNN``."""
        if raw not in self._known:
            shown, at = "", 0
            for hit in self._matcher.find(raw):
                value = redact(raw[hit.start : hit.end], public_prefix=hit.public_prefix)
                shown += show_path(raw[at : hit.start]) + value
                at = hit.end
            self._known[raw] = shown + show_path(raw[at:])
        return self._known[raw]


def assemble(
    places: Iterable[Place],
    matcher: Matcher,
    *,
    source: str,
    repository: str,
    suppressor: Suppressor = Suppressor(),  # noqa: B008 - frozen
) -> tuple[Leak, ...]:
    """Group places by secret, the surest detector naming the leak, sorted by record id."""
    detectors = {detector.id: detector for detector in matcher.rules.detectors}
    cleaner = Cleaner(matcher)
    by_secret: dict[str, list[Place]] = {}
    for place in places:
        if skips(place.found.pending, place.path, place.commit):
            continue
        by_secret.setdefault(place.found.secret_id, []).append(place)
    leaks = [
        _leak(secret_id, own, detectors, cleaner, source, repository, suppressor)
        for secret_id, own in by_secret.items()
    ]
    return tuple(sorted(without_halves(leaks), key=lambda leak: leak.record_id))


def _leak(
    secret_id: str,
    places: list[Place],
    detectors: dict[str, Detector],
    cleaner: Cleaner,
    source: str,
    repository: str,
    suppressor: Suppressor,
) -> Leak:
    def preference(place: Place) -> tuple[bool, int, int, str]:
        detector = detectors[place.found.detector]
        sure = _SURE[place.found.confidence]
        return (not detector.named, detector.rank, sure, detector.id)

    best = min(places, key=preference).found
    detector = detectors[best.detector]
    occurrences = {
        _key(place): _occurrence(place, cleaner, repository, suppressor) for place in places
    }
    return Leak(
        record_id=leak_record_id(source, secret_id),
        source=source,
        secret_id=secret_id,
        detector=detector.id,
        provider=detector.provider,
        kind=detector.kind,
        named=detector.named,
        confidence=cast(
            "Confidence", min((_sure(place, cleaner) for place in places), key=_SURE.__getitem__)
        ),
        redacted=best.redacted,
        key_native_ids=tuple(sorted({i for place in places for i in place.found.key_ids})),
        provider_hashes=tuple(sorted({h for p in places for h in p.found.provider_hashes})),
        occurrences=tuple(sorted(occurrences.values(), key=_place_order)),
    )


def _sure(place: Place, cleaner: Cleaner) -> str:
    """Return how sure a place is: among tests and examples, what context alone says is less so."""
    confidence = place.found.confidence
    if confidence == "medium" and place.path and in_example_path(cleaner.show(place.path)):
        return "low"
    return confidence


def _key(place: Place) -> tuple[str, str, bytes | None, str | None]:
    per_commit = place.commit if place.path is None else None
    return place.found.occurrence_id, place.where, place.path, per_commit


def _place_order(one: Occurrence) -> tuple[str, str, int, int, str, str, str]:
    return (
        one.where,
        one.path or "",
        one.line or 0,
        one.column or 0,
        one.commit or "",
        one.occurrence_id,
        one.repository,
    )


def _occurrence(
    place: Place, cleaner: Cleaner, repository: str, suppressor: Suppressor
) -> Occurrence:
    author: str | None = None
    path = None if place.path is None else cleaner.show(place.path)
    if place.author is not None:
        author = cleaner.show(place.author.encode("utf-8", "surrogateescape"))
    where: Literal[Where] = cast("Where", place.where)
    return Occurrence(
        where=where,
        repository=repository,
        path=path,
        line=place.found.line,
        column=place.found.column,
        commit=place.commit,
        author=author,
        introduced_at=place.introduced_at,
        in_head=place.in_head,
        reachable=place.reachable,
        occurrence_id=place.found.occurrence_id,
        suppression=suppressor.of(place.found, path),
    )


def without_halves(leaks: Iterable[Leak]) -> list[Leak]:
    """Leave out the public half of each pair whose secret half was found: that leak names it."""
    every = list(leaks)
    named = {key for leak in every if leak.kind != _PUBLIC_HALF for key in leak.key_native_ids}
    return [
        leak
        for leak in every
        if leak.kind != _PUBLIC_HALF
        or not leak.key_native_ids
        or not named.issuperset(leak.key_native_ids)
    ]


def merge(*lists: Iterable[Leak]) -> tuple[Leak, ...]:
    """Join lists of leaks of one source; the surer statement names a leak that several hold."""
    alike: defaultdict[str, list[Leak]] = defaultdict(list)
    for leak in chain.from_iterable(lists):
        alike[leak.record_id].append(leak)
    joined = (_joined(held) if len(held) > 1 else held[0] for held in alike.values())
    return tuple(sorted(without_halves(joined), key=lambda leak: leak.record_id))


def _joined(held: list[Leak]) -> Leak:
    best = min(held, key=lambda leak: (not leak.named, _SURE[leak.confidence]))
    places = {_place_id(place): place for leak in reversed(held) for place in leak.occurrences}
    return msgspec.structs.replace(
        best,
        key_native_ids=tuple(sorted({one for leak in held for one in leak.key_native_ids})),
        provider_hashes=tuple(sorted({one for leak in held for one in leak.provider_hashes})),
        occurrences=tuple(sorted(places.values(), key=_place_order)),
    )


def _place_id(place: Occurrence) -> tuple[str | None, ...]:
    """Return what tells places apart: forks hold the same commits, and each of them counts."""
    return place.repository, place.occurrence_id, place.where, place.path, place.commit
