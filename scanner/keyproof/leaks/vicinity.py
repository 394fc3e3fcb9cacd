"""Vicinity: where around a value its provider's name may stand, the nearest spot first.

In the key's own name, before it on the line, in a comment behind it, in the keys or the section that
enclose it, in comments and hosts a few lines above and below, and in the imports further up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LEFT, RIGHT = 1500, 400
"""How many bytes before and after a value are looked at."""
_LINES_ABOVE, _LINES_BELOW = 6, 3
_BEFORE, _BEHIND = 260, 160
"""How many bytes of the value's own line are, on either side of it."""
_REMARK_WITHIN, _REMARK = 60, 120
"""How near behind a value its comment begins, and how many bytes of that are read."""
_HEAD, _LINE = 200, 300
"""How many bytes are read of a line that encloses a value, and of any other."""

COMMENT = re.compile(rb"[ \t]*(?:#|//|/\*|\*|--|;|<!--|\"\"\"|>|REM )")
"""A line that is a comment."""
_BEGINS_REMARK = re.compile(rb"#|//|/\*|--|<!--")
_INDENT = re.compile(rb"[ \t]*(?:- )?")
_TITLE = re.compile(
    rb"[ -]*[\"']?(?:name|provider|service|vendor)[\"']?[ ]?[:=][ ]?[\w .\"'-]{2,40},?\s*\Z"
)
"""What names an item of a list: ``- name: acme``."""
_SECTION = re.compile(rb"[ \t]*\[{1,2}[^\]\n]{1,80}\]")
_SIBLING = re.compile(rb"[}\]]\\{0,2}[\"']?[}\]]?[ ]?,[ ]?\{")
"""Between an object and the next one of a list, on one line."""
_IMPORT = re.compile(
    rb"[ \t]*(?:import|from|use|using|require(?:_once)?|include|@?source)\b|.{0,60}require\("
)


class Spot(NamedTuple):
    """A stretch where a name may stand.

    Attributes:
        hosts: only as part of a host name.
        encloses: the value stands beneath it.
        close: so near that the name alone is enough.
        names: it is the name that the value is assigned to.
    """

    start: int
    end: int
    hosts: bool = False
    encloses: bool = False
    close: bool = False
    names: bool = False


def spots(text: bytes, key: tuple[int, int], value: tuple[int, int]) -> Iterator[Spot]:
    """Yield where to look for a name, the nearest spot first.

    Args:
        key: where the name stands that the value is assigned to (an empty span: nowhere).
        value: where the value stands.
    """
    start, end = value
    low, high = max(0, start - LEFT), min(len(text), end + RIGHT)
    begin = max(text.rfind(b"\n", low, start) + 1, low)
    stop = _line_end(text, end, high)
    yield Spot(*key, close=True, names=True)
    yield Spot(_own_begin(text, max(begin, start - _BEFORE), start), start, close=True)
    yield from _behind(text, end, stop)
    if key[0] < begin:  # the key stands on a line above its value
        begin = max(text.rfind(b"\n", low, key[0]) + 1, low)
    above = list(_lines_above(text, low, begin))
    yield from _enclosing(text, begin, above)
    yield from _near(text, above)
    yield from _below(text, stop, high)


def _own_begin(text: bytes, low: int, start: int) -> int:
    """Return where the object that a value stands in begins, if others stand before it on its line."""
    return max((one.end() for one in _SIBLING.finditer(text, low, start)), default=low)


def _line_end(text: bytes, start: int, high: int) -> int:
    found = text.find(b"\n", start, high)
    return high if found < 0 else found


def _behind(text: bytes, end: int, stop: int) -> Iterator[Spot]:
    """Yield the comment behind a value (``//`` of a host begins none), and what else is there."""
    remark = _BEGINS_REMARK.search(text, end, min(stop, end + _REMARK_WITHIN))
    if remark and text[remark.start() - 1 : remark.start()] != b":":
        yield Spot(remark.start(), min(stop, remark.start() + _REMARK))
    yield Spot(end, min(stop, end + _BEHIND), hosts=True)


def _lines_above(text: bytes, low: int, begin: int) -> Iterator[tuple[int, int]]:
    """Yield the lines before ``begin``, the nearest first; one cut by ``low`` is none."""
    end = begin - 1
    while end > low:
        start = text.rfind(b"\n", low, end) + 1
        if start <= low and low:
            return
        yield max(start, low), end
        end = max(start, low) - 1


def _enclosing(text: bytes, begin: int, above: list[tuple[int, int]]) -> Iterator[Spot]:
    """Yield the lines that a value stands beneath, what names its item, and its section's head."""
    indent = _indent(text, begin)
    section, sibling = False, not _begins_item(text, begin, begin + 80)
    for start, end in above:
        if start == end or text[start:end].isspace():
            continue
        depth = _indent(text, start)
        titles = sibling and depth == indent and _TITLE.match(text, start, end)
        sibling = sibling and not _begins_item(text, start, end)
        if not section and _SECTION.match(text, start, end):
            section = True
            yield Spot(start, end, encloses=True, close=True)
        elif titles or depth < indent:
            indent = depth
            yield Spot(start, min(end, start + _HEAD), encloses=True, close=True)


def _begins_item(text: bytes, start: int, end: int) -> bool:
    return text[start:end].lstrip().startswith(b"- ")


def _near(text: bytes, above: list[tuple[int, int]]) -> Iterator[Spot]:
    """Yield comments and hosts a few lines above, and imports however far up."""
    for number, (start, end) in enumerate(above):
        stop = min(end, start + _LINE)
        if number < _LINES_ABOVE:
            yield Spot(start, stop, hosts=COMMENT.match(text, start, stop) is None)
        if _IMPORT.match(text, start, stop):
            yield Spot(start, stop)


def _below(text: bytes, stop: int, high: int) -> Iterator[Spot]:
    """Yield a few lines behind ``stop``, in which hosts may stand."""
    for _ in range(_LINES_BELOW):
        if stop >= high:
            return
        start, stop = stop + 1, _line_end(text, stop + 1, high)
        yield Spot(start, stop, hosts=True)


def _indent(text: bytes, start: int) -> int:
    found = _INDENT.match(text, start)
    return len(found.group().expandtabs(4)) if found else 0
