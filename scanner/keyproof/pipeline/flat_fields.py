"""Flat fields: turns any record type into flat, nullable outputs with a JSON Schema and a writer.

``null`` is the one word for "not known": the enumeration value ``unknown`` becomes ``null`` too.
A time ``t`` becomes ``t_ns`` (nanoseconds since 1970) and ``t_age_days`` (whole days before
``as_of``, floored; negative in the future), a nested record ``r`` becomes ``r_<field>``, a list of
records a list of objects of the same kind.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import inspect

Flat = dict[str, Any]
Emit = Callable[[Any, int, Flat], None]
"""Writes one field of a record, given ``as_of`` in nanoseconds, into a flat object."""

DAY_NS = 86_400_000_000_000
FARTHEST_NS = 2**62
"""Times saturate here (the year 2116): differences still fit 64 bits, beyond which engines differ."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HIDDEN = frozenset({"evidence"})
"""What is not shown to policies but as ``missing_fields``."""


class Field(NamedTuple):
    """One record field: its flat outputs with their JSON Schemas, and what writes them."""

    name: str
    outputs: Mapping[str, Mapping[str, Any]]
    emit: Emit
    copied: str | None = None
    """The attribute whose value is the output as it stands, if that is so (``unknown`` aside)."""


class Writer:
    """Writes chosen fields of a record type; those that are only copied, all at once."""

    def __init__(self, fields: Iterable[Field]) -> None:
        """Sort the fields into those that are copied and those that are made."""
        chosen = list(fields)
        copied = [field for field in chosen if field.copied is not None]
        self._names = [field.name for field in copied]
        attributes = [field.copied or "" for field in copied]
        self._get = attrgetter(*attributes) if len(copied) > 1 else None
        self._made = [f.emit for f in chosen if self._get is None or f.copied is None]
        self._enumerations = [field.name for field in copied if _may_be_unknown(field)]

    def write(self, record: Any, as_of_ns: int) -> Flat:
        """Return the flat fields of a record."""
        flat: Flat = {}
        if self._get is not None:
            flat = dict(zip(self._names, self._get(record), strict=True))
            for name in self._enumerations:
                if flat[name] == "unknown":
                    flat[name] = None
        for emit in self._made:
            emit(record, as_of_ns, flat)
        return flat


def _may_be_unknown(field: Field) -> bool:
    return "enum" in field.outputs[field.name]


def nanoseconds(moment: datetime) -> int:
    """Return nanoseconds since 1970, saturated at ±:data:`FARTHEST_NS`."""
    exact = _exact(moment)
    return max(-FARTHEST_NS, min(FARTHEST_NS, exact))


def age_days(moment: datetime, as_of_ns: int) -> int:
    """Return the whole days from ``moment`` to ``as_of``, floored; negative for the future."""
    return (as_of_ns - _exact(moment)) // DAY_NS


def _exact(moment: datetime) -> int:
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


@cache
def fields_of(record: Hashable) -> Mapping[str, Field]:
    """Return the flat fields of a record type, by the record's own field names."""
    info = inspect.type_info(record)
    assert isinstance(info, inspect.StructType)
    made: dict[str, Field] = {}
    for field in info.fields:
        if field.name in _HIDDEN:
            continue
        name = "id" if field.name == "record_id" else field.name
        made[name] = _field(field.name, name, field.type)
    return made


def _field(attribute: str, name: str, kind: inspect.Type) -> Field:
    """Return one field; ``attribute`` is its name in the record."""
    optional, kind = _split(kind)
    if isinstance(kind, inspect.DateTimeType):
        return Field(name, time_outputs(name), _time(attribute, name))
    if isinstance(kind, inspect.StructType):
        return _nested(attribute, name, kind)
    if isinstance(kind, inspect.VarTupleType) and isinstance(kind.item_type, inspect.StructType):
        inner = fields_of(kind.item_type.cls)
        shown = {name: array(object_schema(inner.values()))}
        return Field(name, shown, _records(attribute, name, inner))
    schema = _schema(kind)
    if isinstance(kind, inspect.LiteralType) and "unknown" in kind.values:
        values = [value for value in kind.values if value != "unknown"]
        return Field(
            name, {name: {"enum": [*values, None]}}, _enumeration(attribute, name), attribute
        )
    if isinstance(kind, inspect.VarTupleType) and isinstance(kind.item_type, inspect.TupleType):
        return Field(name, {name: nullable(schema)}, _pairs(attribute, name))
    outputs = {name: nullable(schema) if optional or name != "id" else schema}
    return Field(name, outputs, _plain(attribute, name), attribute)


def _split(kind: inspect.Type) -> tuple[bool, inspect.Type]:
    if isinstance(kind, inspect.UnionType):
        others = [t for t in kind.types if not isinstance(t, inspect.NoneType)]
        return True, others[0]
    return False, kind


def _schema(kind: inspect.Type) -> Mapping[str, Any]:
    if isinstance(kind, inspect.LiteralType):
        return {"enum": list(kind.values)}
    if isinstance(kind, inspect.BoolType):
        return {"type": "boolean"}
    if isinstance(kind, inspect.IntType):
        return {"type": "integer"}
    if isinstance(kind, inspect.StrType):
        return {"type": "string"}
    if isinstance(kind, inspect.DictType):
        return {"type": "object", "additionalProperties": _schema(kind.value_type)}
    if isinstance(kind, inspect.VarTupleType):
        if isinstance(kind.item_type, inspect.TupleType):
            return {"type": "object", "additionalProperties": _schema(kind.item_type.item_types[1])}
        return {"type": "array", "items": _schema(kind.item_type)}
    raise TypeError(kind)  # a new kind of field in a record must be given a form here


def nullable(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema with ``null`` allowed."""
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def array(items: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a list that may be unknown."""
    return {"type": ["array", "null"], "items": items}


def object_schema(fields: Iterable[Field]) -> Mapping[str, Any]:
    """Return the closed schema of an object: every output required, no other allowed."""
    properties = {name: schema for field in fields for name, schema in field.outputs.items()}
    return {
        "type": "object",
        "properties": dict(sorted(properties.items())),
        "required": sorted(properties),
        "additionalProperties": False,
    }


def time_outputs(name: str) -> Mapping[str, Any]:
    """Return the two outputs of a time."""
    integer = {"type": ["integer", "null"]}
    return {f"{name}_ns": integer, f"{name}_age_days": integer}


def _plain(attribute: str, name: str) -> Emit:
    def emit(record: Any, as_of_ns: int, out: Flat) -> None:
        out[name] = getattr(record, attribute)

    return emit


def _enumeration(attribute: str, name: str) -> Emit:
    def emit(record: Any, as_of_ns: int, out: Flat) -> None:
        value = getattr(record, attribute)
        out[name] = None if value == "unknown" else value

    return emit


def _pairs(attribute: str, name: str) -> Emit:
    def emit(record: Any, as_of_ns: int, out: Flat) -> None:
        out[name] = dict(getattr(record, attribute))

    return emit


def _time(attribute: str, name: str) -> Emit:
    ns, days = time_outputs(name)

    def emit(record: Any, as_of_ns: int, out: Flat) -> None:
        moment = getattr(record, attribute)
        if moment is None:
            out[ns] = out[days] = None
            return
        exact = _exact(moment)
        out[ns] = exact if -FARTHEST_NS <= exact <= FARTHEST_NS else nanoseconds(moment)
        out[days] = (as_of_ns - exact) // DAY_NS

    return emit


def _nested(attribute: str, name: str, kind: inspect.StructType) -> Field:
    """Flatten a nested record; where it is absent, all its fields are unknown."""
    inner = [
        _field(field.name, f"{name}_{field.name}", field.type)
        for field in kind.fields
        if field.name not in _HIDDEN
    ]
    outputs = {key: schema for field in inner for key, schema in field.outputs.items()}

    def emit(record: Any, as_of_ns: int, out: Flat) -> None:
        value = getattr(record, attribute)
        if value is None:
            out.update(dict.fromkeys(outputs))
            return
        for field in inner:
            field.emit(value, as_of_ns, out)

    return Field(name, outputs, emit)


def _records(attribute: str, name: str, inner: Mapping[str, Field]) -> Emit:
    writer = Writer(inner.values())

    def emit(record: Any, as_of_ns: int, out: Flat) -> None:
        out[name] = [writer.write(item, as_of_ns) for item in getattr(record, attribute)]

    return emit
