"""Charts: the geometry of inline SVG drawings; the words and patterns are the template's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from keyproof.reporters._outline import Window

DRAWN_STATUSES = ("fail", "error", "unknown", "waived", "pass", "skip")
"""Order of a bar's segments: what needs work stands at the left."""

WIDTH = 720
LABEL_WIDTH = 190
ROW = 26
_NARROWEST_WITH_NUMBER = 22
_LABEL_LETTERS = 25
_TEXT_WIDTH = 150
_TICKS = 5


class Segment(NamedTuple):
    """One piece of a bar; ``number`` is drawn in it where it fits."""

    status: str
    x: float
    width: float
    number: str


class Bar(NamedTuple):
    """One row of a bar chart."""

    label: str
    y: int
    total: int
    segments: tuple[Segment, ...]


class BarChart(NamedTuple):
    """Rows of bars, each as long as its share of the whole."""

    width: int
    height: int
    bars: tuple[Bar, ...]


class Span(NamedTuple):
    """One exposure on the time axis; its text stands ``after``, ``before`` or ``inside`` the bar."""

    label: str
    y: int
    x: float
    width: float
    state: str
    text: str
    text_x: float
    text_place: str


class Tick(NamedTuple):
    """One mark of the time axis."""

    x: float
    label: str


class Timeline(NamedTuple):
    """Exposures over time; the right end is the moment of the report."""

    width: int
    height: int
    spans: tuple[Span, ...]
    ticks: tuple[Tick, ...]


def shares(rows: Sequence[tuple[str, Mapping[str, int]]]) -> BarChart:
    """Return one bar a row, split by status; a row without subjects stays empty."""
    length = WIDTH - LABEL_WIDTH - 60
    bars = []
    for index, (label, verdicts) in enumerate(rows):
        total = sum(verdicts.values())
        x, segments = float(LABEL_WIDTH), []
        for status in DRAWN_STATUSES:
            number = verdicts.get(status, 0)
            if number:
                width = round(length * number / total, 2)
                shown = str(number) if width >= _NARROWEST_WITH_NUMBER else ""
                segments.append(Segment(status, round(x, 2), width, shown))
                x += width
        bars.append(Bar(shorten(label), index * ROW, total, tuple(segments)))
    return BarChart(WIDTH, len(rows) * ROW + 2, tuple(bars))


def timeline(windows: Sequence[Window], as_of: datetime) -> Timeline | None:
    """Return the drawing of all dated exposures, or ``None`` where none is dated."""
    dated = [(window, window.exposure.opened_at) for window in windows if window.exposure.opened_at]
    starts = [opened for _, opened in dated if opened]
    if not starts:
        return None
    first = min(starts)
    whole = max((as_of - first), timedelta(days=1))
    length = WIDTH - LABEL_WIDTH - 20

    def place(moment: datetime) -> float:
        share = max(timedelta(0), min(moment - first, whole)) / whole
        return round(LABEL_WIDTH + length * share, 2)

    spans = []
    for index, (window, opened) in enumerate(dated):
        x = place(opened or first)
        width = max(3.0, round(place(window.ended) - x, 2))
        text = (
            f"{window.days} days, "
            + {
                "open": "still usable",
                "closed": "closed",
                "not known": "end not known",
            }[window.state]
        )
        text_place, text_x = _beside(x, x + width)
        spans.append(
            Span(
                label=shorten(window.key),
                y=index * ROW,
                x=x,
                width=width,
                state=window.state.replace(" ", "-"),
                text=text,
                text_x=text_x,
                text_place=text_place,
            )
        )
    ticks = tuple(
        Tick(place(moment), f"{moment:%Y-%m-%d}")
        for moment in (first + whole * n / (_TICKS - 1) for n in range(_TICKS))
    )
    return Timeline(WIDTH, len(spans) * ROW + 30, tuple(spans), ticks)


def _beside(start: float, end: float) -> tuple[str, float]:
    """Return where a bar's text has room, and its anchor."""
    if end + _TEXT_WIDTH < WIDTH:
        return "after", round(end + 6, 2)
    if start - _TEXT_WIDTH > LABEL_WIDTH:
        return "before", round(start - 6, 2)
    return "inside", round((start + end) / 2, 2)


def shorten(text: str) -> str:
    """Return a label that fits beside a bar; the table below the drawing has the whole."""
    return text if len(text) <= _LABEL_LETTERS else text[: _LABEL_LETTERS - 1] + "…"
