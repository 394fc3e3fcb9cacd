"""Structural checks of what opens wallets and chains. See ``checksums``."""

# ruff: noqa: PLR2004 - each number is a threshold or a length, named by the sentence above it
from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable

_BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE58 = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32 = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def base58check(value: bytes) -> bool:
    """Bitcoin: base58 of a payload and the first four bytes of its double SHA-256."""
    return _sealed(_base58(value, _BASE58))


def xrp_seed(value: bytes) -> bool:
    """XRP Ledger: as Bitcoin's, in its own alphabet, of 16 bytes of version 0x21.

    https://xrpl.org/docs/references/protocol/data-types/base58-encodings
    """
    raw = _base58(value, _RIPPLE58)
    return len(raw) == 21 and raw[0] == 0x21 and _sealed(raw)


def base58_64(value: bytes) -> bool:
    """Solana: base58 of 64 bytes, the seed of Ed25519 and the public key that it makes."""
    raw = _base58(value, _BASE58)
    return len(raw) in (63, 64) and _is_pair(raw.rjust(64, b"\0"))


def _base58(value: bytes, alphabet: bytes) -> bytes:
    """Decode base58, without leading zeros; nothing where a letter is none of the alphabet's."""
    number = 0
    for letter in value:
        digit = alphabet.find(letter)
        if digit < 0:
            return b""
        number = number * 58 + digit
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _sealed(raw: bytes) -> bool:
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def bech32(value: bytes) -> bool:
    """BIP 173, as age writes its identities: the checksum of prefix and data is 1."""
    text = value.lower()
    prefix, _, data = text.rpartition(b"1")
    digits = [_BECH32.find(letter) for letter in data]
    if not prefix or -1 in digits:
        return False
    values = [letter >> 5 for letter in prefix] + [0] + [letter & 31 for letter in prefix] + digits
    state = 1
    for value5 in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value5
        for index, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            state ^= generator if top >> index & 1 else 0
    return state == 1


def stellar_seed(value: bytes) -> bool:
    """SEP 23: base32 of the version byte of a seed, 32 bytes and their CRC-16, low byte first."""
    try:
        raw = base64.b32decode(value)
    except ValueError:
        return False
    return raw[0] == 0x90 and binascii.crc_hqx(raw[:-2], 0) == int.from_bytes(raw[-2:], "little")


def key_bytes(value: bytes) -> bool:
    """A JSON array of 64 bytes: the seed of Ed25519 and the public key that it makes."""
    numbers = [int(number) for number in re.findall(rb"[0-9]+", value)]
    return max(numbers) < 256 and _is_pair(bytes(numbers))


_Point = tuple[int, int, int]
"""A point of Ed25519 without division: ``(x, y, z)`` stands for ``(x / z, y / z)``."""
_FIELD = 2**255 - 19
_CURVE = -121665 * pow(121666, -1, _FIELD) % _FIELD
_BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
    1,
)


def _is_pair(raw: bytes) -> bool:
    """Whether the second half is the public key of the first (RFC 8032, section 5.1.5)."""
    secret = bytearray(hashlib.sha512(raw[:32]).digest()[:32])
    secret[0] &= 248
    secret[31] = secret[31] & 127 | 64
    scalar = int.from_bytes(secret, "little")
    point, power = (0, 1, 1), _BASE
    while scalar:
        if scalar & 1:
            point = _added(point, power)
        power = _added(power, power)
        scalar >>= 1
    x, y, z = point
    inverse = pow(z, -1, _FIELD)
    encoded = y * inverse % _FIELD | (x * inverse % _FIELD & 1) << 255
    return encoded.to_bytes(32, "little") == raw[32:]


def _added(one: _Point, two: _Point) -> _Point:
    """Add two points: the projective form of the curve's own law (RFC 8032, section 5.1)."""
    (x1, y1, z1), (x2, y2, z2) = one, two
    a = z1 * z2 % _FIELD
    b, c, d = a * a % _FIELD, x1 * x2 % _FIELD, y1 * y2 % _FIELD
    e = _CURVE * c % _FIELD * d % _FIELD
    f, g = b - e, b + e
    crossed = (x1 + y1) * (x2 + y2) - c - d
    return a * f * crossed % _FIELD, a * g * (d + c) % _FIELD, f * g % _FIELD


def release_key(value: bytes) -> bool:
    """A keystore that is not Android's for debugging: everybody knows that one's password."""
    return b"androiddebugkey" not in value


def seed_phrase(value: bytes) -> bool:
    """BIP 39 or Electrum: a number of listed words, nearly all different, whose checksum holds."""
    from keyproof.leaks.wordlist import is_seed

    words = value.decode("ascii", "replace").split()
    return len(set(words)) >= len(words) - 2 and is_seed(words)


WALLET_CHECKS: tuple[Callable[[bytes], bool], ...] = (
    base58check,
    base58_64,
    xrp_seed,
    bech32,
    stellar_seed,
    key_bytes,
    release_key,
    seed_phrase,
)
"""Every check of this module."""
