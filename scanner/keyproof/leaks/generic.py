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

from keyproof.leaks.ordinary import (
    UUID,
    is_algorithm,
    is_code,
    is_identifier,
    is_identity,
    is_ordinary_text,
    is_plain_name,
    is_words,
)
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
    rb"handler|request|response|body|func|fn|cls|model|view|schema|entity|kind|method|rule|test|"
    rb"users?|username|login|email|mail|domain|host|hostname|port|realm|role|group|region|zone|date|time|"
    rb"option|callback|validator|generator|factory|tags?|prompt|strength|age|days|lifetime|limit|template)s?"
    rb"\Z",
    re.IGNORECASE,
)
_PUBLIC_NAME = re.compile(
    rb"public[-_.]?key|pubkey|authenticity[-_.]?token|(?:first|second|single|one|two|multi|render)[-_]?pass(?![wp])|publishable|primary[-_.]?key|foreign[-_.]?key|sort[-_.]?key|"
    rb"cache[-_.]?key|csrf|xsrf|nonce|next[-_.]?token|page[-_.]?token|continuation|cursor|"
    rb"token[-_.]?(?:type|address|mint)|site[-_.]?key|host[-_.]?key|etag|object[-_.]?key|"
    rb"integrity|sha-?(?:1|2|256|384|512)(?![0-9])|md5|bcrypt|hmac|fingerprint|thumbprint|checksum|hash|hashed|digest|signature|token[-_]?(?:count|limit)",
    re.IGNORECASE,
)
_STRONG = re.compile(
    rb"(?:api|auth|access|secret|private|client|signing|encryption|master|bearer|refresh|session|"
    rb"app|consumer|service|admin|deploy|webhook)[-_.]?(?:key|token|secret)|passw|passphrase|pwd",
    re.IGNORECASE,
)
_ISSUED = re.compile(rb"(?:key|token|secret)\Z", re.IGNORECASE)
_NO_PASSWORD = re.compile(
    rb"pass(?:ed|es|ing|able|ages?|ion|ives?|engers?|ports?|through|thru|er|box|book|s)(?![a-z])|"
    rb"auth(?:or(?!i[sz]ation)|entic)",
    re.IGNORECASE,
)
"""Words that begin as ``pass`` and ``auth`` do, and mean something else."""
_FILE_NAME = re.compile(
    rb"\.(?:rb|py|js|jsx|ts|tsx|go|java|kt|md|html?|txt|json|ya?ml|xml|php|c|h|cpp|cs|css|log|sh|rs|sql|svg|png)\Z"
)
_SID = re.compile(
    rb"(?i)(?:account|application|list|project|service|workspace|workflow)[-_.]?sid\Z"
)
"""Twilio's names for what is no key of it."""
_NAME_LETTER = re.compile(rb"[0-9A-Za-z_.\"'-]")
_SAID = re.compile(rb"[=:>,(|?]")
_HEX = re.compile(rb"(?:0x)?[0-9a-fA-F]+\Z")
_BASE64 = re.compile(rb"[0-9A-Za-z+/_-]{8,400}={0,2}\Z")
_CREDENTIAL_WORD = re.compile(rb"passw|passphrase|secret|token|credential|api_?key", re.IGNORECASE)
_USER = re.compile(
    rb"(?i)(?<![a-z])(?:user(?:name|[ _-]?id)?|uid|login)[\"']?[=:][\"']?([^\s&;,\"']{1,60})[^\n]{0,120}\Z"
)
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
_LOOPBACK = re.compile(
    rb"@(?:[%$<{]|localhost|127\.|0\.0\.0\.0|\[::1\]|(?:[a-z0-9-]+\.){0,2}example(?:\.(?:com|org|net)|[:/]|\b)|"
    rb"[a-z0-9.-]+\.(?:test|invalid|local|localhost)\b|(?:host|hostname|server|db|database)[:/\s\"'])",
    re.IGNORECASE,
)
_JUMBLED = re.compile(rb"(?=.*[0-9][A-Za-z])(?=.*[a-z])(?=.*[A-Z])[0-9A-Za-z+/=_-]+")
_LOCK_LINE = re.compile(
    rb"integrity|sha\d{3}-|resolved|checksum|\bhash\b|\b[gp]pg[ _-](?:signing[ _-])?key: \Z",
    re.IGNORECASE,
)
_OF_PAGES = re.compile(rb"[?&;](?:sig\d?|usg|[cs]id|ei|ved)=\Z")
"""Parameters by which sites sign and count their links."""


def _name(match: re.Match[bytes], text: bytes) -> bytes:
    """Return the whole name that the keyword is part of; nothing where the match holds no name."""
    if "key" not in match.re.groupindex:
        return b""
    low = max(0, match.start() - 40)
    before = _NAME_BEFORE.search(text[low : match.start()])
    return (before.group() if before else b"") + match.group("key")


def _operator(match: re.Match[bytes], text: bytes) -> bytes:
    """Return what stands between name and value, the name too where its place is not known."""
    start = match.end("key") if match.groupdict().get("key") else match.start()
    return text[start : match.start("secret")]


def _is_prose(match: re.Match[bytes], text: bytes) -> bool:
    """Whether a sentence stands there, not an assignment: ``pass `--all` to it``, ``password is``."""
    operator = _operator(match, text)
    if _SAID.search(operator) is None:
        return True
    if b">" in operator and b"=" not in operator and operator.strip(b"\"'") != b">":
        return True  # a comparison
    word = match.group("key").lower()
    before = text[max(0, match.start() - 1) : match.start()]
    shell = match["key"] == b"PWD" and (before == b"$" or match["secret"][:1] == b"/")
    if word == b"pwd" and (shell or b"," in operator):
        return True  # the working directory
    alone = not _NAME_LETTER.match(text, max(0, match.start() - 1), match.start())
    return word == b"pass" and alone and b"=" not in operator


def names_no_secret(match: re.Match[bytes], text: bytes) -> bool:
    """Whether name or line say that the value is no secret."""
    if "key" not in match.re.groupindex:
        return False
    name = _name(match, text)
    if _PUBLIC_NAME.search(name) or _SID.search(name) or _NO_PASSWORD.match(match.group("key")):
        return True
    if _FILE_NAME.search(name) and b"=" not in _operator(match, text):
        return True
    before = match.start() - len(name) + len(match.group("key"))
    if b"," in _operator(match, text) and text[before - 1 : before] == b"=":
        return True  # what is called a key is a value: "store.password=secret", "other=…"
    tail = re.split(rb"[-_.]|(?<=[a-z])(?=[A-Z])", name)[-1]
    if tail and _NOT_A_VALUE.match(tail):
        return True
    start = match.start("secret")
    line = text[max(text.rfind(b"\n", 0, start), start - 120, 0) : start]
    return _LOCK_LINE.search(line) is not None


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
    return is_ordinary_text(inner) or inner.startswith((b'{"alg"', b'{"typ"'))


def password(match: re.Match[bytes], text: bytes) -> str | None:
    """A password: any printable value that is neither word, code, path nor template."""
    value = match.group("secret")
    if not value.isascii() or names_no_secret(match, text) or is_code(value) or is_words(value):
        return None
    if is_identity(value):
        return None
    letters = sum(chr(b).isalpha() for b in value)
    digits = sum(48 <= b <= 57 for b in value)
    if not digits and _CREDENTIAL_WORD.search(value):
        return None  # the name of a field or of a variable
    special = len(value) - letters - digits
    allowed = 2 if b"_" in value or b"-" in value else 1 if len(value) >= 16 else 0
    if is_plain_name(value) or is_identifier(value, digits=allowed) or _holds_words(value):
        return None
    if _is_prose(match, text) and not (digits and letters and special):
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
        return "low" if _ISSUED.search(_name(match, text)) else None
    return _token(match, text, sure=True)


def _is_jumble(value: bytes) -> bool:
    """Whether letters of both cases and digits follow each other as code never has them."""
    return _JUMBLED.fullmatch(value) is not None and sum(48 <= b <= 57 for b in value) >= 3


def _token(match: re.Match[bytes], text: bytes, *, sure: bool) -> str | None:
    value = match.group("secret")
    if names_no_secret(match, text) or is_words(value) or is_identity(value):
        return None
    if is_code(value) and not (sure and _is_jumble(value)):
        return None
    if is_identifier(value) or is_algorithm(value) or _holds_words(value):
        return None
    if not sure and _SAID.search(_operator(match, text)) is None:
        return None
    wordy = 0.55 if sure else 0.42
    strong = _STRONG.search(_name(match, text)) is not None
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
    return token(match, text) if _STRONG.search(match.group("key")) else None


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
    if is_words(_ESCAPE.sub(b"-", value)) or value.startswith((b"$", b":", b"{", b"<", b"%", b"[")):
        return None
    digits = sum(48 <= b <= 57 for b in _ESCAPE.sub(b"", value))
    if not digits and (_CREDENTIAL_WORD.search(value) or is_identifier(value, digits=0)):
        return None
    end = match.end("secret")
    if _LOOPBACK.match(text, end, end + 80) and not (
        digits and len(value) > 7 and wordiness(value) < 0.34
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
    if not value.isascii() or _LOCK_LINE.search(before) or _PUBLIC_NAME.search(before):
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
