"""Values of SQL are judged by the columns that they are in, and reported where they stand."""

from __future__ import annotations

import os
from random import Random

import pytest
from tests.leaks.samples.template import letters
from tests.support.planted import plant

from keyproof.identity import cache_folder
from keyproof.leaks.encoded_columns import ROWS_BYTES
from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.rules import load_rules

FIRST = plant(letters(Random("columns"), 32))
SECOND = plant(letters(Random("columns-2"), 32))


@pytest.fixture(scope="module")
def searched() -> Matcher:
    folder = cache_folder(os.environ)
    return open_matcher(load_rules(folder), folder)


def _found(matcher: Matcher, text: str) -> list[str]:
    data = text.encode()
    return sorted(data[hit.start : hit.end].decode() for hit in matcher.find(data))


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO users (name, api_key) VALUES ('anna', '{a}'), ('bert', '{b}');",
        "insert into `users`(`id`,`api_key`,`at`)\nvalues\n (1,'{a}',now()),\n (2,'{b}',NULL);",
        "INSERT INTO [dbo].[users] ([name], [api_key]) VALUES (N'O''Neil', N'{a}'), (\"x\", \"{b}\")",
        "COPY public.users (id, api_key) FROM stdin;\n1\t{a}\n2\t{b}\n\\.\n",
        "INSERT INTO settings (name, value) VALUES ('api_key', '{a}'), ('api_token', '{b}');",
    ],
)
def test_a_value_is_what_its_column_is_called(searched: Matcher, text: str) -> None:
    assert _found(searched, text.format(a=FIRST, b=SECOND)) == sorted([FIRST, SECOND])


def test_the_table_names_the_provider(searched: Matcher) -> None:
    text = f"COPY stripe_accounts (token) FROM stdin;\n{FIRST}\n\\.\n".encode()
    assert [hit.detector for hit in searched.find(text)] == ["stripe.by_name"]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO users (name, digest) VALUES ('anna', '{a}');",
        "INSERT INTO users (name, api_key) VALUES (?, :token);",
        "INSERT INTO users (api_key, digest) VALUES (NULL, '{a}');",
        "COPY users (id, digest) FROM stdin;\n1\t{a}\n\\.\n",
        "COPY users (id, api_key) FROM stdin;\n\\.\n7\t{a}\n",
    ],
)
def test_another_column_is_no_credential(searched: Matcher, text: str) -> None:
    assert _found(searched, text.format(a=FIRST)) == []


@pytest.mark.parametrize(
    ("head", "row", "tail"),
    [
        ("INSERT INTO users (id, api_key) VALUES (1, 'none')", ",(2, 'none')", ";\n"),
        ("COPY users (id, api_key) FROM stdin;\n", "1\tnone\n", "\\.\n"),
    ],
)
def test_rows_beyond_the_bound_are_told(searched: Matcher, head: str, row: str, tail: str) -> None:
    for size, told in ((ROWS_BYTES // 2, False), (ROWS_BYTES + 1000, True)):
        matcher = searched.copy()
        assert matcher.find((head + row * (size // len(row)) + tail).encode()) == []
        assert (matcher.effort[1] > 0) is told
