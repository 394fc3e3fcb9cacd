"""Reporter: renders a report in one format."""

from __future__ import annotations

from typing import IO, Any, Protocol

from keyproof.model.report import Report


class Reporter(Protocol):
    """A module in ``reporters/``: renders a report in one format."""

    TITLE: str
    SUFFIX: str
    BINARY: bool

    def render(self, report: Report, stream: IO[Any]) -> None:
        """Write the report; text streams unless ``BINARY``."""
        ...
