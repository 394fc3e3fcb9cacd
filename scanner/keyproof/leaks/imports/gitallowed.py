"""Allowed patterns of git-secrets: ``.gitallowed``."""

from __future__ import annotations

from pathlib import Path

from keyproof.leaks.imports._dialect import translate
from keyproof.leaks.imports._known import Acceptances, Known
from keyproof.leaks.imports._rule import Untranslatable

TITLE = "git-secrets: .gitallowed"
RULES = False


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    return Path(name).name.lstrip(".") == "gitallowed"


def read(text: str, name: str) -> Acceptances:
    """Read one expression a line, each over ``path:line:content``."""
    known: list[Known] = []
    notes: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip() or raw.startswith("#"):
            continue
        where = f"{name}:{number}"
        try:
            pattern = translate(raw, "python")
        except Untranslatable as failure:
            notes.append(f"{where}: {failure}")
            continue
        known.append(Known(where, pattern=pattern, reason="allowed in git-secrets"))
    return Acceptances(tuple(known), tuple(notes))
