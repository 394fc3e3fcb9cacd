from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.planted import password

from keyproof import yamlfile
from keyproof.app.settings import Settings
from keyproof.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "where", "message", "hint"),
    [
        (
            "version: 1\nfail_onn: high\n",
            "k.yaml:2",
            "unknown setting 'fail_onn'",
            "did you mean 'fail_on'?",
        ),
        (
            "policies:\n  engine: embedded\n  folder: []\n",
            "k.yaml:3",
            "unknown setting 'folder'",
            "did you mean 'folders'?",
        ),
        (
            "policies:\n  workers: many\n",
            "k.yaml:2",
            "policies.workers: expected int | null, found str",
            None,
        ),
        ("rotations:\n- source: aws\n", "k.yaml:2", "rotations.0: 'rotator' is missing", None),
        ("fail_on: terrible\n", "k.yaml:1", "fail_on: the value is not allowed here", None),
        ("a: 1\na: 2\n", "k.yaml:2", "a key stands twice in one mapping", None),
        ("a: [1\nb: 2\n", "k.yaml:2", "not valid YAML", None),
        ("a: &x [*x]\n", "k.yaml:1", "an alias that contains itself", None),
    ],
)
def test_a_mistake_is_named_with_file_and_line(text, where, message, hint) -> None:
    with pytest.raises(ConfigError) as caught:
        yamlfile.parse(text, "k.yaml").convert(Settings)
    assert (caught.value.where, caught.value.hint) == (where, hint)
    assert caught.value.message.startswith(message)


def test_a_value_is_never_quoted() -> None:
    secret = password("yaml")
    with pytest.raises(ConfigError) as caught:
        yamlfile.parse(f"fail_on: '{secret}'\n", "k.yaml").convert(Settings)
    assert secret not in str(caught.value)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        yamlfile.load(tmp_path / "absent.yaml")


def test_aliases_that_multiply_are_refused_at_once() -> None:
    rows = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    rows += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(ConfigError, match="aliases") as caught:
        yamlfile.parse("\n".join(rows), "k.yaml")
    assert caught.value.where.startswith("k.yaml:")


def test_a_date_that_does_not_exist_is_named_with_its_line() -> None:
    with pytest.raises(ConfigError, match="no such date") as caught:
        yamlfile.parse("a: 1\nexpires: 2026-13-01\n", "k.yaml")
    assert caught.value.where == "k.yaml:2"


def test_an_empty_file_holds_the_defaults() -> None:
    assert yamlfile.parse("", "k.yaml").convert(Settings) == Settings()


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_no_text_brings_the_parser_down(text) -> None:
    try:
        document = yamlfile.parse(text, "any")
    except ConfigError:
        return
    with contextlib.suppress(ConfigError):
        document.convert(dict[str, int])
        assert isinstance(document.data, dict)


@given(
    st.recursive(
        st.integers() | st.text("ab"),
        lambda c: st.lists(c) | st.dictionaries(st.text("abc", min_size=1), c),
    )
)
def test_what_is_written_reads_back_with_a_line_for_every_value(value) -> None:
    text = msgspec.json.encode(value).decode()
    document = yamlfile.parse(text, "any")
    if value != {} and value is not None:
        assert document.data == value
        assert set(document.lines.values()) == {1}
