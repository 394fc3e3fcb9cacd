"""The sweep itself: it must find a secret planted on purpose before its silence means anything."""

from __future__ import annotations

import base64
import gzip
import io
import sqlite3
import tarfile
import urllib.parse
import zipfile
import zlib
from pathlib import Path

import pytest
from tests.support.planted import aws_secret_key, letters, plant, planted_values
from tests.support.sweep import sweep


def zipped(raw: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", raw)
    return buffer.getvalue()


def tarred(raw: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("inner")
        entry.size = len(raw)
        archive.addfile(entry, io.BytesIO(raw))
    return buffer.getvalue()


WRAPPINGS = {
    "plain": lambda raw: b"before " + raw + b" after",
    "utf-16": lambda raw: raw.decode().encode("utf-16"),
    "hex": lambda raw: raw.hex().encode(),
    "percent": lambda raw: urllib.parse.quote(raw, safe="").encode(),
    "base64": base64.b64encode,
    "base64 inside": lambda raw: base64.b64encode(b"user:" + raw + b":more"),
    "base64 inside, shifted": lambda raw: base64.urlsafe_b64encode(b"use:" + raw + b"::more"),
    "gzip": gzip.compress,
    "zip": zipped,
    "zip in gzip": lambda raw: gzip.compress(zipped(raw)),
    "tar.gz": lambda raw: gzip.compress(tarred(raw)),
    "zlib": zlib.compress,
    "pdf": lambda raw: b"%PDF-1.7\n1 0 obj\nstream\n" + zlib.compress(raw) + b"\nendstream",
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_the_sweep_finds_what_is_planted_on_purpose(wrapping: str, planted: Path) -> None:
    secret = letters(f"sweep{wrapping}", 40)
    (planted / "output.bin").write_bytes(WRAPPINGS[wrapping](secret.encode()))
    assert [found.path for found in sweep(planted, [secret])] == ["output.bin"]


def test_the_sweep_sees_into_a_database(planted: Path) -> None:
    secret = letters("sweepsqlite", 40)
    connection = sqlite3.connect(planted / "keyproof.db")
    connection.execute("create table t (v text)")
    connection.execute("insert into t values (?)", (secret,))
    connection.commit()
    connection.close()
    assert sweep(planted, [secret])


def test_the_sweep_passes_over_input_and_finds_nothing_in_clean_files(
    tmp_path: Path, planted: Path
) -> None:
    secret = letters("sweepclean", 40)
    (planted / "input.txt").write_text(secret)
    (tmp_path / "output.txt").write_text("nothing here")
    assert sweep(tmp_path, [secret]) == []


def test_what_a_test_plants_is_known_to_the_sweep() -> None:
    assert {aws_secret_key("registered"), plant(letters("registered", 30))} <= planted_values()
