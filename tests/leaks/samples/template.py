"""Makes samples from lines such as ``github.pat  GITHUB_TOKEN  ghp_{a36}``.

A line holds a detector, the name that people give the value (``-``: the third part is the whole
text, the secret between ``[[`` and ``]]``), and a template in which ``{h32}`` is 32 hex digits.
No line holds a value.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import string
import zlib
from collections.abc import Callable
from importlib.resources import files
from random import Random
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.planted import plant

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
ALPHABETS = {
    "h": "0123456789abcdef",
    "H": "0123456789ABCDEF",
    "n": string.digits,
    "l": string.ascii_lowercase + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "a": BASE62,
    "w": BASE62 + "-_",
    "b": BASE62 + "+/",
    "z": string.ascii_lowercase,
    "Z": string.ascii_letters,
    "k": string.ascii_uppercase + "234567",
    "K": string.ascii_lowercase + "234567",
    "t": BASE62[1:].replace("I", "").replace("O", "").replace("l", ""),
    "j": string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)",
    "p": BASE62 + "!#%*+=",
}
_FIELD = re.compile(r"\{([a-zA-Z])(\d+)\}|\{([A-Za-z0-9_]{2,}|U)\}")


class Sample(NamedTuple):
    """One text, the secret in it, and the detector that must name it."""

    detector: str
    text: str
    secret: str


def letters(rng: Random, length: int, alphabet: str = BASE62) -> str:
    """Return random letters, at least one digit among them where the alphabet has digits."""
    value = "".join(rng.choices(alphabet, k=length))
    if length >= 8 and "0" in alphabet and not any(c.isdigit() for c in value):
        return letters(rng, length, alphabet)
    return value


def uuid(rng: Random) -> str:
    """Return a random UUID of version 4."""
    h = letters(rng, 32, "0123456789abcdef")
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def base62_crc(body: str) -> str:
    """Return the six base62 letters of GitHub's and npm's checksum."""
    number, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = BASE62[digit] + check
    return check


def _crc62(rng: Random) -> str:
    body = letters(rng, 30)
    return body + base62_crc(body)


def _b64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def jwt(rng: Random, **claims: object) -> str:
    """Return a signed-looking token whose header and claims are JSON."""
    head = _b64url(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")).encode())
    body = {"sub": letters(rng, 12), "iat": rng.randrange(1_600_000_000, 1_700_000_000)} | claims
    return f"{head}.{_b64url(json.dumps(body, separators=(',', ':')).encode())}.{letters(rng, 43)}"


def base58check(payload: bytes) -> str:
    """Return payload and checksum as Bitcoin writes them."""
    raw = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABETS["t"][digit] + text
    return text


def _stellar(seed: bytes) -> str:
    """Return a seed of Stellar: its version, 32 bytes and their checksum in base32."""
    raw = b"\x90" + seed
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode()


def bech32(rng: Random, prefix: str, length: int) -> str:
    """Return a BIP 173 string of ``length`` random letters and their checksum."""
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    data = [rng.randrange(32) for _ in range(length)]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]

    def polymod(values: list[int]) -> int:
        state = 1
        for value in values:
            top = state >> 25
            state = (state & 0x1FFFFFF) << 5 ^ value
            for bit, generator in enumerate(
                (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
            ):
                if top >> bit & 1:
                    state ^= generator
        return state

    rest = polymod([*expanded, *data, 0, 0, 0, 0, 0, 0]) ^ 1
    check = [rest >> 5 * (5 - i) & 31 for i in range(6)]
    return (prefix + "1" + "".join(alphabet[d] for d in [*data, *check])).upper()


def _seed_phrase(rng: Random) -> str:
    """Return twelve words of BIP 39: 16 random bytes and the first four bits of their SHA-256."""
    words = (files("keyproof.leaks") / "wordlist_bip39.txt").read_text().split()
    raw = rng.randbytes(16)
    number = int.from_bytes(raw, "big") << 4 | hashlib.sha256(raw).digest()[0] >> 4
    return " ".join(words[number >> 11 * (11 - at) & 2047] for at in range(12))


def _xrp(seed: bytes) -> str:
    """Return a seed of the XRP Ledger: base58check, in its alphabet."""
    ripple = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
    plain = base58check(b"\x21" + seed)
    return plain.translate(str.maketrans(ALPHABETS["t"], ripple))


def _ed25519(rng: Random, begin: bytes = b"") -> bytes:
    """Return a seed that begins so, and the public key that it makes."""
    seed = begin + rng.randbytes(32 - len(begin))
    return seed + Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _base58(raw: bytes) -> str:
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABETS["t"][digit] + text
    return text


def _der(rng: Random) -> str:
    """Return a PKCS 8 key of RSA as base64: its head, and random bytes to the length that it says."""
    head = bytes.fromhex("308204be020100300d06092a864886f70d0101010500048204a8")
    return base64.b64encode(head + rng.randbytes(1218 - len(head))).decode()


def _pem(rng: Random, label: str, size: int = 600) -> str:
    der = b"\x30\x82" + size.to_bytes(2, "big") + rng.randbytes(size)
    body = base64.b64encode(der).decode()
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----"


def _openvpn(rng: Random) -> str:
    label = "OpenVPN Static key V1"
    lines = "\n".join(letters(rng, 32, ALPHABETS["h"]) for _ in range(16))
    return f"{'-' * 5}BEGIN {label}{'-' * 5}\n{lines}\n{'-' * 5}END {label}{'-' * 5}"


def _openssh(rng: Random) -> str:
    body = base64.b64encode(b"openssh-key-v1\0" + rng.randbytes(300)).decode()
    lines = "\n".join(body[i : i + 70] for i in range(0, len(body), 70))
    dashes = "-" * 5
    return f"{dashes}BEGIN OPENSSH PRIVATE KEY{dashes}\n{lines}\n{dashes}END OPENSSH PRIVATE KEY{dashes}"


def _pgp(rng: Random) -> str:
    body = base64.b64encode(b"\x95" + rng.randbytes(400)).decode()
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    dashes, label = "-" * 5, "PGP PRIVATE KEY BLOCK"
    return (
        f"{dashes}BEGIN {label}{dashes}\n\n{lines}\n={letters(rng, 4)}\n{dashes}END {label}{dashes}"
    )


def _basic(rng: Random) -> str:
    return base64.b64encode(f"deploy:{letters(rng, 18)}".encode()).decode()


def _glsa(rng: Random) -> str:
    head = "glsa" + "_" + letters(rng, 32)
    return head + "_" + zlib.crc32(head.encode()).to_bytes(4, "little").hex()


def _pypi(rng: Random) -> str:
    raw = b"\x02\x01\x08pypi.org\x02\x24" + uuid(rng).encode() + b"\0" + rng.randbytes(60)
    return "pypi-" + _b64url(raw)


def _wireguard(rng: Random) -> str:
    return base64.b64encode(rng.randbytes(32)).decode()


MAKERS: dict[str, Callable[[Random], str]] = {
    "U": uuid,
    "UU": lambda r: uuid(r).upper(),
    "crc62": _crc62,
    "jwt": jwt,
    "supabase": lambda r: jwt(r, role="service_role", iss="supabase", ref=letters(r, 20)),
    "basic": _basic,
    "raw64": lambda r: base64.b64encode(r.randbytes(64)).decode(),
    "raw32": _wireguard,
    "glsa": _glsa,
    "pypi": _pypi,
    "pem": lambda r: _pem(r, "RSA PRIVATE KEY"),
    "pem8": lambda r: _pem(r, "PRIVATE KEY"),
    "pemline": lambda r: _pem(r, "PRIVATE KEY").replace("\n", "\\n"),
    "encpem": lambda r: _pem(r, "ENCRYPTED PRIVATE KEY"),
    "openssh": _openssh,
    "pgp": _pgp,
    "age": lambda r: bech32(r, "age-secret-key-", 52),
    "agepq": lambda r: "AGE-SECRET-KEY-PQ-1" + letters(r, 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    "nsec": lambda r: bech32(r, "nsec", 52).lower(),
    "stellar": lambda r: _stellar(r.randbytes(32)),
    "solana": lambda r: json.dumps(list(_ed25519(r))),
    "ovpn": _openvpn,
    "wif": lambda r: base58check(b"\x80" + r.randbytes(32) + b"\x01"),
    "xprv": lambda r: base58check(bytes.fromhex("0488ade4") + r.randbytes(74)),
    "json64": lambda r: base64.b64encode(
        json.dumps({"k": letters(r, 32), "n": "ci", "id": 1}, separators=(",", ":")).encode()
    ).decode(),
    "orgjson": lambda r: _b64url(
        json.dumps({"iat": 1_700_000_000.5, "url": "https://sentry.io", "org": "x"}).encode()
    )
    + "_"
    + letters(r, 43),
    "snowflake": lambda r: _b64url(str(r.randrange(10**17, 10**18)).encode()),
    "clientkey": lambda r: base64.b64encode(_pem(r, "RSA PRIVATE KEY").encode()).decode(),
    "b64pw": lambda r: base64.b64encode(letters(r, 20).encode()).decode(),
    "jweb": lambda r: ".".join(
        (
            _b64url(b'{"alg":"RSA-OAEP","enc":"A256GCM"}'),
            letters(r, 120),
            letters(r, 16),
            letters(r, 200),
            letters(r, 22),
        )
    ),
    "teamcity": lambda r: _b64url(b'{"typ": "TCV2"}'),
    "eddsa": lambda r: ".".join(
        (_b64url(b'{"alg":"EdDSA","typ":"JWT"}'), _b64url(b'{"a":"rw","iat":1700000000}') + letters(r, 20), letters(r, 86))
    ),
    "kidjwt": lambda r: ".".join(
        (_b64url(b'{"kid":"9123456781","alg":"ES256"}'), letters(r, 0) + "eyJ" + letters(r, 90), letters(r, 86))
    ),
    "ops": lambda r: "ops_" + _b64url(json.dumps({"signInAddress": letters(r, 200)}).encode()),
    "awskey": lambda r: "AK" + "IA" + letters(r, 16, ALPHABETS["k"]),
    "awstemp": lambda r: "AS" + "IA" + letters(r, 16, ALPHABETS["k"]),
    "nuget": lambda r: "oy2" + letters(r, 1, "abcdefghijklmnop") + letters(r, 15, ALPHABETS["l"]) + "a" + letters(r, 11, ALPHABETS["l"]) + "e" + "b" + letters(r, 1, "abcdefghijklmnop") + letters(r, 11, ALPHABETS["l"]) + "4",

    "words": _seed_phrase,
    "xrp": lambda r: _xrp(r.randbytes(16)),
    "sol": lambda r: _base58(_ed25519(r, b"\x09")),
    "der": _der,
    "tunnel": lambda r: base64.b64encode(
        json.dumps({"a": letters(r, 32, ALPHABETS["h"]), "t": uuid(r), "s": letters(r, 44)}, separators=(",", ":")).encode()
    ).decode(),
    "b64pass": lambda r: base64.b64encode(letters(r, 15).encode()).decode(),
    "dashes": lambda r: "-" * 5,
}  # fmt: skip


def fill(template: str, rng: Random) -> str:
    """Replace every field of a template by random letters of its kind."""

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return letters(rng, int(match[2]), ALPHABETS[match[1]])
        return MAKERS[match[3]](rng)

    return _FIELD.sub(one, template)


FORMS: tuple[str, ...] = (
    '{name} = "{value}"\n',
    "{name}={value}\n",
    "export {name}='{value}'\n",
    '  "{name}": "{value}",\n',
    "{name}: {value}\n",
    'const {name} = "{value}";\n',
    "{{\n  {name}: '{value}'\n}}\n",
)


def samples(table: str, seed: int = 0, forms: int = len(FORMS)) -> list[Sample]:
    """Make one sample a line and a form, of ``forms`` forms a line (raw lines: one a line)."""
    made: list[Sample] = []
    for number, line in enumerate(table.strip().splitlines()):
        if not line.strip() or line.startswith("#"):
            continue
        detector, name, template = line.split(None, 2)
        rng = Random(f"{detector}{seed}{number}")
        if name == "-":
            text = fill(template.replace("\\n", "\n").replace("\\t", "\t"), rng)
            secret = re.split(r"\]\](?!\])", text.partition("[[")[2], maxsplit=1)[0]
            made.append(Sample(detector, text.replace("[[", "").replace("]]", ""), plant(secret)))
            continue
        for turn in range(forms):
            form = FORMS[(number + turn) % len(FORMS)] if forms < len(FORMS) else FORMS[turn]
            value = plant(fill(template, rng))
            made.append(Sample(detector, form.format(name=name, value=value), value))
    return made
