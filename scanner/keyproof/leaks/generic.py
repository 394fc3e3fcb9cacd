"""Judges assignments to names like ``password`` and ``api_key``: is the value a secret, or code?

These detectors stand beneath the named ones. Each shape looks at the whole match and its line and
returns a confidence, or ``None`` where the value is no secret.
"""

# ruff: noqa: PLR2004 - each number is a threshold or a length, named by the sentence above it
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from keyproof.leaks.placeholders import entropy, wordiness

_NAME_BEFORE = re.compile(rb"[0-9A-Za-z_.-]{0,40}\Z")
_NOT_A_VALUE = re.compile(
    rb"(?:id|ids|name|names|type|types|url|uri|urls|path|file|files|dir|field|fields|label|hint|"
    rb"policy|length|len|min|max|regex|regexp|pattern|format|prefix|suffix|expir(?:y|es|ation)?|"
    rb"ttl|timeout|count|size|index|class|attr|attribute|param|params|parameter|column|table|"
    rb"header|env|var|variable|placeholder|title|text|message|msg|error|help|desc|description|"
    rb"input|form|page|link|reset|endpoint|algorithm|alg|provider|manager|store|service|version|"
    rb"scope|scopes|strategy|enabled|required|valid|visible|public|hash|hashed|digest|sha1|sha256|"
    rb"md5|checksum|fingerprint|ref|reference|arn|key_?id|kid|selector|xpath|locator|symbol|mint|"
    rb"address|contract|pub|encrypted|sealed|cipher(?:text)?|mode|status|state|event|action|"
    rb"handler|request|response|body|func|fn|cls|model|view|schema|entity|kind|method|rule|test)s?"
    rb"\Z",
    re.IGNORECASE,
)
_PUBLIC_NAME = re.compile(
    rb"public[-_.]?key|pubkey|publishable|primary[-_.]?key|foreign[-_.]?key|sort[-_.]?key|"
    rb"cache[-_.]?key|csrf|xsrf|nonce|next[-_.]?token|page[-_.]?token|continuation|cursor|"
    rb"token[-_.]?(?:type|address|mint)|site[-_.]?key|host[-_.]?key|etag|object[-_.]?key|"
    rb"integrity|sha(?:1|256|512)|checksum|hash|hashed|digest|signature|token[-_]?(?:count|limit)",
    re.IGNORECASE,
)
_STRONG = re.compile(
    rb"(?:api|auth|access|secret|private|client|signing|encryption|master|bearer|refresh|session|"
    rb"app|consumer|service|admin|deploy|webhook)[-_.]?(?:key|token|secret)|passw|passphrase|pwd",
    re.IGNORECASE,
)
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_HEX = re.compile(rb"(?:0x)?[0-9a-fA-F]+\Z")
_PATH = re.compile(
    rb"(?:[A-Za-z]:\\|\.{0,2}/|~/)|[\w-]+(?:/[\w.@-]+){2,}\Z|.*\.(?:[a-z]{2,4}|json|yaml)\Z"
)
_URL = re.compile(rb"[a-z][a-z0-9+.-]*://|www\.|mailto:|arn:|urn:|data:", re.IGNORECASE)
_HOST = re.compile(rb"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::[0-9]+)?\Z", re.IGNORECASE)
_EMAIL = re.compile(rb"[^@]+@[a-z0-9.-]+\.[a-z]{2,}\Z", re.IGNORECASE)
_VERSION = re.compile(rb"[v^~<>=]*[0-9]+(?:\.[0-9]+)+(?:[-+.][0-9A-Za-z.]+)?\Z")
_DATE = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CODE = re.compile(
    rb"[A-Za-z_$][\w$]*(?:[.:>-]{1,2}[A-Za-z_$][\w$]*)+[!?]?\Z|.*(?:\(\)|\(\w|\[['\"\w]|=>|->|::|"
    rb"\|\||&&|==|\w\?\.\w|\+=|\\[dwsS]|\[\^|\(\?)|[@#.][A-Za-z][\w-]*\Z|.*[({\[<]\Z|.*\\x[0-9a-f]{2}"
)
_IDENTIFIER = re.compile(rb"[A-Za-z_$]+(?:[-_.:/][A-Za-z]+)*[0-9]{0,2}\Z")
_CONSTANT = re.compile(
    rb"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z|[a-z][a-z0-9]*(?:[-_.][a-z0-9]{1,}){2,}\Z"
)
_WORDS = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_STOP = frozenset(
    rb"""a access account admin administrator alpha api app apple application auth authorization
    aws azure bar basic baz bearer bob boolean bool buffer bytes cache client code config cookie
    correct credential credentials current data database db default delete demo dev development
    disabled docker empty enabled encrypted env error expired false field file foo generated github
    gitlab google guest hash header hello host http https id incorrect input int integer invalid
    jwt key kubernetes label length letmein local localhost login long master missing mock my mysql
    name new nil no none null number object ok old optional oauth parameter pass passphrase passwd
    password passw0rd pw path postgres private prod production project properties property public
    pwd qwerty random read redis refresh required root s salt save secret secrets server service
    session set short some something staging str string strong sts super system temp test tester
    testing text the this tmp token true type undefined unknown update url user username uuid
    valid value variable vault version void wrong www yes your""".split()
)
_JUMBLED = re.compile(rb"(?=.*[0-9][A-Za-z])(?=.*[a-z])(?=.*[A-Z])[0-9A-Za-z+/=_-]+")
_LEET = bytes.maketrans(b"01345@$", b"oieasas")
_LOCK_LINE = re.compile(rb"integrity|sha\d{3}-|resolved|checksum|\bhash\b", re.IGNORECASE)


def _name(match: re.Match[bytes], text: bytes) -> bytes:
    """Return the whole name that the keyword is part of; nothing where the match holds no name."""
    if "key" not in match.re.groupindex:
        return b""
    low = max(0, match.start() - 40)
    before = _NAME_BEFORE.search(text[low : match.start()])
    return (before.group() if before else b"") + match.group("key")


def _is_code(value: bytes) -> bool:
    return any(
        form.match(value)
        for form in (_URL, _PATH, _EMAIL, _HOST, _VERSION, _DATE, _CODE, _CONSTANT)
    )


def _is_words(value: bytes) -> bool:
    """Whether the value is made of words that people use for no secret at all."""
    plain = value.rstrip(b"0123456789!?.*#")
    for form in (value, plain.translate(_LEET)):
        words = [word.lower() for word in _WORDS.findall(form)]
        if words and all(word in _STOP or len(word) == 1 for word in words):
            return True
    return value.isdigit() and len(value) < 20


def names_no_secret(match: re.Match[bytes], text: bytes) -> bool:
    """Whether name or line say that the value is no secret."""
    if "key" not in match.re.groupindex:
        return False
    name = _name(match, text)
    if _PUBLIC_NAME.search(name):
        return True
    tail = re.split(rb"[-_.]|(?<=[a-z])(?=[A-Z])", name)[-1]
    if tail and _NOT_A_VALUE.match(tail):
        return True
    start = match.start("secret")
    line = text[max(text.rfind(b"\n", 0, start), start - 120, 0) : start]
    return _LOCK_LINE.search(line) is not None


def password(match: re.Match[bytes], text: bytes) -> str | None:
    """A password: any printable value that is neither word, code, path nor template."""
    value = match.group("secret")
    if not value.isascii() or names_no_secret(match, text) or _is_code(value) or _is_words(value):
        return None
    letters = sum(chr(b).isalpha() for b in value)
    digits = sum(48 <= b <= 57 for b in value)
    if not digits and re.search(rb"passw|passphrase|secret", value, re.IGNORECASE):
        return None  # the name of a field or of a variable
    special = len(value) - letters - digits
    if _IDENTIFIER.match(value) and (len(value) < 12 or wordiness(value) > 0.36):
        return None
    if not digits and not special:
        return "low" if len(value) >= 12 and wordiness(value) < 0.3 else None
    if _UUID.match(value) or entropy(value) < (2.0 if special and digits else 2.3):
        return None
    if not digits and wordiness(value) > 0.5:
        return None
    return "medium" if digits and letters and (special or len(value) >= 10) else "low"


def token(match: re.Match[bytes], text: bytes) -> str | None:
    """A key or token: at least 16 random letters, digits and few marks."""
    return _token(match, text, sure=False)


def issued(match: re.Match[bytes], text: bytes) -> str | None:
    """A token beside its issuer's name: of such, more may look like words or code by chance."""
    return _token(match, text, sure=True)


def _is_jumble(value: bytes) -> bool:
    """Whether letters of both cases and digits follow each other as code never has them."""
    return _JUMBLED.fullmatch(value) is not None and sum(48 <= b <= 57 for b in value) >= 3


def _token(match: re.Match[bytes], text: bytes, *, sure: bool) -> str | None:
    value = match.group("secret")
    if names_no_secret(match, text) or _is_words(value):
        return None
    if _is_code(value) and not (sure and _is_jumble(value)):
        return None
    wordy = 0.55 if sure else 0.42
    strong = _STRONG.search(_name(match, text)) is not None
    if _UUID.match(value):
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
    return token(match, text) if _STRONG.search(match.group("key")) else None


def bare(_match: re.Match[bytes], _text: bytes) -> str | None:
    """A name as plain as ``key``: by itself it says nothing, only a provider's name beside it."""
    return None


def credential(match: re.Match[bytes], _text: bytes) -> str | None:
    """The password of a URL or a connection string: no word, no template, no repeat of the user."""
    value = match.group("secret")
    user = match.groupdict().get("user") or b""
    if value.lower() in (user.lower(), b"password", b"pass", b"pwd", b"secret", b"token"):
        return None
    if _is_words(value) or value.startswith((b"$", b":", b"{", b"<", b"%", b"[")):
        return None
    return "high" if entropy(value) >= 2.5 else "low"


def header(match: re.Match[bytes], _text: bytes) -> str | None:
    """The value of an authorisation header: at least 12 letters that are not words."""
    value = match.group("secret")
    if _is_code(value) or _is_words(value) or wordiness(value) > 0.42 or entropy(value) < 3.0:
        return None
    return "medium" if any(48 <= b <= 57 for b in value) else "low"


def judge_value(value: bytes, before: bytes) -> bool:
    """Whether a value that another engine proposes could be a secret; ``before``: its line so far."""
    if not value.isascii() or _LOCK_LINE.search(before) or _PUBLIC_NAME.search(before):
        return False
    if _is_code(value) or _is_words(value) or _UUID.match(value):
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
