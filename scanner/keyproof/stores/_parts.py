"""A run's findings in parts of a bounded size, what many of them share written once a part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from keyproof.model.finding import Control, Finding
from keyproof.model.record import Document, canonical_json
from keyproof.stores._documents import decoded, encoded

PART_SIZE = 1000
"""Findings a part: one value stays far below what a database allows."""


class _Shared(Document, frozen=True, kw_only=True):
    """What a finding has of its policy and of the parameters that it was judged by."""

    policy_title: str
    policy_digest: str
    parameters: Mapping[str, Any]
    parameter_origins: Mapping[str, str]
    remediation: str
    controls: tuple[Control, ...]


class _Part(Document, frozen=True, kw_only=True):
    """Some findings, each with the number of what it shares."""

    shared: tuple[_Shared, ...]
    findings: tuple[tuple[int, Finding], ...]


def parts(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings of a run as documents of a bounded length."""
    for start in range(0, len(findings), PART_SIZE):
        yield encoded(_folded(findings[start : start + PART_SIZE]))


def whole(text: str) -> list[Finding]:
    """Return the findings of one part as they were.

    Raises:
        msgspec.MsgspecError: the text is no part.
    """
    part = decoded(text, _Part)
    return [_filled(finding, part.shared[number]) for number, finding in part.findings]


class Sharing:
    """Lets findings that were read one by one hold in common what they have in common."""

    def __init__(self) -> None:
        """Begin with no finding."""
        self._known: dict[tuple[str, str], Finding] = {}

    def share(self, finding: Finding) -> Finding:
        """Return the finding, with what an earlier one of its policy says alike."""
        known = self._known.setdefault((finding.policy, finding.policy_digest), finding)
        if known is finding:
            return finding
        same = {
            name: getattr(known, name)
            for name in _Shared.__struct_fields__
            if getattr(known, name) == getattr(finding, name)
        }
        return replace(finding, **same)


def _folded(findings: Sequence[Finding]) -> _Part:
    shared: dict[bytes, int] = {}
    seen: dict[tuple[object, ...], int] = {}
    kept: list[_Shared] = []
    lean: list[tuple[int, Finding]] = []
    for finding in findings:
        # objects that many findings hold in common are told by identity: most never get encoded
        quick = (
            finding.policy_digest,
            id(finding.parameters),
            id(finding.parameter_origins),
            id(finding.controls),
            finding.remediation,
            finding.policy_title,
        )
        if quick not in seen:
            common = _common(finding)
            number = shared.setdefault(canonical_json(common), len(kept))
            if number == len(kept):
                kept.append(common)
            seen[quick] = number
        lean.append((seen[quick], _lean(finding)))
    return _Part(shared=tuple(kept), findings=tuple(lean))


def _common(finding: Finding) -> _Shared:
    return _Shared(
        policy_title=finding.policy_title,
        policy_digest=finding.policy_digest,
        parameters=finding.parameters,
        parameter_origins=finding.parameter_origins,
        remediation=finding.remediation,
        controls=finding.controls,
    )


def _lean(finding: Finding) -> Finding:
    return replace(
        finding,
        policy_title="",
        policy_digest="",
        parameters={},
        parameter_origins={},
        remediation="",
        controls=(),
    )


def _filled(finding: Finding, shared: _Shared) -> Finding:
    return replace(
        finding,
        policy_title=shared.policy_title,
        policy_digest=shared.policy_digest,
        parameters=shared.parameters,
        parameter_origins=shared.parameter_origins,
        remediation=shared.remediation,
        controls=shared.controls,
    )
