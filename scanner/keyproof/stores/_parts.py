"""A run's findings in parts of a bounded size, what many of them share written once a part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from keyproof.model.finding import Control, Finding
from keyproof.model.record import Document, digest
from keyproof.stores._documents import decoded, encoded

PART_SIZE = 1000
"""Findings a part: one value stays far below what a database allows."""


class Shared(Document, frozen=True, kw_only=True):
    """What a finding has of its policy and of the parameters that it was judged by."""

    policy_title: str
    policy_digest: str
    parameters: Mapping[str, Any]
    parameter_origins: Mapping[str, str]
    remediation: str
    controls: tuple[Control, ...]


class _Part(Document, frozen=True, kw_only=True):
    """Some findings, each with the number of what it shares."""

    shared: tuple[Shared, ...]
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
    return [filled(finding, part.shared[number]) for number, finding in part.findings]


def _folded(findings: Sequence[Finding]) -> _Part:
    commons = Commons()
    numbers: dict[str, int] = {}
    lean = [
        (numbers.setdefault(commons.digest(finding), len(numbers)), lean_of(finding))
        for finding in findings
    ]
    return _Part(shared=tuple(commons.found[d] for d in numbers), findings=tuple(lean))


class Commons:
    """What findings share with others of their policy, each once, by digest."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.found: dict[str, Shared] = {}
        self._seen: dict[tuple[object, ...], tuple[str, Finding]] = {}

    def digest(self, finding: Finding) -> str:
        """Return the digest of what a finding shares, and remember what that is."""
        # objects that many findings hold in common are told by identity: most never get encoded
        quick = (
            finding.policy_digest,
            id(finding.parameters),
            id(finding.parameter_origins),
            id(finding.controls),
            finding.remediation,
            finding.policy_title,
        )
        known = self._seen.get(quick)
        if known is None:
            common = _common(finding)
            # the finding is held, too: an object that is gone leaves its identity to another
            known = self._seen[quick] = (digest(common), finding)
            self.found.setdefault(known[0], common)
        return known[0]


def _common(finding: Finding) -> Shared:
    return Shared(
        policy_title=finding.policy_title,
        policy_digest=finding.policy_digest,
        parameters=finding.parameters,
        parameter_origins=finding.parameter_origins,
        remediation=finding.remediation,
        controls=finding.controls,
    )


def lean_of(finding: Finding) -> Finding:
    """Return the finding without what it shares."""
    return replace(
        finding,
        policy_title="",
        policy_digest="",
        parameters={},
        parameter_origins={},
        remediation="",
        controls=(),
    )


def filled(finding: Finding, shared: Shared) -> Finding:
    """Return a finding with what it shares."""
    return replace(
        finding,
        policy_title=shared.policy_title,
        policy_digest=shared.policy_digest,
        parameters=shared.parameters,
        parameter_origins=shared.parameter_origins,
        remediation=shared.remediation,
        controls=shared.controls,
    )
