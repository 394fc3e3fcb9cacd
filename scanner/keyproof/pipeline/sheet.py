"""Sheet: a chunk of subjects written as JSON once, field by field, for all policies that read it.

What does not fit the schema of its field never reaches an engine: the subject is an error of every
policy that needs the field, for a policy could only mistake it for something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from keyproof.model.policy import Policy, SubjectType
from keyproof.model.record import canonical_json
from keyproof.pipeline.fitting import Fit, fit_of
from keyproof.pipeline.subject_schema import outputs_of, subject_fields
from keyproof.pipeline.subjects import Subject

_ENCODE = msgspec.json.Encoder(order="sorted").encode
_NAMES: Fit = fit_of({"type": "array", "items": {"type": "string"}})
_ID: Fit = fit_of({"type": "string"})


class Sheet:
    """The fields of some subjects of one type, in columns that are made when they are first read."""

    def __init__(self, kind: SubjectType, subjects: Sequence[Subject]) -> None:
        """Take subjects that hold the fields of every policy that will ask."""
        self.subjects = subjects
        self._kind = kind
        self._columns: dict[str, list[bytes]] = {}
        self._unfit: dict[str, frozenset[int]] = {}

    def contents(self, policy: Policy) -> list[bytes]:
        """Return what a policy sees of each subject, but for its id."""
        names = [name for name in outputs_of(self._kind, policy.needs) if name != "id"]
        return list(map(b",".join, zip(*map(self._column, names), strict=True)))

    def unfit(self, policy: Policy) -> Mapping[int, str]:
        """Return row → field of each subject of which the policy would see what cannot be."""
        found: dict[int, str] = {}
        for name in outputs_of(self._kind, policy.needs):
            self._column(name)
            for row in self._unfit[name]:
                found.setdefault(row, name)
        return found

    def document(
        self, policy: Policy, as_of_ns: int, values: Mapping[str, Any], rows: Iterable[int]
    ) -> bytes:
        """Return a policy's canonical input: exactly the fields that it needs, of these rows."""
        columns = [self._column(name) for name in outputs_of(self._kind, policy.needs)]
        shown = b"},{".join(b",".join([column[row] for column in columns]) for row in rows)
        subjects = b"[{" + shown + b"}]" if shown else b"[]"
        head = b'{"as_of_ns":%d,"params":%s,"subjects":%s}'
        return head % (as_of_ns, canonical_json(values), subjects)

    def _column(self, name: str) -> list[bytes]:
        made = self._columns.get(name)
        if made is None:
            values = [subject.flat[name] for subject in self.subjects]
            unfit = _fits(self._kind)[name].misfits(values)
            for row in unfit:
                values[row] = None
            head = _ENCODE(name) + b":"
            try:
                made = [head + _ENCODE(value) for value in values]
            except UnicodeEncodeError:  # half of a surrogate pair is no text
                unfit += [row for row, value in enumerate(values) if not _is_text(value)]
                made = [head + _ENCODE(None if r in unfit else v) for r, v in enumerate(values)]
            self._unfit[name] = frozenset(unfit)  # first: threads that see the column read it
            self._columns[name] = made
        return made


def _is_text(value: Any) -> bool:
    try:
        _ENCODE(value)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _fits(kind: SubjectType) -> Mapping[str, Fit]:
    """Return the check of every output of a subject type, from the schema of its field."""
    made = {"missing_fields": _NAMES, "id": _ID}
    for field in subject_fields(kind).values():
        made.update({name: fit_of(schema) for name, schema in field.outputs.items()})
    return made
