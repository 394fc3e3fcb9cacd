"""The one home of Jinja2: sandboxed, autoescaped templates for reports and tickets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from keyproof.resources import shipped


def environment(*folders: Path, autoescape: bool = True) -> ImmutableSandboxedEnvironment:
    """Return an environment over the user's folders first, then the shipped ``reports/``.

    An undefined name is an error: a hole in an audit report must not look like an empty cell.
    """
    loader = FileSystemLoader([*map(str, folders), str(shipped("reports"))])
    return ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(name: str, *folders: Path, autoescape: bool = True, **values: Any) -> str:
    """Render one template by its name below ``reports/``."""
    return environment(*folders, autoescape=autoescape).get_template(name).render(**values)
