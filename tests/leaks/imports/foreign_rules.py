"""Runs rules of other scanners on texts, without the shipped detectors: that takes no time."""

from __future__ import annotations

from pathlib import Path

from keyproof.leaks.conditions import skips
from keyproof.leaks.imported import Extended, extend
from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.rules import RuleSet

NOTHING = RuleSet("", (), ())


class Brought:
    """The rules of one file."""

    def __init__(self, path: Path, *, skip: bool = False) -> None:
        self.extended: Extended = extend(NOTHING, [path], skip_untranslatable=skip)
        self.matcher: Matcher = open_matcher(self.extended.rules, path.parent / "cache")

    def found(self, text: str, path: str = "a.py", commit: str = "") -> list[tuple[str, str]]:
        """Return detector and value of what is found in a text that stands at a place."""
        return [
            (hit.detector, hit.secret.reveal().decode())
            for hit in self.matcher.find(text.encode())
            if not skips(hit.pending, path.encode(), commit)
        ]


def brought(folder: Path, name: str, text: str, *, skip: bool = False) -> Brought:
    """Write a file of rules and load it."""
    path = folder / name
    path.write_text(text)
    return Brought(path, skip=skip)
