"""The evidence report in a real browser: it loads, fetches nothing, and prints."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from tests.support import chromium
from tests.support.sample_report import sample_report

from keyproof.reporters import html


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    with path.open("w", encoding="utf-8") as stream:
        html.render(sample_report(), stream)
    return path


def test_the_browser_complains_of_nothing_and_fetches_nothing(page: Path) -> None:
    seen = chromium.look(page)
    assert seen.console == ()
    assert seen.requests == ()
    assert "<title>API key control evidence, as of 2026-11-20</title>" in seen.dom
    for heading in ("1 Summary", "4 Exceptions", "7 Leaks and exposure", "Appendix"):
        assert heading in seen.dom
    assert "<script" not in seen.dom


def test_the_browser_would_have_told(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!DOCTYPE html><title>x</title><img src='http://127.0.0.1:9/x.png'>"
        "<script>console.error('boo')</script>"
    )
    seen = chromium.look(bad)
    assert any("boo" in line for line in seen.console)
    assert seen.requests == ("http://127.0.0.1:9/x.png",)


@pytest.mark.parametrize("width", [1280, 500])
def test_it_shows_at_desktop_and_telephone_width(page: Path, tmp_path: Path, width: int) -> None:
    shot = tmp_path / f"{width}.png"
    chromium.picture(page, shot, width=width, height=1600)
    assert len(_colours(shot)) > 20


def test_it_prints_on_numbered_a4_pages(page: Path, tmp_path: Path) -> None:
    printed = chromium.pages(page, tmp_path)
    assert 10 < len(printed) <= 40
    assert b"/MarkInfo" in (tmp_path / "report.pdf").read_bytes()  # tagged, for screen readers
    for sheet in printed:
        width, height = _size(sheet)
        assert (round(width / 60 * 25.4), round(height / 60 * 25.4)) == (210, 297)


def _size(png: Path) -> tuple[int, int]:
    head = png.read_bytes()[16:24]
    return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")


def _colours(png: Path) -> set[bytes]:
    """Return distinct runs of the picture's data: a blank window has hardly any."""
    data, at, packed = png.read_bytes(), 8, b""
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += 12 + length
    plain = zlib.decompress(packed)
    return {plain[n : n + 64] for n in range(0, len(plain) - 64, 6400)}
