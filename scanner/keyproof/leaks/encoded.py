"""Encoded runs: stretches of a text that hold another text, and the way back from one to the other.

A run is announced by a trigger of the matcher, as a secret is. What base64 and hex make of printable
ASCII has a form of its own (every third byte's high bit is zero, and so on), so that triggers ask for
text and not for mere letters of the alphabet: digests, lockfile hashes and identifiers do not open
anything. A decoded text keeps what stands before it on its line, because there the secret is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from keyproof.leaks import encoded_columns, encoded_escapes, encoded_runs
from keyproof.leaks.encoded_origin import RUN_BYTES, Decoded

DEPTH = 3
"""So many encodings may lie in one another."""


class Encoding(NamedTuple):
    """One kind of trigger.

    Attributes:
        name: what it announces; several triggers may announce the same.
        expression: for hyperscan.
        width: the most bytes that the expression matches.
        left: how far before a trigger's end its decoding looks; ``right``: how far behind.
        back: how far before its end a trigger's run begins; 1 where it may begin anywhere.
        stride: triggers so many bytes apart in one run decode to the same.
        decode: takes a text and a trigger's end; yields what stands there decoded. The same bytes
            within ``left`` and ``right`` give the same.
        extent: where the triggers of a run are alike, takes the same, and returns the stretch of
            the text on which what is yielded rests.
    """

    name: str
    expression: bytes
    width: int
    left: int
    right: int
    back: int
    stride: int
    decode: Callable[[bytes, int], Iterator[Decoded]]
    extent: Callable[[bytes, int], tuple[int, int]] | None = None


def _run(
    name: str,
    expression: bytes,
    least: int,
    stride: int,
    decode: Callable[[bytes, int], Iterator[Decoded]],
) -> Encoding:
    left, right = encoded_runs.LEFT + 2 * least, RUN_BYTES + encoded_runs.LEFT
    return Encoding(name, expression, least + 3, left, right, least, stride, decode)


def _rows(expression: bytes, decode: Callable[[bytes, int], Iterator[Decoded]]) -> Encoding:
    """Return what announces rows whose columns are named before them."""
    return Encoding(
        "columns",
        expression,
        encoded_columns.WIDTH,
        encoded_columns.REACH,
        encoded_columns.ROWS_BYTES,
        0,
        1,
        decode,
    )


ENCODINGS = (
    _run(
        "base64", encoded_runs.BASE64_TRIGGER, encoded_runs.BASE64_LEAST, 4, encoded_runs.base64_at
    ),
    _run(
        "base64_wide", encoded_runs.WIDE_TRIGGER, encoded_runs.BASE64_LEAST, 8, encoded_runs.wide_at
    ),
    _run(
        "base64_packed",
        encoded_runs.PACKED_TRIGGER,
        encoded_runs.PACKED_LEAST,
        1 << 30,
        encoded_runs.packed_at,
    ),
    _run("hex", encoded_runs.HEX_TRIGGER, encoded_runs.HEX_LEAST, 2, encoded_runs.hex_at),
    *(
        Encoding(
            "escapes",
            expression,
            encoded_escapes.WIDTH,
            RUN_BYTES + encoded_escapes.AROUND,
            RUN_BYTES + encoded_escapes.AROUND,
            1,
            1,
            encoded_escapes.escaped_at,
            encoded_escapes.escapes_extent,
        )
        for expression in encoded_escapes.TRIGGERS
    ),
    Encoding(
        "quoted_printable",
        encoded_escapes.QUOTED_TRIGGER,
        encoded_escapes.QUOTED_WIDTH,
        encoded_escapes.QUOTED_WIDTH,
        RUN_BYTES,
        0,
        1,
        encoded_escapes.quoted_at,
    ),
    _rows(encoded_columns.VALUES_TRIGGER, encoded_columns.values_at),
    _rows(encoded_columns.COPY_TRIGGER, encoded_columns.copied_at),
)
