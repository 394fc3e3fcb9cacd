"""Unpacking is bounded, names what it cannot read, and never raises."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof.leaks import unpack as unpacking
from keyproof.leaks.unpack import Member, Unread, unpack

TEXT = b"first line\nsecond line of a text\n" * 20


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def tarred(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    made = b"\x89PNG\r\n\x1a\n"
    for kind, body in (*chunks, (b"IEND", b"")):
        made += (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )
    return made


def _nameless() -> bytes:
    made = bytearray(zipped({"x": TEXT}))
    central = made.index(b"PK\x01\x02")
    for place in (26, central + 28):  # its only letter becomes an extra field
        made[place : place + 4] = b"\0\0\1\0"
    return bytes(made)


FORMS: dict[str, tuple[bytes, list[Member]]] = {
    "zip": (zipped({"a/b.txt": TEXT}), [Member(b"a/b.txt", TEXT)]),
    "stored zip": (zipped({"b": TEXT}, zipfile.ZIP_STORED), [Member(b"b", TEXT)]),
    "a member without a name": (_nameless(), [Member(b"", TEXT)]),
    "lzma zip": (zipped({"b": TEXT}, zipfile.ZIP_LZMA), [Member(b"b", TEXT)]),
    "tar": (tarred({"a/b.txt": TEXT}), [Member(b"a/b.txt", TEXT)]),
    "gnu tar": (tarred({"n" * 150: TEXT}, tarfile.GNU_FORMAT), [Member(b"n" * 150, TEXT)]),
    "gzip": (gzip.compress(TEXT), [Member(b"", TEXT)]),
    "two gzips": (gzip.compress(b"one") + gzip.compress(b"two"), [Member(b"", b"onetwo")]),
    "bzip2": (bz2.compress(TEXT), [Member(b"", TEXT)]),
    "xz": (lzma.compress(TEXT), [Member(b"", TEXT)]),
    "tar.gz": (gzip.compress(tarred({"b.txt": TEXT})), [Member(b"b.txt", TEXT)]),
    "tar.bz2": (bz2.compress(tarred({"b.txt": TEXT})), [Member(b"b.txt", TEXT)]),
    "tar.xz": (lzma.compress(tarred({"b.txt": TEXT})), [Member(b"b.txt", TEXT)]),
    "zip in tar.gz": (
        gzip.compress(tarred({"d/in.zip": zipped({"c.txt": TEXT})})),
        [Member(b"d/in.zip!c.txt", TEXT)],
    ),
    "gzip in zip": (zipped({"log.gz": gzip.compress(TEXT)}), [Member(b"log.gz", TEXT)]),
    "png": (png((b"zTXt", b"key\0\0" + zlib.compress(TEXT))), [Member(b"", TEXT)]),
    "international png": (
        png((b"iTXt", b"key\0\1\0en\0key\0" + zlib.compress(TEXT))),
        [Member(b"", TEXT)],
    ),
    "plain png": (png((b"tEXt", b"key\0text")), []),
    "no archive": (TEXT, []),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("form", FORMS)
def test_members_are_found_by_their_paths(form: str) -> None:
    data, members = FORMS[form]
    assert list(unpack(data)) == members


def _encrypted() -> bytes:
    made = bytearray(zipped({"s.txt": TEXT}))
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def _unknown_method() -> bytes:
    made = bytearray(zipped({"s.txt": TEXT}))
    made[8] = made[made.index(b"PK\x01\x02") + 10] = 99
    return bytes(made)


def _wrong_checksum() -> bytes:
    made = bytearray(zipped({"s.txt": TEXT}, zipfile.ZIP_STORED))
    made[40] ^= 0xFF
    return bytes(made)


UNREAD: dict[str, tuple[Callable[[], bytes], Unread]] = {
    "encrypted": (_encrypted, Unread(b"s.txt", "unsupported")),
    "unknown method": (_unknown_method, Unread(b"s.txt", "unsupported")),
    "wrong checksum": (_wrong_checksum, Unread(b"s.txt", "corrupt")),
    "half a zip": (lambda: zipped({"s.txt": TEXT})[:60], Unread(b"", "corrupt")),
    "half a gzip": (lambda: gzip.compress(TEXT)[:-20], Unread(b"", "corrupt")),
    "half a bzip2": (lambda: bz2.compress(TEXT)[:-20], Unread(b"", "corrupt")),
    "half an xz": (lambda: lzma.compress(TEXT)[:-20], Unread(b"", "corrupt")),
    "half a tar": (lambda: tarred({"s.txt": TEXT})[:700], Unread(b"s.txt", "corrupt")),
    "half a tar.gz": (
        lambda: gzip.compress(tarred({"a": TEXT, "b": TEXT * 9}))[:-30],
        Unread(b"b", "corrupt"),
    ),
    "a damaged second tar header": (
        lambda: tarred({"a": b"x"})[:1024] + b"\xff" * 2048,
        Unread(b"", "corrupt"),
    ),
}


@pytest.mark.parametrize("form", UNREAD)
def test_what_cannot_be_read_is_named(form: str) -> None:
    make, unread = UNREAD[form]
    assert unread in list(unpack(make()))


def test_what_stands_before_the_damage_is_read() -> None:
    (member, unread) = unpack(gzip.compress(b"secret first\n" + TEXT * 50)[:-12])
    assert isinstance(member, Member)
    assert member.data.startswith(b"secret first")
    assert unread == Unread(b"", "corrupt")


def test_archives_in_archives_are_followed_to_a_depth() -> None:
    data = TEXT
    for level in range(5):
        data = zipped({f"{level}.zip": data})
    assert list(unpack(data)) == [Unread(b"4.zip!3.zip!2.zip", "limit")]


BOMBS: dict[str, Callable[[], bytes]] = {
    "ratio": lambda: gzip.compress(bytes(200 << 20), 9),
    "zip ratio": lambda: zipped({"zeros": bytes(100 << 20)}),
    "xz ratio": lambda: lzma.compress(bytes(200 << 20), preset=1),
    "many": lambda: zipped({f"{n}": bytes(1 << 20) for n in range(100)}),
    "nested": lambda: zipped({f"{n}.gz": gzip.compress(bytes(8 << 20)) for n in range(60)}),
    "tar.gz": lambda: gzip.compress(tarred({f"{n}": bytes(1 << 20) for n in range(100)})),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_bounded_in_time_and_memory(bomb: str) -> None:
    data = BOMBS[bomb]()
    started = time.process_time()
    tracemalloc.start()
    try:
        size, last = 0, None
        for one in unpack(data):
            size += len(one.data) if isinstance(one, Member) else 0
            last = one
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(last, Unread)
    assert last.reason == "limit"
    bound = max(unpacking.LEAST_BYTES, unpacking.RATIO * len(data))
    assert size <= bound
    assert peak < 5 * bound
    assert time.process_time() - started < 20


def test_too_many_members_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MEMBERS", 10)
    data = zipped({str(n): b"x" for n in range(11)})
    assert list(unpack(data)) == [Unread(b"", "limit")]
    last = list(unpack(tarred({str(n): b"x" for n in range(11)})))[-1]
    assert last == Unread(b"", "limit")


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "SECONDS", -1.0)
    assert list(unpack(gzip.compress(TEXT))) == [Unread(b"", "limit")]


_SEEDS = st.sampled_from(
    [data for data, _ in FORMS.values()] + [make() for make, _ in UNREAD.values()]
)
_DAMAGE = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=12)


@settings(deadline=None, max_examples=400)
@given(seed=_SEEDS, damage=_DAMAGE, cut=st.integers(0, 1 << 12), tail=st.binary(max_size=30))
def test_no_bytes_raise_or_pass_the_bounds(
    seed: bytes, damage: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    data = bytearray(seed[: len(seed) - cut % (len(seed) + 1) if cut % 3 == 0 else None] + tail)
    for place, value in damage:
        if len(data) > 8:
            data[8 + place % (len(data) - 8)] = value
    total = 0
    for one in unpack(bytes(data)):
        assert len(one.path) < 4 * (unpacking.NAME_BYTES + 2)
        if isinstance(one, Member):
            total += len(one.data)
        else:
            assert one.reason in {"unsupported", "corrupt", "limit"}
    assert total <= unpacking.LEAST_BYTES


@given(st.binary(max_size=600))
def test_arbitrary_bytes_never_raise(data: bytes) -> None:
    list(unpack(data))
