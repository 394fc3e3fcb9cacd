"""Subject schema: the closed form in which policies see records, from keys to waivers.

Every field is always present. How a record becomes flat: :mod:`keyproof.pipeline.flat_fields`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from keyproof.model.key import Key
from keyproof.model.leak import Exposure, Leak
from keyproof.model.policy import SubjectType
from keyproof.model.principal import Principal
from keyproof.model.source import Gap, Source
from keyproof.model.waiver import WaiverRecord
from keyproof.pipeline.flat_fields import (
    Field,
    Flat,
    array,
    fields_of,
    object_schema,
    time_outputs,
)

KEYS_OF_PRINCIPAL = (
    *("id", "name", "native_id", "credential_type", "status", "environment", "created_at"),
    *("activated_at", "deactivated_at", "expires_at", "expiry_state", "last_rotated_at"),
    *("last_used_at", "last_used_state", "overlap_group", "superseded_by", "supersedes"),
    *("privilege_level", "rotation"),
)
"""The fields of a key that its principal shows."""

PRINCIPAL_OF_KEY = ("active", "console_access", "privilege_level", "last_seen_at", "owner")
"""The fields of a principal that its keys show, as ``principal_<field>``."""

KEY_OF_EXPOSURE = ("name", "status", "credential_type", "owner", "environment", "privilege_level")
"""The fields of the joined key that a leak's exposure shows, as ``key_<field>``."""


CONFIDENCES = ("high", "medium", "low")
"""How sure a leak may be: a source shows a count for each, as ``leaks_in_head_<word>``."""


def _joined(name: str, schema: Mapping[str, Any]) -> Field:
    """Return a field that :mod:`keyproof.pipeline.subjects` writes itself, from a join."""
    return Field(name, {name: schema}, _unwritten)


def _unwritten(record: Any, as_of_ns: int, out: Flat) -> None:
    raise AssertionError


def _of_principal() -> Mapping[str, Field]:
    """Return what a key shows of its principal beside its own ``principal_*`` fields."""
    principal = fields_of(Principal)
    made = {"principal_known": _joined("principal_known", {"type": "boolean"})}
    for name in PRINCIPAL_OF_KEY:
        outputs = {f"principal_{out}": kind for out, kind in principal[name].outputs.items()}
        made[f"principal_{name}"] = Field(f"principal_{name}", outputs, _unwritten)
    return made


@cache
def subject_fields(subject: SubjectType) -> Mapping[str, Field]:
    """Return every field of a subject type, by the name that a policy's ``needs`` uses."""
    if subject == "key":
        return {**fields_of(Key), **_of_principal()}
    if subject == "principal":
        key = fields_of(Key)
        shown = object_schema(key[name] for name in KEYS_OF_PRINCIPAL)
        complete = _joined("keys_complete", {"type": "boolean"})
        return {
            **fields_of(Principal),
            "keys": _joined("keys", array(shown)),
            complete.name: complete,
        }
    if subject == "leak":
        return {**fields_of(Leak), **_of_leak()}
    if subject == "waiver":
        return fields_of(WaiverRecord)
    return {**fields_of(Source), **_of_source()}


def _of_source() -> Mapping[str, Field]:
    shown = (f for f in fields_of(Gap).values() if f.name in {"call", "reason", "fields"})
    counts = {f"leaks_in_head_{word}": {"type": ["integer", "null"]} for word in CONFIDENCES}
    return {
        "gaps": _joined("gaps", array(object_schema(shown))),
        "leaks_in_head": Field("leaks_in_head", counts, _unwritten),
    }


def _of_leak() -> Mapping[str, Field]:
    key = fields_of(Key)
    joined = {
        f"key_{n}": schema for name in KEY_OF_EXPOSURE for n, schema in key[name].outputs.items()
    }
    exposure = object_schema([*fields_of(Exposure).values(), Field("key", joined, _unwritten)])
    count = {"type": ["integer", "null"]}
    counts = ("occurrences_total", "occurrences_suppressed", "occurrences_in_head")
    return {
        "exposures": _joined("exposures", array(exposure)),
        "first_seen_at": Field("first_seen_at", time_outputs("first_seen_at"), _unwritten),
        **{name: _joined(name, count) for name in counts},
    }


def field_names(subject: SubjectType) -> frozenset[str]:
    """Return the names that a policy's ``needs`` may hold."""
    return frozenset(subject_fields(subject)) - {"id"}


def outputs_of(subject: SubjectType, needs: Iterable[str]) -> tuple[str, ...]:
    """Return the sorted flat names that a policy with these needs is given."""
    fields = subject_fields(subject)
    names = {out for need in needs for out in fields[need].outputs}
    return tuple(sorted(names | {"id", "missing_fields"}))


def json_schema(subject: SubjectType) -> Mapping[str, Any]:
    """Return the JSON Schema of a subject with all its fields, as ``policies/schemas`` holds it."""
    missing = Field("missing_fields", {"missing_fields": _schema_of_names()}, _unwritten)
    closed = object_schema([*subject_fields(subject).values(), missing])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"keyproof subject: {subject}",
        **closed,
    }


def _schema_of_names() -> Mapping[str, Any]:
    return {"type": "array", "items": {"type": "string"}}
