"""What a team brings along: the rules of its own, and detect-secrets as a second engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from keyproof.app.settings import LeakSettings, Loaded, load
from keyproof.identity import cache_folder
from keyproof.leaks.matcher import Matcher
from keyproof.leaks.rules import Detector


class Brought(NamedTuple):
    """A matcher with rules that were brought along, and what a person should know about them.

    ``matcher`` is ``None`` where nothing was: then the shipped rules do.
    """

    matcher: Matcher | None
    notes: tuple[str, ...] = ()


def wanted(
    environment: Mapping[str, str],
    folder: Path,
    rules: Sequence[Path],
    *,
    skip_untranslatable: bool = False,
    detect_secrets: bool = False,
) -> LeakSettings:
    """Return what the command line asks for, else what the settings file here does.

    Raises:
        ConfigError: the settings file cannot be used.
    """
    loaded = load(None, environment, folder)
    found = own_rules(loaded)
    return replace(
        found,
        rules=tuple(map(str, rules)) or found.rules,
        skip_untranslatable=skip_untranslatable or found.skip_untranslatable,
        detect_secrets=detect_secrets or found.detect_secrets,
    )


def own_rules(loaded: Loaded) -> LeakSettings:
    """Return the settings file's section with its paths made absolute."""
    section = loaded.settings.leaks
    return replace(section, rules=tuple(str(loaded.path(one)) for one in section.rules))


def bring(asked: LeakSettings, environment: Mapping[str, str]) -> Brought:
    """Load the rules that are asked for beside ours.

    Raises:
        ConfigError: a file cannot be read, or holds what cannot be translated.
        MissingExtra: google-re2 is not installed.
    """
    if not asked.rules and not asked.detect_secrets:
        return Brought(None)
    from keyproof.leaks.imported import open_with

    more: tuple[Detector, ...] = ()
    if asked.detect_secrets:
        from keyproof.leaks.engine_detect_secrets import detectors

        more = detectors()
    opened = open_with(
        [Path(one) for one in asked.rules],
        cache_folder(environment),
        skip_untranslatable=asked.skip_untranslatable,
        more=more,
    )
    skipped = tuple(f"left out: {one}" for one in opened.skipped)
    return Brought(opened.matcher, (*skipped, *opened.notes))
