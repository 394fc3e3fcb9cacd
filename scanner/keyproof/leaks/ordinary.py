"""Tells values that people and machines write for no secret: words, names, code, paths, versions.

Everything here looks at the value alone. Random letters pass: each rule asks for the structure that
chance does not make.
"""

# ruff: noqa: PLR2004 - each number is a threshold or a length, named by the sentence above it
from __future__ import annotations

import re

from keyproof.leaks.placeholders import entropy, is_placeholder, wordiness

UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_PATH = re.compile(
    rb"[A-Za-z]:\\|(?:\.{1,2}|~)/[\w.-]+(?:[/.]|\Z)|.*\.(?:[a-z]{2,4}|json|yaml|properties|pkcs12|tfstate|ipynb|plist|gradle|config|template)\Z"
)
"""A path of a drive or a folder, or the name of a file."""
_SEGMENTS = re.compile(
    rb"@?[\w.-]*(?:/[\w.@:-]+)+/?\Z|/[\w-]+\Z|:?[A-Za-z_~][\w.~]*=[A-Za-z][\w./]*\Z"
)
"""Names with slashes between, or one that is assigned another."""
_URL = re.compile(
    rb"(?:jdbc:)?[a-z][a-z0-9+.-]*://|jdbc:[a-z]|www\.|mailto:|arn:|urn:|data:|git@|"
    rb"(?:env|file|ssm|vault|keyring|secretsmanager|op|ref|pass|kms|gcp|aws|azure|secret)s?:[a-z/_]",
    re.IGNORECASE,
)
"""An address, or the place where a manager keeps a secret."""
_HOST = re.compile(rb"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::[0-9]+)?\Z", re.IGNORECASE)
_EMAIL = re.compile(rb"[^@]+@[a-z0-9.-]+\.[a-z]{2,}\Z", re.IGNORECASE)
_CLOCK = re.compile(
    rb"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?\Z|(?:[0-9]{1,4}h)?(?:[0-9]{1,4}m)?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?[mu]?s)?\Z"
)
"""A time of day, or how long something takes: ``39h0m0s``."""
_VERSION = re.compile(
    rb"(?:[0-9]:)?[v^~<>=]*[0-9]+(?:\.[0-9]+)+(?:[-+._(@][0-9A-Za-z._@()+-]+|[a-z]+[0-9.]+)?\Z|[0-9]+\.v[0-9a-f_]+\Z|[<>=^~!]{1,2}[0-9.]+[|,][0-9a-z<>=^~!|,. *@-]*\Z"
)
_DATE = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CHARSET = re.compile(
    rb"(?:iso[-_]?8859[-_]?[0-9]{1,2}|utf[-_]?(?:8|16|32)(?:[-_]?[bl]e)?|us-ascii|(?:windows|cp|ibm)[-_]?[0-9]{3,4}|"
    rb"koi8-[ru]|gb(?:2312|18030|k)|shift[-_]?jis|euc-(?:jp|kr|tw)|latin-?1|iso-2022-[a-z]{2})\Z",
    re.IGNORECASE,
)
_MEDIA_TYPE = re.compile(rb"(?:application|audio|font|image|multipart|text|video)/[a-z0-9.+*-]+")
_CODE = re.compile(
    rb"[A-Za-z_$][\w$]*(?:[.:>-]{1,2}[A-Za-z_$][\w$]*)+[!?]?\Z|.*(?:\(\)|\(\w|\[['\"\w]|=>|->|::|"
    rb"\|\||&&|==|\w\?\.\w|\+=|\\[dwsS]|\[\^|\(\?)|[@#.:][A-Za-z][\w-]*\Z|.*[({\[<]\Z|.*\\x[0-9a-f]{2}|"
    rb"[a-z][a-z_-]*(?:/[a-z][a-z_-]*){1,6}[/_]v[0-9]{1,3}(?:(?:alpha|beta)[0-9]{1,2})?\Z|--?[a-z][\w-]*(?:=.*)?\Z|:?[A-Za-z_~][\w.~]*=[0-9]{1,3}\Z|[a-z_]{2,24}=\Z|(?:min|max|size|[a-z_]{5,}):[0-9]{1,5}(?:,[0-9]{1,5})?\Z|\#(?:[0-9a-fA-F]{6}){1,2}(?:[0-9a-fA-F]{2})?\Z|[A-Z_]+[-+*][0-9]{1,3}\Z|"
    rb"[?:!*]|crwdn[se][0-9]|[a-z_]+(?:,[a-z_]+)+\Z|.*\\u(?!00)[0-9A-Fa-f]{4}|%\w+%?\Z|-[\w-]+(?::\w+)?\Z|[A-Za-z_~][\w-]*(?:\.[\w-]+)+=|[a-z_]{4,20}(?::[0-9]{1,4})?\|[a-z_]{3,20}(?:[:|,][a-z0-9_,.:|]*)?\Z|"
    rb"[A-Za-z_]\w*(?:[pP]assword|[pP]asswd|[sS]ecret|[tT]oken|[kK]ey)\Z|@[\w-]*[.~/]|[\w.]+[:;]\Z|\.Values\b|[A-Za-z_]\w*\[[^\]]*\]\Z|[a-z_]+[!?]\Z"
)
"""Members, calls, operators, options, colours, translations' marks and names that end as a secret's do."""
_IDENTIFIER = re.compile(rb"[A-Za-z_$]+(?:[-_.:/][A-Za-z]+)*[0-9]{0,2}\Z")
"""Letters with joints, and a number of two digits at most."""
_CONSTANT = re.compile(
    rb"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z|[a-z][a-z0-9]*(?:[-_.][a-z0-9]{1,}){2,}\Z"
)
"""``A_CONSTANT``, or three words with joints."""
_WORDS = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LETTERS = re.compile(rb"[A-Za-z]+")
_WIDTH = re.compile(rb"(?<=[a-z])(?:8|16|32|64|128|256|512)(?=[A-Z][a-z])")
"""The size that a type's name holds: ``Uint8Array``."""
_ADDRESS = re.compile(rb"0x(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{1,16})\Z")
_IDENTITY = re.compile(
    rb"0x[0-9a-fA-F]{40}|(?!SK)[A-Z]{2}[0-9a-f]{32}|(?:[0-9a-fA-F]{2}:){7,}[0-9a-fA-F]{2}|"
    rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9]{10,16}|550e8400-e29b-41d4-a716-[0-9a-f]{12}|[UANCOX][A-Z2-7]{55}|"
    rb"pk_(?:live_|test_)?[0-9A-Za-z]{16,}|phc_[0-9A-Za-z]{40,}|"
    rb"(?:Credential=)?[^/\s]{2,64}/(?:19|20)[0-9]{2}-?[0-9]{2}-?[0-9]{2}/[\w-]+/[\w-]+/\w+_request|(?:0x)?0[23][0-9a-f]{64}|(?:0x)?04[0-9a-f]{128}|"
    rb"(?:[a-z][a-z_-]{1,30}/){1,4}[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:CCE|CVE|CWE|GHSA|RHSA)-[0-9a-z]{2,6}(?:[-:][0-9a-z]{1,6}){0,3}"
)
"""See :func:`is_identity`."""
_STOP = frozenset(
    rb"""a abc access account admin administrator alpha an and another any api app apple application
    auth authorization aws azure bad bar basic baz bearer begin bitnami bob bool boolean buffer
    bytes cache change changed client cluster code complex complicated component config cookie
    correct credential credentials current custom data database db default delete deliberately demo dev
    development different disabled docker empty enabled encrypted enter env error expired false field file
    fill first foo for generated github gitlab goes google guest hash header hello here host http
    https hunter id in incorrect input insecure int integer invalid is it jwt key kind kubernetes
    label last length letmein local localhost login long mariadb master me missing mock mongo
    mongodb mssql my mysql name new nice nil no node none not null number oauth object of ok old
    optional oracle other otheruser parameter pass passphrase passw0rd passwd password path please
    postgres postgresql private prod production project properties property public pw pwd qux qwerty
    rabbit rabbitmq random read real redis refresh replica replication required root s safe salt
    save second secret secrets secure server service session set short sign simple some something
    special staging static str string strong sts super sure system temp test tester testing text
    that the third this tmp to token top true type undefined unknown update url use user username
    uuid valid value variable vault version very void vulnerable weak welcome with word world wrong
    www yes you your""".split()
)
_SEVERAL = frozenset(word for word in _STOP if len(word) > 1)
_ALGORITHMS = frozenset(
    rb"""aes and argon argon2 base bcrypt cbc ccm chacha crypt ctr curve des dh dhe dsa ecb ecdh ecdhe ecdsa ecies ed
    eddsa enc encryption es gcm hkdf hmac hs kem key kw md mgf nist nistp none nopadding oaep padding pbkdf
    pkcs poly ps pss rs rsa scrypt sha signature ssh ssha ssl tls tlsv with""".split()
)
_NAMED = re.compile(rb"passw|secret|token|credential", re.IGNORECASE)
"""In a text without digits: a name of a secret, not one."""
_LEET = bytes.maketrans(b"012345@$!", b"oiaeasasi")
_LONGEST_WORD = max(map(len, _STOP | _ALGORITHMS))


def is_code(value: bytes) -> bool:
    """Whether a value is code, an address, a path, a version, a date, an algorithm or a charset."""
    if _SEGMENTS.match(value) and wordiness(value) >= 0.3:
        return True
    if is_algorithm(value):
        return True
    return any(
        form.match(value)
        for form in (
            *(_URL, _PATH, _EMAIL, _HOST, _VERSION, _DATE, _CLOCK, _CODE, _CONSTANT),
            *(_ADDRESS, _MEDIA_TYPE, _CHARSET),
        )
    )


def is_identity(value: bytes) -> bool:
    """Whether a value is by its form the public name of something.

    An address of a block chain, a resource of Twilio, a fingerprint, a time beside a UUID, a public
    key of NATS, a publishable key of Stripe or PostHog, the scope of a signature, a point of a curve,
    a path that ends in a UUID, a number of a weakness.
    """
    return _IDENTITY.fullmatch(value) is not None


def is_words(value: bytes) -> bool:
    """Whether a value is made of words that people use for no secret at all (``mysecretkey1``)."""
    plain = value.rstrip(b"0123456789!?.*#")
    said = spoken(plain)
    for form in (value, said.upper() if value.isupper() else said, said.lower()):
        words = [word.lower() for word in _WORDS.findall(form)]
        long = sum(len(word) for word in words if len(word) > 2)
        if 2 * long >= sum(map(len, words)) > 0 and all(
            len(word) == 1 or _splits(word, _SEVERAL) for word in words
        ):
            return True
    return value.isdigit()


def spoken(value: bytes) -> bytes:
    """Return a value with the letters that digits and marks stand for in it: ``S3nsit1ve``."""
    return value.translate(_LEET)


def is_identifier(value: bytes, *, digits: int = 2) -> bool:
    """Whether a value is a name of several words: ``render_token2``, ``PKCS7PrivateKeyTypes``.

    Random letters change case or go over to digits every other letter; names every fourth.

    Args:
        digits: a value with more of them is no name.
    """
    value = _WIDTH.sub(b"", value)
    pieces = _WORDS.findall(value)
    count = sum(48 <= letter <= 57 for letter in value)
    if count > digits or _mean_length(pieces) < 3.6:
        return False
    return wordiness(value) >= (0.26 if len(pieces) > 1 else 0.36) + 0.06 * count


def is_plain_name(value: bytes) -> bool:
    """Whether a value is letters with joints only, and short or wordy."""
    value = value.rstrip(b".,!?")
    if _IDENTIFIER.match(value) is None:
        return False
    return wordiness(value) > 0.36 or (
        len(value) < 12 and _mean_length(_WORDS.findall(value)) > 2.5
    )


def _mean_length(pieces: list[bytes]) -> float:
    return sum(map(len, pieces)) / len(pieces) if pieces else 0.0


def is_ordinary_text(value: bytes) -> bool:
    """Whether what an encoding held (``user:password``) is text that stands for no secret."""
    secret = value.rpartition(b":")[2].strip()
    if not secret or is_placeholder(secret) or is_words(secret.replace(b" ", b"-")):
        return True
    if _NAMED.search(secret) and not any(48 <= letter <= 57 for letter in secret):
        return True
    return b" " in secret and wordiness(secret) > 0.3 and entropy(secret) < 4.2


def is_algorithm(value: bytes) -> bool:
    """Whether a value names a cipher, a digest or a protocol: ``SHA512withRSA``, ``aes-256-gcm``."""
    words = [word.lower() for word in _LETTERS.findall(value)]
    return bool(words) and len(value) < 48 and all(_splits(word, _ALGORITHMS) for word in words)


def _splits(word: bytes, vocabulary: frozenset[bytes]) -> bool:
    """Whether a run of letters is words of a list, written together."""
    reached = [True] + [False] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST_WORD), end):
            if reached[start] and word[start:end] in vocabulary:
                reached[end] = True
                break
    return reached[-1]
