"""Known: a finding that another scanner's file accepts, as far as that file names it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from keyproof.errors import ConfigError
from keyproof.leaks.conditions import Condition


class Known(NamedTuple):
    """One accepted finding.

    Attributes:
        where: ``file:line`` of the statement.
        rule: what the other scanner calls the kind; for the reader.
        path: the file that it is in; ``None`` for wherever.
        line: of the file as it stood at ``commit``, or stands now.
        digest: ``sha1:…`` or ``sha256:…`` of the value, in hexadecimal.
        pattern: an expression (see ``_dialect.translate``) over ``path:line:content``.
        globs: patterns of paths: everything that is found there now.
        condition: of a secret, its line, path and commit (``leaks.conditions``).
        reason: what the file says of it.
    """

    where: str
    rule: str = ""
    path: str | None = None
    line: int | None = None
    commit: str | None = None
    digest: str | None = None
    pattern: str | None = None
    globs: tuple[str, ...] = ()
    condition: Condition = False
    reason: str | None = None


class Acceptances(NamedTuple):
    """A file of accepted findings, and what a person should know besides."""

    known: tuple[Known, ...]
    notes: tuple[str, ...] = ()


def parse_json(text: str, name: str) -> Any:
    """Parse JSON whose texts may be secrets.

    Raises:
        ConfigError: it is none; the text is not quoted.
    """
    try:
        return json.loads(text)
    except ValueError:
        raise ConfigError("not valid JSON", where=name) from None


def normal_path(path: str) -> str:
    """Return a path as git writes it."""
    shown = path.replace("\\", "/")
    return shown.removeprefix("./")


def text_of(row: Mapping[str, Any], field: str) -> str | None:
    """Return a field's text; ``None`` where it is empty or something else."""
    value = row.get(field)
    return value if isinstance(value, str) and value else None


def number_of(row: Mapping[str, Any], field: str) -> int | None:
    """Return a field's number; ``None`` where it is something else."""
    value = row.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
