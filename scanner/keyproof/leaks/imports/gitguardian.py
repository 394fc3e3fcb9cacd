"""Ignored secrets of ggshield: ``.gitguardian.yaml``, versions 1 and 2."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keyproof import yamlfile
from keyproof.leaks.imports._known import Acceptances, Known

TITLE = "ggshield: .gitguardian.yaml"
RULES = False
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    return Path(name).name in {".gitguardian.yaml", ".gitguardian.yml"}


def read(text: str, name: str) -> Acceptances:
    """Read what is ignored: values or their SHA-256, and paths.

    Raises:
        ConfigError: it is no YAML.
    """
    document = yamlfile.parse(text, name)
    data = document.data if isinstance(document.data, dict) else {}
    section, path = (data, ()) if data.get("version", 1) == 1 else (data.get("secret"), ("secret",))
    settings = _dashed(section if isinstance(section, dict) else {})
    known = [*_matches(document, settings, path), *_paths(document, settings, path)]
    notes = []
    if settings.get("ignored_detectors") or settings.get("banlisted_detectors"):
        notes.append(
            f"{document.where(*path)}: ignored_detectors: detectors of a server that is not here;"
            " accept what keyproof finds instead"
        )
    return Acceptances(tuple(known), tuple(notes))


def _dashed(section: dict[str, Any]) -> dict[str, Any]:
    """Return a section with its keys as version 2 writes them."""
    names = {"paths_ignore": "ignored_paths", "matches_ignore": "ignored_matches"}
    flat = {str(key).replace("-", "_"): value for key, value in section.items()}
    return {names.get(key, key): value for key, value in flat.items()}


def _matches(
    document: yamlfile.Document, settings: dict[str, Any], path: tuple[str, ...]
) -> Iterator[Known]:
    for index, raw in enumerate(settings.get("ignored_matches") or []):
        value = raw.get("match") if isinstance(raw, dict) else raw
        label = raw.get("name") if isinstance(raw, dict) else None
        where = _where(document, path, ("ignored_matches", "matches-ignore"), index)
        if not isinstance(value, str) or not value:
            yield Known(where, rule="a match that is no text (quote it)")
            continue
        plain = hashlib.sha256(value.encode()).hexdigest()
        digest = value.lower() if _DIGEST.fullmatch(value) else plain
        yield Known(where, digest=f"sha256:{digest}", reason=_reason(label))


def _paths(
    document: yamlfile.Document, settings: dict[str, Any], path: tuple[str, ...]
) -> Iterator[Known]:
    for index, raw in enumerate(settings.get("ignored_paths") or []):
        where = _where(document, path, ("ignored_paths", "paths-ignore"), index)
        yield Known(where, globs=(str(raw),), reason="in a path that ggshield ignores")


def _where(
    document: yamlfile.Document, path: tuple[str, ...], names: tuple[str, ...], index: int
) -> str:
    spelt = [*names, *(name.replace("_", "-") for name in names)]
    known = next((name for name in spelt if (*path, name) in document.lines), names[0])
    return document.where(*path, known, index)


def _reason(label: object) -> str:
    return (
        f"ignored in ggshield: {label}"
        if isinstance(label, str) and label
        else "ignored in ggshield"
    )
