"""What commands that print a report share: which format, and where it goes."""

from __future__ import annotations

from keyproof.app import registry
from keyproof.cli.terminal import result_stream, wants_colour
from keyproof.errors import UsageError
from keyproof.model.report import Report


def format_of(name: str | None, output: str | None) -> str:
    """Return the format: the one that is named, else by the file's ending, else ``table``.

    Raises:
        UsageError: the file's ending says no format.
    """
    if name:
        return name
    if output in {None, "-"}:
        return "table"
    known = {str(registry.load("reporters", n).SUFFIX): n for n in registry.names("reporters")}
    file_name = "." + str(output).replace("\\", "/").rsplit("/", 1)[-1]
    for suffix in sorted(known, key=len, reverse=True):
        if file_name.endswith(suffix):
            return known[suffix]
    raise UsageError(
        f"the ending of '{output}' says no format",
        hint=f"add --format, one of: {', '.join(registry.names('reporters'))}",
    )


def write(report: Report, name: str, output: str | None, *, every: bool = False) -> None:
    """Render ``report`` in the format ``name`` to a file or, for ``None`` and ``-``, to stdout.

    Args:
        every: do not fold long lists, in the format that folds them.

    Raises:
        UsageError: there is no such format, or the file cannot be written.
    """
    reporter = registry.load("reporters", name)
    with result_stream(output, binary=reporter.BINARY) as stream:
        if name == "table":
            reporter.render(report, stream, colour=wants_colour(stream), every=every)
        else:
            reporter.render(report, stream)
