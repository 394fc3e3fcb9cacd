"""Baselines of Kingfisher: YAML of version 2, and the older one without a version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keyproof import yamlfile
from keyproof.errors import ConfigError
from keyproof.leaks.imports._known import Acceptances, Known, normal_path, number_of, text_of

TITLE = "Kingfisher: a baseline file"
RULES = False
_ALGORITHMS = {None, "kingfisher-v1"}


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    return "fingerprint" in text and ("ExactFindings:" in text or "repositories:" in text)


def read(text: str, name: str) -> Acceptances:
    """Read the accepted findings, by path and line: their fingerprints hold byte offsets.

    Raises:
        ConfigError: it is no YAML, or of a version that is not known.
    """
    document = yamlfile.parse(text, name)
    data = document.data if isinstance(document.data, dict) else {}
    if data.get("version", 1) not in {1, 2} or data.get("fingerprint_algorithm") not in _ALGORITHMS:
        raise ConfigError(
            "a version of the baseline that is not known", where=name, hint="known: 1 and 2"
        )
    return Acceptances(tuple(_known(document, data)))


def _known(document: yamlfile.Document, data: dict[str, Any]) -> Iterator[Known]:
    older = (data.get("ExactFindings") or {}).get("matches") or []
    for index, row in enumerate(older):
        where = document.where("ExactFindings", "matches", index)
        yield _one(row, where, "filepath", "linenum")
    for number, repository in enumerate(data.get("repositories") or []):
        for index, row in enumerate(repository.get("findings") or []):
            where = document.where("repositories", number, "findings", index)
            yield _one(row, where, "path", "line")


def _one(row: dict[str, Any], where: str, path: str, line: str) -> Known:
    shown = text_of(row, path)
    return Known(
        where,
        rule=text_of(row, "rule_id") or "",
        path=normal_path(shown) if shown else None,
        line=number_of(row, line),
    )
