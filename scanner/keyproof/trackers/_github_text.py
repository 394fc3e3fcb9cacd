"""The hidden lines by which keyproof recognises its own issues and plans."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from keyproof.model.ticket import TicketAction, rotation_hash

_FINDING = re.compile(r"^<!-- keyproof:(f_[0-9a-f]{32}) -->$", re.MULTILINE)
_BODY_PLAN = re.compile(r"^<!-- keyproof:plan:(sha256:[0-9a-f]{64}) -->$", re.MULTILINE)
_POSTED = re.compile(
    r"^<!-- keyproof:posted:(sha256:[0-9a-f]{64}):([0-9a-f]{64}) -->$", re.MULTILINE
)
_LONGEST_BODY = 60_000
"""GitHub refuses a body of more than 65,536 characters."""


class PostedPlan(NamedTuple):
    """What a plan comment binds: the rotation's hash, and the text that it was shown with."""

    plan_hash: str
    text: str


def issue_body(action: TicketAction) -> str:
    """Return an issue's text: the ticket's, then the finding's marker and the plan's hash."""
    text = action.body.strip()
    if len(text) > _LONGEST_BODY:
        text = text[:_LONGEST_BODY] + "\n\n(shortened)"
    lines = [text, "", f"<!-- keyproof:{action.finding_id} -->"]
    if action.rotation:
        lines.append(f"<!-- keyproof:plan:{rotation_hash(action.rotation)} -->")
    return "\n".join(lines)


def finding_of(body: str | None) -> str | None:
    """Return the finding that an issue is about; the last marker counts, ours is below all text."""
    found = _FINDING.findall(normal(body))
    return found[-1] if found else None


def plan_of(body: str | None) -> str | None:
    """Return the plan's hash that an issue's text shows."""
    found = _BODY_PLAN.findall(normal(body))
    return found[-1] if found else None


def plan_comment(plan: PostedPlan, approval_label: str, *, same: bool) -> str:
    """Return the comment that posts a plan: its time is when the plan was shown.

    Args:
        same: only the text around the plan has changed, an approval stays good.
    """
    said = (
        f"The text above was brought up to date; the plan is the same: `{plan.plan_hash}`"
        if same
        else f"Plan for this rotation: `{plan.plan_hash}`\n\n"
        f"An approver approves it by setting the label `{approval_label}` from now on."
    )
    return f"{said}\n\n<!-- keyproof:posted:{plan.plan_hash}:{plan.text} -->"


def posted_plan(comment: str | None) -> PostedPlan | None:
    """Return the plan that a comment posts, if it is such a comment."""
    found = _POSTED.findall(normal(comment))
    return PostedPlan(*found[-1]) if found else None


def text_digest(body: str | None) -> str:
    """Return the digest of an issue's text, whatever line ends it came back with."""
    return hashlib.sha256(normal(body).encode()).hexdigest()


def normal(text: str | None) -> str:
    """Return text with plain line ends and none at its end."""
    return (text or "").replace("\r\n", "\n").rstrip()
