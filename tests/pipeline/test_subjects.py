"""Subjects: the closed form of records, their joins, and what a gap does to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.support import records

from keyproof.model.key import LastUsedDetail, NetworkRestrictions
from keyproof.model.leak import Exposure, Suppression
from keyproof.model.policy import SubjectType
from keyproof.model.source import Gap
from keyproof.model.waiver import Waiver
from keyproof.pipeline.flat_fields import FARTHEST_NS, age_days, nanoseconds
from keyproof.pipeline.subject_schema import field_names
from keyproof.pipeline.subjects import Population
from keyproof.pipeline.waive import Waivers


def flat(kind: SubjectType, *needs: str, **facts: Any) -> dict[str, Any]:
    """The only subject of a kind, with the fields of ``needs`` (all, if none are named)."""
    facts.setdefault("sources", (records.source(),))
    population = Population(records.facts(**facts))
    (chunk,) = population.chunks(kind, needs or field_names(kind), 10)
    (subject,) = chunk
    return subject.flat


def gap(*fields: str, **changes: Any) -> Gap:
    given = {"source": "inventory", "call": "list", "reason": "access_denied", "detail": "no"}
    return Gap(**given | {"fields": fields} | changes)


def test_times_are_nanoseconds_and_whole_days() -> None:
    key = records.key(created_at=records.AS_OF - timedelta(days=3, microseconds=1))
    made = flat("key", "created_at", keys=(key,))
    assert made["created_at_age_days"] == 3
    as_of = int(records.AS_OF.timestamp()) * 10**9
    assert made["created_at_ns"] == as_of - 3 * 86_400 * 10**9 - 1000


@pytest.mark.parametrize(
    ("offset", "days"),
    [
        (timedelta(days=90), 90),
        (timedelta(days=90) - timedelta(microseconds=1), 89),
        (timedelta(0), 0),
        (timedelta(microseconds=-1), -1),
        (timedelta(days=-1), -1),
        (timedelta(days=-1, microseconds=-1), -2),
    ],
)
def test_ages_are_floored(offset: timedelta, days: int) -> None:
    assert age_days(records.AS_OF - offset, nanoseconds(records.AS_OF)) == days


def test_far_times_saturate_within_64_bits() -> None:
    assert nanoseconds(datetime(9999, 12, 31, tzinfo=UTC)) == FARTHEST_NS
    assert nanoseconds(datetime(1, 1, 1, tzinfo=UTC)) == -FARTHEST_NS
    assert 2 * FARTHEST_NS <= 2**63


def test_a_zone_makes_no_difference() -> None:
    from datetime import timezone

    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert nanoseconds(moment) == nanoseconds(moment.astimezone(timezone(timedelta(hours=9))))


def test_every_field_is_present_and_unknown_is_null() -> None:
    made = flat("key", keys=(records.key(),))
    assert made["privilege_level"] is None
    assert made["last_used_state"] is None
    assert made["network_restrictions_state"] is None
    assert made["last_used_detail_ips"] is None
    assert made["principal_known"] is False
    assert made["principal_active"] is None
    assert made["scopes"] is None  # not known, not "none"
    assert made["missing_fields"] == []
    assert "evidence" not in made


def test_nested_records_are_flattened() -> None:
    key = records.key(
        network_restrictions=NetworkRestrictions(state="restricted", cidrs=("10.0.0.0/8",)),
        last_used_detail=LastUsedDetail(service="s3"),
    )
    made = flat("key", "network_restrictions", "last_used_detail", keys=(key,))
    assert made["network_restrictions_cidrs"] == ("10.0.0.0/8",)
    assert made["last_used_detail_service"] == "s3"


def test_only_what_is_needed_is_given() -> None:
    made = flat("key", "status", keys=(records.key(),))
    assert sorted(made) == ["id", "missing_fields", "status"]


@pytest.mark.parametrize("how", ["record id", "native id", "whole source", "evidence"])
def test_what_was_not_read_is_null_whatever_the_record_holds(how: str) -> None:
    key = records.key("K1", created_at=records.days_ago(5))
    gaps: tuple[Gap, ...] = ()
    if how == "evidence":
        key = records.key("K1", evidence=records.evidence(missing_fields=("created_at",)))
    else:
        subjects = {"record id": (key.record_id,), "native id": ("K1",), "whole source": ()}[how]
        gaps = (gap("created_at", subjects=subjects),)
    made = flat("key", "created_at", keys=(key,), gaps=gaps)
    assert made["created_at_ns"] is None
    assert made["created_at_age_days"] is None
    assert made["missing_fields"] == ["created_at"]


def test_a_gap_of_another_source_or_record_touches_nothing() -> None:
    gaps = (gap("created_at", source="other"), gap("created_at", subjects=("K2",)))
    made = flat("key", "created_at", keys=(records.key("K1"),), gaps=gaps)
    assert made["created_at_ns"] is not None


def test_what_derives_from_an_unread_field_is_unread_too() -> None:
    key = records.key(scopes_known=True, privilege_level="read", last_used_state="never")
    made = flat("key", keys=(key,), gaps=(gap("scopes", "last_used_at"),))
    assert made["privilege_level"] is None
    assert made["scopes_known"] is None
    assert made["last_used_state"] is None


def test_that_an_issuer_supports_no_such_field_stays_known() -> None:
    key = records.key(last_used_state="not_supported")
    made = flat(
        "key", "last_used_state", keys=(key,), gaps=(gap("last_used_at", reason="not_reported"),)
    )
    assert made["last_used_state"] == "not_supported"


@pytest.mark.parametrize("joined_by", ["record_id", "native_id"])
def test_keys_show_their_principal_and_principals_their_keys(joined_by: str) -> None:
    ada = records.principal("ada", mfa="enabled", active=True, owner="team")
    key = records.key(principal_id=getattr(ada, joined_by))
    shown = flat("key", keys=(key,), principals=(ada,))
    assert (shown["principal_mfa"], shown["principal_active"], shown["principal_owner"]) == (
        "enabled",
        True,
        "team",
    )
    assert shown["principal_name"] == "ada"
    held = flat("principal", keys=(key,), principals=(ada,))["keys"]
    assert [k["id"] for k in held] == [key.record_id]
    assert "labels" not in held[0]


def test_an_unread_second_factor_is_unread_in_the_keys_too() -> None:
    ada = records.principal(
        "ada", mfa="enabled", evidence=records.evidence(missing_fields=("mfa",))
    )
    key = records.key(principal_id="ada", principal_mfa="enabled")
    population = Population(
        records.facts(keys=(key,), principals=(ada,), sources=(records.source(),))
    )
    ((subject,),) = population.chunks("key", ("principal_mfa",), 10)
    assert "principal_mfa" in subject.missing


@pytest.mark.parametrize(
    ("source", "gaps", "complete"),
    [
        ({}, (), True),
        ({"complete": False}, (), False),
        ({"complete": False}, (gap("created_at"),), True),
        ({"complete": False}, (gap(),), False),
        ({"complete": False}, (gap("keys", subjects=("ada",)),), False),
        ({"complete": False}, (gap(subjects=("bob",)),), True),
        ({"scope": "partial"}, (), False),
        ({"id": "other"}, (), False),
    ],
)
def test_whether_all_keys_of_a_principal_were_read(
    source: dict[str, Any], gaps: tuple[Gap, ...], complete: bool
) -> None:
    made = flat(
        "principal",
        "keys_complete",
        principals=(records.principal("ada"),),
        sources=(records.source(**source),),
        gaps=gaps,
    )
    assert made["keys_complete"] is complete


def test_leaks_show_the_keys_that_they_are_and_count_their_places() -> None:
    key = records.key("K1", owner="team", environment="production")
    accepted = Suppression(kind="inline", marker="allow")
    lapsed = Suppression(kind="baseline", marker="b", expires_on="2026-10-31")
    last_day = Suppression(kind="baseline", marker="b", expires_on="2026-11-01")
    leak = records.leak(
        occurrences=tuple(
            records.occurrence(suppression=s, in_head=h)
            for s, h in ((accepted, True), (lapsed, False), (last_day, False), (None, True))
        ),
        exposures=(
            Exposure(leak_id="l", key_id=key.record_id, basis="native_id", key_state="active"),
        ),
    )
    population = Population(records.facts(keys=(key,), leaks=(leak,)))
    ((subject,),) = population.chunks("leak", field_names("leak"), 10)
    made = subject.flat
    assert (subject.owner, subject.environment) == ("team", "production")
    assert made["exposures"][0]["key_owner"] == "team"
    assert made["exposures"][0]["key_status"] == "active"
    assert made["exposures"][0]["used_after_leak"] is None
    assert made["occurrences_total"] == 4
    assert made["occurrences_suppressed"] == 2
    assert made["occurrences_in_head"] == 2
    assert made["first_seen_at_age_days"] == 30


def test_one_unknown_place_makes_the_count_unknown() -> None:
    leak = records.leak(occurrences=(records.occurrence(in_head=None), records.occurrence()))
    assert flat("leak", "occurrences_in_head", leaks=(leak,))["occurrences_in_head"] is None


def test_a_masked_hint_chooses_no_parameters() -> None:
    key = records.key("K1", owner="team")
    hint = Exposure(leak_id="l", key_id=key.record_id, basis="hint", key_state="active")
    population = Population(records.facts(keys=(key,), leaks=(records.leak(exposures=(hint,)),)))
    ((subject,),) = population.chunks("leak", ("exposures",), 10)
    assert subject.owner is None


def test_sources_show_their_gaps() -> None:
    made = flat("source", gaps=(gap("owner"),))
    assert made["gaps"] == [{"call": "list", "reason": "access_denied", "fields": ["owner"]}]
    assert made["complete"] is True


def test_a_second_record_of_one_id_is_counted() -> None:
    population = Population(records.facts(keys=(records.key("K1"), records.key("K1", name="b"))))
    assert population.count("key") == 1
    assert population.duplicates == 1


def test_waivers_are_no_second_records_of_anything() -> None:
    waiver = Waiver(
        id="W-1", policy="keys.max_age", subject="K1", reason="moves", requester="ann",
        approver="bo", created=date(2026, 1, 1), expires=date(2026, 2, 1),
    )  # fmt: skip
    register = Waivers([waiver], today=date(2026, 1, 2), leaks=())
    population = Population(records.facts(waivers=register.records({}, whole=True)))
    assert population.count("waiver") == 1
    assert population.duplicates == 0


def test_chunks_come_in_the_order_of_ids() -> None:
    keys = tuple(records.key(f"K{n}") for n in range(25))
    population = Population(records.facts(keys=keys))
    chunks = list(population.chunks("key", ("status",), 10))
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    ids = [subject.id for chunk in chunks for subject in chunk]
    assert ids == sorted(key.record_id for key in keys)
