"""How an address is reached, from its text alone; and what a text can hold at most."""

from __future__ import annotations

import pytest

from keyproof.connectors._strength import most_bits
from keyproof.connectors._travel import travel, worst
from keyproof.model.secret import Secret


@pytest.mark.parametrize(
    ("url", "way"),
    [
        ("https://api.example.org", "tls"),
        ("ssh://git@example.org/x.git", "tls"),
        ("git@example.org:x/y.git", "tls"),
        ("http://api.example.org:8080/x", "plain"),
        ("git://example.org/x.git", "plain"),
        ("http://localhost:9876", "local"),
        ("http://127.0.0.9", "local"),
        ("http://[::1]:80", "local"),
        ("http://127.0.0.1.example.org", "plain"),
        ("http://127.0.0.1@example.org", "plain"),
        ("/srv/git/x.git", "local"),
        ("../x", "local"),
        ("./a:b", "local"),
        ("file:///srv/x", "local"),
        ("ext::sh -c x", "unknown"),
        ("codecommit://x", "unknown"),
        ("http://[", "unknown"),
    ],
)
def test_how_an_address_is_reached(url: str, way: str) -> None:
    assert travel(url) == way


def test_the_least_protected_counts() -> None:
    assert worst(["https://a", "http://b", "/c"]) == "plain"
    assert worst(["https://a", "x://b"]) == "unknown"
    assert worst([]) == "local"


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("", 0, 0), ("1234", 13, 14), ("a" * 10, 47, 48), ("aB3-" * 8, 200, 224)],
)
def test_the_most_that_a_text_holds(text: str, least: int, most: int) -> None:
    assert least <= most_bits(Secret(text)) <= most
