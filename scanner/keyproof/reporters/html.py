"""``html``: the evidence report that one hands to an auditor.

One file: no script, nothing fetched, readable offline, on paper and by a screen reader. It is
management's evidence and says so. The template is ``reports/html/report.html.j2``.
"""

from __future__ import annotations

from typing import IO, Any

from keyproof.model.report import Report
from keyproof.reporters import _charts, _outline, _page
from keyproof.reporters._plain import amount, day, minute, plain

TITLE = "Evidence report (one self-contained page)"
SUFFIX = ".html"
BINARY = False
TEMPLATE = "html/report.html.j2"


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    from keyproof.templates import environment  # Jinja2 loads for this format alone

    layout = environment().overlay(finalize=_finalize)
    layout.filters.update(day=day, minute=minute, shown=_page.shown)
    stream.write(layout.get_template(TEMPLATE).render(_values(report)))


def _finalize(value: Any) -> Any:
    """Make every value plain before it is escaped; what a macro made is finished already."""
    return plain(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _values(report: Report) -> dict[str, Any]:
    groups = _outline.groups(report)
    windows = _outline.windows(report)
    return {
        "report": report,
        "counts": report.summary(),
        "verdict": _outline.verdict(report),
        "exit_meaning": _page.exit_meaning(report.exit_code),
        "groups": groups,
        "policy_chart": _charts.shares([(g.policy.id, g.policy.verdicts) for g in groups]),
        "severities": _page.severity_counts(report),
        "source_rows": _page.source_rows(report),
        "policy_rows": _page.policy_rows(groups),
        "frameworks": _page.framework_tables(report),
        "exceptions": _page.exceptions(groups, report.as_of),
        "is_overdue": lambda finding: _page.is_overdue(finding, report.as_of),
        "reasons": _outline.reasons,
        "gap_rows": _page.gap_rows(report),
        "windows": windows,
        "timeline": _charts.timeline(windows, report.as_of),
        "parameters": _page.parameter_rows(report),
        "amount": amount,
        "statuses": _charts.DRAWN_STATUSES,
    }
