"""Seed phrases: the list is the published one, and only what it makes is a phrase."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from importlib.resources import files
from random import Random

import pytest
from tests.leaks.samples.template import MAKERS
from tests.support.planted import plant

from keyproof.leaks.wordlist import is_seed

LIST = (files("keyproof.leaks") / "wordlist_bip39.txt").read_bytes()


def _made(number: int) -> list[str]:
    return plant(MAKERS["words"](Random(number))).split()


def test_the_list_is_the_one_of_bip_39() -> None:
    # wallets hash the file as it stands, so its digest is widely published
    published = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
    assert hashlib.sha256(LIST).hexdigest() == published
    assert len(LIST.split()) == 2048


def test_a_phrase_is_told_from_other_words_of_the_list() -> None:
    words = LIST.decode().split()
    chosen = [Random(seed).sample(words, 12) for seed in range(300)]
    told = sum(is_seed(some) for some in chosen)
    assert told < 60  # one in sixteen by chance, and one in a hundred as Electrum's
    assert all(is_seed(_made(seed)) for seed in range(30))


@pytest.mark.parametrize(
    "change", [lambda w: w[:-1], lambda w: [*w[:-1], "keyproof"], lambda w: []]
)
def test_what_is_no_phrase(change: Callable[[list[str]], list[str]]) -> None:
    assert not is_seed(change(_made(1)))


def test_a_phrase_of_electrum() -> None:
    words = LIST.decode().split()
    phrases = ([*Random(seed).sample(words, 12)] for seed in range(20_000))

    def version(phrase: list[str]) -> str:
        return hmac.new(b"Seed version", " ".join(phrase).encode(), hashlib.sha512).hexdigest()

    electrum = next(one for one in phrases if version(one).startswith("100"))
    assert is_seed(electrum)
