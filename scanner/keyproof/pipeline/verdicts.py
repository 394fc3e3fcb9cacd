"""Verdicts: the host's check of what an engine said; a subject without a proper verdict is an error.

Nothing an engine or a policy can do becomes a pass here: a missing verdict, one too many, a status
that does not exist, evidence that is none. Reasons of errors never quote what was evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from keyproof.model.policy import Decision, Policy, Status
from keyproof.pipeline.subjects import Subject
from keyproof.ports import Answer

_STATUSES: Mapping[str, Status] = {s: s for s in ("pass", "fail", "unknown", "skip")}
_MEMBERS = frozenset({"status", "evidence", "reason"})
_LARGEST = 2**63
_CACHED = 20_000


class Verdict(NamedTuple):
    """One decision without its subject: policies say the same of many."""

    status: Status
    evidence: Mapping[str, Any]
    reason: str | None


class Checker:
    """Checks the answers of one policy. Equal decisions share one verdict, in time and memory."""

    def __init__(self, policy: Policy) -> None:
        """Remember which fields a pass of this policy rests on."""
        self._policy = policy
        self._needs = frozenset(policy.needs)
        self._known: dict[bytes, Verdict] = {}

    def check(self, subjects: Sequence[Subject], answer: Answer) -> list[Decision]:
        """Return one decision for each subject, whatever the answer holds."""
        if answer.error is not None:
            return self.errors(subjects, answer.error)
        if len(answer.decisions) > len(subjects) or not answer.decisions.keys() <= {
            subject.id for subject in subjects
        }:
            return self.errors(subjects, "the policy gave a verdict on something it was not asked")
        return [self._decision(s, answer.decisions.get(s.id)) for s in subjects]

    def errors(self, subjects: Sequence[Subject], reason: str) -> list[Decision]:
        """Return ``error`` for each subject."""
        verdict = Verdict("error", {}, reason)
        return [self._make(subject.id, verdict) for subject in subjects]

    def _decision(self, subject: Subject, raw: bytes | None) -> Decision:
        if raw is None:
            return self._make(subject.id, Verdict("error", {}, "the policy gave no verdict"))
        text = bytes(raw)
        verdict = self._known.get(text)
        if verdict is None:
            verdict = _read(text)
            if len(self._known) < _CACHED:
                self._known[text] = verdict
        if verdict.status == "pass" and not self._needs.isdisjoint(subject.missing):
            unread = ", ".join(sorted(self._needs & subject.missing))
            verdict = Verdict("unknown", verdict.evidence, f"not read: {unread}")
        return self._make(subject.id, verdict)

    def _make(self, subject_id: str, verdict: Verdict) -> Decision:
        return Decision(
            policy=self._policy.id,
            subject_id=subject_id,
            status=verdict.status,
            evidence=verdict.evidence,
            reason=verdict.reason,
        )


def _read(text: bytes) -> Verdict:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return _improper("a verdict that is not JSON")
    if not isinstance(value, dict) or not value.keys() <= _MEMBERS:
        return _improper("a verdict with members beside status, evidence and reason")
    status = _STATUSES.get(value["status"]) if isinstance(value.get("status"), str) else None
    if status is None:
        return _improper("a verdict whose status is not pass, fail, unknown or skip")
    evidence, reason = value.get("evidence", {}), value.get("reason")
    if not isinstance(evidence, dict) or not all(map(_is_evidence, evidence.values())):
        return _improper("evidence that is not strings, booleans, integers or lists of them")
    if reason is not None and not (isinstance(reason, str) and reason):
        return _improper("a reason that is not text")
    if status in {"pass", "fail"} and not evidence:
        return _improper(f"a {status} without evidence")
    if status in {"unknown", "skip"} and reason is None:
        return _improper(f"{'an' if status == 'unknown' else 'a'} {status} without a reason")
    return Verdict(status, evidence, reason)


def _improper(what: str) -> Verdict:
    return Verdict("error", {}, f"the policy gave {what}")


def _is_evidence(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_scalar(item) for item in value)
    return _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return -_LARGEST <= value < _LARGEST
    return isinstance(value, str | bool)
