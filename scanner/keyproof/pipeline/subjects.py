"""Subjects: the records of a snapshot in the closed form that policies see, joins made.

See :mod:`keyproof.pipeline.subject_schema` for the form. What a Gap or a record's own evidence
says was not read is ``null`` here, whatever the record holds, and named in ``missing_fields``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import cache
from typing import Any, NamedTuple

from keyproof.model.facts import Facts
from keyproof.model.key import Key
from keyproof.model.leak import Exposure, Leak
from keyproof.model.policy import SubjectType
from keyproof.model.principal import Principal
from keyproof.model.source import Source
from keyproof.model.waiver import WaiverRecord
from keyproof.pipeline.flat_fields import Flat, Writer, age_days, fields_of, nanoseconds
from keyproof.pipeline.subject_counts import count_in_head, count_occurrences
from keyproof.pipeline.subject_schema import KEY_OF_EXPOSURE, KEYS_OF_PRINCIPAL, PRINCIPAL_OF_KEY
from keyproof.pipeline.unread import Unread

_KEPT_STATES = frozenset({"last_used_state", "expiry_state"})
_RECORDS: Mapping[SubjectType, Hashable] = {
    "key": Key,
    "principal": Principal,
    "leak": Leak,
    "source": Source,
    "waiver": WaiverRecord,
}
_SHOWN_OF_EXPOSED = frozenset(KEY_OF_EXPOSURE)
_SHOWN_OF_KEY = frozenset(KEYS_OF_PRINCIPAL)
_PROVEN = frozenset({"native_id", "provider_hash", "secret_id"})


class Subject(NamedTuple):
    """One subject in flat form, and by what its parameters are chosen."""

    id: str
    environment: str | None
    owner: str | None
    flat: Flat
    missing: frozenset[str]


class Population:
    """All subjects of a snapshot; makes them flat on demand, so that few are in memory at once."""

    def __init__(self, facts: Facts) -> None:
        """Index the joins: principals of keys, keys of principals, gaps of sources."""
        self.as_of_ns = nanoseconds(facts.as_of)
        self._today = facts.as_of.astimezone(UTC).date().isoformat()
        self._unread = Unread(facts)
        self._keys = {key.record_id: key for key in facts.keys}
        self._principals: dict[Any, Principal] = {}
        for principal in facts.principals:
            self._principals[principal.record_id] = principal
            self._principals.setdefault(_identity(principal, principal.native_id), principal)
        self._keys_of: dict[str, list[Key]] = defaultdict(list)
        for key in facts.keys:
            if owner := self._principal_of(key):
                self._keys_of[owner.record_id].append(key)
        given: Mapping[SubjectType, Sequence[Any]] = {
            "key": facts.keys,
            "principal": facts.principals,
            "leak": facts.leaks,
            "source": facts.sources,
            "waiver": facts.waivers,
        }
        self._records = {kind: _ordered(records) for kind, records in given.items()}
        self._leaks_of: dict[str, list[Leak]] = defaultdict(list)
        for leak in facts.leaks:
            self._leaks_of[leak.source].append(leak)
        self.duplicates = sum(len(given[kind]) - len(self._records[kind]) for kind in given)
        """How many records have an id that another record of their type has; the first counts."""

    def count(self, subject: SubjectType) -> int:
        """Return how many subjects of a type there are."""
        return len(self._records[subject])

    def chunks(
        self, subject: SubjectType, needs: Iterable[str], size: int
    ) -> Iterator[list[Subject]]:
        """Yield the subjects of a type in the order of their ids, with the fields of ``needs``."""
        fields = frozenset(needs)
        records = self._records[subject]
        makers: Mapping[SubjectType, Callable[[Any, frozenset[str]], Subject]] = {
            "key": self._key,
            "principal": self._principal,
            "leak": self._leak,
            "source": self._source,
            "waiver": self._waiver,
        }
        make = makers[subject]
        for start in range(0, len(records), size):
            yield [make(record, fields) for record in records[start : start + size]]

    def _principal_of(self, key: Key) -> Principal | None:
        if key.principal_id is None:
            return None
        found = self._principals.get(key.principal_id)
        return found or self._principals.get(_identity(key, key.principal_id))

    def _key(self, key: Key, needs: frozenset[str]) -> Subject:
        missing = self._unread.of_record(key)
        flat = _flat("key", key, needs, missing, self.as_of_ns)
        principal = self._principal_of(key)
        of_principal = self._unread.of_record(principal) if principal else frozenset()
        if "mfa" in of_principal:
            missing |= {"principal_mfa"}
        for name, field in _copies(needs):
            unread = of_principal | ({field} if name in missing else frozenset())
            self._copy(principal, field, unread, flat)
        if "principal_known" in needs:
            flat["principal_known"] = principal is not None
        if principal is not None:
            _fill_from(principal, flat, missing)
        flat["missing_fields"] = sorted(missing)
        owner = key.owner or (principal.owner if principal else None)
        return Subject(key.record_id, key.environment, owner, flat, missing)

    def _copy(
        self, principal: Principal | None, field: str, missing: frozenset[str], flat: Flat
    ) -> None:
        """Write a field of the principal into its key, as ``principal_<field>``."""
        shown = fields_of(Principal)[field]
        made: Flat = dict.fromkeys(shown.outputs)
        if principal is not None and field not in missing:
            shown.emit(principal, self.as_of_ns, made)
        for name, value in made.items():
            flat[f"principal_{name}"] = value

    def _principal(self, principal: Principal, needs: frozenset[str]) -> Subject:
        missing = self._unread.of_record(principal)
        flat = _flat("principal", principal, needs, missing, self.as_of_ns)
        if "keys" in needs:
            held = sorted(self._keys_of.get(principal.record_id, ()), key=_record_id)
            shown = [self._key_of_principal(key) for key in held]
            flat["keys"] = None if "keys" in missing else shown
        if "keys_complete" in needs:
            flat["keys_complete"] = self._unread.keys_complete(principal)
        flat["missing_fields"] = sorted(missing)
        return Subject(principal.record_id, principal.environment, principal.owner, flat, missing)

    def _key_of_principal(self, key: Key) -> Flat:
        return _flat("key", key, _SHOWN_OF_KEY, self._unread.of_record(key), self.as_of_ns)

    def _leak(self, leak: Leak, needs: frozenset[str]) -> Subject:
        missing = self._unread.of_leak(leak)
        flat = _flat("leak", leak, needs, missing, self.as_of_ns)
        proven = [
            self._keys[e.key_id]
            for e in leak.exposures
            if e.basis in _PROVEN and e.key_id in self._keys
        ]
        if "exposures" in needs:
            shown = [self._exposure(e) for e in sorted(leak.exposures, key=lambda e: e.key_id)]
            flat["exposures"] = None if "exposures" in missing else shown
        if "first_seen_at" in needs:
            first = None if "first_seen_at" in missing else leak.first_seen_at
            flat["first_seen_at_ns"] = nanoseconds(first) if first else None
            flat["first_seen_at_age_days"] = age_days(first, self.as_of_ns) if first else None
        count_occurrences(leak, needs, missing, self._today, flat)
        flat["missing_fields"] = sorted(missing)
        first_key = proven[0] if proven else None
        return Subject(
            leak.record_id,
            first_key.environment if first_key else None,
            first_key.owner if first_key else None,
            flat,
            missing,
        )

    def _exposure(self, exposure: Exposure) -> Flat:
        flat: Flat = {}
        for field in fields_of(Exposure).values():
            field.emit(exposure, self.as_of_ns, flat)
        key = self._keys.get(exposure.key_id)
        shown = _flat("key", key, _SHOWN_OF_EXPOSED, self._unread.of_record(key), 0) if key else {}
        flat.update({f"key_{name}": shown.get(name) for name in KEY_OF_EXPOSURE})
        return flat

    def _source(self, source: Source, needs: frozenset[str]) -> Subject:
        flat = _flat("source", source, needs, frozenset(), self.as_of_ns)
        if "gaps" in needs:
            flat["gaps"] = [
                {"call": gap.call, "reason": gap.reason, "fields": sorted(gap.fields)}
                for gap in self._unread.gaps(source.id)
            ]
        missing = self._unread.of_source(source.id)
        if "leaks_in_head" in needs:
            flat |= count_in_head(self._leaks_of.get(source.id, ()), missing, self._today)
        flat["missing_fields"] = []
        return Subject(source.id, None, None, flat, frozenset())

    def _waiver(self, waiver: WaiverRecord, needs: frozenset[str]) -> Subject:
        missing = frozenset(waiver.unread)
        flat = _flat("waiver", waiver, needs, missing, self.as_of_ns)
        flat["missing_fields"] = sorted(missing)
        return Subject(waiver.record_id, None, None, flat, missing)


def _record_id(record: Any) -> str:
    return str(record.id if isinstance(record, Source) else record.record_id)


def _ordered(records: Iterable[Any]) -> list[Any]:
    """Return the records in the order of their ids, each id once."""
    first: dict[str, Any] = {}
    for record in records:
        first.setdefault(_record_id(record), record)
    return [first[name] for name in sorted(first)]


def _identity(record: Key | Principal, native_id: str) -> tuple[str, str, str]:
    return (record.issuer_type, record.issuer_instance, native_id)


def _flat(
    subject: SubjectType,
    record: Any,
    needs: frozenset[str],
    missing: frozenset[str],
    as_of_ns: int,
) -> Flat:
    """Write the record's own fields; those that were not read become ``null``."""
    flat = _writer(subject, needs).write(record, as_of_ns)
    for name in missing & needs:
        field = fields_of(_RECORDS[subject]).get(name)
        if field and not (name in _KEPT_STATES and flat[name] == "not_supported"):
            flat.update(dict.fromkeys(field.outputs))
    if subject == "key" and not record.scopes_known:
        for name in ("scopes", "scopes_native", "resource_scope"):
            if name in flat:
                flat[name] = None
    return flat


@cache
def _writer(subject: SubjectType, needs: frozenset[str]) -> Writer:
    fields = fields_of(_RECORDS[subject])
    return Writer(field for name, field in fields.items() if name in needs or name == "id")


@cache
def _copies(needs: frozenset[str]) -> Sequence[tuple[str, str]]:
    """Return (name in the key, name in the principal) of what a key shows of its principal."""
    pairs = ((f"principal_{field}", field) for field in PRINCIPAL_OF_KEY)
    return [(name, field) for name, field in pairs if name in needs]


def _fill_from(principal: Principal, flat: Flat, missing: frozenset[str]) -> None:
    """Fill what the key leaves open about its principal and the principal knows."""
    for name, field in (("mfa", "principal_mfa"), ("principal_type", "principal_type")):
        if field in flat and flat[field] is None and field not in missing:
            value = getattr(principal, name)
            flat[field] = None if value == "unknown" else value
    if flat.get("principal_name", "") is None and "principal_name" not in missing:
        flat["principal_name"] = principal.name
