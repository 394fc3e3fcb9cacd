"""Waive: dated, approved exceptions are read, applied to findings, and named once they lapse."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from keyproof import yamlfile
from keyproof.errors import ConfigError
from keyproof.model.finding import AppliedWaiver
from keyproof.model.leak import Leak, Suppression
from keyproof.model.record import Document
from keyproof.model.report import WaiverNote
from keyproof.model.waiver import Waiver
from keyproof.pipeline.message import amount
from keyproof.pipeline.references import Subject

SUPPRESSIBLE = "leaks.secret_in_history"
"""The one policy that a baseline entry or an inline comment may waive."""


class WaiverFile(Document, frozen=True, kw_only=True):
    """The shape of ``waivers.yaml``."""

    version: Literal[1] = 1
    waivers: tuple[Waiver, ...] = ()


def load(
    path: Path, *, policies: Collection[str], verified: Collection[str] = ()
) -> tuple[Waiver, ...]:
    """Read ``waivers.yaml``.

    Args:
        policies: every policy id that exists, whether it runs or not.
        verified: ids of waivers whose approval was proved outside the file (a signed commit, a
            review); what the file itself claims proves nothing.

    Raises:
        ConfigError: the file or one entry cannot be used as it stands, with file and line.
    """
    document = yamlfile.load(path)
    if isinstance(document.data, dict):
        _refuse_claims(document)
    entries = document.convert(WaiverFile).waivers
    seen: set[str] = set()
    for index, waiver in enumerate(entries):
        _check(document, index, waiver, policies)
        if waiver.id in seen:
            message = f"two waivers have the id '{waiver.id}'"
            raise ConfigError(message, where=document.where("waivers", index, "id"))
        seen.add(waiver.id)
    return tuple(
        replace(waiver, approval="verified") if waiver.id in verified else waiver
        for waiver in entries
    )


def _refuse_claims(document: yamlfile.Document) -> None:
    entries = document.data.get("waivers")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and "approval" in entry:
            raise ConfigError(
                "a waiver cannot state its own approval",
                where=document.where("waivers", index, "approval"),
                hint="remove 'approval': keyproof prints 'declared' unless it can verify one",
            )


def _check(
    document: yamlfile.Document, index: int, waiver: Waiver, policies: Collection[str]
) -> None:
    def refuse(field: str, message: str, hint: str | None = None) -> None:
        where = document.where("waivers", index, field)
        raise ConfigError(f"waiver '{waiver.id}': {message}", where=where, hint=hint)

    for field in ("id", "reason", "requester", "approver"):
        if not getattr(waiver, field).strip():
            refuse(field, f"'{field}' is empty")
    if waiver.policy not in policies:
        close = difflib.get_close_matches(waiver.policy, sorted(policies), n=1)
        refuse(
            "policy",
            f"there is no policy '{waiver.policy}'",
            f"did you mean '{close[0]}'?" if close else "see: keyproof policies list",
        )
    if not waiver.subject and not waiver.labels:
        refuse("subject", "it names neither a subject nor labels")
    if waiver.requester.strip().casefold() == waiver.approver.strip().casefold():
        refuse("approver", "requester and approver are the same person")
    if waiver.created > waiver.expires:
        refuse("expires", "it expires before it was created")


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
        self._used: dict[str, list[str]] = defaultdict(list)
        self._lapsed: dict[str, list[str]] = defaultdict(list)

    def apply(self, policy: str, subject: Subject, finding_id: str) -> AppliedWaiver | None:
        """Return the waiver in force for a failed subject, and remember that it was needed."""
        in_force: Waiver | None = None
        for waiver in self._by_policy.get(policy, ()):
            if not matches(waiver, subject):
                continue
            if waiver.expires < self._today:
                self._lapsed[waiver.id].append(finding_id)
            elif waiver.created <= self._today:
                self._used[waiver.id].append(finding_id)
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
            if note.state == "expired":
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

    def _note(self, waiver: Waiver, *, judged: bool) -> WaiverNote:
        expired = waiver.expires < self._today
        used = self._lapsed[waiver.id] if expired else self._used[waiver.id]
        unused = judged and not used
        return WaiverNote(
            id=waiver.id,
            policy=waiver.policy,
            state="expired" if expired else "unused" if unused else "in_force",
            reason=waiver.reason,
            requester=waiver.requester,
            approver=waiver.approver,
            approval=waiver.approval,
            created_on=waiver.created.isoformat(),
            expires_on=waiver.expires.isoformat(),
            findings=tuple(sorted(used)),
        )

    def _suppression(self, leak: Leak) -> AppliedWaiver | None:
        """Return a waiver made of the suppressions of a leak, if every occurrence has a valid one."""
        stated = [occurrence.suppression for occurrence in leak.occurrences]
        if not stated or not all(s and self._valid(s) for s in stated):
            return None
        first = min((s for s in stated if s), key=lambda s: (s.reason is None, s.kind, s.marker))
        return AppliedWaiver(
            id=f"{first.kind}: {first.marker}",
            reason=first.reason or "no reason stated",
            requester=first.owner or "not stated",
            approver=first.approver or "not stated",
            approval="declared",
            created_on="not stated",
            expires_on=min((s.expires_on for s in stated if s and s.expires_on), default="never"),
        )

    def _valid(self, suppression: Suppression) -> bool:
        lapsed = suppression.expires_on and suppression.expires_on < self._today.isoformat()
        return not (suppression.expired or lapsed)


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
        created_on=waiver.created.isoformat(),
        expires_on=waiver.expires.isoformat(),
    )
