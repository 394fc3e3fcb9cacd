"""A click group whose commands are imported when they are called, grouped in ``--help``."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import NoReturn

import click

Section = tuple[str, Mapping[str, tuple[str, str]]]
"""A heading and its commands: name → (``module:attribute``, one line of help)."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and help lines without importing any of them."""

    def __init__(self, *, sections: Sequence[Section], **attributes: object) -> None:
        """Keep the table; see :data:`Section`."""
        super().__init__(**attributes)  # type: ignore[arg-type]
        self.sections = sections
        self.table = {name: entry for _, commands in sections for name, entry in commands.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name, in the order of the sections."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self.table:
            return None
        module, attribute = self.table[cmd_name][0].split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a name, or fail with the likeliest one."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            self._unknown(ctx, args[0])
        return super().resolve_command(ctx, args)

    def _unknown(self, ctx: click.Context, name: str) -> NoReturn:
        import difflib

        close = difflib.get_close_matches(name, self.table, n=1)
        advice = f" Did you mean '{close[0]}'?" if close else ""
        raise click.UsageError(f"No such command '{name}'.{advice}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections without importing the commands."""
        for heading, commands in self.sections:
            with formatter.section(heading):
                formatter.write_dl([(name, line) for name, (_, line) in commands.items()])
