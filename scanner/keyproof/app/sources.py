"""Turns settings and command-line arguments into the sources of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from keyproof.app import registry
from keyproof.app.brought import own_rules
from keyproof.app.settings import Loaded
from keyproof.app.wiring import make_context
from keyproof.errors import NothingToCheck, UsageError
from keyproof.pipeline.collect import ConfiguredSource
from keyproof.ports import Clock, Connector, Fingerprinter, HitCache, Progress


class Wanted(NamedTuple):
    """What the command line asks for: everything configured, some of it, or something else.

    ``repositories`` and ``files`` are ad-hoc sources that stand in for the configured ones;
    ``range`` narrows every git source to what a commit range adds.
    """

    names: tuple[str, ...] = ()
    repositories: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    range: str | None = None

    @property
    def partial(self) -> bool:
        """Whether a run like this sees less than is configured, and so may resolve nothing."""
        return bool(self.names or self.range)


class Surroundings(NamedTuple):
    """What every source of a run is given."""

    environment: Mapping[str, str]
    fingerprinter: Fingerprinter
    clock: Clock
    progress: Progress | None = None
    cache: HitCache | None = None


def resolve(loaded: Loaded, wanted: Wanted, surroundings: Surroundings) -> list[ConfiguredSource]:
    """Return the sources of a run.

    Raises:
        NothingToCheck: nothing is configured, and the folder is no git repository.
        UsageError: a named source is not configured.
        ConfigError: a configured source cannot be wired.
    """
    if wanted.repositories or wanted.files:
        chosen = [*_repositories(wanted.repositories), *_files(wanted.files)]
    elif loaded.settings.sources:
        chosen = _configured(loaded, wanted.names)
    elif _is_repository(loaded.folder):
        chosen = _repositories((loaded.folder,))
    else:
        raise NothingToCheck(
            "there is no source: no keyproof.yaml names one, and this folder is no git repository",
            hint="run it in a repository, name one (keyproof scan PATH), or run: keyproof init",
        )
    chosen = [_with_rules(loaded, one) for one in chosen]
    if wanted.range:
        chosen = _narrowed(chosen, wanted.range)
    return [
        ConfiguredSource(
            name,
            connector_name,
            connector,
            settings,
            make_context(name, *surroundings),
        )
        for name, connector_name, connector, settings in chosen
    ]


_Chosen = tuple[str, str, Connector, Any]


def _configured(loaded: Loaded, names: Sequence[str]) -> list[_Chosen]:
    chosen = []
    for name in names or sorted(loaded.settings.sources):
        connector, settings = loaded.adapter("sources", name)
        kind = str(loaded.settings.sources[name]["connector"])
        chosen.append((name, kind, connector, settings))
    return chosen


def _repositories(paths: Sequence[Path]) -> list[_Chosen]:
    return [_ad_hoc("git", path) for path in paths]


def _files(paths: Sequence[Path]) -> list[_Chosen]:
    return [_ad_hoc("file", path) for path in paths]


def _ad_hoc(kind: str, path: Path) -> _Chosen:
    if not path.exists():
        raise UsageError(f"{path} does not exist", hint="check the path")
    connector = registry.load("connectors", kind)
    absolute = path.resolve()
    # the whole path: two folders of one name must not resolve each other's findings
    return str(absolute), kind, connector, connector.SETTINGS(path=str(absolute))


def _with_rules(loaded: Loaded, chosen: _Chosen) -> _Chosen:
    """Give a git source that names no rules of its own those of the section ``leaks``."""
    name, kind, connector, settings = chosen
    section = own_rules(loaded)
    if kind != "git" or settings.rules or not section.rules:
        return chosen
    skip = section.skip_untranslatable or settings.skip_untranslatable
    changed = msgspec.structs.replace(settings, rules=section.rules, skip_untranslatable=skip)
    return name, kind, connector, changed


def _narrowed(chosen: Sequence[_Chosen], commits: str) -> list[_Chosen]:
    kept = [
        (name, kind, connector, msgspec.structs.replace(settings, range=commits))
        for name, kind, connector, settings in chosen
        if kind == "git"
    ]
    if not kept:
        raise UsageError("--range needs a git source", hint="name a repository: keyproof scan PATH")
    return kept


def _is_repository(folder: Path) -> bool:
    return any((parent / ".git").exists() for parent in (folder, *folder.parents)) or (
        (folder / "HEAD").is_file() and (folder / "objects").is_dir()
    )
