"""Names: which fields a policy may read, from the schemas that ship beside the policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from keyproof.model.policy import Policy, SubjectType
from keyproof.resources import shipped


@cache
def _schema(subject: SubjectType) -> Mapping[str, Any]:
    path = shipped("policies") / "schemas" / f"{subject}.json"
    schema: Mapping[str, Any] = msgspec.json.decode(path.read_bytes())
    return schema


def names_of(policy: Policy) -> Mapping[str, list[str]]:
    """Return ``known``, every field at any level of the subject, and ``given``, what is supplied.

    A top-level field is given if ``needs`` names it or the record field it was made from.
    """
    properties = _schema(policy.subject)["properties"]
    given = {"id", "missing_fields", "as_of_ns", "params", "subjects"}
    given.update(parameter.name for parameter in policy.parameters)
    for name, schema in properties.items():
        if any(_made_from(name, need) for need in policy.needs):
            given.add(name)
            given.update(_inner(schema))
    known = set(properties)
    for schema in properties.values():
        known.update(_inner(schema))
    return {"known": sorted(known), "given": sorted(given)}


def _made_from(name: str, need: str) -> bool:
    return name == need or name.startswith(f"{need}_")


def _inner(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in schema.get("items", {}).get("properties", {}).items():
        yield name
        yield from _inner(inner)
