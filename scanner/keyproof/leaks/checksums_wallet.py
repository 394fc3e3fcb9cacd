"""Structural checks of what opens wallets and chains. See ``checksums``."""

# ruff: noqa: PLR2004 - each number is a threshold or a length, named by the sentence above it
from __future__ import annotations

import base64
import binascii
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
    """Solana: base58 of 64 bytes, the seed and public key of Ed25519."""
    return len(_base58(value, _BASE58)) == 64


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
    import hashlib

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
    """A JSON array of 64 bytes that look random: the seed and public key of Ed25519."""
    numbers = [int(number) for number in re.findall(rb"[0-9]+", value)]
    return max(numbers) < 256 and len(set(numbers)) >= 40 and numbers != sorted(numbers)


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
    seed_phrase,
)
"""Every check of this module."""
