"""Judges assignments to names like ``password`` and ``api_key``: is the value a secret, or code?

These detectors stand beneath the named ones. Each shape looks at the whole match and its line and
returns a confidence, or ``None`` where the value is no secret.
"""

# ruff: noqa: PLR2004 - each number is a threshold or a length, named by the sentence above it
from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from keyproof.leaks.naming import (
    is_assigned,
    is_caption,
    is_issued,
    is_prose,
    is_strong,
    line_names_no_secret,
    names_no_secret,
    repeats_name,
    whole_name,
)
from keyproof.leaks.ordinary import (
    UUID,
    is_algorithm,
    is_code,
    is_identifier,
    is_identity,
    is_ordinary_text,
    is_plain_name,
    is_words,
    spoken,
)
from keyproof.leaks.placeholders import entropy, wordiness

_HEX = re.compile(rb"(?:0x)?[0-9a-fA-F]+\Z")
_BASE64 = re.compile(rb"[0-9A-Za-z+/_-]{6,400}={0,2}\Z")
_CREDENTIAL_WORD = re.compile(rb"passw|passphrase|secret|token|credential|api_?key", re.IGNORECASE)
"""In a value without digits: the name of a field or a variable, not what it holds."""
_USER = re.compile(
    rb"(?i)(?<![a-z])(?:user(?:name|[ _-]?id)?|uid|login)[\"']?[=:][\"']?([^\s&;,\"']{1,60})[^\n]{0,120}\Z"
)
"""The user that a connection string names, before its password."""
_SECRET = re.compile(rb"[a-z_-](?:secret|token)\Z", re.IGNORECASE)
"""The end of names that nothing but a secret has."""
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
_LOOPBACK = re.compile(
    rb"@(?:[%$<{]|localhost|127\.|0\.0\.0\.0|\[::1\]|(?:[a-z0-9-]+\.){0,2}example(?:\.(?:com|org|net)|[:/]|\b)|"
    rb"[a-z0-9.-]+\.(?:test|invalid|local|localhost)\b|(?:host|hostname|server|db|database)[:/\s\"'])",
    re.IGNORECASE,
)
"""Behind a password: a host that is everybody's own, or only stands for one."""
_STANDS_FOR = re.compile(rb"[$:{<\[]|%(?![0-9])")
"""How what a program puts in at a password's place begins."""
_JUMBLED = re.compile(rb"(?=.*[0-9][A-Za-z])(?=.*[a-z])(?=.*[A-Z])[0-9A-Za-z+/=_-]+")
"""Letters of both cases, and a digit before a letter."""
_OF_PAGES = re.compile(rb"[?&;](?:sig\d?|usg|[cs]id|ei|ved)=\Z")
"""Parameters by which sites sign and count their links."""


def _holds_words(value: bytes) -> bool:
    """Whether a value is base64 of a plain word, of a user's name and one, or of a token's header."""
    if _BASE64.match(value) is None:
        return False
    plain = value.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    try:
        inner = base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True).strip()
    except ValueError:
        return False
    if len(inner) < 4 or not inner.isascii() or not inner.decode().isprintable():
        return False
    word = inner.isalpha() and is_plain_name(inner)
    return word or is_ordinary_text(inner) or inner.startswith((b'{"alg"', b'{"typ"'))


def password(match: re.Match[bytes], text: bytes) -> str | None:
    """A password: any printable value that is neither word, code, path nor template."""
    value = match.group("secret")
    if not value.isascii() or names_no_secret(match, text) or is_code(value) or is_words(value):
        return None
    if is_identity(value) or repeats_name(match, text) or is_caption(match, text):
        return None
    letters = sum(chr(b).isalpha() for b in value)
    digits = sum(48 <= b <= 57 for b in value)
    if not digits and _CREDENTIAL_WORD.search(value):
        return None  # the name of a field or of a variable
    special = len(value) - letters - digits
    allowed = 2 if b"_" in value or b"-" in value else 1 if len(value) >= 16 else 0
    if is_plain_name(value) or is_identifier(value, digits=allowed) or _holds_words(value):
        return None
    if is_plain_name(value.replace(b"%20", b"-")):
        return None
    if is_prose(match, text) and not (digits and letters and special):
        return None
    if not digits and not special:
        return "low" if len(value) >= 12 and wordiness(value) < 0.3 else None
    if UUID.match(value) or entropy(value) < (2.0 if special and digits else 2.3):
        return None
    if not digits and wordiness(value) > 0.5:
        return None
    return "medium" if digits and letters and (special or len(value) >= 10) else "low"


def token(match: re.Match[bytes], text: bytes) -> str | None:
    """A key or token: at least 16 random letters, digits and few marks."""
    return _token(match, text, sure=False)


def issued(match: re.Match[bytes], text: bytes) -> str | None:
    """A token beside its issuer's name: of such, more may look like words or code by chance."""
    start = match.start("secret")
    if _OF_PAGES.search(text, max(0, start - 8), start):
        return None
    if UUID.match(match.group("secret")) and not names_no_secret(match, text):
        return "low" if is_issued(whole_name(match, text)) else None
    return _token(match, text, sure=True)


def _unpadded(value: bytes) -> bytes:
    """Return base64 without the ``==`` at its end, which is no comparison."""
    return value.rstrip(b"=") if not len(value) % 4 and _BASE64.match(value) else value


def _is_jumble(value: bytes) -> bool:
    """Whether letters of both cases and digits follow each other as code never has them."""
    return _JUMBLED.fullmatch(value) is not None and sum(48 <= b <= 57 for b in value) >= 3


def _token(match: re.Match[bytes], text: bytes, *, sure: bool) -> str | None:
    value = match.group("secret")
    if names_no_secret(match, text) or is_words(value) or is_identity(value):
        return None
    random = _is_jumble(value) and (sure or (len(value) >= 24 and wordiness(value) < 0.3))
    if is_code(_unpadded(value)) and not random:
        return None
    if is_identifier(value) or is_algorithm(value) or _holds_words(value):
        return None
    if not sure and not is_assigned(match, text):
        return None
    wordy = 0.55 if sure else 0.42
    strong = is_strong(whole_name(match, text))
    if UUID.match(value):
        return "low" if strong else None
    if _HEX.match(value):
        return (
            ("medium" if strong else "low") if len(value) >= 20 and entropy(value) > 2.8 else None
        )
    digits = sum(48 <= b <= 57 for b in value)
    if len(value) < 16 or entropy(value) < 3.2 or wordiness(value) > wordy:
        return None
    if not digits and (len(value) < 20 or wordiness(value) > 0.3):
        return None
    return "medium" if strong and digits >= 2 else "low"


def pair(match: re.Match[bytes], text: bytes) -> str | None:
    """A named value (``name: API_KEY``, then ``value: …``): as a token, if its name is strong."""
    name = match.group("key")
    return token(match, text) if is_strong(name) or _SECRET.search(name) else None


def bare(_match: re.Match[bytes], _text: bytes) -> str | None:
    """A name as plain as ``key``: by itself it says nothing, only a provider's name beside it."""
    return None


def _user_before(match: re.Match[bytes], text: bytes) -> bytes:
    """Return the user that a connection string names before its password; nothing where none is."""
    start = match.start("secret")
    found = _USER.search(text, max(0, start - 200), start)
    return found.group(1) if found else b""


def credential(match: re.Match[bytes], text: bytes) -> str | None:
    """The password of a URL or a connection string: no word, no template, no repeat of the user.

    At a host that is everybody's own (``localhost``, ``example.com``) it has to look random.
    """
    value = match.group("secret").partition(b"\\n")[0]
    user = match.groupdict().get("user") or _user_before(match, text)
    if value.lower() in (user.lower(), b"password", b"pass", b"pwd", b"secret", b"token"):
        return None
    if is_words(_ESCAPE.sub(b"-", value)) or _STANDS_FOR.match(value):
        return None
    digits = sum(48 <= b <= 57 for b in _ESCAPE.sub(b"", value))
    if not digits and (_CREDENTIAL_WORD.search(value) or is_identifier(value, digits=0)):
        return None
    end = match.end("secret")
    if _LOOPBACK.match(text, end, end + 80) and not (
        digits and len(value) > 7 and wordiness(spoken(value)) < 0.34
    ):
        return None
    return "high" if entropy(value) >= 2.5 else "low"


def header(match: re.Match[bytes], _text: bytes) -> str | None:
    """The value of an authorisation header: at least 12 letters that are not words."""
    value = match.group("secret")
    if is_code(value) or is_words(value) or wordiness(value) > 0.42 or entropy(value) < 3.0:
        return None
    if is_identifier(value) or is_identity(value) or _holds_words(value):
        return None
    return "medium" if any(48 <= b <= 57 for b in value) else "low"


def judge_value(value: bytes, before: bytes) -> bool:
    """Whether a value that another engine proposes could be a secret; ``before``: its line so far."""
    if not value.isascii() or line_names_no_secret(before):
        return False
    if is_code(value) or is_words(value) or UUID.match(value):
        return False
    digits = sum(48 <= b <= 57 for b in value)
    return digits > 0 and entropy(value) >= 2.5 and wordiness(value) < 0.5


SHAPES: Mapping[str, Callable[[re.Match[bytes], bytes], str | None]] = MappingProxyType(
    {
        "password": password,
        "token": token,
        "issued": issued,
        "pair": pair,
        "bare": bare,
        "credential": credential,
        "header": header,
    }
)
"""Every shape by the name that detector files use."""
