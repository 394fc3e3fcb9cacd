from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support import records
from tests.support.records import days_ago

from keyproof.model.key import Fingerprint, LastUsedDetail
from keyproof.model.usage import Usage
from keyproof.pipeline.link import link


def joined(key, leak):
    linked = link(records.facts(keys=(key,), leaks=(leak,)))
    return linked.keys[0], linked.leaks[0]


@pytest.mark.parametrize(
    ("basis", "key", "leak"),
    [
        ("native_id", {}, {"key_native_ids": ("AKIDEXAMPLE",)}),
        (
            "provider_hash",
            {"fingerprints": (Fingerprint(scheme="sha256", value="ab" * 32),)},
            {"provider_hashes": ("sha256:" + "ab" * 32,)},
        ),
        (
            "secret_id",
            {"fingerprints": (Fingerprint(scheme="secret_id", value="s1_" + "a" * 32),)},
            {},
        ),
    ],
)
def test_a_leak_is_joined_to_its_key_on_both_sides(basis, key, leak) -> None:
    found_key, found_leak = joined(records.key(**key), records.leak(**leak))
    assert [e.basis for e in found_leak.exposures] == [basis]
    assert found_key.exposures == found_leak.exposures
    assert found_leak.exposures[0].key_id == found_key.record_id


def test_the_strongest_basis_is_named_once() -> None:
    fingerprint = Fingerprint(scheme="secret_id", value="s1_" + "a" * 32)
    _, leak = joined(
        records.key(fingerprints=(fingerprint,)), records.leak(key_native_ids=("AKIDEXAMPLE",))
    )
    assert [e.basis for e in leak.exposures] == ["native_id"]


def test_a_hint_proves_nothing() -> None:
    hint = Fingerprint(scheme="hint", value="s1_" + "a" * 32)
    _, leak = joined(records.key(fingerprints=(hint,)), records.leak())
    assert leak.exposures == ()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("active", "active"),
        ("suspended", "dead"),
        ("deactivated", "dead"),
        ("compromised", "unknown"),
    ],
)
def test_the_exposure_window_closes_only_when_the_key_is_dead(status, state) -> None:
    key = records.key(status=status, deactivated_at=days_ago(2))
    _, leak = joined(key, records.leak(key_native_ids=("AKIDEXAMPLE",)))
    exposure = leak.exposures[0]
    assert exposure.key_state == state
    assert exposure.opened_at == days_ago(30)
    assert exposure.closed_at == (days_ago(2) if state == "dead" else None)


@pytest.mark.parametrize(
    ("last_use", "answer"),
    [
        ({"last_used_state": "never"}, "no"),
        ({"last_used_state": "unknown"}, "unknown"),
        ({"last_used_state": "known", "last_used_at": days_ago(31)}, "no"),
        ({"last_used_state": "known", "last_used_at": days_ago(29)}, "yes"),
        (
            {
                "last_used_state": "known",
                "last_used_at": days_ago(30) + timedelta(hours=1),
                "last_used_precision": "day",
            },
            "unknown",
        ),
    ],
)
def test_use_after_the_leak(last_use, answer) -> None:
    _, leak = joined(records.key(**last_use), records.leak(key_native_ids=("AKIDEXAMPLE",)))
    assert leak.exposures[0].used_after_leak == answer


def test_a_newer_use_seen_elsewhere_replaces_the_issuers() -> None:
    usage = Usage(
        source="logs",
        issuer_type="test",
        issuer_instance="one",
        native_id="AKIDEXAMPLE",
        last_used_at=days_ago(1),
        detail=LastUsedDetail(source="log"),
        evidence=records.evidence(),
    )
    older = Usage(
        **{f: getattr(usage, f) for f in usage.__struct_fields__} | {"last_used_at": days_ago(8)}
    )
    key = records.key(last_used_state="known", last_used_at=days_ago(5))
    linked = link(records.facts(keys=(key,), usages=(usage, older)))
    assert linked.keys[0].last_used_at == days_ago(1)
    assert linked.keys[0].last_used_detail == LastUsedDetail(source="log")


def test_owners_are_mapped_only_where_the_issuer_named_none() -> None:
    keys = (
        records.key("one", principal_name="ci-deploy"),
        records.key("two", principal_name="ci-build", owner="known", owner_source="tag"),
        records.key("three", principal_name="ada"),
    )
    linked = link(records.facts(keys=keys), {"ci-*": "platform"})
    assert [(k.owner, k.owner_source) for k in linked.keys] == [
        ("platform", "mapping"),
        ("known", "tag"),
        (None, "none"),
    ]
