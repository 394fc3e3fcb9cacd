"""Known ids: what has come since, against sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.leaks.known_ids import added, holds, packed


def _listed(ids: set[bytes]) -> bytes:
    return b"".join(oid.hex().encode() + b"\n" for oid in sorted(ids))


@pytest.mark.parametrize("size", [20, 32])
@given(data=st.data())
def test_what_is_added_is_the_difference(size: int, data: st.DataObject) -> None:
    # few first bytes, so that parts hold several ids, none, and the first and the last of all
    heads = st.sampled_from([b"\x00", b"\x01", b"\x7f", b"\xff"])
    oid = st.builds(bytes.__add__, heads, st.binary(min_size=size - 1, max_size=size - 1))
    before = data.draw(st.sets(oid, max_size=12))
    more = data.draw(st.sets(oid, max_size=6))
    lost = data.draw(st.sets(st.sampled_from(sorted(before)))) if before else set()
    now = (before | more) - lost
    expected = None if before - now else _listed(now - before)
    assert added(packed(_listed(before)), _listed(now)) == expected
    for one in before | more:
        assert holds(_listed(now), one.hex().encode()) == (one in now)
