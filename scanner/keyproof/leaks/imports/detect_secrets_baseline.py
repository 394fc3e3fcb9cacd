"""The baseline of detect-secrets: ``.secrets.baseline``."""

from __future__ import annotations

from typing import Any

from keyproof.errors import ConfigError
from keyproof.leaks.imports._known import (
    Acceptances,
    Known,
    normal_path,
    number_of,
    parse_json,
    text_of,
)

TITLE = "detect-secrets: .secrets.baseline"
RULES = False
_AUDITED = {
    True: "audited in detect-secrets as a real secret: rotate it",
    False: "audited in detect-secrets as no secret",
    None: "in the baseline of detect-secrets, not audited",
}
_PREFIX_ONLY = {"GitHub Token", "GitLab Token"}
"""Types of which detect-secrets hashes the prefix alone: the hash names no value."""


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    return text.lstrip().startswith("{") and '"plugins_used"' in text and '"results"' in text


def read(text: str, name: str) -> Acceptances:
    """Read the accepted findings: path, type and SHA-1 of the value.

    Raises:
        ConfigError: it is no JSON, or no such baseline.
    """
    results = parse_json(text, name).get("results")
    if not isinstance(results, dict):
        raise ConfigError("it holds no results", where=name)
    known = [
        _known(row, path, f"{name}: {path}")
        for path in sorted(results)
        for row in results[path]
        if isinstance(row, dict)
    ]
    return Acceptances(tuple(known))


def _known(row: dict[str, Any], path: str, where: str) -> Known:
    kind = text_of(row, "type") or ""
    digest = text_of(row, "hashed_secret")
    audited = row.get("is_secret")
    return Known(
        where,
        rule=kind,
        path=normal_path(path),
        line=number_of(row, "line_number"),
        digest=f"sha1:{digest.lower()}" if digest and kind not in _PREFIX_ONLY else None,
        reason=_AUDITED[audited if isinstance(audited, bool) else None],
    )
