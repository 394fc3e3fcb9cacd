"""Tells values that are a piece of something larger: of a base64 block, a binary file, an escape.

A vendor's prefix of two or three letters stands by chance in every certificate and picture; what
follows it there is no token.
"""

# ruff: noqa: PLR2004 - each number is a threshold or a length, named by the sentence above it
from __future__ import annotations

import re

from keyproof.leaks.placeholders import wordiness

_REACH = 160
"""How many bytes of a longer run are looked at on either side of a value."""
_FOLDED = 6
"""So many lines of a block tell its letters: two of 64 may hold neither ``+`` nor ``/``."""
_LETTERS = re.compile(rb"[0-9A-Za-z+/]+")
_BEFORE = re.compile(rb"[0-9A-Za-z+/]*\Z")
_BEFORE_URL = re.compile(rb"[0-9A-Za-z_-]{60,}\Z")
_AFTER = re.compile(rb"[0-9A-Za-z+/]*={0,2}")
_LINE_ENDS = re.compile(rb"(?:\r?\n|(?:\\r)?\\n(?:\",?\s{1,24}\")?)[ \t]{0,24}")
_ESCAPED_END = re.compile(rb"(?<=\\)[nr](?=[0-9A-Za-z+/]*\Z)")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_ESCAPE = re.compile(rb"%(?:2[BFbf]|3[Dd])")
_DIGEST_BEFORE = re.compile(
    rb"(?:\bh1:|sha-?(?:1|224|256|384|512)[-:=]|md5[-:=]|(?<![a-z])signature[\"']?\s?[:=]\s?[\"']?|"
    rb"\.(?:tgz|tar\.gz|zip|whl|git)#|base64,[0-9A-Za-z+/]{0,400}|ssh-(?:rsa|ed25519|dss) (?:[0-9A-Za-z+/]{0,400}))\Z",
    re.IGNORECASE,
)
"""What introduces a digest, a signature, a picture or a public key, right before the value."""
_TOLD = re.compile(
    rb"(?:receipt_?handle|version|ver|revision|rev|ref|reference|githead|shasum|resolved|tag|branch|name|title|description|identity|eid|uuid|guid|etag|nonce|"
    rb"path|url|uri|file|filename|host|hostname|e?mail|user|username|digest|checksum|sha(?:1|256|512)?|hash|"
    rb"parent|container|image|layer|layer_?id|tree|blob|oid|md5|crc|fingerprint|thumbprint|commit|modulus|publickey|public_key|pubkey|certificate|cert|kid)"
    rb"[\"']?[ \t]{0,4}(?:=>|:=|[:=])[ \t]{0,4}[\"']?\Z|"
    rb"\.(?:php|py|rb|[jt]sx?|go|java|css|html?|json|ya?ml|xml|svg|png|md|txt|cs|c|h|rs)[\"'][ \t]{0,4}[:=]>?[^\n:=]{0,24}\Z|"
    rb"(?:[\w-]+\.)+[a-z]{2,4}/[\w./-]+[ \t]+(?:v?[0-9][\w.-]*[ \t]+)?\Z|"
    rb"(?<![\w.-])[a-z0-9][\w-]{0,38}(?:/[\w.-]{1,80}){1,4}@\Z|(?:apt|gpg|pgp|rpm)[_-]{0,2}key(?:[_-]?id)?[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?\Z|--?recv(?:-keys?)?[ \t=]{1,3}\Z|"
    rb"(?:docs|drive|sheets|spreadsheets)\.google\.com/[^\s\"'<>]{1,180}\Z|[?&](?:amp;)?alt=media&(?:amp;)?token=\Z|"
    rb"(?:[?&;]|u0026)(?:sid|ts)=\Z|(?<![a-z])device[_-]?token[\"']?[ \t]{0,4}(?:=>|:=|[:=])[ \t]{0,4}[\"']?\Z|"
    rb"(?<![0-9a-z])(?:name|title|label|description|message)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"'](?:[\w.,()-]{1,24} ){1,8}\Z",
    re.IGNORECASE,
)
"""What holds no secret, named right before the value; an action or a repository before its commit, a document's address."""
_COMMIT_LINE = re.compile(rb"[0-9a-f]{40} [A-Za-z(\[]")
"""A line of a log that begins with a commit's whole id."""
_ITS_ID = re.compile(
    rb"(?:[-_]id|[a-z]I[dD]|\bid|(?i:[-_]credentials))[\"']?[ \t]{0,4}(?:=>|:=|[:=])[ \t]{0,4}[\"']?\Z"
)
_SECRET_ID = re.compile(rb"secret[-_]?id[\"']?[ \t:=>]{1,8}[\"']?\Z", re.IGNORECASE)
_TEMPLATE_END = re.compile(rb"\}\}|%>|\n")


def in_block(text: bytes, start: int, end: int) -> bool:
    """Whether a value stands inside of base64 that is longer than it: on its line, or a folded block."""
    if _ends_long_run(text, start):
        return True
    if _LETTERS.fullmatch(text, start, end) is None:
        return False
    before = _run_before(text, start)
    after = _AFTER.match(text, end, min(len(text), end + _REACH))
    rest = before + (after.group() if after else b"")
    if len(rest) >= 12 and _is_random(rest):
        return True
    low, high = start - len(before), end + len(rest.rstrip(b"=")) - len(before)
    return high - low >= 40 and _is_folded(text, low, high)


def in_binary(text: bytes, start: int, end: int, around: int) -> bool:
    """Whether control characters stand where text should: the stretch is no text at all.

    Args:
        around: how many bytes before and after it, on its lines, have to be text too.
    """
    low = max(text.rfind(b"\n", 0, start) + 1, start - around)
    high = text.find(b"\n", end, end + around)
    return _CONTROLS.search(text, low, end + around if high < 0 else high) is not None


def in_escape(text: bytes, start: int, end: int) -> bool:
    """Whether a value begins inside of ``%2F``, or goes on behind one."""
    return text[start - 1 : start] == b"%" or _ESCAPE.match(text, end) is not None


def is_digest(text: bytes, start: int) -> bool:
    """Whether what stands right before a value says that it is a digest, a signature or a picture."""
    return _DIGEST_BEFORE.search(text, max(0, start - 440), start) is not None


def is_told(text: bytes, start: int) -> bool:
    """Whether the name right before a value says that it is something else: a version, a commit."""
    line = text.rfind(b"\n", 0, start) + 1
    if line == start and _COMMIT_LINE.match(text, start):
        return True  # a log: each line a commit and its subject
    return _TOLD.search(text, max(line, start - 200), start) is not None


def is_id(text: bytes, start: int) -> bool:
    """Whether the name right before a UUID says that it is an identifier; a secret's is Vault's."""
    low = max(text.rfind(b"\n", 0, start) + 1, start - 80)
    if _ITS_ID.search(text, low, start) is None:
        return False
    return _SECRET_ID.search(text, low, start) is None


def in_template(text: bytes, start: int) -> bool:
    """Whether a value stands inside of ``{{ … }}`` or ``<% … %>``: it is code of the template."""
    low = max(text.rfind(b"\n", 0, start) + 1, start - 200)
    opened = max(text.rfind(b"{{", low, start), text.rfind(b"<%", low, start))
    return opened >= 0 and _TEMPLATE_END.search(text, opened, start) is None and (
        _TEMPLATE_END.search(text, start, start + 200) is not None
    )  # fmt: skip


def _run_before(text: bytes, start: int) -> bytes:
    """Return the letters right before a value; of an escaped line's end, none is one of them."""
    near = text[max(0, start - _REACH) : start]
    escaped = _ESCAPED_END.search(near)
    found = _BEFORE.search(near, escaped.end() if escaped else 0)
    return found.group() if found else b""


def _ends_long_run(text: bytes, start: int) -> bool:
    """Whether what ends right before a value is base64 for addresses, and goes on with it."""
    found = _BEFORE_URL.search(text[max(0, start - _REACH) : start])
    return found is not None and _is_jumbled(found.group())


def _is_jumbled(run: bytes) -> bool:
    """Whether a run has digits and letters of both cases, and none of a name's words."""
    digits = sum(48 <= letter <= 57 for letter in run)
    both = not run.islower() and not run.isupper()
    return digits >= 4 and both and wordiness(run) < 0.36


def _is_random(run: bytes) -> bool:
    """Whether letters are base64 of bytes: all kinds of them, and no words as a path has."""
    kinds = (b"+" in run or b"/" in run, any(48 <= b <= 57 for b in run), not run.islower())
    return all(kinds) and not run.isupper() and wordiness(run) < 0.4


def _is_folded(text: bytes, start: int, end: int) -> bool:
    """Whether the line is one of several of base64 that are as long as each other."""
    size = end - start
    reach = _FOLDED * (size + 30)
    above, below = text[max(0, start - reach) : start], text[end : end + reach]
    block = text[start:end]
    for lines in (_LINE_ENDS.split(above)[::-1], _LINE_ENDS.split(below)):
        for line in lines[1:]:
            if len(line) != size or _LETTERS.fullmatch(line) is None:
                break
            block += line
    return len(block) > size and _is_random(block)
