"""Tells values that stand for a secret from values that are one: examples, templates, words."""

# ruff: noqa: PLR2004 - each number is a threshold, named by the sentence above it
from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import log2

_STAND_IN = re.compile(
    rb"example|sample|placeholder|change[-_]?(?:me|it|this)|your[-_.]?|dummy|redacted|"
    rb"insert[-_]|replace|t[o0]do|[-_]here\b|x{5}|^x{4}(?![0-9A-Za-z])|\*\*\*|\.\.\.|####|<[a-z]|not[-_]?(?:a[-_]?)?"
    rb"(?:real|secret|valid)|fake|masked|removed|hidden|omitted|censored|foobar|lorem",
    re.IGNORECASE,
)
"""Words and marks by which people say that a value is none."""
_TEMPLATE = re.compile(
    rb"\$\{|\{\{|\}\}|\$\(|%\(|\{%|<%|%[sdv@](?![0-9A-Za-z])|#\{|(?<![0-9A-Za-z])\$[A-Za-z_]|\$(?:[a-z_]{2,}|[A-Z_]{2,}|[a-z]+(?:[A-Z][a-z]+)+)(?![0-9A-Za-z])|%[A-Z_]{2,}%|@@|"
    rb"\{[a-z_.]{0,40}\}|<[A-Za-z_ -]{2,40}>|\[\[|\(\([\w.-]{2,60}\)\)|__[A-Z_]+__|\\\(",
)
"""The marks of templates, shells, formats and interpolations."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_RUN = re.compile(rb"([^A])\1{6}", re.DOTALL)
"""Seven times the same letter."""
_SEQUENCES = (
    b"abcdefgh", b"zyxwvuts", b"qwertyui", b"asdfghjk", b"abcdef01", b"abcdef12", b"fedcba98", b"456789ab",
    b"67890abc", b"abcd1234", b"gezdgnbv", b"1234abcd", b"abc12345",
)  # fmt: skip
_COUNTED = (b"01234567", b"12345678", b"98765432", b"87654321")
_INTERLEAVED = re.compile(rb"(?:1a2b3c4d|a1b2c3d4|0a1b2c3d|a0b1c2d3|1q2w3e4r|q1w2e3r4)")
_LETTERS = re.compile(rb"[^a-z]+")
_DIGITS = re.compile(rb"[^0-9]+")
# the commonest pairs of letters in the words of programs and manuals, counted over word forms
_COMMON = frozenset(
    re.findall(
        "..",
        "inerreteesatontienstedledecoarntsengalorliraanrimeetittrtaroeciodiisnendpeacmanslapaprca"
        "lounsiveascectgeicnafieaelrsilchtothamheexncsstsllomadpoouharturmpodutplolemsuopckimabap"
        "niosblspockeidnootmishefiglyepiriesc",
    )
)


def entropy(value: bytes) -> float:
    """Return the Shannon entropy of ``value`` in bits a byte."""
    size = len(value)
    if not size:
        return 0.0
    return -sum(n / size * log2(n / size) for n in Counter(value).values())


def is_template(value: bytes) -> bool:
    """Whether the value is filled in later: ``${NAME}``, ``{{ name }}``, ``<your-key>``, ``%s``."""
    return _TEMPLATE.search(value) is not None


def is_placeholder(value: bytes) -> bool:
    """Whether the value stands for a secret: an example, a run, a sequence, a repetition.

    A run of ``A`` is none: base64 writes zeros so. Nor does a mark say anything in what is no text.
    """
    if _STAND_IN.search(value) and not _CONTROLS.search(value):
        return True
    if _RUN.search(value):
        return True
    size = len(value)
    if size >= 12 and len(set(value)) <= 4:
        return True
    return _sequential(value.lower()) or _periodic(value.lower())


_SEALED = re.compile(
    rb"(?:sha-?(?:1|224|256|384|512)|md5|blake2b|pbkdf2[_a-z0-9]*|vault:v[0-9]+|bcrypt|scrypt)[:=$-]|"
    rb"(?:[\w.@-]{1,32}:)?\$(?:2[abxy]?|1|5|6|y|apr1|argon2[id]{1,2}|pbkdf2[a-z0-9-]*|scrypt)\$|AQICAH|"
    rb"md5[0-9a-f]{32}(?![0-9a-f])|[0-9a-f]{1,4}\$[0-9a-f]{1,3}\$[0-9a-f]{1,3}\$|\{(?:S?SHA[0-9]*|S?MD5|(?:[A-Z0-9]{2,8}-)?CRYPT|PBKDF2[A-Z0-9_-]*|ARGON2)\}|\{AQA[A-Z]|ENC[\[(]|!vault|\$ANSIBLE_VAULT|(?-i:Ag[A-D])[0-9a-z+/]{150}",
    re.IGNORECASE,
)
"""How hashes of passwords, digests and what managers have encrypted begin."""
_SEALED_BEFORE = re.compile(
    rb"ENC[\[(][^\])\s]{0,400}\Z|\$ANSIBLE_VAULT[^\n]{0,40}\n[\s0-9a-f]{0,200}\Z"
)


def is_sealed(value: bytes, before: bytes) -> bool:
    """Whether a value is a hash or an encrypted secret by its own form, or stands inside of one.

    Args:
        before: what stands before the value, a few hundred bytes.
    """
    return _SEALED.match(value) is not None or _SEALED_BEFORE.search(before) is not None


def _sequential(lower: bytes) -> bool:
    letters = _LETTERS.sub(b"", lower)
    if any(sequence in run for run in (lower, letters) for sequence in _SEQUENCES):
        return True
    if _ascends(lower):
        return True
    digits = _DIGITS.sub(b"", lower)
    if any(sequence in digits for sequence in _COUNTED):
        return len(letters) < 16 or wordiness(letters) > 0.3  # else an account before a real token
    return _INTERLEAVED.search(lower) is not None


def _ascends(lower: bytes) -> bool:
    """Whether a value is runs of at least four that follow each other: ``12345abcdef``."""
    steps = [two - one for one, two in pairwise(lower)]
    breaks = [-1, *(at for at, step in enumerate(steps) if step != 1), len(steps)]
    return len(breaks) <= len(lower) // 4 + 1 and all(
        two - one >= 4 for one, two in pairwise(breaks)
    )


def _periodic(value: bytes) -> bool:
    """Whether the value is a short piece written again and again (``deadbeefdeadbeef``)."""
    size = len(value)
    at = (value + value).find(value, 1)
    if 0 < at <= size // 2:
        return True
    return size >= 16 and any(
        value == (value[:p] * (size // p + 1))[:size] for p in range(1, size // 3 + 1)
    )


def wordiness(value: bytes) -> float:
    """Return the share of letter pairs that are common in English: about 0.2 for random letters.

    0 where there are fewer than six pairs.
    """
    lower = value.decode("latin-1").lower()
    pairs = [a + b for a, b in pairwise(lower) if a.isalpha() and b.isalpha()]
    if len(pairs) < 6:
        return 0.0
    return sum(pair in _COMMON for pair in pairs) / len(pairs)


_EXAMPLE_PATH = re.compile(
    r"(?:^|[/\\._-])(?:tests?|testing|test-?data|test-?cases?|test-?vectors?|testsuites?|specs?|fixtures?|"
    r"mocks?|examples?|samples?|docs?|demos?|stubs?|tutorials?|cypress|e2e)(?:[/\\._-]|$)|(?:Tests?|Spec|Mock)\.[a-z]{1,5}$"
)


def in_example_path(path: str) -> bool:
    """Whether a path says test, example or document: it lowers the confidence, it never hides."""
    return _EXAMPLE_PATH.search(path) is not None
