"""Hypothesis strategies for whole snapshots: every field known, unknown, missing and at its limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

from hypothesis import strategies as st
from tests.support import records

from keyproof.model.facts import Facts
from keyproof.model.key import (
    KeyStatus,
    LastUsedState,
    MfaState,
    NetworkRestrictions,
    OwnerSource,
    PrincipalType,
    PrivilegeLevel,
)
from keyproof.model.leak import Confidence, Exposure, Suppression
from keyproof.model.source import Gap

_EDGES = [0, 1, 6.999, 7, 7.001, 44, 45, 46, 89.99999, 90, 90.00001, 365, 366, 400, -1, -366, -3000]
NAMES = st.sampled_from(["", "a", "ä", "\x00", "\U0001f511", '"', "x" * 50, "\u2028", "-", "0"])
FLAGS = st.sampled_from([None, True, False])
TIMES = st.none() | st.sampled_from(_EDGES).map(records.days_ago) | st.datetimes(
    datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001 - hypothesis adds the zone
)  # fmt: skip


def word(kind: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(kind))


def fields(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(strategies)


MISSING = st.lists(
    st.sampled_from(
        ["created_at", "owner", "last_used_at", "scopes", "expires_at", "mfa", "status"]
    ),
    max_size=2,
)

KEYS = fields(
    status=word(KeyStatus),
    name=st.none() | NAMES,
    owner=st.none() | NAMES,
    owner_source=word(OwnerSource),
    environment=st.sampled_from([None, "production", "test"]),
    principal_id=st.sampled_from([None, "prn0", "prn1", "prn2", "nobody"]),
    created_at=TIMES,
    last_rotated_at=TIMES,
    rotated_basis=st.sampled_from([None, "native", "version", "created_at", "updated_at"]),
    last_used_at=TIMES,
    last_used_state=word(LastUsedState),
    expires_at=TIMES,
    expiry_state=st.sampled_from(["known", "never", "unknown", "not_supported"]),
    scopes_known=st.booleans(),
    privilege_level=word(PrivilegeLevel),
    can_withdraw=FLAGS,
    can_trade=FLAGS,
    can_manage_iam=FLAGS,
    wildcard_action=FLAGS,
    wildcard_resource=FLAGS,
    overlap_group=st.sampled_from([None, "web", ""]),
    network_restrictions=st.builds(
        NetworkRestrictions,
        state=st.sampled_from(["restricted", "unrestricted", "unknown"]),
        cidrs=st.lists(
            st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "::/0", "203.0.113.7/32"]), max_size=2
        ).map(tuple),
    ),
    missing=MISSING,
)
PRINCIPALS = fields(
    principal_type=word(PrincipalType),
    active=FLAGS,
    owner=st.none() | NAMES,
    console_access=FLAGS,
    mfa=word(MfaState),
    privilege_level=word(PrivilegeLevel),
    root_keys_active=st.sampled_from([None, 0, 1, 2]),
    last_seen_at=TIMES,
    missing=MISSING,
)
LEAKS = fields(
    confidence=word(Confidence),
    heads=st.lists(FLAGS, min_size=1, max_size=3),
    suppressed=st.booleans(),
    joins=st.lists(
        st.tuples(
            st.sampled_from(["native_id", "secret_id", "hint"]),
            st.sampled_from(["active", "dead", "unknown"]),
            st.sampled_from(["yes", "no", "unknown"]),
        ),
        max_size=3,
    ),
)
GAPS = st.lists(
    st.builds(
        Gap,
        source=st.sampled_from(["inventory", "repo"]),
        call=st.just("list"),
        reason=st.sampled_from(["access_denied", "truncated", "not_reported"]),
        detail=st.just("not read"),
        fields=MISSING.map(tuple),
        subjects=st.sampled_from([(), ("key1",), ("prn1",)]),
    ),
    max_size=1,
)


def _record(make: Any, given: dict[str, Any], record_id: str) -> Any:
    missing = tuple(given.pop("missing"))
    return make(
        record_id, record_id=record_id, evidence=records.evidence(missing_fields=missing), **given
    )


def _leak(given: dict[str, Any], number: int) -> Any:
    statement = Suppression(kind="inline", marker="allow") if given["suppressed"] else None
    return records.leak(
        record_id=f"leak{number}",
        confidence=given["confidence"],
        occurrences=tuple(
            records.occurrence(in_head=head, suppression=statement) for head in given["heads"]
        ),
        exposures=tuple(
            Exposure(
                leak_id=f"leak{number}",
                key_id=f"key{index}",
                basis=basis,
                key_state=state,
                used_after_leak=used,
            )
            for index, (basis, state, used) in enumerate(given["joins"])
        ),
    )


@st.composite
def snapshots(draw: Any) -> Facts:
    keys = draw(st.lists(KEYS, min_size=1, max_size=30))
    principals = draw(st.lists(PRINCIPALS, max_size=8))
    leaks = draw(st.lists(LEAKS, max_size=8))
    complete = draw(st.booleans())
    return records.facts(
        keys=tuple(_record(records.key, key, f"key{n}") for n, key in enumerate(keys)),
        principals=tuple(
            _record(records.principal, p, f"prn{n}") for n, p in enumerate(principals)
        ),
        leaks=tuple(_leak(leak, n) for n, leak in enumerate(leaks)),
        sources=(records.source(complete=complete), records.source("repo", kind="repository")),
        gaps=tuple(draw(GAPS)),
    )
