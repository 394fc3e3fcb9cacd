"""Whose key it is: the provider whose name stands around a value, where its form allows it.

``api_key: 0f3a…`` says a secret and not whose. The provider's name then stands in the key's own
name, before it on the line, in the keys or the section that enclose it, in a comment, a host or an
import above it. The nearest one wins, and only where the value has the form of its secrets.
"""

# ruff: noqa: PLR2004 - each number is a distance, named by the sentence above it
from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from keyproof.leaks.lines import OTHER_ADDRESS
from keyproof.leaks.placeholders import wordiness
from keyproof.leaks.rules import Keyed, RuleSet
from keyproof.leaks.rules_digested import Digested
from keyproof.leaks.vicinity import COMMENT, Spot, spots

_PIECE = re.compile(rb"[A-Z]?[a-z]+[0-9]*|[A-Z]+(?![a-z])[0-9]*|[0-9]+")
"""A word of a name: ``acmeApi2KEY`` has three."""
_JOINT = re.compile(rb"[ _.-]?\Z")
"""What may stand between the words of one name."""
_NAME_LEFT = re.compile(rb"[0-9A-Za-z_]{0,60}\Z")
_NAME_RIGHT = re.compile(rb"[0-9A-Za-z_]{0,60}")
_RUN_LEFT = re.compile(rb"[0-9A-Za-z+/]{0,60}\Z")
_RUN_RIGHT = re.compile(rb"[0-9A-Za-z+/]{0,60}")
_MIDST = frozenset((b"get", b"key", b"keys", b"set"))
"""What in the midst of a name is a word of it, not the beginning of a provider's."""
_IN_PATH = re.compile(rb"://[^/\s\"'`]{1,80}/[^\s\"'`]{0,200}\Z")
"""Before a word that is part of a URL's path: of a page's name, a repository's, a user's."""
_DOMAIN = re.compile(
    rb"\.(?:[a-z-]{2,20}\.)?(?:com|io|dev|ai|co|net|org|app|cloud|sh|us|eu|me|so|xyz|tech)\b"
)
"""Behind a word that is a host's name."""
_SAID = re.compile(
    rb"(?i)key|token|secret|passw|credential|api|auth|bearer|hmac|\bsig|appid|"
    rb"(?<![a-z])(?:pat|pk|sid|jwt)"
)
"""A name that says itself that it names a secret."""
_PASSWORD = re.compile(rb"(?i)pass(?:wor|w|phr)|pwd")
_CONVERTS = re.compile(rb"\.(?:String|Str|Bytes|StringSlice|ReadSeekCloser)\(")
"""Behind the name of a package whose functions turn any value into another type: ``aws.String(``."""
_OF_A_USER = re.compile(rb"(?i)totp|(?<![a-z])otp|2fa|mfa|two_?factor")
"""A name of what an account has beside its password: no provider issues it."""
_USER_KEY = re.compile(rb"(?i)user[_-]?key\Z")
"""What some providers call a secret, and others a person's identifier."""
_LONE = re.compile(rb"[^0-9A-Za-z]+")
_ABOUT = frozenset(
    b"""access account admin api app auth client cloud config configuration configure credential
    credentials default dev do for hook init initialize integration io key keys license live my new
    oauth options our pass password personal pk pro prod production provider read resource sandbox
    sdk secret secrets server service settings setup signing sk staging test the token tokens using
    webhook with write""".split()
)
"""What any setting and any comment about one says: no part of another's name."""
_OPENED = re.compile(
    rb"[\"']?\s{0,2}(?:[:=]>?\s{0,2})?[{(\[][^{}()]{0,120}\Z|\.[A-Za-z.]{2,30}\([^()]{0,120}\Z"
)
"""Between a word and a key that stands in what the word opens: ``acme: {``, ``acme.Client(``."""


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
    if _OF_A_USER.search(text, *key) or text.rfind(b"otpauth:", max(0, key[0] - 200), start) >= 0:
        return None
    address = OTHER_ADDRESS.search(text, max(0, start - 400), start)
    users = _USER_KEY.search(text, *key) is not None
    silent = key[0] < key[1] and not _SAID.search(text[key[0] : key[1]])
    for spot in spots(text, key, value):
        for word in _words(text, spot, index.words):
            said = _alone(text, word, key)
            if (silent and not said) or _is_elsewhere(text, word, spot):
                continue
            if address and word.start < address.start(1):
                continue
            fits = [one for one in index.words[word.name] if one.token in fitting]
            found = _likely(fits, spot, said=said, silent=silent or (users and not spot.names))
            if found and (not found[0].common or _meant(text, word, spot, key)):
                return _best(rules, found, text[key[0] : key[1]])
        if silent:
            return None  # the key's own name would have to say it
    return None


def _is_elsewhere(text: bytes, word: _Word, spot: Spot) -> bool:
    """Whether a word is part of a page's address, or of a call that takes any value."""
    if _CONVERTS.match(text, word.end):
        return True
    return _IN_PATH.search(text, spot.start, word.start) is not None


def fits_any(rules: RuleSet, value: bytes) -> bool:
    """Whether a value has the form of some provider's secret that its name is enough for."""
    return bool(_fitting(_index(Digested(rules)), value))


def _likely(found: list[Keyed], spot: Spot, *, said: bool, silent: bool) -> list[Keyed]:
    """Return the detectors that a name is enough for: where the form says little, it has to be near.

    Args:
        said: nothing else is in the key's name.
        silent: the key's name does not say that it names a secret.
    """
    if silent or not spot.close:
        found = [one for one in found if not one.loose and not (silent and one.common)]
    if found and found[0].common and not said:
        found = [one for one in found if not one.loose]
    return found


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


def _words(text: bytes, spot: Spot, every: dict[bytes, tuple[Keyed, ...]]) -> list[_Word]:
    """Return the providers' names in a spot, the last one first; a longer name hides its parts."""
    pieces = list(_PIECE.finditer(text, spot.start, spot.end))
    found: list[_Word] = []
    at = 0
    while at < len(pieces):
        for count in (3, 2, 1):
            run = pieces[at : at + count]
            name = b"".join(piece.group() for piece in run).lower()
            if len(run) == count and name in every and _joined(text, run, spot):
                word = _Word(name, run[0].start(), run[-1].end())
                if not spot.hosts or _DOMAIN.match(text, word.end):
                    found.append(word)
                at += count - 1
                break
        at += 1
    return found[::-1]


def _joined(text: bytes, run: Sequence[re.Match[bytes]], spot: Spot) -> bool:
    """Whether pieces are one name: ``data-dog``, but neither ``42c9-9a79`` nor ``get_block_trades``."""
    for one, two in pairwise(run):
        joint = text[one.end() : two.start()]
        if _JOINT.match(joint) is None or (joint and not two.group()[:1].isalpha()):
            return False
    start, end = run[0].start(), run[-1].end()
    if len(run) == 1:  # a name that ends in digits stands by chance in hexadecimal
        if _in_random(text, start, end):
            return False
        return not (text[end - 1 : end].isdigit() and text[max(0, start - 1) : start].isalnum())
    before = _NAME_LEFT.search(text, max(0, start - 60), start)
    left = before.start() if before else start
    if left < start and run[0].group().lower() in _MIDST:
        return False
    right = _NAME_RIGHT.match(text, end)
    return spot.names or _alone(text, _Word(b"", start, end), (left, right.end() if right else end))


def _in_random(text: bytes, start: int, end: int) -> bool:
    """Whether a word stands by chance in random letters: in another token, in base64."""
    left = _RUN_LEFT.search(text, max(0, start - 60), start)
    right = _RUN_RIGHT.match(text, end)
    run = (left.group() if left else b"") + text[start:end] + (right.group() if right else b"")
    digits = sum(48 <= letter <= 57 for letter in run)
    return len(run) >= 20 and digits >= 3 and wordiness(run) < 0.3


def _meant(text: bytes, word: _Word, spot: Spot, key: tuple[int, int]) -> bool:
    """Whether a name that is a word of the language means the provider here."""
    if _PASSWORD.search(text, *key):
        return False  # such providers issue keys: privacy_password is an account's
    if _DOMAIN.match(text, word.end) and text[word.start - 1 : word.start] in (b".", b"/", b"@"):
        return True
    comment = COMMENT.match(text, spot.start, spot.end) is not None
    if spot.encloses or comment:
        rest = _LONE.split(text[spot.start : word.start] + b" " + text[word.end : spot.end])
        if all(not part or part.lower() in _ABOUT for part in rest):
            return True
    if key[0] <= word.start < key[1]:
        return word.start == key[0]
    if 0 <= key[0] - word.end <= 150 and (
        key[0] <= word.end + 1 or _OPENED.match(text[word.end : key[0]])
    ):
        return True
    capital = text[word.start : word.start + 1].isupper()
    said = _SAID.search(text, word.end, min(spot.end, word.end + 24))
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
