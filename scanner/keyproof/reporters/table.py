"""``table``: for the terminal. Worst first, one line a finding, folded when there are many.

What failed comes first; what was not read, not decided or waived follows, and is never left out.
The last line counts. Colour only repeats what a word says already.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import IO, TYPE_CHECKING, Any

from keyproof.model.finding import Finding
from keyproof.model.report import Report
from keyproof.reporters._leak_places import has_several
from keyproof.reporters._outline import Group, closing, groups, place, reasons, verdict, windows
from keyproof.reporters._plain import amount, day, minute, plain

if TYPE_CHECKING:
    from rich.console import Console

TITLE = "For the terminal"
SUFFIX = ".txt"
BINARY = False
FOLD_ABOVE = 50
"""Rows of failed findings above which each policy shows only its first few."""

SHOWN_FOLDED = 5
NARROWEST = 60
UNBOUNDED = 4000
"""Width where nobody looks at a screen: lines are not wrapped, so that grep finds whole names."""

_STYLES: Mapping[str, str] = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
}


def render(
    report: Report, stream: IO[Any], *, colour: bool | None = None, every: bool = False
) -> None:
    """Write the report. See ``Reporter.render``.

    Args:
        colour: whether to use it; ``None`` for wherever the stream is a terminal.
        every: print every failed finding, however many there are.
    """
    from rich.console import Console

    terminal = bool(stream.isatty())
    page = StringIO()
    console = Console(
        file=page,
        width=_width(stream) if terminal else UNBOUNDED,
        force_terminal=terminal if colour is None else colour,
        color_system="standard" if (terminal if colour is None else colour) else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    _head(console, report)
    arranged = groups(report)
    many = has_several(report)
    places = {
        leak.record_id: f"{leak.detector} {place(leak, several=many)}" for leak in report.leaks
    }
    _failed(console, arranged, places, every=every)
    _undecided(console, arranged)
    _exposures(console, report)
    _waived(console, arranged)
    _gaps(console, report)
    _statements(console, report)
    for line in page.getvalue().splitlines():
        stream.write(line.rstrip() + "\n")


def _width(stream: IO[Any]) -> int:
    try:
        return max(NARROWEST, os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        return 100


def _head(console: Console, report: Report) -> None:
    counts = report.counts
    console.print(
        f"keyproof {report.tool_version}, as of {minute(report.as_of)}: "
        f"{amount(counts.get('keys', 0), 'key')}, "
        f"{amount(counts.get('principals', 0), 'principal')}, "
        f"{amount(counts.get('leaks', 0), 'leak')} from {amount(len(report.sources), 'source')}"
        + (", part of their history" if report.scope == "partial" else "")
    )


def _failed(
    console: Console, every_group: Sequence[Group], places: Mapping[str, str], *, every: bool
) -> None:
    total = sum(len(group.failed) for group in every_group)
    fold = total > FOLD_ABOVE and not every
    for group in every_group:
        if not group.failed:
            continue
        policy = group.policy
        number = len(group.failed)
        # a title says what should hold, so the number that it does not hold for comes first
        title = f"{number} {'fails' if number == 1 else 'fail'}: {policy.title}"
        _title(console, policy.severity.upper(), title, policy.id, policy.severity)
        shown = group.failed[:SHOWN_FOLDED] if fold else group.failed
        _rows(console, [_row(finding, places) for finding in shown])
        hidden = len(group.failed) - len(shown)
        if hidden:
            console.print(f"  … and {hidden} more; all of them: keyproof report --all")
        if policy.remediation:
            console.print(f"  fix: {plain(' '.join(policy.remediation.split()))}")


def _row(finding: Finding, places: Mapping[str, str]) -> tuple[str, ...]:
    subject, due = finding.subject, finding.history.due_at if finding.history else None
    about = [f"owner {subject.owner}" if subject.owner else "no owner", subject.source]
    about += [f"due {day(due)}"] if due else []
    return places.get(subject.id, subject.name), finding.message, ", ".join(about)


def _undecided(console: Console, every_group: Sequence[Group]) -> None:
    rows = [
        (group.policy.id, word, str(number), reason)
        for group in every_group
        for word, findings in (("not decided", group.errors), ("unknown", group.unknown))
        for reason, number in reasons(findings)
    ]
    if rows:
        _title(console, "UNKNOWN", "What could not be known or decided")
        _rows(console, rows)


def _exposures(console: Console, report: Report) -> None:
    rows = [
        (
            window.key,
            window.leak.redacted,
            {
                "open": "STILL USABLE",
                "closed": "closed",
                "not known": "state not known",
            }[window.state],
            f"{day(window.exposure.opened_at)} to "
            + ("now" if window.state == "open" else day(window.exposure.closed_at)),
            f"{window.days} days" if window.days is not None else "",
            {"yes": "used after it leaked", "no": "not used since", "unknown": "use not known"}[
                window.exposure.used_after_leak
            ],
            "candidate only (masked hint)" if window.exposure.basis == "hint" else "",
        )
        for window in windows(report)
    ]
    if rows:
        _title(console, "EXPOSED", "Leaked keys, and how long they could be used")
        _folded(console, rows)


def _waived(console: Console, every_group: Sequence[Group]) -> None:
    rows = [
        (
            finding.subject.name,
            finding.policy,
            f"until {finding.waiver.expires_on}",
            f"{finding.waiver.approval}: {finding.waiver.approver}",
            finding.waiver.reason,
        )
        for group in every_group
        for finding in group.waived
        if finding.waiver
    ]
    if rows:
        _title(console, "WAIVED", "Accepted for a time")
        _folded(console, rows)


def _gaps(console: Console, report: Report) -> None:
    if report.gaps:
        _title(console, "NOT READ", "Gaps: what should have been read and was not")
        rows = []
        for gap in report.gaps:
            left = f"leaves {', '.join(gap.fields)} unknown" if gap.fields else ""
            fix = f"fix: {gap.hint}" if gap.hint else ""
            rows.append((gap.source, gap.call, gap.reason, gap.detail, left, fix))
        _folded(console, rows)


def _statements(console: Console, report: Report) -> None:
    from rich.text import Text

    if report.problems:
        _title(console, "NOTE", "What deserves a reader")
        _folded(console, [(problem,) for problem in report.problems])
    if report.incomplete:
        _title(console, "INCOMPLETE", "Why this run does not cover everything", style="bold red")
        _folded(console, [(reason,) for reason in report.incomplete])
    if report.resolved:
        console.print(f"\n{amount(len(report.resolved), 'finding')} resolved since the last run")
    console.print(Text(f"\n{verdict(report)}", style="bold"))
    console.print(closing(report))


def _title(
    console: Console, word: str, text: str, detail: str = "", severity: str = "", style: str = ""
) -> None:
    from rich.text import Text

    line = Text("\n")
    line.append(word, style=_STYLES.get(severity, style or "bold"))
    line.append(f"  {plain(text)}", style="bold")
    if detail:
        line.append(f"  {plain(detail)}", style="dim")
    console.print(line)


def _folded(console: Console, rows: Sequence[tuple[str, ...]]) -> None:
    _rows(console, rows[:FOLD_ABOVE])
    if len(rows) > FOLD_ABOVE:
        console.print(f"  … and {len(rows) - FOLD_ABOVE} more; all of them: --format json")


def _rows(console: Console, rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns; a column that is empty in every row is left out."""
    from rich.table import Table
    from rich.text import Text

    used = [index for index in range(len(rows[0])) if any(row[index] for row in rows)]
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=0)
    # what a row is about is copied: its words stay whole where a third of the line holds them
    words = [len(word) for row in rows for word in plain(row[0]).split()]
    longest = max((length for length in words if length <= console.width // 3), default=0)
    for index in used:
        grid.add_column(overflow="fold", min_width=None if index else longest)
    for row in rows:
        grid.add_row("", *(Text(plain(row[index])) for index in used))
    console.print(grid)
