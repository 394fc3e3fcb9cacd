"""Whose key it is: the provider whose name stands around a value, where its form allows it.

``api_key: 0f3a…`` says a secret and not whose. The provider's name then stands in the key's own
name, before it on the line, in the keys or the section that enclose it, in a comment, a host or an
import above it. The nearest one wins, and only where the value has the form of its secrets.
"""

# ruff: noqa: PLR2004 - each number is a distance, named by the sentence above it
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from keyproof.leaks.rules import Keyed, RuleSet
from keyproof.leaks.rules_digested import Digested

LEFT, RIGHT = 1500, 400
"""How many bytes before and after a value are looked at."""

_LINES_ABOVE, _LINES_BELOW = 6, 3
_SAME_LINE = 260
_PIECE = re.compile(rb"[A-Z]?[a-z]+[0-9]*|[A-Z]+(?![a-z])[0-9]*|[0-9]+")
_JOINT = re.compile(rb"[ _.-]?\Z")
_NAME_LEFT = re.compile(rb"[0-9A-Za-z_]{0,60}\Z")
_NAME_RIGHT = re.compile(rb"[0-9A-Za-z_]{0,60}")
_MIDST = frozenset((b"get", b"key", b"keys", b"set"))
"""What in the midst of a name is a word of it, not the beginning of a provider's."""
_IN_PATH = re.compile(rb"://[^/\s\"'`]{1,80}/[^\s\"'`]{0,200}\Z")
_INDENT = re.compile(rb"[ \t]*(?:- )?")
_TITLE = re.compile(
    rb"[ -]*[\"']?(?:name|provider|service|vendor)[\"']?[ ]?[:=][ ]?[\w .\"'-]{2,40},?\s*\Z"
)
_SECTION = re.compile(rb"[ \t]*\[{1,2}[^\]\n]{1,80}\]")
_COMMENT = re.compile(rb"[ \t]*(?:#|//|/\*|\*|--|;|<!--|\"\"\"|>|REM )")
_IMPORT = re.compile(
    rb"[ \t]*(?:import|from|use|using|require(?:_once)?|include|@?source)\b|.{0,60}require\("
)
_DOMAIN = re.compile(
    rb"\.(?:[a-z-]{2,20}\.)?(?:com|io|dev|ai|co|net|org|app|cloud|sh|us|eu|me|so|xyz|tech)\b"
)
_SAID = re.compile(
    rb"(?i)key|token|secret|passw|credential|api|auth|bearer|hmac|\bsig|appid|"
    rb"(?<![a-z])(?:pat|pk|sid|jwt)"
)
_LONE = re.compile(rb"[^0-9A-Za-z]+")
_ABOUT = frozenset(
    b"""access account admin api app auth client cloud config configuration configure credential
    credentials default dev do for hook init initialize integration io key keys license live my new
    oauth options our pass password personal pk pro prod production provider read resource sandbox
    sdk secret secrets server service settings setup signing sk staging test the token tokens using
    webhook with write""".split()
)
_OPENED = re.compile(
    rb"[\"']?\s{0,2}(?:[:=]>?\s{0,2})?[{(\[][^{}()]{0,120}\Z|\.[A-Za-z.]{2,30}\([^()]{0,120}\Z"
)


class _Word(NamedTuple):
    """A provider's name in the text: what it is called, and where it stands."""

    name: bytes
    start: int
    end: int


def whose(rules: RuleSet, text: bytes, key: tuple[int, int], value: tuple[int, int]) -> int | None:
    """Return the detector of the provider that a value belongs to; ``None`` where none is near.

    Args:
        key: where the name stands that the value is assigned to (an empty span: nowhere).
        value: where the value stands.
    """
    start, end = value
    index = _index(Digested(rules))
    fitting = _fitting(index, text[start:end])
    if not fitting:
        return None
    every = index.words
    silent = key[0] < key[1] and not _SAID.search(text[key[0] : key[1]])
    for place in _places(text, key, value):
        for word in _words(text, place, every):
            if silent and not _alone(text, word, key):
                continue
            if _IN_PATH.search(text, place.start, word.start):
                continue
            found = [one for one in every[word.name] if one.token in fitting]
            if silent or not place.close:
                found = [one for one in found if not one.loose and not (silent and one.common)]
            if found and found[0].common:
                said = _alone(text, word, key)
                found = [one for one in found if said or not one.loose]
            if found and (not found[0].common or _meant(text, word, place, key)):
                return _best(rules, found, text[key[0] : key[1]])
        if silent:
            return None
    return None


class _Place(NamedTuple):
    """A stretch where a name may stand.

    ``hosts``: only as part of a host name; ``close``: so near that the name alone is enough;
    ``names``: it is the name that the value is assigned to.
    """

    start: int
    end: int
    hosts: bool
    encloses: bool
    close: bool = False
    names: bool = False


def _fitting(index: _Index, value: bytes) -> set[str]:
    """Return the tokens' expressions that a value matches."""
    found = index.tokens.get(len(value), ())
    return {token for token in found if _token(token).fullmatch(value)}


def _best(rules: RuleSet, found: Sequence[Keyed], name: bytes) -> int:
    """Return the detector whose kind or id the key's name speaks of; the first of equals."""
    said = {piece.lower().decode() for piece in _PIECE.findall(name)}

    def agreement(one: Keyed) -> tuple[bool, int]:
        own = rules.detectors[one.detector].id.partition(".")[2].split("_")
        return not one.loose, len(said & {*one.kind.split("_"), *own})

    return max(found, key=agreement).detector


def _places(text: bytes, key: tuple[int, int], value: tuple[int, int]) -> Iterator[_Place]:
    """Yield where to look for a name, the nearest place first."""
    start, end = value
    low, high = max(0, start - LEFT), min(len(text), end + RIGHT)
    begin = max(text.rfind(b"\n", low, start) + 1, low)
    stop = text.find(b"\n", end, high)
    stop = high if stop < 0 else stop
    yield _Place(key[0], key[1], hosts=False, encloses=False, close=True, names=True)
    line = max(begin, start - _SAME_LINE)
    yield _Place(line, start, hosts=False, encloses=False, close=True)
    comment = re.compile(rb"#|//|/\*|--|<!--").search(text, end, min(stop, end + 60))
    if comment and text[comment.start() - 1 : comment.start()] != b":":
        yield _Place(comment.start(), min(stop, comment.start() + 120), hosts=False, encloses=False)
    yield _Place(end, min(stop, end + 160), hosts=True, encloses=False)
    above = list(_lines_above(text, low, begin))
    if key[0] < begin:  # the key stands on a line above its value
        begin = max(text.rfind(b"\n", low, key[0]) + 1, low)
        above = list(_lines_above(text, low, begin))
    yield from _enclosing(text, begin, above)
    yield from _near(text, above)
    for _ in range(_LINES_BELOW):
        if stop >= high:
            return
        following = text.find(b"\n", stop + 1, high)
        following = high if following < 0 else following
        yield _Place(stop + 1, following, hosts=True, encloses=False)
        stop = following


def _lines_above(text: bytes, low: int, begin: int) -> Iterator[tuple[int, int]]:
    """Yield the lines before ``begin``, the nearest first; one cut by ``low`` is none."""
    end = begin - 1
    while end > low:
        start = text.rfind(b"\n", low, end) + 1
        if start <= low and low:
            return
        yield max(start, low), end
        end = max(start, low) - 1


def _enclosing(text: bytes, begin: int, above: list[tuple[int, int]]) -> Iterator[_Place]:
    """Yield the lines that a value stands beneath, what names its item, and its section's head."""
    indent = _indent(text, begin)
    section, sibling = False, not text[begin : begin + 80].lstrip().startswith(b"- ")
    for start, end in above:
        if start == end or text[start:end].isspace():
            continue
        depth = _indent(text, start)
        titles = sibling and depth == indent and _TITLE.match(text, start, end)
        sibling = sibling and not text[start:end].lstrip().startswith(b"- ")
        if not section and _SECTION.match(text, start, end):
            section = True
            yield _Place(start, end, hosts=False, encloses=True, close=True)
        elif titles or depth < indent:
            indent = depth
            yield _Place(start, min(end, start + 200), hosts=False, encloses=True, close=True)


def _near(text: bytes, above: list[tuple[int, int]]) -> Iterator[_Place]:
    """Yield comments and hosts a few lines above, and imports further up."""
    for number, (start, end) in enumerate(above):
        stop = min(end, start + 300)
        if number < _LINES_ABOVE and _COMMENT.match(text, start, stop):
            yield _Place(start, stop, hosts=False, encloses=False)
        elif number < _LINES_ABOVE:
            yield _Place(start, stop, hosts=True, encloses=False)
        elif _IMPORT.match(text, start, stop):
            yield _Place(start, stop, hosts=False, encloses=False)
            continue
        if number < _LINES_ABOVE and _IMPORT.match(text, start, stop):
            yield _Place(start, stop, hosts=False, encloses=False)


def _indent(text: bytes, start: int) -> int:
    found = _INDENT.match(text, start)
    return len(found.group().expandtabs(4)) if found else 0


def _words(text: bytes, place: _Place, every: dict[bytes, tuple[Keyed, ...]]) -> list[_Word]:
    """Return the providers' names in a place, the last one first; a longer name hides its parts."""
    pieces = list(_PIECE.finditer(text, place.start, place.end))
    found: list[_Word] = []
    at = 0
    while at < len(pieces):
        for count in (3, 2, 1):
            run = pieces[at : at + count]
            name = b"".join(piece.group() for piece in run).lower()
            if len(run) == count and name in every and _joined(text, run, place):
                word = _Word(name, run[0].start(), run[-1].end())
                if not place.hosts or _DOMAIN.match(text, word.end):
                    found.append(word)
                at += count - 1
                break
        at += 1
    return found[::-1]


def _joined(text: bytes, run: Sequence[re.Match[bytes]], place: _Place) -> bool:
    """Whether pieces are one name: ``data-dog``, but neither ``42c9-9a79`` nor ``get_block_trades``."""
    for one, two in pairwise(run):
        joint = text[one.end() : two.start()]
        if _JOINT.match(joint) is None or (joint and not two.group()[:1].isalpha()):
            return False
    if len(run) == 1:
        return True
    start, end = run[0].start(), run[-1].end()
    before = _NAME_LEFT.search(text, max(0, start - 60), start)
    left = before.start() if before else start
    if left < start and run[0].group().lower() in _MIDST:
        return False
    right = _NAME_RIGHT.match(text, end)
    return place.names or _alone(
        text, _Word(b"", start, end), (left, right.end() if right else end)
    )


def _meant(text: bytes, word: _Word, place: _Place, key: tuple[int, int]) -> bool:
    """Whether a name that is a word of the language means the provider here."""
    if _DOMAIN.match(text, word.end) and text[word.start - 1 : word.start] in (b".", b"/", b"@"):
        return True
    comment = _COMMENT.match(text, place.start, place.end) is not None
    if place.encloses or comment:
        rest = _LONE.split(text[place.start : word.start] + b" " + text[word.end : place.end])
        if all(not part or part.lower() in _ABOUT for part in rest):
            return True
    if key[0] <= word.start < key[1]:
        return word.start == key[0]
    if 0 <= key[0] - word.end <= 150 and (
        key[0] <= word.end + 1 or _OPENED.match(text[word.end : key[0]])
    ):
        return True
    capital = text[word.start : word.start + 1].isupper()
    said = _SAID.search(text, word.end, min(place.end, word.end + 24))
    return capital and said is not None and comment


def _alone(text: bytes, word: _Word, key: tuple[int, int]) -> bool:
    """Whether nothing but what any setting is called stands in a name beside the provider's."""
    rest = text[key[0] : word.start] + b" " + text[word.end : key[1]]
    pieces = (piece.group().lower() for piece in _PIECE.finditer(rest))
    return all(piece in _ABOUT or len(piece) == 1 for piece in pieces)


class _Index(NamedTuple):
    """Keyed detectors by the words that lead to them, and their tokens' expressions by length."""

    words: dict[bytes, tuple[Keyed, ...]]
    tokens: dict[int, tuple[str, ...]]


@lru_cache(maxsize=4)
def _index(digested: Digested) -> _Index:
    keyed = digested.rules.keyed
    words: dict[bytes, tuple[Keyed, ...]] = {}
    for one in keyed:
        for word in one.words:
            words[word.encode()] = (*words.get(word.encode(), ()), one)
    tokens: dict[int, tuple[str, ...]] = {}
    for token, least, most in sorted({(one.token, one.least, one.most) for one in keyed}):
        for length in range(least, min(most, 600) + 1):
            tokens[length] = (*tokens.get(length, ()), token)
    return _Index(words, tokens)


@lru_cache(maxsize=1024)
def _token(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("latin-1"))
