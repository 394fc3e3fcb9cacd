"""References: who each subject of a snapshot is, for people, for waivers and for tickets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from keyproof.model.facts import Facts
from keyproof.model.finding import SubjectRef
from keyproof.model.key import Key
from keyproof.model.leak import Leak
from keyproof.model.policy import SubjectType
from keyproof.model.principal import Principal
from keyproof.model.source import Source
from keyproof.model.waiver import SOURCE, WaiverRecord


class Subject(NamedTuple):
    """One subject: how findings refer to it, and by which words a waiver may name it.

    ``names`` holds record id, native id and name; ``labels`` those that were read, beside
    ``source``, ``owner`` and ``environment`` where they are known.
    """

    ref: SubjectRef
    names: frozenset[str]
    labels: Mapping[str, str]


def references(facts: Facts) -> Mapping[str, Subject]:
    """Return every key, principal, leak and source of the snapshot by the id that policies see."""
    keys = {key.record_id: key for key in facts.keys}
    found: dict[str, Subject] = {}
    found.update((key.record_id, _key(key)) for key in facts.keys)
    found.update((p.record_id, _principal(p)) for p in facts.principals)
    several = sum(source.repositories for source in facts.sources) > 1
    found.update((leak.record_id, _leak(leak, keys, several=several)) for leak in facts.leaks)
    found.update((source.id, _source(source)) for source in facts.sources)
    found.update((waiver.record_id, _waiver(waiver)) for waiver in facts.waivers)
    return found


def population(facts: Facts, subject: SubjectType) -> int:
    """Return how many subjects of a type the snapshot holds."""
    return len(
        {
            "key": facts.keys,
            "principal": facts.principals,
            "leak": facts.leaks,
            "source": facts.sources,
            "waiver": facts.waivers,
        }[subject]
    )


def unknown_subject(subject_type: SubjectType, subject_id: str) -> Subject:
    """Return a reference to a subject that the snapshot does not hold: said so, never dropped."""
    ref = SubjectRef(type=subject_type, id=subject_id, name=subject_id, source="unknown")
    return Subject(ref, frozenset((subject_id,)), {})


def _key(key: Key) -> Subject:
    name = key.name or key.native_id
    principal = key.principal_name
    shown = f"{name} ({principal})" if principal and principal not in name else name
    ref = SubjectRef(
        type="key",
        id=key.record_id,
        name=shown,
        source=key.source,
        owner=key.owner,
        environment=key.environment,
        native_id=key.native_id,
        principal=key.principal_name or key.principal_id,
    )
    return _subject(ref, (key.record_id, key.native_id, name, shown), key.labels)


def _principal(principal: Principal) -> Subject:
    name = principal.name or principal.native_id
    ref = SubjectRef(
        type="principal",
        id=principal.record_id,
        name=name,
        source=principal.source,
        owner=principal.owner,
        environment=principal.environment,
        native_id=principal.native_id,
    )
    return _subject(ref, (principal.record_id, principal.native_id, name), principal.labels)


def _leak(leak: Leak, keys: Mapping[str, Key], *, several: bool) -> Subject:
    """Name a leak by detector and place; its owner is the owner of the key that it is."""
    joined = next(_joined(leak, keys), None)
    ref = SubjectRef(
        type="leak",
        id=leak.record_id,
        name=f"{leak.detector} in {_place(leak, several=several)}",
        source=leak.source,
        owner=joined.owner if joined else None,
        environment=joined.environment if joined else None,
    )
    labels = {"detector": leak.detector, "provider": leak.provider, "kind": leak.kind}
    return _subject(ref, (leak.record_id, leak.secret_id), labels)


def _joined(leak: Leak, keys: Mapping[str, Key]) -> Iterator[Key]:
    """Yield the keys that the leak was proved to be; a masked hint proves nothing."""
    for exposure in leak.exposures:
        if exposure.basis != "hint" and exposure.key_id in keys:
            yield keys[exposure.key_id]


def _place(leak: Leak, *, several: bool) -> str:
    first = min(
        leak.occurrences,
        key=lambda o: (o.path is None, o.introduced_at is None, str(o.introduced_at), str(o.path)),
        default=None,
    )
    if first is None:
        return leak.source
    place = first.shown(several=several)
    more = len(leak.occurrences) - 1
    return f"{place} and {more} more" if more else place


def _source(source: Source) -> Subject:
    ref = SubjectRef(type="source", id=source.id, name=source.id, source=source.id)
    return _subject(ref, (source.id, source.instance), {"connector": source.connector})


def _waiver(waiver: WaiverRecord) -> Subject:
    name = f"{waiver.native_id} ({waiver.policy})"
    ref = SubjectRef(
        type="waiver", id=waiver.record_id, name=name, source=SOURCE, native_id=waiver.native_id
    )
    return _subject(ref, (waiver.record_id, waiver.native_id), {})


def _subject(ref: SubjectRef, names: tuple[str, ...], labels: Mapping[str, str]) -> Subject:
    known = {"source": ref.source, "owner": ref.owner, "environment": ref.environment}
    return Subject(
        ref, frozenset(names), {**labels, **{k: value for k, value in known.items() if value}}
    )
