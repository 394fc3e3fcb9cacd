from __future__ import annotations

import copy
import json
import logging
import pickle

import msgspec
import pytest
from tests.support.planted import password

from keyproof.model.secret import Secret

VALUE = password("secret wrapper")


@pytest.mark.parametrize(
    "escape",
    [
        repr,
        str,
        "{}".format,
        "{!r:>40}".format,
        lambda s: "%s" % s,  # noqa: UP031
        lambda s: f"{s}",
        lambda s: repr([s]),
        lambda s: logging.LogRecord("n", 1, "p", 1, "%s", (s,), None).getMessage(),
    ],
)
def test_a_secret_prints_as_a_placeholder(escape) -> None:
    text = escape(Secret(VALUE))
    assert VALUE not in text
    assert "Secret(…)" in text


@pytest.mark.parametrize(
    "escape", [json.dumps, pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode, vars, dict]
)
def test_a_secret_refuses_to_be_written_or_copied(escape) -> None:
    with pytest.raises(TypeError) as caught:
        escape(Secret(VALUE))
    assert VALUE not in str(caught.value)


def test_a_secret_compares_by_value_and_counts_bytes() -> None:
    assert Secret(VALUE) == Secret(VALUE.encode())
    assert Secret(VALUE) != Secret(VALUE + "x")
    assert Secret(VALUE) != VALUE
    assert len({Secret(VALUE), Secret(VALUE)}) == 1
    assert (len(Secret(VALUE)), bool(Secret(""))) == (len(VALUE), False)


def test_undecodable_bytes_survive() -> None:
    raw = b"\xff\xfepass\x80"
    assert Secret(Secret(raw).reveal_text()).reveal() == raw
