"""What may be random opens an exact check; identifiers and digests near a provider's name do not."""

from __future__ import annotations

import random
import string

import pytest

from keyproof.leaks.sift import may_be_random

_RANDOM = random.Random(7)
_LETTERS = string.ascii_letters + string.digits + "+/=_.~:|-"


def _value(size: int) -> str:
    return "".join(_RANDOM.choice(_LETTERS[:62]) for _ in range(size - 1)) + "7"


@pytest.mark.parametrize(
    "line",
    [
        "nats = Connect(@servers.DefaultConnectionOptions",
        "github.com/acme/lib v1.2.3 h1:@{v}=",
        '"integrity": "@sha512-{v}=="',
        "acme sha256:@{v}",
        'acme: "@md5={v}"',
        "acme = @identifierWithoutAnyDigits; n = 5",
    ],
)
def test_names_and_sums_are_not(line: str) -> None:
    start = line.index("@")
    assert not may_be_random(line.replace("@", "").format(v=_value(40)).encode(), start)


@pytest.mark.parametrize("before", ["", "acme_key = ", 'ACME: "', "acme=Bearer:", "x" * 300 + "="])
@pytest.mark.parametrize("size", [16, 40, 200])
@pytest.mark.parametrize("behind", ["", '"', "\n", " # note"])
def test_what_holds_a_digit_is(before: str, size: int, behind: str) -> None:
    text = (before + _value(size) + behind).encode()
    assert may_be_random(text, len(before))


def test_a_digit_behind_the_value_does_not_count() -> None:
    assert not may_be_random(b"acme = SomeIdentifierOfAcme 12345", 7)
    assert not may_be_random(b"a" * 200 + b"1", 0)
