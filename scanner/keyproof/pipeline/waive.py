"""Waive: dated, approved exceptions are applied to findings, and named once they lapse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from keyproof.model.facts import Facts
from keyproof.model.finding import AppliedWaiver, finding_id
from keyproof.model.leak import Leak
from keyproof.model.policy import Evaluation, Severity
from keyproof.model.record import record_id
from keyproof.model.report import WaiverNote
from keyproof.model.waiver import Waiver, WaiverRecord, WaiverState
from keyproof.pipeline.message import amount
from keyproof.pipeline.references import Subject, references

SUPPRESSIBLE = "leaks.secret_in_history"
"""The one policy that a baseline entry or an inline comment may waive."""


class Waivers:
    """The waivers of one run, asked finding by finding, and what became of each at the end."""

    def __init__(self, waivers: Sequence[Waiver], *, today: date, leaks: Sequence[Leak]) -> None:
        """Keep the waivers of one run; ``today`` is the day of ``as_of`` in UTC."""
        self._today = today
        self._all = tuple(sorted(waivers, key=lambda w: w.id))
        self._by_policy: dict[str, list[Waiver]] = defaultdict(list)
        for waiver in self._all:
            self._by_policy[waiver.policy].append(waiver)
        self._suppressed = {
            leak.record_id: applied for leak in leaks if (applied := self._suppression(leak))
        }
        self._used: dict[str, set[str]] = defaultdict(set)
        self._lapsed: dict[str, set[str]] = defaultdict(set)

    def apply(self, policy: str, subject: Subject, finding_id: str) -> AppliedWaiver | None:
        """Return the waiver in force for a failed subject, and remember that it was needed."""
        in_force: Waiver | None = None
        for waiver in self._by_policy.get(policy, ()):
            if not matches(waiver, subject):
                continue
            if waiver.self_approved or waiver.expires < self._today:
                self._lapsed[waiver.id].add(finding_id)
            elif waiver.created <= self._today:
                self._used[waiver.id].add(finding_id)
                in_force = in_force or waiver
        if in_force:
            return _applied(in_force)
        return self._suppressed.get(subject.ref.id) if policy == SUPPRESSIBLE else None

    def notes(self, evaluated: Collection[str], *, whole: bool) -> tuple[WaiverNote, ...]:
        """Return what became of each waiver.

        Args:
            evaluated: the policies that ran; a waiver of another one is not judged.
            whole: false for a partial run, in which a waiver without a match means nothing.
        """
        return tuple(self._note(w, judged=whole and w.policy in evaluated) for w in self._all)

    def problems(self, notes: Sequence[WaiverNote]) -> tuple[str, ...]:
        """Return what a reader must hear: waivers that expired, and those that nothing needs."""
        said: list[str] = []
        for note in notes:
            name = f"waiver '{note.id}' ({note.policy})"
            if note.state == "self_approved":
                said.append(f"{name} has no effect: requester and approver are the same person")
            elif note.state == "expired":
                returned = len(note.findings)
                effect = (
                    f"{amount(returned, 'finding')} returned" if returned else "nothing needs it"
                )
                said.append(f"{name} expired on {note.expires_on}: {effect}")
            elif note.state == "unused" and note.created_on > self._today.isoformat():
                said.append(f"{name} is dated {note.created_on}, which is in the future")
            elif note.state == "unused":
                said.append(f"{name} is unused: no failed subject matches it")
        return tuple(said)

    def records(
        self, severities: Mapping[str, Severity], *, whole: bool
    ) -> tuple[WaiverRecord, ...]:
        """Return the waivers as policies see them, once every finding was asked about.

        Args:
            severities: of the policies that ran; a waiver of another one is not judged.
            whole: false for a partial run, in which a waiver without a match means nothing.
        """
        made = [self._record(waiver, severities, whole=whole) for waiver in self._all]
        return tuple(sorted(made, key=lambda record: record.record_id))

    def _record(
        self, waiver: Waiver, severities: Mapping[str, Severity], *, whole: bool
    ) -> WaiverRecord:
        return WaiverRecord(
            record_id=record_id("wvr", waiver.id),
            native_id=waiver.id,
            policy=waiver.policy,
            policy_severity=severities.get(waiver.policy, "info"),
            requester=waiver.requester,
            approver=waiver.approver,
            self_approved=waiver.self_approved,
            approval=waiver.approval,
            approval_basis=waiver.approval_basis,
            lifetime_days=(waiver.expires - waiver.created).days,
            days_left=(waiver.expires - self._today).days,
            begun=waiver.created <= self._today,
            judged=whole and waiver.policy in severities,
            findings=len(self._used[waiver.id] | self._lapsed[waiver.id]),
            has_control=bool((waiver.compensating_control or "").strip()),
            control_evidence=waiver.control_state,
            ticket=waiver.ticket,
        )

    def _note(self, waiver: Waiver, *, judged: bool) -> WaiverNote:
        return WaiverNote(
            id=waiver.id,
            policy=waiver.policy,
            state=self._state(waiver, judged=judged),
            reason=waiver.reason,
            requester=waiver.requester,
            approver=waiver.approver,
            approval=waiver.approval,
            approval_basis=waiver.approval_basis,
            compensating_control=waiver.compensating_control,
            control_evidence=waiver.control_evidence,
            control_state=waiver.control_state,
            ticket=waiver.ticket,
            created_on=waiver.created.isoformat(),
            expires_on=waiver.expires.isoformat(),
            findings=tuple(sorted(self._used[waiver.id] | self._lapsed[waiver.id])),
        )

    def _state(self, waiver: Waiver, *, judged: bool) -> WaiverState:
        if waiver.self_approved:
            return "self_approved"
        if waiver.expires < self._today:
            return "expired"
        return "unused" if judged and not self._used[waiver.id] else "in_force"

    def _suppression(self, leak: Leak) -> AppliedWaiver | None:
        """Return a waiver made of the suppressions of a leak, if every occurrence has a valid one."""
        stated = [occurrence.suppression for occurrence in leak.occurrences]
        today = self._today.isoformat()
        if not stated or not all(s and s.holds(today) for s in stated):
            return None
        first = min((s for s in stated if s), key=lambda s: (s.reason is None, s.kind, s.marker))
        return AppliedWaiver(
            id=f"{first.kind}: {first.marker}",
            reason=first.reason or "no reason stated",
            requester=first.owner or "not stated",
            approver=first.approver or "not stated",
            approval="declared",
            approval_basis="stated beside the secret",
            created_on="not stated",
            expires_on=min((s.expires_on for s in stated if s and s.expires_on), default="never"),
        )


def matches(waiver: Waiver, subject: Subject) -> bool:
    """Tell whether a waiver names a subject: by its exact id or name, and by every label given."""
    if waiver.subject and waiver.subject not in subject.names:
        return False
    return _has(subject.labels, waiver.labels)


def _has(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())


def _applied(waiver: Waiver) -> AppliedWaiver:
    return AppliedWaiver(
        id=waiver.id,
        reason=waiver.reason,
        requester=waiver.requester,
        approver=waiver.approver,
        approval=waiver.approval,
        approval_basis=waiver.approval_basis,
        created_on=waiver.created.isoformat(),
        expires_on=waiver.expires.isoformat(),
    )


def apply_all(
    register: Waivers, facts: Facts, evaluation: Evaluation, *, whole: bool
) -> tuple[WaiverRecord, ...]:
    """Ask the register about every failed decision; return the waivers as policies see them."""
    subjects = references(facts)
    for result in evaluation.results:
        for batch in result.batches:
            for decision in batch.decisions:
                subject = subjects.get(decision.subject_id)
                if decision.status == "fail" and subject:
                    policy = result.policy.id
                    register.apply(policy, subject, finding_id(policy, subject.ref.id))
    severities = {result.policy.id: result.policy.severity for result in evaluation.results}
    return register.records(severities, whole=whole)
