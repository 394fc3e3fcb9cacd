"""Ignored findings of Gitleaks and Betterleaks: ``.gitleaksignore``, ``.betterleaksignore``."""

from __future__ import annotations

import re
from pathlib import Path

from keyproof.leaks.imports._known import Acceptances, Known, normal_path

TITLE = "Gitleaks and Betterleaks: .gitleaksignore, .betterleaksignore"
RULES = False
_COMMIT = re.compile(r"(?P<commit>[0-9a-f]{40}|[0-9a-f]{64}):(?P<rest>.+)")
_PLACE = re.compile(r"(?P<path>.+):(?P<rule>[^:]+):(?P<line>\d+)")


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    return Path(name).name.lstrip(".") in {"gitleaksignore", "betterleaksignore"}


def read(text: str, name: str) -> Acceptances:
    """Read fingerprints: ``commit:path:rule:line``, or the same without a commit."""
    known: list[Known] = []
    notes: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        where = f"{name}:{number}"
        commit = _COMMIT.fullmatch(line)
        place = _PLACE.fullmatch(commit["rest"] if commit else line)
        if place is None:
            notes.append(f"{where}: not a fingerprint")
            continue
        known.append(
            Known(
                where,
                rule=place["rule"],
                path=normal_path(place["path"]),
                line=int(place["line"]),
                commit=commit["commit"] if commit else None,
            )
        )
    return Acceptances(tuple(known), tuple(notes))
