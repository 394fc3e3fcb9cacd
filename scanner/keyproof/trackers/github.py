"""GitHub Issues: one issue a finding, approved by a label.

An issue is recognised by a hidden marker in its text and found by its label, for GitHub's search
lags behind. A rotation's plan is posted as a comment, whose time cannot be forged and whose edits
show; the approval label counts only if an approver set it after that. Nothing that an issue's
text says is ever carried out: only the rotation that the store holds, if the hash is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from keyproof.errors import TrackerError
from keyproof.model.ticket import Ticket, TicketAction, rotation_hash
from keyproof.ports import Context, TicketState
from keyproof.trackers._github_api import GithubSettings, Issue, Repository
from keyproof.trackers._github_approval import judge, postings
from keyproof.trackers._github_text import (
    PostedPlan,
    finding_of,
    issue_body,
    normal,
    plan_comment,
    text_digest,
)

TITLE = "GitHub Issues"
SHARED = True
SETTINGS = GithubSettings
APPROVAL = (
    "set the approval label (`keyproof:approved`, unless keyproof.yaml names another) on this issue."
    " It counts if one of the approvers that keyproof.yaml lists sets it, after keyproof's comment"
    " with the hash above."
)


def find(settings: GithubSettings, context: Context) -> Mapping[str, str]:
    """See ``Tracker.find``; the external id is the issue's number. Of two, the older one counts."""
    found: dict[str, str] = {}
    with Repository(settings, context) as repository:
        own = repository.own_logins()
        for issue in repository.issues():
            finding = finding_of(issue.body)
            if finding and issue.user and issue.user.login.casefold() in own:
                found.setdefault(finding, str(issue.number))
    return found


def apply(settings: GithubSettings, context: Context, action: TicketAction) -> TicketState:
    """See ``Tracker.apply``."""
    with Repository(settings, context) as repository:
        if action.action == "close":
            issue = _closed(repository, action)
        else:
            issue = _current(repository, action)
        return TicketState(
            external_id=str(issue.number),
            open=issue.state == "open",
            url=issue.html_url,
            approval=None,
        )


def sync(
    settings: GithubSettings, context: Context, tickets: Iterable[Ticket]
) -> Iterator[TicketState]:
    """See ``Tracker.sync``: the states from one list, each approval from the issue itself."""
    with Repository(settings, context) as repository:
        listed = {str(issue.number): issue for issue in repository.issues()}
        own: frozenset[str] | None = None
        for ticket in tickets:
            number = ticket.external_id or ""
            issue = listed.get(number) or repository.issue(number)
            if issue is None or not repository.here(issue):
                yield TicketState(number, open=False, url=None, approval=None, note=_gone(issue))
            elif issue.state != "open" or not issue.labelled(settings.approval_label):
                yield _state(issue)
            else:
                own = own or repository.own_logins()
                yield _judged(repository, number, own)


def _gone(issue: Issue | None) -> str:
    return "the issue is gone" if issue is None else "the issue was moved to another repository"


def _state(issue: Issue) -> TicketState:
    return TicketState(str(issue.number), issue.state == "open", issue.html_url, None)


def _judged(repository: Repository, number: str, own: frozenset[str]) -> TicketState:
    """Read an approval from the issue itself, its comments and its events, never from the list."""
    issue = repository.issue(number)
    if issue is None:
        return TicketState(number, open=False, url=None, approval=None, note=_gone(issue))
    settings = repository.settings
    if issue.state != "open" or not issue.labelled(settings.approval_label):
        return _state(issue)
    verdict = judge(issue, repository.comments(number), repository.events(number), settings, own)
    return _state(issue)._replace(approval=verdict.approval, note=verdict.note)


def _current(repository: Repository, action: TicketAction) -> Issue:
    """Open an issue, or bring the one that exists up to date."""
    body = issue_body(action)
    if action.external_id is None:
        issue = repository.create(action.title, body)
    else:
        issue = _existing(repository, action.external_id)
        wanted = {"title": action.title, "body": body, "state": "open"}
        seen = {"title": issue.title, "body": normal(issue.body), "state": issue.state}
        if seen != wanted:
            issue = repository.edit(action.external_id, wanted)
        if not issue.labelled(repository.settings.label):
            repository.add_label(action.external_id, repository.settings.label)
    if action.rotation:
        _post_plan(repository, issue, rotation_hash(action.rotation), body)
    elif issue.labelled(repository.settings.approval_label):
        repository.remove_label(str(issue.number), repository.settings.approval_label)
    return issue


def _post_plan(repository: Repository, issue: Issue, plan_hash: str, body: str) -> None:
    """Post the plan, unless the last one that was posted is the same and unedited.

    For another plan the approval label goes first: it was set for the earlier one.
    """
    number, label = str(issue.number), repository.settings.approval_label
    plan = PostedPlan(plan_hash, text_digest(body))
    posted = postings(repository.comments(number), repository.own_logins())
    last = posted[-1] if posted and not posted[-1].edited else None
    if last and last.plan == plan:
        return
    same = last is not None and last.plan.plan_hash == plan_hash
    if not same and issue.labelled(label):
        repository.remove_label(number, label)
    repository.comment(number, plan_comment(plan, label, same=same))


def _closed(repository: Repository, action: TicketAction) -> Issue:
    """Say why, once, and close."""
    if action.external_id is None:
        raise TrackerError("there is no issue to close", hint="run: keyproof tickets sync")
    issue = _existing(repository, action.external_id)
    if issue.state == "closed":
        return issue
    comments = repository.comments(action.external_id)
    if not comments or normal(comments[-1].body) != normal(action.body):
        repository.comment(action.external_id, action.body)
    return repository.edit(action.external_id, {"state": "closed", "state_reason": "completed"})


def _existing(repository: Repository, number: str) -> Issue:
    issue = repository.issue(number)
    if issue is None or not repository.here(issue):
        raise TrackerError(
            f"issue {number}: {_gone(issue)}",
            hint="run: keyproof tickets sync; the next plan opens a new one",
        )
    return issue
