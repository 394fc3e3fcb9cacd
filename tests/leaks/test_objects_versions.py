"""Matching only what a delta adds finds exactly what matching every whole version finds."""

from __future__ import annotations

import base64
import os
import random
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.planted import github_pat, plant
from tests.support.repository import Repo, compiled_rules

from keyproof.identity import KeyedFingerprinter
from keyproof.leaks import gitio, listing, objects
from keyproof.leaks.collector import Collector, Row
from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.packs import Irregular, apply_delta, open_packs
from keyproof.leaks.rules import load_rules
from keyproof.leaks.versions import VersionReader

IDENTITIES = KeyedFingerprinter(b"k" * 32, local=True)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return open_matcher(load_rules(compiled_rules()), compiled_rules())


def _jwt(seed: int) -> str:
    body = "".join(random.Random(seed).choices("abcdefghijklmnopqrstuvwxyzABCDEF0123456789", k=900))
    return plant("eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + body + "." + body[:43])


def _edit(text: list[str], how: tuple[int, int, int]) -> None:
    kind, seed, size = how
    chance = random.Random(seed)
    at = chance.randrange(len(text) + 1)
    filler = [f"line {chance.random()} of the file\n" for _ in range(size)]
    if kind == 0:
        text[at:at] = [f'token = "{github_pat(str(seed % 7))}"\n', *filler]
    elif kind == 1:
        del text[at : at + size]
    elif kind == 2:
        text[at:at] = filler
    elif kind == 3:
        text.append(f"session = {_jwt(seed % 3)}\n")
    elif kind == 4 and text:
        # cut into a line, which may be the secret's
        place = min(at, len(text) - 1)
        text[place] = text[place][: len(text[place]) // 2] + "x\n"
    elif kind == 5:
        half = len(text) // 2
        text[:] = text[half:] + text[:half]
    elif kind == 6:
        text[at:at] = [f'password = "{plant(f"Tr0ub4dor{seed % 5}&3xQ")}"\n']
    elif kind == 7:
        hidden = f"{size} lines\n" * (size % 9) + f"token = {github_pat(str(seed % 5))}\n"
        run = base64.b64encode(hidden.encode()).decode()
        width = chance.choice([60, 64, 70, 4000])
        text[at:at] = [f"  {run[n : n + width]}\n" for n in range(0, len(run), width)]
    elif kind == 8:
        token = github_pat(str(seed % 5))
        escaped = "".join(f"%{ord(letter):02x}" for letter in token)
        text[at:at] = [f"x={token.encode().hex()}\n", f"u=/{escaped}?a=1\n"]


EDIT = st.tuples(st.integers(0, 8), st.integers(0, 10_000), st.integers(1, 120))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    edits=st.lists(EDIT, min_size=3, max_size=14),
    offsets=st.booleans(),
    window=st.sampled_from([0, 2, 20]),
)
def test_versions_give_the_same_rows(
    matcher: Matcher, edits: list[tuple[int, int, int]], *, offsets: bool, window: int
) -> None:
    """With deltas, and with whole versions whose secrets have the same surroundings."""
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo(Path(folder) / "planted" / "repo", Path(folder) / "planted" / "home")
        text = [f"line {number} as it was first\n" for number in range(150)]
        for edit in edits:
            _edit(text, edit)
            repo.git("hash-object", "-w", "--stdin", data="".join(text).encode())
        ids = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) f")
        repo.git(
            "pack-objects",
            "-q",
            f"--window={window}",
            *(["--delta-base-offset"] if offsets else []),
            str(repo.path / ".git/objects/pack/pack"),
            data=ids.encode() + b"\n",
        )
        repo.git("prune-packed", "-q")
        _compare(repo, matcher)


def _compare(repo: Repo, matcher: Matcher) -> None:
    opened = gitio.open_repository(repo.path, os.environ)
    (shard,) = listing.shards(listing.list_objects(opened), 1)
    direct = Collector(matcher.copy(), IDENTITIES)
    packs = open_packs(opened.common_dir / "objects", 20)
    left = VersionReader(packs, direct).read(shard)
    assert left.headers == b""
    whole = Collector(matcher.copy(), IDENTITIES)
    stop = threading.Event()
    assert objects.read_shard(opened, shard, whole, 2 * matcher.overlap, stop) == []
    assert _rows(direct) == _rows(whole)
    assert direct.read == whole.read


def _rows(collector: Collector) -> set[Row]:
    return set(collector.rows)


@given(st.binary(max_size=200), st.binary(max_size=60))
def test_a_hostile_delta_is_refused_or_sound(base: bytes, delta: bytes) -> None:
    try:
        text, copies = apply_delta(base, delta, 1)
    except Irregular:
        return
    for copy in copies:
        shared = base[copy.source : copy.source + copy.length]
        assert text[copy.at : copy.at + copy.length] == shared
        assert len(shared) == copy.length


def test_a_delta_is_applied() -> None:
    # sizes 10 and 9; copy 4 from 2, insert two, copy 3 from 0
    delta = bytes([10, 9, 0x91, 2, 4, 2]) + b"XY" + bytes([0x90, 3])
    text, copies = apply_delta(b"0123456789", delta, 4)
    assert text == b"2345XY012"
    assert [tuple(copy) for copy in copies] == [(0, 2, 4)]
