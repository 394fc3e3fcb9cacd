"""What ``make fuzz`` drives holds on its own seeds, and on damaged ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.targets import TARGETS

SEEDS = {name: [b"", *target.seeds()] for name, target in TARGETS.items()}


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_pass(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_damaged_seeds_pass(name: str, data: st.DataObject) -> None:
    seed = bytearray(data.draw(st.sampled_from(SEEDS[name])))
    damage = st.tuples(st.integers(0, max(0, len(seed) - 1)), st.integers(0, 255))
    for place, value in data.draw(st.lists(damage, max_size=10)):
        seed[place : place + 1] = bytes([value])
    cut = data.draw(st.integers(0, len(seed)))
    TARGETS[name].run(bytes(seed[: cut or None]))
