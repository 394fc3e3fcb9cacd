"""Makes the demo's secrets: random, of the documented structure, and worth nothing anywhere."""

from __future__ import annotations

import secrets
import string
import zlib

from keyproof.model.secret import Secret

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ALPHANUMERIC = string.ascii_letters + string.digits


def _letters(count: int, alphabet: str = _ALPHANUMERIC) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(count))


def github_token() -> Secret:
    """Return a classic personal access token: 30 letters and their CRC-32 in six base62 digits."""
    body, digits = _letters(30, _BASE62), ""
    number = zlib.crc32(body.encode())
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return Secret("gh" + f"p_{body}{digits}")


def stripe_key() -> Secret:
    """Return a live secret key of Stripe's form."""
    return Secret("sk" + f"_live_{_letters(24)}")


def gateway_key() -> Secret:
    """Return an opaque key, as gateways mint them."""
    return Secret(_letters(40))


def database_password() -> Secret:
    """Return a password that nobody chose by hand."""
    return Secret(_letters(22))
