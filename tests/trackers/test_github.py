"""GitHub Issues as tickets: opened once, approved only by the right person at the right time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.support.adapter_context import NOON, StillClock, adapter_context
from tests.support.github_double import REPOSITORY, GithubDouble
from tests.support.http_double import HttpDouble, Reply
from tests.support.planted import github_pat, plant
from tests.support.run import Ran, keyproof
from tests.support.runs import SLA, day, finding, report

from keyproof.app.store import open_store
from keyproof.errors import TrackerError
from keyproof.model.finding import FindingStatus
from keyproof.model.record import record_id
from keyproof.model.ticket import RotationRequest, Ticket, TicketAction, rotation_hash
from keyproof.ports import TicketState
from keyproof.trackers import github
from keyproof.transport.http import HttpSettings

LABEL, APPROVED = "keyproof", "keyproof:approved"
ROTATION = RotationRequest(
    key_id="key_1",
    native_id="AKIAEXAMPLE",
    rotator="aws_iam",
    source="aws",
    principal="deploy",
    targets=("ci",),
    overlap_seconds=3600,
    soak_seconds=3600,
)


class Desk:
    """One repository, our token, and what a test does with both."""

    def __init__(self, server: HttpDouble, double: GithubDouble, token: str) -> None:
        self.server = server
        self.double = double
        self.clock = double.clock
        self.environment = {"GITHUB_TOKEN": token}
        self.options: dict[str, Any] = {"approvers": ("Grace", "linus")}

    @property
    def settings(self) -> github.GithubSettings:
        return github.GithubSettings(
            repository=REPOSITORY, base_url=self.server.url, **self.options
        )

    @property
    def context(self) -> Any:
        return adapter_context(self.environment, clock=self.clock)

    def apply(self, action: TicketAction) -> TicketState:
        self.clock.sleep(60)
        return github.apply(self.settings, self.context, action)

    def find(self) -> dict[str, str]:
        return dict(github.find(self.settings, self.context))

    def sync(self, *numbers: str, finding: str = "a") -> list[TicketState]:
        tickets = [_ticket(number, finding) for number in numbers]
        return list(github.sync(self.settings, self.context, tickets))

    def approval(self, number: str = "1") -> tuple[str | None, str | None]:
        """Return who approved the first issue, and the note."""
        (state,) = self.sync(number)
        return (state.approval.by if state.approval else None), state.note

    def writes(self) -> list[str]:
        return self.double.writes(self.server)


@pytest.fixture
def desk() -> Iterator[Desk]:
    token, clock = github_pat("tracker"), StillClock()
    double = GithubDouble(clock, {token: "keyproof-bot"})
    with HttpDouble(double) as server:
        double.url = server.url
        yield Desk(server, double, token)


def _finding(seed: str) -> str:
    return record_id("f", "keys.max_age", seed)


def _action(seed: str = "a", **changes: Any) -> TicketAction:
    fields: dict[str, Any] = {
        "action": "open",
        "tracker": "desk",
        "finding_id": _finding(seed),
        "title": f"Key is too old: {seed}",
        "severity": "high",
        "body": "It is 400 days old.",
        "reason": "it fails",
    }
    return TicketAction(**fields | changes)


def _ticket(number: str, seed: str = "a") -> Ticket:
    return Ticket(
        id="t_1",
        tracker="desk",
        finding_id=_finding(seed),
        title="x",
        severity="high",
        state="open",
        external_id=number,
        opened_at=NOON,
        updated_at=NOON,
        body_digest="",
    )


def test_an_issue_is_opened_with_its_marker_and_label_and_found_again(desk: Desk) -> None:
    state = desk.apply(_action())
    issue = desk.double.issues[1]
    assert state == TicketState("1", open=True, url=issue["html_url"], approval=None)
    assert issue["title"] == "Key is too old: a"
    assert issue["body"] == f"It is 400 days old.\n\n<!-- keyproof:{_finding('a')} -->"
    assert [label["name"] for label in issue["labels"]] == [LABEL]
    assert desk.find() == {_finding("a"): "1"}
    assert desk.writes() == ["POST /issues"]


def test_doing_it_again_changes_nothing(desk: Desk) -> None:
    desk.apply(_action(rotation=ROTATION))
    desk.writes()
    for action in ("open", "update"):
        desk.apply(_action(action=action, external_id="1", rotation=ROTATION))
    assert desk.writes() == []
    desk.apply(_action(action="close", external_id="1", body="Closed by keyproof: resolved."))
    assert desk.writes() == ["POST /issues/1/comments", "PATCH /issues/1"]
    state = desk.apply(
        _action(action="close", external_id="1", body="Closed by keyproof: resolved.")
    )
    assert (state.open, desk.writes()) == (False, [])


def test_an_update_keeps_what_people_added(desk: Desk) -> None:
    desk.apply(_action())
    desk.double.label(1, "team:payments", "grace")
    desk.double.say(1, "grace", "looking into it")
    desk.apply(_action(action="update", external_id="1", body="It is 401 days old."))
    issue = desk.double.issues[1]
    assert issue["body"].startswith("It is 401 days old.")
    assert [label["name"] for label in issue["labels"]] == [LABEL, "team:payments"]
    assert len(desk.double.comments[1]) == 1


def test_a_closed_issue_whose_finding_returned_is_opened_again(desk: Desk) -> None:
    desk.apply(_action())
    desk.apply(_action(action="close", external_id="1", body="Closed."))
    assert desk.find() == {_finding("a"): "1"}
    state = desk.apply(_action(external_id="1"))
    assert (state.open, desk.double.issues[1]["state"]) == (True, "open")
    assert len(desk.double.issues) == 1


def test_a_close_that_was_cut_off_says_so_only_once(desk: Desk) -> None:
    desk.apply(_action())
    action = _action(action="close", external_id="1", body="Closed.")
    desk.options["http"] = HttpSettings(attempts=1)
    desk.double.lost = ["PATCH"]
    with pytest.raises(TrackerError):
        desk.apply(action)
    desk.double.issues[1]["state"] = "open"
    desk.apply(action)
    assert [comment["body"] for comment in desk.double.comments[1]] == ["Closed."]


def test_an_answer_that_is_lost_makes_no_second_issue(desk: Desk) -> None:
    desk.double.lost = ["POST"]
    with pytest.raises(TrackerError):
        desk.apply(_action())
    assert desk.writes() == ["POST /issues"], "a POST is never sent again"
    assert desk.find() == {_finding("a"): "1"}
    desk.apply(_action(external_id="1"))
    assert len(desk.double.issues) == 1


def test_all_pages_are_read_and_of_two_issues_the_older_counts(desk: Desk) -> None:
    desk.double.page_size = 2
    for seed in "abcde":
        desk.apply(_action(seed))
    desk.apply(_action("a"))
    desk.double.issues[7] = desk.double.issues[1] | {"number": 7, "pull_request": {}}
    assert desk.find() == {_finding(seed): str(number) for number, seed in enumerate("abcde", 1)}
    states = [*desk.sync(*"12345")]
    assert [state.external_id for state in states] == list("12345")


def test_an_issue_that_somebody_else_wrote_is_not_ours(desk: Desk) -> None:
    desk.apply(_action("a"))
    desk.double.issues[1]["user"] = {"login": "mallory"}
    assert desk.find() == {}
    desk.options["accounts"] = ("Mallory",)
    assert desk.find() == {_finding("a"): "1"}


def test_only_the_last_marker_of_a_text_counts(desk: Desk) -> None:
    forged = f"- name: x\n<!-- keyproof:{_finding('other')} -->\nmore"
    desk.apply(_action(body=forged))
    assert desk.find() == {_finding("a"): "1"}


def test_a_text_that_is_too_long_is_shortened_and_keeps_its_marker(desk: Desk) -> None:
    desk.apply(_action(body="x" * 100_000))
    assert len(desk.double.issues[1]["body"]) < 65_536
    assert desk.find() == {_finding("a"): "1"}


# Approval


def _posted(desk: Desk, **changes: Any) -> None:
    desk.apply(_action(rotation=ROTATION, **changes))


def test_an_approver_who_sets_the_label_after_the_plan_approves_it(desk: Desk) -> None:
    _posted(desk)
    assert rotation_hash(ROTATION) in desk.double.issues[1]["body"]
    assert rotation_hash(ROTATION) in desk.double.comments[1][0]["body"]
    assert desk.approval() == (None, None)
    desk.double.label(1, APPROVED, "grace")
    (state,) = desk.sync("1")
    assert state.approval is not None
    assert (state.approval.by, state.approval.plan_hash) == ("grace", rotation_hash(ROTATION))
    assert state.approval.at == desk.clock.now().replace(microsecond=0)
    assert (state.open, state.note) == (True, None)


@pytest.mark.parametrize("login", ["mallory", "keyproof-bot", None])
def test_nobody_else_approves(desk: Desk, login: str | None) -> None:
    desk.options["approvers"] = ("grace", "keyproof-bot")
    _posted(desk)
    desk.double.label(1, APPROVED, login)
    by, note = desk.approval()
    assert by is None
    assert note
    assert (login or "no longer exists") in note


def test_without_approvers_nobody_approves(desk: Desk) -> None:
    desk.options["approvers"] = ()
    _posted(desk)
    desk.double.label(1, APPROVED, "grace")
    assert desk.approval() == (None, "the label was set by grace, who is not among the approvers")


def test_a_label_that_was_set_before_the_plan_approves_nothing(desk: Desk) -> None:
    desk.apply(_action())
    desk.double.label(1, APPROVED, "grace")
    assert desk.approval() == (None, "the label was set, but no plan was posted")
    desk.double.events[1][-1]["created_at"] = (NOON - timedelta(days=1)).isoformat()
    _posted(desk, action="update", external_id="1")
    assert APPROVED not in str(desk.double.issues[1]["labels"]), "a new plan takes the label off"
    desk.double.issues[1]["labels"].append({"name": APPROVED})
    desk.double.events[1] = [e for e in desk.double.events[1] if e["event"] == "labeled"]
    by, note = desk.approval()
    assert (by, "before the plan was posted" in str(note)) == (None, True)


def test_a_label_of_the_very_moment_of_the_plan_is_not_after_it(desk: Desk) -> None:
    _posted(desk)
    desk.double._label(1, APPROVED, "grace")
    desk.double.events[1][-1]["created_at"] = desk.double.comments[1][0]["created_at"]
    assert desk.approval()[0] is None


def test_another_plan_needs_another_approval(desk: Desk) -> None:
    _posted(desk)
    desk.double.label(1, APPROVED, "grace")
    other = replace(ROTATION, overlap_seconds=7200)
    desk.apply(_action(action="update", external_id="1", rotation=other))
    assert desk.approval() == (None, None)
    desk.double.label(1, APPROVED, "linus")
    (state,) = desk.sync("1")
    assert state.approval is not None
    assert (state.approval.by, state.approval.plan_hash) == ("linus", rotation_hash(other))


def test_a_new_text_around_the_same_plan_keeps_the_approval(desk: Desk) -> None:
    _posted(desk)
    desk.double.label(1, APPROVED, "grace")
    _posted(desk, action="update", external_id="1", body="It is 500 days old.")
    assert desk.approval() == ("grace", None)


def test_a_plan_that_is_no_longer_asked_for_takes_its_label_along(desk: Desk) -> None:
    _posted(desk)
    desk.double.label(1, APPROVED, "grace")
    desk.apply(_action(action="update", external_id="1"))
    assert desk.approval() == (None, None)


def test_an_approval_that_is_taken_back_is_gone(desk: Desk) -> None:
    _posted(desk)
    desk.double.label(1, APPROVED, "grace")
    desk.double.unlabel(1, APPROVED, "grace")
    assert desk.approval() == (None, None)
    desk.double.label(1, APPROVED, "mallory")
    assert desk.approval()[0] is None


def test_a_plan_whose_comment_or_text_was_edited_is_not_approved(desk: Desk) -> None:
    _posted(desk)
    desk.double.label(1, APPROVED, "grace")
    comment, issue = desk.double.comments[1][0], desk.double.issues[1]
    good = dict(comment), issue["body"]
    other = "sha256:" + "0" * 64
    desk.double.edit_comment(comment, comment["body"].replace(rotation_hash(ROTATION), other))
    assert "edited" in str(desk.approval()[1])
    comment.update(good[0])
    for body in (
        issue["body"].replace(rotation_hash(ROTATION), other),
        issue["body"].replace("It is", "It is not"),
        "",
        None,
    ):
        issue["body"] = body
        by, note = desk.approval()
        assert (by, "edited" in str(note)) == (None, True)
    issue["body"] = good[1].replace("\n", "\r\n") + "\r\n"
    assert desk.approval() == ("grace", None)


def test_a_plan_that_somebody_else_posts_is_none(desk: Desk) -> None:
    desk.apply(_action())
    body = "It is 400 days old."
    forged = _action(rotation=ROTATION, body=body)
    text = github.issue_body(forged)
    desk.double.issues[1]["body"] = text
    plan = github.PostedPlan(rotation_hash(ROTATION), github.text_digest(text))
    desk.double.say(1, "mallory", github.plan_comment(plan, APPROVED, same=False))
    desk.double.label(1, APPROVED, "grace")
    assert desk.approval() == (None, "the label was set, but no plan was posted")


def test_an_edited_plan_comment_is_posted_anew_and_must_be_approved_anew(desk: Desk) -> None:
    _posted(desk)
    desk.double.label(1, APPROVED, "grace")
    comment = desk.double.comments[1][0]
    desk.double.edit_comment(comment, comment["body"] + " ")
    _posted(desk, action="update", external_id="1")
    assert desk.approval() == (None, None)
    desk.double.label(1, APPROVED, "grace")
    assert desk.approval() == ("grace", None)


def test_an_app_says_its_own_name(desk: Desk) -> None:
    desk.options["login"] = "keyproof[bot]"
    token = desk.environment["GITHUB_TOKEN"]
    desk.double.tokens[token] = "keyproof[bot]"
    _posted(desk)
    desk.double.label(1, APPROVED, "grace")
    assert desk.approval() == ("grace", None)
    assert "/user" not in {request.path for request in desk.server.requests}


# What goes wrong


def test_an_issue_that_is_gone_moved_or_closed_is_told(desk: Desk) -> None:
    for seed in "abc":
        desk.apply(_action(seed))
    desk.double.deleted.add(1)
    desk.double.issues[2]["repository_url"] = f"{desk.server.url}/repos/octo/elsewhere"
    desk.double.issues[3]["state"] = "closed"
    gone, moved, closed, never = desk.sync("1", "2", "3", "99")
    assert (gone.open, gone.note) == (False, "the issue is gone")
    assert (moved.open, moved.note) == (False, "the issue was moved to another repository")
    assert (closed.open, closed.note) == (False, None)
    assert never.note == "the issue is gone"
    with pytest.raises(TrackerError, match="gone"):
        desk.apply(_action(action="update", external_id="1"))


def test_a_token_that_may_not_label_is_told_what_it_lacks(desk: Desk) -> None:
    desk.double.may_label = False
    with pytest.raises(TrackerError, match="issue 1 was opened") as caught:
        desk.apply(_action())
    assert "write access" in str(caught.value.hint)


def test_a_missing_or_refused_token_is_an_error_that_does_not_quote_it(desk: Desk) -> None:
    desk.environment = {"GITHUB_TOKEN": github_pat("refused")}
    with pytest.raises(TrackerError) as caught:
        desk.find()
    assert desk.environment["GITHUB_TOKEN"] not in f"{caught.value} {caught.value.hint}"
    desk.environment = {}
    with pytest.raises(TrackerError, match="GITHUB_TOKEN"):
        desk.find()


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "30"},
        {
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int((NOON + timedelta(seconds=30)).timestamp())),
        },
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_spent_limit_is_waited_for(desk: Desk, status: int, headers: dict[str, str]) -> None:
    desk.double.before = [Reply(status, {"message": "slow down"}, headers)]
    assert desk.find() == {}
    assert desk.clock.sleeps == [30]


def test_a_limit_that_takes_an_hour_is_not_waited_for(desk: Desk) -> None:
    desk.double.before = [Reply(403, {"message": "x"}, {"Retry-After": "3600"})] * 4
    with pytest.raises(TrackerError, match="slow down"):
        desk.find()
    assert desk.clock.sleeps == []


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(404), Reply(403, {"message": "no"}), Reply(200, b"<html>")]
)
def test_whatever_goes_wrong_is_a_tracker_error(desk: Desk, reply: Reply) -> None:
    desk.double.before = [reply] * 8
    with pytest.raises(TrackerError):
        desk.find()


def test_writes_keep_the_pace_that_github_asks_for(desk: Desk) -> None:
    started = desk.clock.now()
    desk.apply(_action(rotation=ROTATION))
    assert desk.writes() == ["POST /issues", "POST /issues/1/comments"]
    assert desk.clock.now() - started >= timedelta(seconds=60 + 2 * 60 / 80)


def test_a_plan_whose_number_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(TrackerError, match="number"):
        desk.apply(_action(action="close", external_id="../../user"))
    assert desk.server.requests == []


def test_a_finding_becomes_an_issue_is_approved_there_and_closed_when_it_passes(
    desk: Desk, tmp_path: Path, home: Path
) -> None:
    """The whole way on the command line; the label is the only thing that a person does."""
    (tmp_path / "keyproof.yaml").write_text(
        "store: keyproof.db\n"
        "trackers:\n"
        f"  desk: {{tracker: github, repository: {REPOSITORY}, base_url: '{desk.server.url}',"
        " approvers: [grace]}\n"
        "rotations:\n"
        "  - {source: aws, rotator: aws_iam, targets: [vault]}\n"
    )
    environment = desk.environment | {"KEYPROOF_KEY": plant("shared-" + "identity-key-0001")}

    def run(*arguments: str) -> Ran:
        return keyproof("tickets", *arguments, cwd=tmp_path, home=home, env=environment)

    def record(number: float, status: FindingStatus) -> None:
        store = open_store(f"sqlite:///{tmp_path}/keyproof.db")
        made = report(day(number), [finding(status)])
        store.record_run(made, resolvable_sources=frozenset({"aws"}), sla_days=SLA)
        store.close()

    record(0, "fail")
    assert run("-o", "plan.json").code == 0
    assert desk.server.requests == [], "a plan asks nobody"
    applied = run("--apply", "plan.json")
    assert (applied.code, len(desk.double.issues)) == (0, 1), applied.err
    assert "the approval label" in desk.double.issues[1]["body"]
    desk.double.label(1, APPROVED, "grace")
    synced = run("sync", "--format", "json")
    assert synced.code == 0, synced.err
    listed = json.loads(run("list", "--format", "json").out)
    assert (listed["state"], listed["approved_by"]) == ("approved", "grace")
    record(1, "pass")
    run("-o", "close.json")
    assert run("--apply", "close.json").code == 0
    assert desk.double.issues[1]["state"] == "closed"
    assert "resolved" in desk.double.comments[1][-1]["body"]
