"""Pure: whether an issue's label approves the plan that the issue shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from keyproof.ports import Approval
from keyproof.trackers._github_api import Comment, Event, GithubSettings, Issue
from keyproof.trackers._github_text import PostedPlan, plan_of, posted_plan, text_digest


class Verdict(NamedTuple):
    """An approval, or why there is none although somebody set the label."""

    approval: Approval | None
    note: str | None


class Posting(NamedTuple):
    """One comment of our own account that posts a plan."""

    at: datetime
    edited: bool
    plan: PostedPlan


def postings(comments: Sequence[Comment], own: frozenset[str]) -> list[Posting]:
    """Return the comments of our own account that post a plan, oldest first."""
    return [
        Posting(comment.created_at, comment.updated_at != comment.created_at, plan)
        for comment in comments
        if comment.user
        and comment.user.login.casefold() in own
        and (plan := posted_plan(comment.body))
    ]


def shown_since(posted: Sequence[Posting]) -> datetime:
    """Return since when the last plan has stood, through texts that changed around it."""
    since = posted[-1].at
    for posting in reversed(posted):
        if posting.edited or posting.plan.plan_hash != posted[-1].plan.plan_hash:
            break
        since = posting.at
    return since


def judge(
    issue: Issue,
    comments: Sequence[Comment],
    events: Sequence[Event],
    settings: GithubSettings,
    own: frozenset[str],
) -> Verdict:
    """Judge an issue that carries the approval label.

    The label counts if one of the approvers was the last to set it, after our account posted the
    plan, and neither that comment nor the issue's text was edited since.
    """
    if not issue.user or issue.user.login.casefold() not in own:
        return _no("the issue was not opened by keyproof's account")
    posted = postings(comments, own)
    if not posted:
        return _no("the label was set, but no plan was posted")
    plan = posted[-1].plan
    if posted[-1].edited:
        return _no("the comment that posts the plan was edited since")
    if plan_of(issue.body) != plan.plan_hash or text_digest(issue.body) != plan.text:
        return _no(
            "the issue's text was edited since the plan was posted: close the issue, and keyproof "
            "opens it again with a new one"
        )
    event = _last_label_event(events, settings.approval_label)
    if event is None or event.event != "labeled":
        return _no("nobody is known to have set the label")
    if event.created_at <= shown_since(posted):
        return _no("the label was set before the plan was posted: take it off and set it again")
    if event.actor is None:
        return _no("the label was set by an account that no longer exists")
    login = event.actor.login.casefold()
    if login in own or login not in {name.casefold() for name in settings.approvers}:
        return _no(f"the label was set by {event.actor.login}, who is not among the approvers")
    return Verdict(Approval(event.actor.login, event.created_at, plan.plan_hash), None)


def _no(note: str) -> Verdict:
    return Verdict(None, note)


def _last_label_event(events: Sequence[Event], name: str) -> Event | None:
    ours = [
        event
        for event in events
        if event.event in {"labeled", "unlabeled"}
        and event.label
        and event.label.name.casefold() == name.casefold()
    ]
    return max(ours, key=lambda event: event.created_at, default=None)
