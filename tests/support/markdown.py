"""Reads what tests need of a Markdown page: fenced blocks, marked tables, links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_MARK = re.compile(
    r"^<!-- fields: (?P<what>[^\n]*) -->\n\n(?P<table>(?:\|[^\n]*\n)+)", re.MULTILINE
)


class Block(NamedTuple):
    """One fenced block: its language, what its info string says beside, and its text."""

    language: str
    marks: dict[str, str]
    text: str


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    found = []
    for match in _FENCE.finditer(page):
        language, *marks = match["info"].split() or [""]
        pairs = dict(mark.split("=", 1) for mark in marks)
        found.append(Block(language, pairs, match["text"]))
    return found


def links(page: str) -> list[str]:
    """Return the targets of a page's links, outside of fenced blocks."""
    return [match["target"] for match in _LINK.finditer(_FENCE.sub("", page))]


def anchors(page: str) -> set[str]:
    """Return the anchors that a forge makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(table: str) -> list[list[str]]:
    """Return the cells of a table's rows, without its head."""
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def marked_tables(page: str) -> dict[str, list[list[str]]]:
    """Return the rows of every table after ``<!-- fields: NAME -->``, by that name."""
    return {match["what"]: rows(match["table"]) for match in _MARK.finditer(page)}


def section(page: str, heading: str) -> str:
    """Return the text below a heading, up to the next heading of its level or above."""
    start = re.search(rf"^(?P<level>#+) {re.escape(heading)}$", page, re.MULTILINE)
    assert start, heading
    rest = page[start.end() :]
    end = re.search(rf"^#{{1,{len(start['level'])}}} ", _hide(rest), re.MULTILINE)
    return rest[: end.start()] if end else rest


def _hide(text: str) -> str:
    return _FENCE.sub(lambda match: re.sub(r"[^\n]", "x", match[0]), text)


def page(path: Path) -> str:
    """Return a page's text."""
    return path.read_text(encoding="utf-8")
