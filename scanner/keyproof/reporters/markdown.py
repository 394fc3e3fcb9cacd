"""``markdown``: a short summary for a pull request or a chat; never the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import IO, Any

from keyproof.model.report import Report
from keyproof.reporters._outline import closing, groups, verdict, windows
from keyproof.reporters._plain import day, minute, plain

TITLE = "A short summary (Markdown)"
SUFFIX = ".md"
BINARY = False
ROWS = 20

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&:])")
_MENTION = re.compile(r"(?<!\w)@(?=\w)")


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    for line in _lines(report):
        stream.write(line + "\n")


def escape(text: str) -> str:
    """Return text that Markdown, and HTML inside it, prints as it stands."""
    escaped = _SPECIAL.sub(r"\\\1", plain(text)).replace("\\<", "&lt;").replace("\\>", "&gt;")
    return _MENTION.sub("@&#8203;", escaped)


def _lines(report: Report) -> Iterator[str]:
    yield "## API keys: what keyproof found"
    yield ""
    yield f"**{escape(verdict(report))}** As of {minute(report.as_of)}."
    yield ""
    yield escape(closing(report))
    yield ""
    yield from _table(
        ("severity", "policy", "failed", "unknown", "not decided", "waived", "population"),
        [
            (
                group.policy.severity,
                group.policy.id,
                str(len(group.failed)),
                str(len(group.unknown)),
                str(len(group.errors)),
                str(len(group.waived)),
                str(group.policy.population),
            )
            for group in groups(report)
        ],
    )
    failed = [finding for group in groups(report) for finding in group.failed]
    if failed:
        yield f"### Worst first ({min(len(failed), ROWS)} of {len(failed)})"
        yield ""
        yield from _table(
            ("severity", "subject", "what is wrong", "owner"),
            [
                (f.severity, f.subject.name, f.message, f.subject.owner or "no owner")
                for f in failed[:ROWS]
            ],
        )
    usable = [window for window in windows(report) if window.state == "open"]
    if usable:
        yield "### Leaked and still usable"
        yield ""
        yield from _table(
            ("key", "leaked", "days"),
            [
                (w.key, day(w.exposure.opened_at), "" if w.days is None else str(w.days))
                for w in usable[:ROWS]
            ],
        )
    for title, texts in (("Incomplete", report.incomplete), ("Notes", report.problems)):
        if texts:
            yield f"### {title}"
            yield ""
            yield from (f"- {escape(text)}" for text in texts[:ROWS])
            if len(texts) > ROWS:
                yield f"- and {len(texts) - ROWS} more"
            yield ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield "| " + " | ".join(escape(cell) for cell in row) + " |"
    yield ""
