"""Seed phrases of wallets: are these words of the list, and does their checksum hold?

The list is the English one of BIP 39, by Marek Palatinus, Pavol Rusnak, Aaron Voisine and Sean Bowe
(bitcoin/bips, ``bip-0039/english.txt``, MIT licence): 2,048 words in the order that gives each its
eleven bits.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

LENGTHS = frozenset({12, 15, 18, 21, 24})
_BITS = 11
_ELECTRUM = ("01", "100", "101", "102")
"""How the hash of a phrase begins: https://electrum.readthedocs.io/en/latest/seedphrase.html"""


def is_seed(words: Sequence[str]) -> bool:
    """Tell whether words are a seed phrase: of BIP 39 with its checksum, or of Electrum."""
    numbers = [_numbers().get(word) for word in words]
    if len(words) not in LENGTHS or None in numbers:
        return False
    return _is_bip39([number for number in numbers if number is not None]) or _is_electrum(words)


def _is_bip39(numbers: Sequence[int]) -> bool:
    """The last bits of the words are the first ones of the SHA-256 of all others."""
    whole = 0
    for number in numbers:
        whole = whole << _BITS | number
    check = len(numbers) * _BITS // 33
    entropy = (whole >> check).to_bytes(check * 4, "big")
    return whole & ((1 << check) - 1) == hashlib.sha256(entropy).digest()[0] >> (8 - check)


def _is_electrum(words: Sequence[str]) -> bool:
    digest = hmac.new(b"Seed version", " ".join(words).encode(), hashlib.sha512).hexdigest()
    return digest.startswith(_ELECTRUM)


@lru_cache(maxsize=1)
def _numbers() -> MappingProxyType[str, int]:
    text = (files("keyproof.leaks") / "wordlist_bip39.txt").read_text(encoding="ascii")
    return MappingProxyType({word: number for number, word in enumerate(text.split())})
