"""Which tickets findings ask for, and doing exactly that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.support.adapter_context import StillClock, adapter_context
from tests.support.runs import START, day, finding, request, ticket

from keyproof.app.store import open_store
from keyproof.errors import ConfigError, TrackerError, UsageError
from keyproof.model.finding import AppliedWaiver, Finding, History
from keyproof.model.leak import Exposure, Leak
from keyproof.model.ticket import Ticket, TicketAction, TicketPlan, rotation_hash
from keyproof.pipeline.approve import sync
from keyproof.pipeline.remediate import (
    OpenTracker,
    RotationRule,
    Rules,
    apply,
    leaked_keys,
    plan,
)
from keyproof.ports import Approval, Context, Store, TicketState

RULES = Rules(tracker="desk", approve="write {hash}")
ROTATING = RULES._replace(
    rotations=(RotationRule("aws", "aws_iam", ("vault",), ("dep*",), 3600, 3600),)
)


class Forge:
    """A ticket system in memory that behaves as the port says, and can fail or be read."""

    TITLE = "forge"
    SETTINGS = dict

    def __init__(self, *, shared: bool = False) -> None:
        self.SHARED = shared
        self.issues: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str | None]] = []
        self.fail_at: int | None = None
        self.approvals: dict[str, Approval] = {}

    def find(self, settings: Any, context: Context) -> Mapping[str, str]:
        return {issue["finding"]: number for number, issue in self.issues.items()}

    def apply(self, settings: Any, context: Context, action: TicketAction) -> TicketState:
        if self.fail_at == len(self.calls):
            raise TrackerError("the forge does not answer")
        self.calls.append((action.action, action.external_id))
        number = action.external_id or str(len(self.issues) + 1)
        self.issues[number] = {
            "finding": action.finding_id,
            "body": action.body,
            "open": action.action != "close",
        }
        return self._state(number)

    def sync(
        self, settings: Any, context: Context, tickets: Iterable[Ticket]
    ) -> Iterator[TicketState]:
        for known in tickets:
            yield self._state(str(known.external_id))
        yield TicketState("999", open=True, url=None, approval=None)

    def _state(self, number: str) -> TicketState:
        approval = self.approvals.get(number)
        url = None if self.issues[number].get("gone") else f"forge:{number}"
        return TicketState(number, self.issues[number]["open"], url, approval)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/k.db")
    yield opened
    opened.close()


def _plan(
    *findings: Finding,
    resolved: Mapping[str, str] = {},
    tickets: Iterable[Ticket] = (),
    rules: Rules = RULES,
    leaked: Iterable[str] = (),
    now: datetime = START,
) -> TicketPlan:
    return plan(
        findings,
        resolved,
        list(tickets),
        rules=rules,
        leaked=frozenset(leaked),
        now=now,
        report_digest="sha256:0",
    )


def _kinds(planned: TicketPlan) -> list[tuple[str, str]]:
    return [(action.action, action.finding_id) for action in planned.actions]


def _run(
    planned: TicketPlan, forge: Forge, store: Store, *, local: bool = False
) -> list[tuple[str, str]]:
    trackers = {"desk": OpenTracker(forge, {}, adapter_context())}
    done = apply(planned, trackers, store, StillClock(day(2)), local_key=local)
    return [(action.action, kept.state) for action, kept in done]


def test_a_failing_finding_grave_enough_opens_one_ticket() -> None:
    mild = finding(key="k2", severity="medium")
    grave = finding(key="k3", severity="critical")
    passing = finding("pass", key="k4")
    assert _kinds(_plan(finding(), mild, grave, passing)) == [
        ("open", grave.id),
        ("open", finding().id),
    ]


def test_the_same_work_has_the_same_hash_whenever_it_is_planned() -> None:
    first, second = _plan(finding(), now=day(1)), _plan(finding(), now=day(9))
    assert first.hash == second.hash
    assert first != second


def test_a_ticket_that_says_all_is_left(store: Store) -> None:
    forge = Forge()
    _run(_plan(finding()), forge, store)
    assert _plan(finding(), tickets=store.tickets()).actions == ()
    older = finding(evidence={"age_days": 401, "name": "k1"}, message="401 days")
    assert _plan(older, tickets=store.tickets()).actions == (), "a day older is no news"


@pytest.mark.parametrize(
    "changed",
    [
        finding(evidence={"age_days": 400, "name": "renamed"}),
        finding(evidence={"age_days": 400, "name": "k1", "active": True}),
        finding(severity="critical"),
        finding(parameters={"max_age_days": 30}),
        finding(
            "waived",
            waiver=AppliedWaiver(
                id="w",
                reason="migration",
                requester="ada",
                approver="bob",
                approval="declared",
                created_on="2026-03-01",
                expires_on="2026-04-01",
            ),
        ),
    ],
    ids=["evidence", "more evidence", "severity", "threshold", "waiver"],
)
def test_what_changed_updates_the_ticket(changed: Finding, store: Store) -> None:
    _run(_plan(finding()), Forge(), store)
    assert _kinds(_plan(changed, tickets=store.tickets())) == [("update", changed.id)]


def test_a_waived_finding_opens_nothing_and_closes_nothing(store: Store) -> None:
    waived = finding("waived")
    assert _plan(waived).actions == ()
    _run(_plan(finding()), Forge(), store)
    assert [a.action for a in _plan(waived, tickets=store.tickets()).actions] != ["close"]


def test_only_what_is_resolved_closes_its_ticket() -> None:
    tickets = [ticket(finding()), ticket(finding(key="k2")), ticket(finding(key="k3"))]
    tickets[2] = replace(tickets[2], state="closed")
    done = {finding().id: "passed", finding(key="k3").id: "passed"}
    planned = _plan(resolved=done, tickets=tickets)
    assert _kinds(planned) == [("close", finding().id)]
    assert planned.actions[0].body == "Closed by keyproof: passed."


def test_a_finding_that_returns_opens_its_ticket_again(store: Store) -> None:
    forge = Forge()
    _run(_plan(finding()), forge, store)
    _run(_plan(resolved={finding().id: "passed"}, tickets=store.tickets()), forge, store)
    assert not forge.issues["1"]["open"]
    again = _plan(finding(), tickets=store.tickets())
    assert _kinds(again) == [("open", finding().id)]
    _run(again, forge, store)
    assert forge.calls == [("open", None), ("close", "1"), ("open", "1")]
    assert [t.state for t in store.tickets()] == ["open"]


def test_a_plan_above_the_limit_is_refused_and_names_the_setting() -> None:
    many = [finding(key=f"k{n}") for n in range(4)]
    assert len(_plan(*many, rules=RULES._replace(limit=4)).actions) == 4
    with pytest.raises(UsageError, match=r"tickets\.limit allows \(3\)"):
        _plan(*many, rules=RULES._replace(limit=3))


def test_a_key_whose_source_rotates_carries_the_request_and_its_hash() -> None:
    [action] = _plan(finding(), rules=ROTATING).actions
    assert action.rotation == request()
    assert f"`{rotation_hash(request())}`" in action.body
    assert f"write {rotation_hash(request())}" in action.body
    assert f"    keyproof rotate plan --only {finding().id} -o rotation.json\n" in action.body


@pytest.mark.parametrize(
    "about",
    [
        finding(source="github"),
        replace(finding(), subject=replace(finding().subject, type="principal")),
        replace(finding(), subject=replace(finding().subject, native_id=None)),
        replace(finding(), subject=replace(finding().subject, principal="other")),
    ],
    ids=["another source", "no key", "no native id", "another principal"],
)
def test_no_rotation_is_promised_that_nobody_configured(about: Finding) -> None:
    [action] = _plan(about, rules=ROTATING).actions
    assert action.rotation is None
    assert "Rotation" not in action.body


def test_a_leaked_key_that_works_is_an_emergency() -> None:
    [action] = _plan(finding(), rules=ROTATING, leaked=["key_k1"]).actions
    assert action.rotation == replace(request(), emergency=True)
    assert "because the key has leaked" in action.body


def test_which_keys_have_leaked_for_certain() -> None:
    def leak(key: str, basis: Any, state: Any) -> Leak:
        exposure = Exposure(leak_id="l", key_id=key, basis=basis, key_state=state)
        return Leak(
            record_id=key,
            source="repo",
            secret_id="s1_0",
            detector="aws.key",
            provider="aws",
            kind="access_key",
            named=True,
            confidence="high",
            redacted="…",
            occurrences=(),
            exposures=(exposure,),
        )

    leaks = [
        leak("live", "native_id", "active"),
        leak("guess", "hint", "active"),
        leak("dead", "native_id", "dead"),
    ]
    assert leaked_keys(leaks) == {"live"}


def test_an_approval_stands_for_the_rotation_it_was_given_to(store: Store) -> None:
    forge = Forge()
    _run(_plan(finding(), rules=ROTATING), forge, store)
    [opened] = store.tickets()
    store.put_ticket(replace(opened, state="approved", approved_by="ada", approved_at=day(2)))
    renamed = finding(evidence={"name": "renamed"})
    _run(_plan(renamed, rules=ROTATING, tickets=store.tickets()), forge, store)
    assert [t.state for t in store.tickets()] == ["approved"]
    _run(_plan(renamed, rules=ROTATING, tickets=store.tickets(), leaked=["key_k1"]), forge, store)
    [changed] = store.tickets()
    assert (changed.state, changed.approved_by, changed.approved_at) == ("open", None, None)
    assert changed.rotation
    assert changed.plan_hash == rotation_hash(changed.rotation)


def test_a_killed_apply_is_taken_up_without_a_second_ticket(store: Store) -> None:
    forge = Forge()
    planned = _plan(*[finding(key=f"k{n}") for n in range(3)])
    forge.apply({}, adapter_context(), planned.actions[0])  # opened, and killed before the record
    forge.fail_at = 2
    with pytest.raises(TrackerError):
        _run(planned, forge, store)
    forge.fail_at = None
    assert _run(planned, forge, store) == [("open", "open")] * 3
    assert len(forge.issues) == 3
    assert forge.calls == [("open", None), ("open", "1"), ("open", None), ("open", None)]
    assert _run(planned, forge, store) == [("open", "open")] * 3
    assert len(forge.calls) == 4, "what is recorded as done is not done again"


def test_a_shared_tracker_needs_a_shared_identity_key(store: Store) -> None:
    forge = Forge(shared=True)
    with pytest.raises(ConfigError, match="shared with others") as caught:
        _run(_plan(finding()), forge, store, local=True)
    assert "KEYPROOF_KEY" in str(caught.value.hint)
    assert forge.calls == []
    assert _run(_plan(finding()), forge, store) == [("open", "open")]


def test_two_processes_do_not_apply_at_once(store: Store) -> None:
    with store.lease("tickets", 60), pytest.raises(TrackerError, match="another keyproof"):
        _run(_plan(finding()), Forge(), store)


def _approved(store: Store, forge: Forge, plan_hash: str | None) -> tuple[Ticket, str | None]:
    forge.approvals = {"1": Approval("ada", day(3), plan_hash)} if plan_hash else {}
    tracker = OpenTracker(forge, {}, adapter_context())
    [synced] = sync(tracker, store.tickets(), store, StillClock(day(4)))
    assert [synced.after] == list(store.tickets())
    return synced.after, synced.note


def test_an_approval_counts_for_exactly_the_plan_it_names(store: Store) -> None:
    forge = Forge(shared=True)
    _run(_plan(finding(), rules=ROTATING), forge, store)
    after, note = _approved(store, forge, "sha256:older")
    assert (after.state, note) == (
        "open",
        "ada approved an earlier plan: it must be approved again",
    )
    after, note = _approved(store, forge, rotation_hash(request()))
    assert (after.state, after.approved_by, after.approved_at) == ("approved", "ada", day(3))
    after, note = _approved(store, forge, None)
    assert (after.state, note) == ("open", "its approval was withdrawn")


def test_an_approval_of_a_ticket_without_rotation_starts_nothing(store: Store) -> None:
    forge = Forge(shared=True)
    _run(_plan(finding()), forge, store)
    after, note = _approved(store, forge, rotation_hash(request()))
    assert (after.state, note) == ("open", "ada approved a ticket that asks for no rotation")


def test_an_approval_given_here_is_not_withdrawn_by_a_tracker_that_has_none(
    store: Store,
) -> None:
    forge = Forge()
    _run(_plan(finding(), rules=ROTATING), forge, store)
    [opened] = store.tickets()
    store.put_ticket(replace(opened, state="approved", approved_by="ada", approved_at=day(2)))
    assert _approved(store, forge, None)[0].state == "approved"


def test_a_ticket_closed_by_a_person_is_closed_and_planned_again(store: Store) -> None:
    forge = Forge()
    _run(_plan(finding()), forge, store)
    forge.issues["1"]["open"] = False
    assert _approved(store, forge, None)[0].state == "closed"
    assert _kinds(_plan(finding(), tickets=store.tickets())) == [("open", finding().id)]
    forge.issues["1"]["open"] = True
    assert _approved(store, forge, None)[0].state == "open"


def test_a_ticket_that_is_gone_is_opened_as_another(store: Store) -> None:
    forge = Forge()
    _run(_plan(finding()), forge, store)
    forge.issues["1"].update(open=False, gone=True, finding="")
    after, _ = _approved(store, forge, None)
    assert (after.state, after.external_id, after.url) == ("closed", None, None)
    _run(_plan(finding(), tickets=store.tickets()), forge, store)
    assert forge.calls == [("open", None), ("open", None)]
    assert [t.external_id for t in store.tickets()] == ["2"]


def test_a_ticket_shows_when_it_is_due() -> None:
    history = History(first_seen_at=day(0), last_seen_at=day(3), due_at=day(30), reopened=2)
    [action] = _plan(finding(history=history)).actions
    assert "- First seen: 2026-03-01\n- Due: 2026-03-31\n" in action.body
    assert "- Returned after it was resolved: 2 ×\n" in action.body
