"""Structural checks of secrets: checksums and containers that random text does not satisfy.

Each check takes the secret's bytes and says whether the structure holds. It never raises.
"""

# ruff: noqa: PLR2004 - each number is a threshold or a length, named by the sentence above it
from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from keyproof.leaks.checksums_wallet import WALLET_CHECKS

_BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ARMOUR = re.compile(rb"\\r|\\n|\\t|\\|[\s\"'+,;]")
_PEM_HEAD = re.compile(rb"(?:Proc-Type|DEK-Info|Comment|Version|Hash)[^\n\\]*(?:\n|\\n)")


def base62_crc32(value: bytes) -> bool:
    """GitHub and npm: after the first underscore, 30 base62 letters and their CRC-32 in six.

    https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    """
    body = value.partition(b"_")[2]
    if len(body) != 36:
        return False
    number = 0
    for letter in body[-6:]:
        digit = _BASE62.find(letter)
        if digit < 0:
            return False
        number = number * 62 + digit
    return zlib.crc32(body[:-6]) == number


def crc32_hex(value: bytes) -> bool:
    """Grafana: everything before the last underscore, then its CRC-32 as eight hex digits."""
    head, _, tail = value.rpartition(b"_")
    try:
        number = bytes.fromhex(tail.decode())
    except ValueError:
        return False
    crc = zlib.crc32(head)
    return number in (crc.to_bytes(4, "little"), crc.to_bytes(4, "big"))


def aws_key_id(value: bytes) -> bool:
    """AWS: the 16 letters after the four of the type are base32."""
    return aws_account(value) is not None


def aws_account(value: bytes) -> str | None:
    """Return the account id that an access key id carries; ``None`` where it carries none.

    Keys of the older form (fifth letter below ``Q``) carry no account, and are valid still.
    """
    try:
        raw = base64.b32decode(value[4:20])
    except (binascii.Error, ValueError):
        return None
    return f"{(int.from_bytes(raw[:6], 'big') & 0x7FFFFFFFFF80) >> 7:012d}"


def json_object(value: bytes) -> bool:
    """Base64 (either alphabet) of a JSON object."""
    return isinstance(_json(value), dict)


def _json(value: bytes) -> object:
    import json  # here, because the hook meets few tokens that hold any

    try:
        return json.loads(_base64(value))
    except (ValueError, UnicodeDecodeError, RecursionError):
        return None


def _base64(value: bytes) -> bytes:
    """Decode either base64 alphabet with or without padding. Raises ``ValueError``."""
    plain = value.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)


def base64_password(value: bytes) -> bool:
    """Base64 of ``user:password`` whose password is more than a short word."""
    try:
        password = _base64(value).partition(b":")[2]
    except ValueError:
        return False
    return len(password) >= 16 or not password.isalpha()


def base64_text(value: bytes) -> bool:
    """Base64 of ``user:password`` in printable ASCII: HTTP Basic, Docker's ``auth``."""
    try:
        user, colon, password = _base64(value).partition(b":")
    except ValueError:
        return False
    from keyproof.leaks.ordinary import is_ordinary_text

    if password.lower() == user.lower() or is_ordinary_text(password):
        return False
    whole = user + password
    return bool(colon and user and len(password) >= 4 and whole.isascii()) and all(
        32 <= letter < 127 for letter in whole
    )


def jwt(value: bytes) -> bool:
    """RFC 7519: a header that is JSON and names an algorithm, and a payload that is JSON."""
    header, _, rest = value.partition(b".")
    head = _json(header)
    if not (isinstance(head, dict) and isinstance(head.get("alg"), str)):
        return False
    return "enc" in head or isinstance(_json(rest.partition(b".")[0]), dict)


def jwt_service_role(value: bytes) -> bool:
    """A Supabase key whose claims say ``service_role``; the ``anon`` key is public."""
    payload = _json(value.split(b".")[1]) if value.count(b".") == 2 else None
    return isinstance(payload, dict) and payload.get("role") == "service_role"


def pem(value: bytes) -> bool:
    """RFC 7468: base64 of a DER sequence, or OpenSSH's or OpenPGP's container."""
    body = _ARMOUR.sub(b"", _PEM_HEAD.sub(b"", value))
    body = body.partition(b"=")[0]
    try:
        raw = _base64(body[: len(body) // 4 * 4])
    except ValueError:
        return False
    return raw[:1] == b"\x30" or raw.startswith(b"openssh-key-v1\0") or raw[:1] >= b"\x80"


def pypi(value: bytes) -> bool:
    """PyPI: a version-2 macaroon whose location is an index of PyPI."""
    try:
        raw = _base64(value.partition(b"-")[2][:24])
    except ValueError:
        return False
    return raw[:2] == b"\x02\x01" and b"pypi.org" in raw


def base64_64(value: bytes) -> bool:
    """Azure storage and the like: base64 of 64 random bytes."""
    return _decoded_length(value) == 64


def base64_32(value: bytes) -> bool:
    """Azure Service Bus, Event Hubs and the like: base64 of 32 random bytes."""
    return _decoded_length(value) == 32


def _decoded_length(value: bytes) -> int:
    try:
        return len(_base64(value))
    except ValueError:
        return -1


def base64_any(value: bytes) -> bool:
    """Base64 of at least six bytes."""
    try:
        return len(_base64(value)) >= 6
    except ValueError:
        return False


_PUBLIC = re.compile(
    rb"(?:[^\s]{1,200} )?(?:ssh-|ecdsa-|sk-ssh-)[0-9a-z@.-]{3,60} AAAA|H4sI|\x1f\x8b"
)
"""How public keys of SSH, hosts that are known, and what is packed begin."""


def base64_secret(value: bytes) -> bool:
    """Base64 of at least six bytes that are no certificate, no public or empty key, no plain word.

    Nor are they an address, a version, a date, a path, a digest's or a resource's name.
    """
    try:
        inner = _base64(value)
    except ValueError:
        return False
    if inner.startswith(b"-----BEGIN"):
        return pem_body(inner)
    from keyproof.leaks.ordinary import UUID, is_code, is_identity, is_ordinary_text
    from keyproof.leaks.placeholders import wordiness

    if _PUBLIC.match(inner) or is_identity(inner) or UUID.match(inner):
        return False
    if inner.isascii() and is_code(inner):
        return False
    return len(inner) >= 6 and not is_ordinary_text(inner) and wordiness(inner) < 0.5


def mixed(value: bytes) -> bool:
    """Random letters: at least a digit, or both cases without the letter pairs of words."""
    from keyproof.leaks.placeholders import wordiness

    digits = sum(48 <= letter <= 57 for letter in value)
    upper = sum(65 <= letter <= 90 for letter in value)
    lower = sum(97 <= letter <= 122 for letter in value)
    if (digits > 0) + (upper > 0) + (lower > 0) < 2:
        return False
    return wordiness(value) < (0.62 if digits > 2 else 0.5 if digits == 2 else 0.34)


def discord_id(value: bytes) -> bool:
    """Discord: the first part is base64 of the bot's snowflake, a decimal number."""
    try:
        return _base64(value.partition(b".")[0]).isdigit()
    except ValueError:
        return False


def pem_body(value: bytes) -> bool:
    """What stands between the armour lines is base64 of at least 32 bytes, and no example."""
    inner = value.partition(b"KEY-----")[2] or value.partition(b"BLOCK-----")[2]
    inner = inner.partition(b"-----END")[0]
    body = _ARMOUR.sub(b"", _PEM_HEAD.sub(b"", inner))
    letters = re.match(rb"[0-9A-Za-z/=]*", body.replace(b"+", b"/"))
    found = letters.group() if letters else b""
    return len(found) >= 44 and len(set(found)) >= 16


def der_key(value: bytes) -> bool:
    """Base64 of a DER sequence as long as it says: a private key without its PEM armour."""
    raw = _whole_base64(value)
    if raw[:1] != b"\x30" or len(raw) < 40:
        return False
    if raw[1] < 0x80:
        return len(raw) - 2 - raw[1] in {0, 1}
    size = raw[1] & 0x7F
    return 0 <= len(raw) - 2 - size - int.from_bytes(raw[2 : 2 + size], "big") < 3


def _whole_base64(value: bytes) -> bytes:
    try:
        return _base64(value)
    except ValueError:
        return b""


CHECKS: Mapping[str, Callable[[bytes], bool]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            *WALLET_CHECKS,
            base62_crc32,
            crc32_hex,
            aws_key_id,
            json_object,
            base64_text,
            base64_password,
            jwt,
            jwt_service_role,
            pem,
            der_key,
            pypi,
            base64_64,
            base64_32,
            base64_any,
            base64_secret,
            mixed,
            discord_id,
            pem_body,
        )
    }
)
"""Every check by the name that detector files use."""
