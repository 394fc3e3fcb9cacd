"""Matching only what a delta adds finds exactly what matching every whole version finds."""

from __future__ import annotations

import base64
import importlib.util
import os
import random
import tempfile
import threading
import zlib
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.planted import github_pat, plant
from tests.support.repository import Repo, compiled_rules

from keyproof.identity import KeyedFingerprinter
from keyproof.leaks import delta as delta_module
from keyproof.leaks import gitio, listing, objects
from keyproof.leaks.collector import Collector, Row
from keyproof.leaks.inflate import DAMAGE, inflate
from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.packs import open_packs
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
    elif kind == 9:
        # one word whose escapes grow away from the secret, on lines that change around it
        token = github_pat(str(seed % 5))
        text[at:at] = [f"<p>a{chance.random()} token&#61;{token}&quot;{'b' * size}&amp;c</p>\n"]
    elif kind == 10:
        # one word of escapes alone, with a secret at either end of it
        first, last = (github_pat(str(number % 5)) for number in (seed, seed + size))
        word = f"{first} {'filler ' * size}{last}"
        text[at:at] = ["".join(f"\\x{ord(letter):02x}" for letter in word) + "\n"]


EDIT = st.tuples(st.integers(0, 10), st.integers(0, 10_000), st.integers(1, 120))


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
    (shard,) = listing.list_objects(opened).shards(1)
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


def _plain() -> ModuleType:
    """Load the delta loop as plain Python, also where it is compiled."""
    source = Path(delta_module.__file__).with_name("delta.py")
    spec = importlib.util.spec_from_file_location("plain_delta", source)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


PLAIN = _plain()
FORMS = [PLAIN, delta_module]
"""The same twice, where nothing is compiled."""


@pytest.mark.parametrize("form", FORMS)
@given(base=st.binary(max_size=200), delta=st.binary(max_size=60))
def test_a_hostile_delta_is_refused_or_sound(form: ModuleType, base: bytes, delta: bytes) -> None:
    _check_sound(form, base, delta)
    sized = bytes([len(base) & 0x7F, len(delta) & 0x7F])
    _check_sound(form, base[:127], sized + delta)


def _check_sound(form: ModuleType, base: bytes, delta: bytes) -> None:
    try:
        text, shared = form.apply_delta(base, delta, 1)
    except form.Irregular:
        return
    for at, source, length in shared:
        stretch = base[source : source + length]
        assert text[at : at + length] == stretch
        assert len(stretch) == length


INSTRUCTION = st.one_of(
    st.binary(min_size=1, max_size=127).map(lambda raw: (raw, 0, 0)),
    st.tuples(st.just(b""), st.integers(0, 70_000), st.integers(1, 70_000)),
)


@given(st.integers(0, 90_000), st.lists(INSTRUCTION, max_size=12), st.integers(1, 2000))
def test_a_delta_is_applied_alike_in_both_forms(
    size: int, wanted: list[tuple[bytes, int, int]], least: int
) -> None:
    base = random.Random(size).randbytes(size)
    body, text = b"", b""
    for raw, source, length in wanted:
        if not raw:
            begin = min(source, size)
            raw = base[begin : begin + length]  # noqa: PLW2901
            if not raw:
                continue
            body += _copy(begin, len(raw))
        else:
            body += bytes([len(raw)]) + raw
        text += raw
    delta = _varint(size) + _varint(len(text)) + body
    made = [form.apply_delta(base, delta, least) for form in FORMS]
    assert made[0][0] == text
    assert made[0] == made[1]
    for width in (10, 300):
        looked = [form.stretches(made[0][1], len(text), width) for form in FORMS]
        assert looked[0] == looked[1]


def _copy(source: int, length: int) -> bytes:
    op, arguments = 0x80, b""
    for bit, byte in enumerate(source.to_bytes(4, "little")):
        if byte:
            op |= 1 << bit
            arguments += bytes([byte])
    for bit, byte in enumerate(length.to_bytes(3, "little") if length != 0x10000 else b""):
        if byte:
            op |= 0x10 << bit
            arguments += bytes([byte])
    return bytes([op]) + arguments


def _varint(number: int) -> bytes:
    made = b""
    while number >= 0x80:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])


@pytest.mark.parametrize("form", FORMS)
def test_a_delta_is_applied(form: ModuleType) -> None:
    # sizes 10 and 9; copy 4 from 2, insert two, copy 3 from 0
    delta = bytes([10, 9, 0x91, 2, 4, 2]) + b"XY" + bytes([0x90, 3])
    text, shared = form.apply_delta(b"0123456789", delta, 4)
    assert text == b"2345XY012"
    assert shared == [(0, 2, 4)]


def test_a_damaged_stream_is_noticed() -> None:
    stream = bytearray(zlib.compress(b"some text, " * 40))
    assert inflate(bytes(stream) + b"what follows", 15, 440) == b"some text, " * 40
    for at in (3, len(stream) // 2, len(stream) - 1):
        damaged = bytearray(stream)
        damaged[at] ^= 0x55
        with pytest.raises(DAMAGE):
            inflate(bytes(damaged), 15, 440)
    with pytest.raises(DAMAGE):
        inflate(bytes(stream[:-6]), 15, 440)
