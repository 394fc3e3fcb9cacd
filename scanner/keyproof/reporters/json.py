"""``json``: the contract with other programs, ``keyproof/scan/v1``.

A frozen copy of the shape, not a dump of the internal types: members may be added, none renamed or
removed. Findings stand one a line, so that two runs can be compared with ``diff``; each states its
controls, because a pass is evidence for them, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any, TypeVar

import msgspec

from keyproof.model.finding import Control, Finding
from keyproof.model.leak import Leak, Occurrence
from keyproof.model.report import Report
from keyproof.reporters._plain import json_safe
from keyproof.reporters._scan_v1 import (
    AppliedWaiverV1,
    ControlV1,
    ExposureV1,
    FindingV1,
    GapV1,
    HistoryV1,
    LeakV1,
    PlaceV1,
    PolicyV1,
    SourceV1,
    SubjectV1,
    WaiverV1,
)

TITLE = "For other programs (keyproof/scan/v1)"
SUFFIX = ".json"
BINARY = False
SCHEMA = "keyproof/scan/v1"
Shape = TypeVar("Shape")


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    head: Mapping[str, Any] = {
        "schema": SCHEMA,
        "as_of": report.as_of,
        "tool": {"name": "keyproof", "version": report.tool_version},
        "engine": report.engine,
        "policies_digest": report.pack_digest,
        "identity_key": {"id": report.fingerprint_key_id, "local": report.fingerprint_key_local},
        "scope": report.scope,
        "fail_on": report.fail_on,
        "facts": {"counts": report.counts, "digest": report.facts_digest},
    }
    stream.write("{")
    for name, value in head.items():
        stream.write(f'"{name}": {_encode(value)},\n')
    _write_list(stream, "sources", (_copy(s, SourceV1) for s in report.sources))
    _write_list(stream, "gaps", (_copy(g, GapV1) for g in report.gaps))
    _write_list(stream, "policies", (_copy(p, PolicyV1) for p in report.policies))
    _write_list(stream, "leaks", map(_leak, report.leaks))
    _write_list(stream, "findings", map(_finding, report.findings))
    _write_list(stream, "waivers", (_copy(w, WaiverV1) for w in report.waivers))
    stream.write(f'"resolved": {_encode(report.resolved)},\n')
    stream.write(f'"problems": {_encode(report.problems)},\n')
    stream.write(f'"incomplete": {_encode(report.incomplete)},\n')
    stream.write(f'"summary": {_encode(report.summary())},\n')
    stream.write(f'"exit_code": {report.exit_code}}}\n')


def _encode(value: Any) -> str:
    return json_safe(msgspec.json.encode(value, order="deterministic").decode())


def _write_list(stream: IO[Any], name: str, items: Iterable[Any]) -> None:
    stream.write(f'"{name}": [')
    for index, item in enumerate(items):
        stream.write(("\n" if index == 0 else ",\n") + _encode(item))
    stream.write("],\n")


def _copy(value: object, shape: type[Shape]) -> Shape:
    """Return the members of ``value`` that the frozen shape has, by name."""
    return msgspec.convert(value, shape, from_attributes=True)


def _finding(finding: Finding) -> FindingV1:
    return FindingV1(
        id=finding.id,
        policy=finding.policy,
        subject=SubjectV1(finding.subject.type, finding.subject.id, finding.subject.name),
        status=finding.status,
        severity=finding.severity,
        message=finding.message,
        reason=finding.reason,
        evidence=finding.evidence,
        parameters=finding.parameters,
        parameter_origins=finding.parameter_origins,
        controls=tuple(map(_control, finding.controls)),
        source=finding.subject.source,
        owner=finding.subject.owner,
        environment=finding.subject.environment,
        waiver=_copy(finding.waiver, AppliedWaiverV1) if finding.waiver else None,
        history=_copy(finding.history, HistoryV1) if finding.history else None,
    )


def _control(control: Control) -> ControlV1:
    return ControlV1(control.framework, control.version, control.id, control.strength)


def _leak(leak: Leak) -> LeakV1:
    return LeakV1(
        id=leak.record_id,
        secret_id=leak.secret_id,
        detector=leak.detector,
        provider=leak.provider,
        kind=leak.kind,
        named=leak.named,
        confidence=leak.confidence,
        redacted=leak.redacted,
        occurrences=tuple(map(_place, leak.occurrences)),
        exposures=tuple(_copy(exposure, ExposureV1) for exposure in leak.exposures),
    )


def _place(occurrence: Occurrence) -> PlaceV1:
    stated = occurrence.suppression
    return PlaceV1(
        where=occurrence.where,
        repository=occurrence.repository,
        path=occurrence.path,
        line=occurrence.line,
        column=occurrence.column,
        commit=occurrence.commit,
        author=occurrence.author,
        introduced_at=occurrence.introduced_at,
        in_head=occurrence.in_head,
        occurrence_id=occurrence.occurrence_id,
        suppressed=stated.kind if stated and not stated.expired else None,
    )
