"""What is fuzzed: each target takes arbitrary bytes, checks its bounds, and never raises.

``make fuzz`` drives them with atheris; ``tests/leaks/test_fuzz_targets.py`` runs each on its seeds.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tests.support.hiding_files import FILES, UNREAD

from keyproof.errors import ConfigError
from keyproof.leaks import attribution, baseline, decode, encoded, listing, unpack_forms
from keyproof.leaks.delta import Irregular, apply_delta
from keyproof.leaks.packs import Pack
from keyproof.leaks.unpack import LEAST_BYTES, NAME_BYTES, Member, unpack

_LEAST = b'text = "This is no secret but a line that is long enough to be one"\n'


class Target(NamedTuple):
    """A function under fuzzing, and inputs from which it goes on."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def _unpack(data: bytes) -> None:
    total = 0
    for one in unpack(data):
        assert len(one.path) < 8 * (NAME_BYTES + 2)
        if isinstance(one, Member):
            total += len(one.data)
        else:
            assert one.reason in {"unsupported", "corrupt", "limit", "missing_object"}
    assert total <= 3 * LEAST_BYTES


def _packed() -> list[bytes]:
    made = [hidden.made(_LEAST) for hidden in FILES.values()]
    made += [data for _, data, _ in UNREAD.values()]
    made += [gzip.compress(_LEAST), bz2.compress(_LEAST), lzma.compress(_LEAST), _zip64()]
    return [one for one in made if unpack_forms.form(one)]


def _zip64() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, archive.open("a", "w", force_zip64=True) as entry:
        entry.write(_LEAST)
    return made.getvalue()


def _decoders(data: bytes) -> None:
    for view in decode.views(data):
        assert len(view.text) <= 3 * len(data) + 8
        assert view.line >= 1


def _texts() -> list[bytes]:
    return [hidden.made(_LEAST) for hidden in FILES.values()] + [
        _LEAST.decode().encode(name) for name in ("utf-16", "utf-16-be", "utf-32", "utf-32-be")
    ]


def _runs(data: bytes) -> None:
    """Decode at every place, for a trigger may announce anything anywhere."""
    text = data[:256]
    for encoding in encoded.ENCODINGS:
        for end in range(1, len(text) + 1, 7):
            for decoded in encoding.decode(text, end):
                low, high = decoded.origin(decoded.low, max(decoded.low + 1, decoded.high))
                assert 0 <= low <= high <= len(text), encoding.name
                assert 0 <= decoded.low <= decoded.high <= len(decoded.text)


def _delta(data: bytes) -> None:
    base, _, delta = data.partition(b"\n")
    try:
        text, copies = apply_delta(base, delta, 4)
    except Irregular:
        return
    for at, source, length in copies:
        assert text[at : at + length] == base[source : source + length]


def _deltas() -> list[bytes]:
    return [b"a base of some length\n" + bytes([21, 9, 0x91, 2, 5, 4]) + b"text", b"\n\x00\x00"]


def _pack(data: bytes) -> None:
    """Read an index and a pack: the first two bytes say where one ends and the other begins."""
    cut = int.from_bytes(data[:2], "big")
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "p.idx")
        index.write_bytes(data[2 : 2 + cut])
        index.with_suffix(".pack").write_bytes(data[2 + cut :])
        try:
            pack = Pack(index, 20)
            for oid in (bytes(20), b"\xff" * 20, b"\x11" * 20, data[-20:].ljust(20)):
                offset = pack.find(oid)
                if offset is not None:
                    pack.entry(offset)
        except Irregular:
            return


def _packs() -> list[bytes]:
    text = b"a blob\n" * 3
    entry = bytes([0x30 | len(text) & 15 | 0x80, len(text) >> 4]) + zlib.compress(text)
    pack = b"PACK" + struct.pack(">II", 2, 1) + entry + bytes(20)
    fan = b"".join(struct.pack(">I", int(byte >= 0x11)) for byte in range(256))
    names = b"\x11" * 20 + bytes(4) + struct.pack(">I", 12)
    index = b"\xfftOc" + struct.pack(">I", 2) + fan + names + bytes(40)
    return [len(index).to_bytes(2, "big") + index + pack]


def _baseline(data: bytes) -> None:
    try:
        parsed = baseline.parse(data.decode("utf-8", "replace"), "fuzz")
    except ConfigError:
        return
    assert baseline.parse(baseline.dump(parsed), "fuzz").entries == parsed.entries


def _baselines() -> list[bytes]:
    entry = baseline.Entry(
        "s1_" + "0" * 32, "path:*.py", "a.b", "why", None, None, "2026-01-01", None
    )
    made = baseline.with_entries(baseline.Baseline("fuzz", bytes(16), ()), [entry])
    return [baseline.dump(made).encode()]


def _git_output(data: bytes) -> None:
    signed = attribution.parse_signature(data)
    assert signed.header_lines >= 1
    attribution.show_path(data)
    listing.plan(line for line in data.splitlines() if line.count(b" ") != 3)


def _commits() -> list[bytes]:
    return [
        b"tree " + b"0" * 40 + b"\nauthor A <a@b> 1700000000 +0100\n\nmessage\n",
        b"author \xff <> -1 -9959\n\n",
        b"object x\ntagger T <t> 99999999999999999999 +0000\n",
    ]


TARGETS = {
    "unpack": Target(_unpack, _packed),
    "decode": Target(_decoders, _texts),
    "encoded": Target(_runs, _texts),
    "delta": Target(_delta, _deltas),
    "pack": Target(_pack, _packs),
    "baseline": Target(_baseline, _baselines),
    "git_output": Target(_git_output, _commits),
}
