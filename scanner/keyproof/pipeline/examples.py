"""Examples: turns a policy's METADATA examples into a snapshot, through the same door as real facts.

An example names only the fields that matter; the rest is what a record holds where its issuer says
nothing. Beside a record's own fields it may have:

* ``missing_fields``: fields that could not be read;
* of a key, ``principal``: fields of the principal that it acts as;
* of a principal, ``keys`` (a list of keys) and ``keys_complete``;
* of a leak, ``exposures``, each with ``key``: fields of the key that it is;
* of a source, ``gaps``, and ``leaks`` (a list of places, each of a leak of its own, with the
  leak's ``confidence``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from keyproof.model.facts import Facts
from keyproof.model.key import Key
from keyproof.model.leak import Leak
from keyproof.model.policy import Example, SubjectType
from keyproof.model.principal import Principal
from keyproof.model.source import Gap, Source
from keyproof.model.waiver import WaiverRecord

AS_OF = "2026-11-21T00:00:00Z"
"""When examples take place that do not say otherwise."""

_PLACE = "examples"
_OWN = {"source": _PLACE, "issuer_type": "example", "issuer_instance": "one"}
_EVIDENCE = {"collector": "example", "api_call": "example", "collected_at": AS_OF}
_OCCURRENCE = {"where": "blob", "repository": "shop", "occurrence_id": "o1_example"}


class Staged(NamedTuple):
    """An example as a snapshot, and which subject of it the verdict is about."""

    facts: Facts
    subject_id: str


def stage(kind: SubjectType, example: Example) -> Staged:
    """Return the snapshot of one example.

    Raises:
        msgspec.ValidationError: the example does not fit the record that it stands for.
    """
    given = dict(example.subject)
    missing = tuple(given.pop("missing_fields", ()))
    make = {
        "key": _key,
        "principal": _principal,
        "leak": _leak,
        "source": _source,
        "waiver": _waiver,
    }[kind]
    parts: dict[str, Any] = {"sources": (_reading(),), **make(given, missing)}
    as_of = msgspec.convert(example.as_of or AS_OF, datetime).astimezone(UTC)
    facts = Facts(as_of=as_of, fingerprint_key_id="k1_example", fingerprint_key_local=True, **parts)
    return Staged(facts, f"example.{kind}")


def _reading(**changes: Any) -> Source:
    fields = {
        "id": _PLACE,
        "connector": "example",
        "kind": "inventory",
        "instance": "one",
        "started_at": AS_OF,
        "finished_at": AS_OF,
        "complete": True,
    }
    return msgspec.convert({**fields, **changes, "record": "source"}, Source)


def _evidence(missing: tuple[str, ...] = ()) -> Mapping[str, Any]:
    return {**_EVIDENCE, "missing_fields": missing}


def _make_key(
    given: Mapping[str, Any], number: int | None = None, principal_id: str | None = None
) -> Key:
    name = "example.key" if number is None else f"example.key.{number}"
    given = dict(given)
    missing = tuple(given.pop("missing_fields", ()))
    fields = {
        "record_id": name,
        **_OWN,
        "credential_type": "access_key",
        "native_id": name,
        "status": "active",
        "evidence": _evidence(missing),
        "principal_id": principal_id,
    }
    return msgspec.convert({**fields, **given, "record": "key"}, Key)


def _make_principal(given: Mapping[str, Any], missing: tuple[str, ...] = ()) -> Principal:
    fields = {
        "record_id": "example.principal",
        **_OWN,
        "native_id": "example.principal",
        "principal_type": "user",
        "evidence": _evidence(missing),
    }
    return msgspec.convert({**fields, **given, "record": "principal"}, Principal)


def _key(given: dict[str, Any], missing: tuple[str, ...]) -> Mapping[str, Any]:
    principal = given.pop("principal", None)
    if "exposures" in given:
        given["exposures"] = [
            {"leak_id": "example.leak", "key_id": "example.key", "basis": "native_id"} | exposure
            for exposure in given["exposures"]
        ]
    joined = None if principal is None else "example.principal"
    key = _make_key({**given, "missing_fields": missing}, principal_id=joined)
    made = () if principal is None else (_make_principal(principal),)
    return {"keys": (key,), "principals": made}


def _principal(given: dict[str, Any], missing: tuple[str, ...]) -> Mapping[str, Any]:
    held = given.pop("keys", ())
    complete = given.pop("keys_complete", True)
    keys = [
        _make_key(key, number, principal_id="example.principal") for number, key in enumerate(held)
    ]
    gap = Gap(source=_PLACE, call="example", reason="access_denied", detail="not read")
    return {
        "principals": (_make_principal(given, missing),),
        "keys": tuple(keys),
        "gaps": () if complete else (gap,),
    }


def _leak(given: dict[str, Any], missing: tuple[str, ...]) -> Mapping[str, Any]:
    keys, exposures = [], []
    for number, exposure in enumerate(given.pop("exposures", ())):
        key = _make_key(exposure.get("key", {}), number)
        keys.append(key)
        rest = {name: value for name, value in exposure.items() if name != "key"}
        ids = {"leak_id": "example.leak", "key_id": key.record_id, "basis": "native_id"}
        exposures.append({**ids, "key_state": "unknown", **rest})
    leak = _make_leak({**given, "exposures": exposures})
    return {"leaks": (leak,), "keys": tuple(keys), "gaps": _unread(missing)}


def _make_leak(given: Mapping[str, Any], name: str = "example.leak", source: str = _PLACE) -> Leak:
    fields = {
        "record_id": name,
        "source": source,
        "secret_id": "s1_example",
        "detector": "example",
        "provider": "example",
        "kind": "api_token",
        "named": True,
        "confidence": "high",
        "redacted": "…",
    }
    places = [{**_OCCURRENCE, **o} for o in given.get("occurrences", ({},))]
    return msgspec.convert({**fields, **given, "occurrences": places, "record": "leak"}, Leak)


def _source(given: dict[str, Any], missing: tuple[str, ...]) -> Mapping[str, Any]:
    gaps = [
        Gap(**{"source": "example.source", "call": "example", "detail": "not read", **gap})
        for gap in given.pop("gaps", ())
    ]
    gaps += _unread(missing, "example.source")
    leaks = [
        _make_leak(
            {"confidence": place.get("confidence", "high")}
            | {"occurrences": [{k: v for k, v in place.items() if k != "confidence"}]},
            f"example.leak.{number}",
            "example.source",
        )
        for number, place in enumerate(given.pop("leaks", ()))
    ]
    source = _reading(**{"id": "example.source", **given})
    return {"sources": (source,), "gaps": tuple(gaps), "leaks": tuple(leaks)}


def _waiver(given: dict[str, Any], missing: tuple[str, ...]) -> Mapping[str, Any]:
    fields = {
        "record_id": "example.waiver",
        "native_id": "W-1",
        "policy": "keys.max_age",
        "policy_severity": "high",
        "requester": "ada",
        "approver": "grace",
        "self_approved": False,
        "approval": "declared",
        "approval_basis": "",
        "lifetime_days": 90,
        "days_left": 30,
        "begun": True,
        "judged": True,
        "findings": 1,
        "has_control": False,
        "control_evidence": "none",
    }
    record = {**fields, **given, "unread": missing, "record": "waiver"}
    return {"waivers": (msgspec.convert(record, WaiverRecord),)}


def _unread(missing: tuple[str, ...], source: str = _PLACE) -> tuple[Gap, ...]:
    if not missing:
        return ()
    gap = Gap(
        source=source, call="example", reason="access_denied", detail="not read", fields=missing
    )
    return (gap,)
