"""What a ticket says: the finding in Markdown, with every value from outside made inert.

Names of keys, paths and owners are chosen by others. In a ticket they must not become markup,
links, mentions or references, so they stand in code spans, or in prose with such letters escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from keyproof import templates
from keyproof.model.finding import Finding
from keyproof.model.record import digest, utc
from keyproof.model.ticket import RotationRequest, rotation_hash

TITLE_LENGTH = 200
SHOWN_ITEMS = 20
_NOT_STATED = "not known"
_INERT = "\u2060"
"""WORD JOINER: invisible; after ``@``, ``#`` or ``:`` no forge sees a mention, reference or link."""

_MARKUP = re.compile(r"([\\`*_{}\[\]()|~!$])")
_LINKING = re.compile(r"([@#]|:(?=//)|(?<=\bwww)\.)")
_BULLET = re.compile(r"^(?=[-+=])")
_NUMBER = re.compile(r"^(\d+)(?=[.)])")
_TICKS = re.compile(r"`+")


class TicketText(NamedTuple):
    """A ticket's title, its body, and the digest that decides whether it is out of date."""

    title: str
    body: str
    digest: str


def compose(finding: Finding, rotation: RotationRequest | None, approve: str) -> TicketText:
    """Return the text of a finding's ticket.

    Args:
        rotation: the rotation that an approval would start.
        approve: how a person approves, in the words of the ticket system's module.
    """
    values = _values(finding, rotation, approve)
    body = templates.render("ticket.md.j2", autoescape=False, **values)
    # whole numbers in evidence count days or uses: alone they make no ticket worth editing
    lasting = {
        **values,
        "message": "",
        "evidence": [
            (name, "" if isinstance(value, int) and not isinstance(value, bool) else shown(value))
            for name, value in sorted(finding.evidence.items())
        ],
    }
    title = f"{line(finding.policy_title)}: {line(finding.subject.name)}"
    return TicketText(
        title=title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1] + "…",
        body=body,
        digest=digest([title, templates.render("ticket.md.j2", autoescape=False, **lasting)]),
    )


def line(value: str) -> str:
    """Return text on one line, without letters that are not seen or that turn the line around."""
    visible = (letter if letter.isprintable() else " " for letter in value)
    return " ".join("".join(visible).split())


def code(value: str) -> str:
    """Return a value as a code span, whatever backticks it holds."""
    text = line(value)
    if not text:
        return _NOT_STATED
    fence = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(value: str) -> str:
    """Return a value as plain text for use within a line."""
    text = _MARKUP.sub(r"\\\1", html.escape(line(value), quote=False))
    return _LINKING.sub(r"\1" + _INERT, text)


def paragraph(value: str) -> str:
    """Return a value as plain text that may begin a line: no list and no heading begins with it."""
    return _NUMBER.sub(r"\1" + _INERT, _BULLET.sub(r"\\", prose(value)))


def shown(value: Any) -> str:
    """Return one value of a policy's evidence as code spans."""
    if isinstance(value, list | tuple):
        listed = [code(str(item)) for item in value[:SHOWN_ITEMS]]
        more = len(value) - SHOWN_ITEMS
        return ", ".join([*listed, *([f"and {more} more"] if more > 0 else [])]) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return code(str(value))


def _values(finding: Finding, rotation: RotationRequest | None, approve: str) -> Mapping[str, Any]:
    """Return what the template prints; every value in it is safe as Markdown."""
    subject, history, waiver = finding.subject, finding.history, finding.waiver
    return {
        "finding": finding.id,
        "policy": code(finding.policy),
        "policy_title": prose(finding.policy_title),
        "severity": finding.severity,
        "subject_type": subject.type,
        "subject": code(subject.name),
        "source": code(subject.source),
        "owner": code(subject.owner or ""),
        "environment": code(subject.environment or ""),
        "message": paragraph(finding.message),
        "first_seen": _date(history.first_seen_at if history else None),
        "due": _date(history.due_at if history else None),
        "reopened": history.reopened if history else 0,
        "evidence": [(code(n), shown(v)) for n, v in sorted(finding.evidence.items())],
        "parameters": [
            (code(n), shown(v), prose(finding.parameter_origins.get(n, "default")))
            for n, v in sorted(finding.parameters.items())
        ],
        "controls": [
            {
                "framework": prose(control.framework),
                "version": prose(control.version),
                "id": code(control.id),
                "strength": control.strength,
                "reason": prose(control.reason),
            }
            for control in finding.controls
        ],
        "remediation": finding.remediation.strip().replace("<", "&lt;"),
        "waiver": waiver
        and {
            "expires_on": prose(waiver.expires_on),
            "approval": waiver.approval,
            "requester": code(waiver.requester),
            "approver": code(waiver.approver),
            "reason": prose(waiver.reason),
        },
        "rotation": _rotation(rotation, approve) if rotation else None,
    }


def _rotation(request: RotationRequest, approve: str) -> Mapping[str, Any]:
    return {
        "key": code(request.native_id),
        "principal": code(request.principal),
        "rotator": code(request.rotator),
        "targets": ", ".join(code(target) for target in request.targets) or _NOT_STATED,
        "overlap": _hours(request.overlap_seconds),
        "soak": _hours(request.soak_seconds),
        "emergency": request.emergency,
        "hash": rotation_hash(request),
        "approve": approve.replace("{hash}", rotation_hash(request)),
    }


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:g} h"


def _date(moment: datetime | None) -> str:
    return f"{utc(moment):%Y-%m-%d}" if moment else _NOT_STATED
