from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.records import facts, key, leak, occurrence

from keyproof.errors import ConfigError
from keyproof.model.leak import Suppression
from keyproof.model.waiver import Approval, Waiver
from keyproof.pipeline.references import Subject, references
from keyproof.pipeline.waive import SUPPRESSIBLE, Waivers
from keyproof.pipeline.waiver_file import load

TODAY = date(2026, 11, 1)
POLICIES = ("keys.max_age", "keys.owner", "waivers.lifetime", SUPPRESSIBLE)
KEY = key("AKIA1", name="deploy", owner="ada", environment="production", labels={"team": "shop"})

TEXT = """\
version: 1
waivers:
  - id: W-1
    policy: keys.max_age
    subject: AKIA1
    reason: vendor rotates it in January
    requester: ada@example.org
    approver: grace@example.org
    created: 2026-10-01
    expires: 2027-01-31
"""


def waiver(**changes: Any) -> Waiver:
    fields = {
        "id": "W-1",
        "policy": "keys.max_age",
        "subject": "AKIA1",
        "reason": "vendor",
        "requester": "ada",
        "approver": "grace",
        "created": date(2026, 10, 1),
        "expires": date(2026, 12, 1),
    }
    return Waiver(**fields | changes)


def subject(**changes: Any) -> Subject:
    record = key("AKIA1", name="deploy", owner="ada", environment="production")
    return references(facts(keys=(record,)))[record.record_id]


def register(*waivers: Waiver, leaks: Any = ()) -> Waivers:
    return Waivers(waivers, today=TODAY, leaks=leaks)


def _read(folder: Path, text: str) -> tuple[Waiver, ...]:
    path = folder / "waivers.yaml"
    path.write_text(text)
    return load(path, policies=POLICIES)


def test_a_waiver_file_is_read(tmp_path: Path) -> None:
    (entry,) = _read(tmp_path, TEXT)
    assert (entry.id, entry.subject, entry.expires) == ("W-1", "AKIA1", date(2027, 1, 31))
    assert entry.approval == "declared"


def test_an_approval_proved_elsewhere_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(TEXT)
    proved = Approval(state="verified", basis="commit 1, signed by grace@example.org")
    (entry,) = load(path, policies=POLICIES, approvals={"W-1": proved})
    assert (entry.approval, entry.approval_basis) == ("verified", proved.basis)


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (("    expires: 2027-01-31\n", ""), "'expires' is missing", 3),
        (("2027-01-31", "2026-09-30"), "expires before it was created", 10),
        (("2027-01-31", "soon"), "the value is not allowed|expected", 10),
        (("2027-01-31", "2027-02-30"), "not valid YAML|not allowed|expected|no such date", 10),
        (("keys.max_age", "waivers.lifetime"), "cannot cover what is said of waivers", 4),
        (("    created", "    control_evidence: a.pdf\n    created"), "of which control", 9),
        (
            (
                "    created",
                "    control_evidence: a.pdf\n    compensating_control: a\n    created",
            ),
            "digest of the file is missing",
            9,
        ),
        (("    subject", "    control_state: link\n    subject"), "state its own control state", 5),
        (("keys.max_age", "keys.max_aeg"), "no policy 'keys.max_aeg'", 4),
        (("    subject: AKIA1\n", ""), "neither a subject nor labels", 3),
        (("vendor rotates it in January", "'  '"), "'reason' is empty", 6),
        (("    reason", "    reasn"), "unknown setting 'reasn'", 6),
        (("version: 1", "version: 2"), "not allowed", 1),
        (("    subject", "    approval: verified\n    subject"), "state its own approval", 5),
    ],
)
def test_a_malformed_waiver_stops_the_run_with_file_and_line(
    tmp_path: Path, change: tuple[str, str], message: str, line: int
) -> None:
    assert change[0] in TEXT
    with pytest.raises(ConfigError, match=message) as caught:
        _read(tmp_path, TEXT.replace(*change))
    if "YAML" not in caught.value.message:
        assert str(caught.value).startswith(f"{tmp_path / 'waivers.yaml'}:{line}:")
    assert caught.value.exit_code == 2


def test_a_misspelt_policy_is_answered_with_the_likely_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, TEXT.replace("keys.max_age", "keys.maxage"))
    assert caught.value.hint == "did you mean 'keys.max_age'?"


def test_two_waivers_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two waivers have the id"):
        _read(tmp_path, TEXT + TEXT.split("waivers:\n")[1])


@pytest.mark.parametrize("name", ["AKIA1", KEY.record_id, "deploy"])
def test_a_subject_is_named_by_record_id_native_id_or_name(name: str) -> None:
    applied = register(waiver(subject=name)).apply("keys.max_age", subject(), "f_1")
    assert applied is not None
    assert (applied.id, applied.approver, applied.expires_on) == ("W-1", "grace", "2026-12-01")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "AKIA"},
        {"subject": "akia1"},
        {"subject": None, "labels": {"environment": "staging"}},
        {"subject": "AKIA1", "labels": {"owner": "bob"}},
        {"subject": None, "labels": {"owner": "ada", "tier": "1"}},
        {"policy": "keys.owner"},
    ],
)
def test_a_near_miss_waives_nothing(changes: dict[str, Any]) -> None:
    assert register(waiver(**changes)).apply("keys.max_age", subject(), "f_1") is None


def test_labels_match_owner_and_environment() -> None:
    by_label = waiver(subject=None, labels={"owner": "ada", "environment": "production"})
    assert register(by_label).apply("keys.max_age", subject(), "f_1")


@pytest.mark.parametrize(
    ("created", "expires", "state"),
    [
        (date(2026, 1, 1), date(2026, 10, 31), "expired"),
        (date(2026, 1, 1), TODAY, "in_force"),
        (TODAY, TODAY, "in_force"),
        (date(2026, 11, 2), date(2026, 12, 1), "unused"),
    ],
)
def test_a_waiver_holds_from_its_first_to_its_last_day(
    created: date, expires: date, state: str
) -> None:
    waivers = register(waiver(created=created, expires=expires))
    applied = waivers.apply("keys.max_age", subject(), "f_1")
    (note,) = waivers.notes(["keys.max_age"], whole=True)
    assert note.state == state
    assert (applied is not None) == (state == "in_force")
    assert note.findings == (() if state == "unused" else ("f_1",))


@given(
    created=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    days=st.integers(0, 400),
    today=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
)
def test_a_waiver_never_waives_outside_its_dates(created: date, days: int, today: date) -> None:
    expires = date.fromordinal(created.toordinal() + days)
    waivers = Waivers([waiver(created=created, expires=expires)], today=today, leaks=())
    applied = waivers.apply("keys.max_age", subject(), "f_1")
    assert (applied is not None) == (created <= today <= expires)


def test_expired_and_unused_waivers_are_named() -> None:
    waivers = register(
        waiver(id="old", expires=date(2026, 10, 31)),
        waiver(id="idle", subject="AKIA2"),
        waiver(id="early", subject="AKIA3", created=date(2026, 11, 5)),
    )
    waivers.apply("keys.max_age", subject(), "f_1")
    said = waivers.problems(waivers.notes(["keys.max_age"], whole=True))
    assert said == (
        "waiver 'early' (keys.max_age) is dated 2026-11-05, which is in the future",
        "waiver 'idle' (keys.max_age) is unused: no failed subject matches it",
        "waiver 'old' (keys.max_age) expired on 2026-10-31: 1 finding returned",
    )


def test_a_run_that_saw_only_a_part_calls_no_waiver_unused() -> None:
    waivers = register(waiver(subject="AKIA2"), waiver(id="W-2", policy="keys.owner"))
    assert {n.state for n in waivers.notes(["keys.max_age"], whole=False)} == {"in_force"}
    states = {n.id: n.state for n in waivers.notes(["keys.max_age"], whole=True)}
    assert states == {"W-1": "unused", "W-2": "in_force"}


def _suppressed(**changes: Any) -> Any:
    fields = {"kind": "baseline", "marker": ".keyproof-baseline.json:7", "reason": "sample"}
    return occurrence(
        suppression=Suppression(**fields | changes), occurrence_id=f"o1_{len(changes)}"
    )


def _decide(*places: Any, policy: str = SUPPRESSIBLE) -> Any:
    found = leak(occurrences=places)
    snapshot = facts(leaks=(found,))
    about = references(snapshot)[found.record_id]
    return register(leaks=snapshot.leaks).apply(policy, about, "f_1")


def test_a_leak_that_is_suppressed_everywhere_is_waived_with_its_reason() -> None:
    applied = _decide(_suppressed(), _suppressed(owner="ada", expires_on="2026-12-31"))
    assert applied is not None
    assert (applied.id, applied.reason) == ("baseline: .keyproof-baseline.json:7", "sample")
    assert applied.approval == "declared"
    assert applied.expires_on == "2026-12-31"


@pytest.mark.parametrize(
    "places",
    [
        (_suppressed(), occurrence()),
        (_suppressed(expired=True),),
        (_suppressed(expires_on="2026-10-31"),),
    ],
    ids=["one place is not", "expired", "the day is past"],
)
def test_a_leak_that_is_not_suppressed_everywhere_stays(places: Any) -> None:
    assert _decide(*places) is None


def test_a_baseline_waives_no_other_policy() -> None:
    assert _decide(_suppressed(), policy="leaks.active_key") is None


def test_a_self_approved_waiver_has_no_effect_and_is_named() -> None:
    waivers = register(waiver(approver="Ada "))
    assert waivers.apply("keys.max_age", subject(), "f_1") is None
    (note,) = waivers.notes(["keys.max_age"], whole=True)
    assert (note.state, note.findings) == ("self_approved", ("f_1",))
    assert "the same person" in waivers.problems([note])[0]


@pytest.mark.parametrize(
    ("evidence", "digest", "state"),
    [
        ("https://wiki.example.org/c", None, "link"),
        ("control.txt", hashlib.sha256(b"shown").hexdigest(), "matches"),
        ("control.txt", "sha256:" + hashlib.sha256(b"shown").hexdigest().upper(), "matches"),
        ("control.txt", "0" * 64, "differs"),
        ("gone.txt", "0" * 64, "unreadable"),
    ],
)
def test_the_evidence_of_a_compensating_control_is_compared(
    evidence: str, digest: str | None, state: str, tmp_path: Path
) -> None:
    (tmp_path / "control.txt").write_text("shown")
    lines = f"    compensating_control: a second person\n    control_evidence: {evidence}\n"
    lines += f"    control_sha256: '{digest}'\n" if digest else ""
    (entry,) = _read(tmp_path, TEXT + lines)
    assert entry.control_state == state


def test_what_became_of_each_waiver_is_a_record_for_policies() -> None:
    waivers = register(
        waiver(),
        waiver(id="W-2", subject="other"),
        waiver(id="W-3", policy="keys.owner", expires=date(2026, 10, 31)),
        waiver(id="W-4", created=date(2026, 11, 2)),
    )
    waivers.apply("keys.max_age", subject(), "f_1")
    made = {r.native_id: r for r in waivers.records({"keys.max_age": "high"}, whole=True)}
    assert [made[name].findings for name in ("W-1", "W-2", "W-3", "W-4")] == [1, 0, 0, 0]
    assert [made[name].judged for name in ("W-1", "W-3")] == [True, False]
    assert (made["W-3"].days_left, made["W-1"].lifetime_days) == (-1, 61)
    assert (made["W-4"].begun, made["W-1"].policy_severity) == (False, "high")
    partial = waivers.records({"keys.max_age": "high"}, whole=False)
    assert not any(record.judged for record in partial)
