"""``--help``: every command and option says what it is for, and nothing of it is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from keyproof.app import registry
from keyproof.cli import options
from keyproof.cli.main import cli
from keyproof.model.policy import SUBJECT_TYPES

WIDTH = 78
"""What click leaves of a terminal of 80 columns."""


def contexts(
    command: click.Command = cli, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield every command, groups before what is in them, as they stand on the command line."""
    name = command.name if parent else "keyproof"
    context = click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH)
    yield context
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from contexts(found, context)


EVERY = {context.command_path: context for context in contexts()}


@pytest.mark.parametrize("path", EVERY)
def test_no_summary_of_a_command_is_cut_off(path: str) -> None:
    _, _, summaries = EVERY[path].get_help().partition("\nCommands:\n")
    cut = [line for line in summaries.splitlines() if line.endswith("...")]
    assert cut == []


@pytest.mark.parametrize("path", EVERY)
def test_every_option_says_what_it_is_for(path: str) -> None:
    options = (p for p in EVERY[path].command.params if isinstance(p, click.Option))
    assert [option.opts[-1] for option in options if not option.help] == []


def test_the_settings_file_is_told_in_the_same_words_everywhere() -> None:
    options = [p for c in EVERY.values() for p in c.command.params if p.name == "config"]
    assert len(options) > 10
    assert len({(option.help, option.metavar) for option in options}) == 1


def test_every_type_of_subject_can_be_asked_for() -> None:
    assert set(options.SUBJECT_TYPES.choices) == set(SUBJECT_TYPES)


def test_every_format_of_a_report_is_named_in_the_help() -> None:
    (option,) = (p for p in EVERY["keyproof scan"].command.params if p.name == "format_name")
    assert isinstance(option, click.Option)
    named = set(re.findall(r"[a-z]+", str(option.help)))
    assert set(registry.names("reporters")) <= named
