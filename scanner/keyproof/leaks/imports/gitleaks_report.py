"""Reports of Gitleaks and Betterleaks in JSON, which they take as a baseline."""

from __future__ import annotations

import hashlib
from typing import Any

from keyproof.leaks.imports._known import (
    Acceptances,
    Known,
    normal_path,
    number_of,
    parse_json,
    text_of,
)

TITLE = "Gitleaks and Betterleaks: a JSON report as a baseline"
RULES = False
_REDACTED = ("REDACTED", "...")


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    return text.lstrip().startswith("[") and '"RuleID"' in text and '"StartLine"' in text


def read(text: str, name: str) -> Acceptances:
    """Read a report's findings: by value where it stands there, else by commit, path and line.

    Raises:
        ConfigError: it is no JSON.
    """
    rows = parse_json(text, name)
    found = [_known(row, f"{name}[{index}]") for index, row in enumerate(rows)]
    return Acceptances(tuple(found))


def _known(row: dict[str, Any], where: str) -> Known:
    value = text_of(row, "Secret")
    whole = value is not None and not value.endswith(_REDACTED)
    digest = hashlib.sha256(value.encode()).hexdigest() if value and whole else None
    path = text_of(row, "File")
    return Known(
        where,
        rule=text_of(row, "RuleID") or "",
        path=normal_path(path) if path else None,
        line=number_of(row, "StartLine"),
        commit=text_of(row, "Commit"),
        digest=f"sha256:{digest}" if digest else None,
    )
