"""Findings of TruffleHog: JSON lines; it has no baseline of its own, so teams keep these."""

from __future__ import annotations

import hashlib
from typing import Any

from keyproof.leaks.imports._known import Acceptances, Known, normal_path, parse_json, text_of

TITLE = "TruffleHog: findings as JSON lines"
RULES = False


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    first = text.lstrip()[:1]
    return first == "{" and '"DetectorName"' in text and '"SourceMetadata"' in text


def read(text: str, name: str) -> Acceptances:
    """Read the findings: values are hashed here, and dropped.

    Raises:
        ConfigError: a line is no JSON.
    """
    known = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            where = f"{name}:{number}"
            row = parse_json(line, where)
            if isinstance(row, dict) and "DetectorName" in row:
                known.append(_known(row, where))
    return Acceptances(tuple(known))


def _known(row: dict[str, Any], where: str) -> Known:
    value = text_of(row, "Raw")
    place = _place(row)
    path = text_of(place, "file")
    return Known(
        where,
        rule=text_of(row, "DetectorName") or "",
        path=normal_path(path) if path else None,
        digest=f"sha256:{hashlib.sha256(value.encode()).hexdigest()}" if value else None,
        reason="known to trufflehog" + (", which found it live" if row.get("Verified") else ""),
    )


def _place(row: dict[str, Any]) -> dict[str, Any]:
    data = (row.get("SourceMetadata") or {}).get("Data") or {}
    first = next(iter(data.values()), None) if isinstance(data, dict) else None
    return first if isinstance(first, dict) else {}
