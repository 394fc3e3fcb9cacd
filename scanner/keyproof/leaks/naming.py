"""Naming: what the name that a value is assigned to, and its line so far, say of it.

The shapes of :mod:`keyproof.leaks.generic` ask this before they look at a value.
"""

from __future__ import annotations

import re

_NAME_BEFORE = re.compile(rb"[0-9A-Za-z_.-]{0,40}\Z")
"""What of a name stands before the keyword in it."""
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
    rb"option|callback|validator|generator|factory|tags?|prompt|strength|age|days|lifetime|lifespan|limit|template|scheme|payload)s?"
    rb"\Z",
    re.IGNORECASE,
)
"""The last word of names that speak of a secret and hold none: ``token_expiry``, ``password_field``."""
_PUBLIC_NAME = re.compile(
    rb"public[-_.]?key|pubkey|postman[-_.]?token|password[-_]?data|withdrawal[-_.]?credential|authenticity[-_.]?token|request[-_.]?verification[-_.]?token|(?:first|second|single|one|two|multi|render)[-_]?pass(?![wp])|publishable|primary[-_.]?key|foreign[-_.]?key|sort[-_.]?key|"
    rb"cache[-_.]?key|csrf|xsrf|nonce|next[-_.]?(?:forward|backward)?[-_.]?token|page[-_.]?token|continuation|cursor|"
    rb"(?-i:[cC]lientToken)|device[-_.]?token|token[-_.]?(?:type|address|mint)|site[-_.]?key|host[-_.]?key|etag|object[-_.]?key|"
    rb"integrity|sha-?(?:1|2|256|384|512)(?![0-9])|md5|bcrypt|hmac|fingerprint|thumbprint|checksum|hash|hashed|digest|signature|token[-_]?(?:count|limit)",
    re.IGNORECASE,
)
"""Names of what is called a key, a token or a pass, and is meant to be seen."""
_STRONG = re.compile(
    rb"(?:api|auth|access|secret|private|client|signing|encryption|master|bearer|refresh|session|"
    rb"app|consumer|service|admin|deploy|webhook)[-_.]?(?:key|token|secret)|passw|passphrase|pwd",
    re.IGNORECASE,
)
"""Names that nothing but a secret has."""
_ISSUED = re.compile(rb"(?:key|token|secret)\Z", re.IGNORECASE)
"""The end of names that hold what a provider issues."""
_NO_PASSWORD = re.compile(
    rb"pass(?:ed|es|ing|able|ages?|ion|ives?|engers?|ports?|through|thru|er|box|book|file|s)(?-i:(?![a-z]))|"
    rb"auth(?:or(?!i[sz]ation)|entic)",
    re.IGNORECASE,
)
"""Words that begin as ``pass`` and ``auth`` do, and mean something else."""
_FILE_NAME = re.compile(
    rb"\.(?:rb|py|js|jsx|ts|tsx|go|java|kt|md|html?|txt|json|ya?ml|xml|php|c|h|cpp|cs|css|log|sh|rs|sql|svg|png)\Z"
)
"""A key of a map of files."""
_SID = re.compile(
    rb"(?i)(?:account|application|list|project|service|workspace|workflow)[-_.]?sid\Z"
)
"""Twilio's names for what is no key of it."""
_ITEM_BEFORE = re.compile(rb"[\"'],\s{0,12}[\"']\Z")
_ITEM_AFTER = re.compile(rb"[\"'],\s{0,12}[\"']")
_ITEM = re.compile(rb"[A-Za-z_]+(?:[0-9][A-Za-z_]+)?[0-9]?\Z")
"""What a list has around one of its texts, and a name."""
_IS_KEY = re.compile(rb"\\?[\"'`][ ]?(?::[^:]|=>)")
"""Behind what is a name itself: ``…", "title": "…"``."""
_NAMED_ELEMENT = re.compile(rb"[\"'][ \t]{0,4}>[ \t]{0,12}\Z")
"""Between the name in an element's attribute and its text."""
_NEXT_WORD = re.compile(rb"[,;:]? [A-Za-z(\x80-\xff]")
_USER_BEFORE = re.compile(rb"(?i)(?:user(?:name)?|login|e?mail|account)[ ]?,[ ]?\Z")
"""``user, `` before ``password = "ada", "…"``: the first value is the user's."""
_NAME_LETTER = re.compile(rb"[0-9A-Za-z_.\"'-]")
"""What a keyword that is part of a longer name, or quoted, has before it."""
_OWN_NAME = 8
"""A name of fewer letters begins a value by chance."""
_BEFORE_KEYWORD = (b"", b" ", b"{", b"\t", b"\n", b",")
_DECLARED = re.compile(rb"--?[a-zA-Z]|(?i:env|arg|setx|setenv|set|secret|add)[ \t]")
"""How options begin, and declarations of a shell or a Dockerfile."""
_COMPOUND = re.compile(
    rb"[a-z](?:Password|Secret|Token|Key)\Z|[a-z][_-](?:password|secret|token|key)\Z"
)
"""A name of several words: a sentence has none."""
_LINE_END = re.compile(rb"[;,]?[ \t]*(?:\r?\n|\Z)")
_SAID = re.compile(rb"[=:>,(|?]")
"""What says that a value is assigned, compared or passed."""
_LOCK_LINE = re.compile(
    rb"integrity|sha\d{3}-|resolved|checksum|\bhash\b|\b[gp]pg[ _-](?:signing[ _-])?key: \Z",
    re.IGNORECASE,
)
"""Lines of lock files and checksum lists: their values are digests."""


def _name_before(match: re.Match[bytes], text: bytes) -> bytes:
    """Return what of a name stands before the keyword."""
    before = _NAME_BEFORE.search(text[max(0, match.start() - 40) : match.start()])
    return before.group() if before else b""


def whole_name(match: re.Match[bytes], text: bytes) -> bytes:
    """Return the whole name that the keyword is part of; nothing where the match holds no name."""
    if "key" not in match.re.groupindex:
        return b""
    return _name_before(match, text) + match.group("key")


def _operator(match: re.Match[bytes], text: bytes) -> bytes:
    """Return what stands between name and value, the name too where its place is not known."""
    start = match.end("key") if match.groupdict().get("key") else match.start()
    return text[start : match.start("secret")]


def is_assigned(match: re.Match[bytes], text: bytes) -> bool:
    """Whether something between name and value says that the name has the value, or before it.

    Clojure's keywords, ``:password "…"``, are said by what stands before them, and so are options,
    ``--password …``, and what is declared, ``setx API_KEY …``. Of a directive, the line holds no
    more than name and value.
    """
    if _SAID.search(_operator(match, text)) or _DECLARED.match(match.group()):
        return True
    if _is_directive(match, text):
        return True
    start = match.start() - len(whole_name(match, text)) + len(match.groupdict().get("key") or b"")
    return text[start - 1 : start] == b":" and text[start - 2 : start - 1] in _BEFORE_KEYWORD


def _is_directive(match: re.Match[bytes], text: bytes) -> bool:
    """Whether a line is a name of several words and a quoted value: ``storePassword "…"``.

    Behind ``#define``, any name is.
    """
    start, end = match.start() - len(_name_before(match, text)), match.end()
    line = text.rfind(b"\n", max(0, start - 80), start) + 1
    introduced = text[line:start].strip()
    if introduced not in (b"", b"#define") or not _LINE_END.match(text, end):
        return False
    named = bool(introduced) or _COMPOUND.search(whole_name(match, text)) is not None
    return named and match.end("secret") < end


def is_strong(name: bytes) -> bool:
    """Whether nothing but a secret has such a name: ``api_key``, ``client-secret``."""
    return _STRONG.search(name) is not None


def is_issued(name: bytes) -> bool:
    """Whether a name ends as that of a key, a token or a secret."""
    return _ISSUED.search(name) is not None


def line_names_no_secret(before: bytes) -> bool:
    """Whether what stands before a value on its line says that it is none."""
    return _LOCK_LINE.search(before) is not None or _PUBLIC_NAME.search(before) is not None


def is_prose(match: re.Match[bytes], text: bytes) -> bool:
    """Whether a sentence stands there, not an assignment: ``pass `--all` to it``, ``password is``."""
    operator = _operator(match, text)
    if not is_assigned(match, text):
        return True
    if b">" in operator and b"=" not in operator and operator.strip(b"\"'") != b">":
        return True  # a comparison
    word = match.group("key").lower()
    before = text[max(0, match.start() - 1) : match.start()]
    shell = match["key"] == b"PWD" and (before == b"$" or match["secret"][:1] == b"/")
    if word == b"pwd" and (shell or b"," in operator):
        return True  # the working directory
    alone = not _NAME_LETTER.match(text, max(0, match.start() - 1), match.start())
    quoted = b":" in operator and operator[-1:] in (b"'", b'"', b"`")
    return word == b"pass" and alone and b"=" not in operator and not quoted


def is_caption(match: re.Match[bytes], text: bytes) -> bool:
    """Whether a value is what people read: ``<string name="password_hint">Hasło do konta</string>``."""
    if _NAMED_ELEMENT.search(_operator(match, text)) is None:
        return False
    return (
        match.group("secret").isalpha() or _NEXT_WORD.match(text, match.end("secret")) is not None
    )


def repeats_name(match: re.Match[bytes], text: bytes) -> bool:
    """Whether a value begins as the name does that it is assigned to: ``dbPassword: dbPassword12``."""
    name = whole_name(match, text).rpartition(b".")[2].lower()
    return len(name) >= _OWN_NAME and match.group("secret").lower().startswith(name)


def _is_no_assignment(match: re.Match[bytes], text: bytes, name: bytes) -> bool:
    """Whether the name is itself a value, or part of an expression that assigns nothing."""
    before = match.start() - len(name) + len(match.group("key"))
    operator = _operator(match, text)
    if b"," in operator and text[before - 1 : before] == b"=":
        return True  # what is called a key is a value: "store.password=secret", "other=…"
    if b"," in operator and _IS_KEY.match(text, match.end("secret")):
        return True  # behind the end of a text, the name of the next one
    if b"," in operator and _is_item(match, text, before):
        return True
    if name.endswith(b"-") and operator.startswith(b">"):
        return True  # a member: passwd->pw_name
    if b")" in operator and b"=>" in operator:
        return True  # what a call returns, not what it was given
    # the first of two that are assigned at once
    return b"=" in operator and _USER_BEFORE.search(text, max(0, before - 40), before) is not None


def _is_item(match: re.Match[bytes], text: bytes, before: int) -> bool:
    """Whether a value is one of several names: ``["url_username", "url_password", "org_id"]``."""
    if _ITEM.match(match.group("secret")) is None:
        return False
    if _ITEM_AFTER.match(text, match.end("secret")):
        return True
    return _ITEM_BEFORE.search(text, max(0, before - 16), before) is not None


def names_no_secret(match: re.Match[bytes], text: bytes) -> bool:
    """Whether name or line say that the value is no secret."""
    if "key" not in match.re.groupindex:
        return False
    name = whole_name(match, text)
    if _PUBLIC_NAME.search(name) or _SID.search(name) or _NO_PASSWORD.match(match.group("key")):
        return True
    if name.endswith(b"NOPASSWD"):
        return True  # of sudoers: behind it, commands
    if _FILE_NAME.search(name) and b"=" not in _operator(match, text):
        return True
    if _is_no_assignment(match, text, name):
        return True
    tail = re.split(rb"[-_.]|(?<=[a-z])(?=[A-Z])", name)[-1]
    if tail and _NOT_A_VALUE.match(tail):
        return True
    start = match.start("secret")
    line = text[max(text.rfind(b"\n", 0, start), start - 120, 0) : start]
    return _LOCK_LINE.search(line) is not None
