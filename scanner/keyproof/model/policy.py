"""Policy: one Rego package with its METADATA; Decision: its verdict on one subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from keyproof.model.record import Document

Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")
"""From mild to grave, so that an index compares."""

SubjectType = Literal["key", "principal", "leak", "source", "waiver"]
SUBJECT_TYPES: tuple[SubjectType, ...] = get_args(SubjectType)
Status = Literal["pass", "fail", "unknown", "skip", "error"]


class Parameter(Document, frozen=True, kw_only=True):
    """One number or list that a policy compares with, and whose number its default is."""

    name: str
    description: str
    schema: Mapping[str, Any]
    default: Any
    source: str


class Example(Document, frozen=True, kw_only=True):
    """A subject with the verdict that the policy must give it: the canary of every run."""

    title: str
    status: Status
    subject: Mapping[str, Any]
    params: Mapping[str, Any] = {}
    as_of: str | None = None


class Policy(Document, frozen=True, kw_only=True):
    """A policy as loaded: its metadata, its text and the digest of both.

    ``id`` is the package path below ``keyproof`` (``keys.max_age``) and is permanent.
    ``origin`` is ``shipped`` or ``user``; ``modified`` tells a shipped policy that was edited,
    ``replaces`` a user's that stands in the place of a shipped one. ``declared_severity`` is what the
    policy itself says, where the settings say otherwise for the reason in ``severity_reason``.
    """

    id: str
    title: str
    description: str
    severity: Severity
    subject: SubjectType
    message: str
    remediation: str
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[Example, ...] = ()
    needs: tuple[str, ...] = ()
    version: str = "1.0.0"
    origin: Literal["shipped", "user"] = "shipped"
    modified: bool = False
    replaces: bool = False
    declared_severity: Severity | None = None
    severity_reason: str = ""
    path: str
    module: str
    digest: str

    @property
    def package(self) -> str:
        """The Rego package, ``keyproof.<id>``."""
        return f"keyproof.{self.id}"


class Decision(Document, frozen=True, kw_only=True):
    """A policy's verdict on one subject. ``evidence`` holds the values that were compared."""

    policy: str
    subject_id: str
    status: Status
    evidence: Mapping[str, Any] = {}
    reason: str | None = None


class EffectiveParameters(Document, frozen=True, kw_only=True):
    """The parameter set of one call, and whose number each value is."""

    policy: str
    values: Mapping[str, Any]
    origins: Mapping[str, str]


class Batch(Document, frozen=True, kw_only=True):
    """The decisions that were made under one parameter set."""

    parameters: EffectiveParameters
    decisions: tuple[Decision, ...]


class PolicyResult(Document, frozen=True, kw_only=True):
    """One policy over its whole population; ``notes`` say what deserves a reader ("fired on all")."""

    policy: Policy
    population: int
    batches: tuple[Batch, ...]
    notes: tuple[str, ...] = ()


class Evaluation(Document, frozen=True, kw_only=True):
    """All policies over one snapshot, ordered by policy id; decisions are ordered by subject id."""

    engine: str
    pack_digest: str
    results: tuple[PolicyResult, ...]
    problems: tuple[str, ...] = ()
