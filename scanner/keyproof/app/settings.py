"""``keyproof.yaml``: one declaration per setting; flag > ``KEYPROOF_*`` > file > default."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from keyproof import yamlfile
from keyproof.app import registry
from keyproof.app.policy_settings import PolicySettings
from keyproof.app.settings_part import SettingsPart
from keyproof.errors import ConfigError, UsageError
from keyproof.identity import data_folder
from keyproof.model.policy import SEVERITIES, Severity

FILE_NAMES = ("keyproof.yaml", "keyproof.yml")


class FrameworkSettings(SettingsPart, frozen=True, kw_only=True):
    """Which frameworks' criteria reports name.

    Attributes:
        folders: the user's crosswalk files (``*.yaml``), beside the shipped ones.
        only: ids of the frameworks to print; empty for those that are on by default.
    """

    folders: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


class RotationSettings(SettingsPart, frozen=True, kw_only=True):
    """How the keys of one source are rotated: driver, targets, and how long both keys live."""

    source: str
    rotator: str
    targets: tuple[str, ...]
    principals: tuple[str, ...] = ("*",)
    overlap_hours: float = 24.0
    soak_hours: float = 24.0


class SlaDays(SettingsPart, frozen=True, kw_only=True):
    """How many days a finding of each severity may stay open."""

    critical: int = 7
    high: int = 30
    medium: int = 90
    low: int = 180
    info: int = 365


class TicketSettings(SettingsPart, frozen=True, kw_only=True):
    """Which findings become tickets, and the limits of one plan."""

    minimum_severity: Severity = "high"
    limit: int = 50
    max_rotations: int = 10
    sla_days: SlaDays = SlaDays()


class LeakSettings(SettingsPart, frozen=True, kw_only=True):
    """What the search for leaks is given besides the shipped detectors.

    Attributes:
        rules: files of rules: of other scanners, or in our own form.
        skip_untranslatable: leave out what cannot be translated, and say so; else it is an error.
        detect_secrets: its plugins look at the worktree, staged text and standard input, too.
    """

    rules: tuple[str, ...] = ()
    skip_untranslatable: bool = False
    detect_secrets: bool = False


class Settings(SettingsPart, frozen=True, kw_only=True):
    """The whole file. ``sources``, ``trackers`` and ``targets`` name an adapter and its settings.

    Attributes:
        sources: name → ``{connector: …, …settings of that connector}``.
        trackers: name → ``{tracker: …, …}``.
        targets: name → ``{target: …, …}``.
    """

    version: Literal[1] = 1
    sources: Mapping[str, Mapping[str, Any]] = {}
    leaks: LeakSettings = LeakSettings()
    policies: PolicySettings = PolicySettings()
    frameworks: FrameworkSettings = FrameworkSettings()
    owners: Mapping[str, str] = {}
    waivers: str | None = None
    waiver_signers: str | None = None
    store: str | None = None
    fail_on: Severity = "high"
    tickets: TicketSettings = TicketSettings()
    trackers: Mapping[str, Mapping[str, Any]] = {}
    targets: Mapping[str, Mapping[str, Any]] = {}
    rotations: tuple[RotationSettings, ...] = ()


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Settings with the file they came from; paths in them are relative to ``folder``."""

    settings: Settings
    document: yamlfile.Document
    folder: Path

    def path(self, value: str) -> Path:
        """Return a path of the file, made absolute from the file's folder."""
        return (self.folder / Path(value).expanduser()).resolve()

    def adapter(
        self, section: Literal["sources", "trackers", "targets"], name: str
    ) -> tuple[Any, Any]:
        """Return the adapter module and validated settings of one named entry, paths absolute.

        Raises:
            ConfigError: the entry names no adapter, an unknown one, or has settings that do not fit.
            UsageError: there is no entry of that name.
        """
        kind, word = _KINDS[section]
        entries: Mapping[str, Mapping[str, Any]] = getattr(self.settings, section)
        if name not in entries:
            known = ", ".join(sorted(entries)) or f"none; add '{section}:' to keyproof.yaml"
            raise UsageError(f"there is no {word} entry '{name}'", hint=f"there are: {known}")
        chosen = entries[name].get(word)
        if not isinstance(chosen, str):
            raise ConfigError(
                f"'{name}' does not say which {word} it uses",
                where=self.document.where(section, name),
                hint=f"add '{word}: …', one of: {', '.join(registry.names(kind))}",
            )
        try:
            module = registry.load(kind, chosen)
        except UsageError as error:
            where = self.document.where(section, name, word)
            raise ConfigError(error.message, where=where, hint=error.hint) from None
        data = {key: value for key, value in entries[name].items() if key != word}
        shadow = yamlfile.Document({section: {name: data}}, self.document.lines, self.document.name)
        return module, self.rooted(shadow.convert(module.SETTINGS, section, name))

    def rooted(self, settings: Any) -> Any:
        """Return an adapter's settings with the paths in them made absolute."""
        changes: dict[str, Any] = {}
        for field in settings.__struct_fields__:
            value = getattr(settings, field)
            if field in _PATHS and isinstance(value, str):
                changes[field] = str(self.path(value))
            elif field in _PATHS and isinstance(value, tuple):
                changes[field] = tuple(str(self.path(each)) for each in value)
            elif isinstance(value, msgspec.Struct):
                changes[field] = self.rooted(value)
        return replace(settings, **changes) if changes else settings

    def store_url(self, environment: Mapping[str, str]) -> str:
        """Return the store's URL: ``KEYPROOF_STORE``, the file's, else this project's SQLite file.

        Each project has a file of its own, named after its folder: two projects that both call a
        source "repo" must not resolve each other's findings.
        """
        configured = environment.get("KEYPROOF_STORE") or self.settings.store
        if configured and "://" in configured:
            return configured
        return f"sqlite:///{self.path(configured) if configured else self.state_folder(environment) / 'keyproof.db'}"

    def state_folder(self, environment: Mapping[str, str]) -> Path:
        """Return the folder of the user's data that belongs to this project alone."""
        folder = self.folder.resolve()
        mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
        name = re.sub(r"[^A-Za-z0-9._-]", "_", folder.name) or "root"
        return data_folder(environment) / "projects" / f"{name}-{mark}"


_PATHS = frozenset({"path", "paths", "folder", "baseline", "ca_file", "rules"})
"""What adapters call a path in their settings: it is relative to the settings file."""

_KINDS: Mapping[str, tuple[registry.Kind, str]] = {
    "sources": ("connectors", "connector"),
    "trackers": ("trackers", "tracker"),
    "targets": ("targets", "target"),
}


def find(start: Path) -> Path | None:
    """Return the nearest settings file in ``start`` or above it, within its git repository.

    Raises:
        ConfigError: what has its name is no regular file: passed over, it would set nothing.
    """
    for folder in (start, *start.parents):
        for name in FILE_NAMES:
            path = folder / name
            if path.is_file():
                return path
            if os.path.lexists(path):
                raise ConfigError("not a regular file", where=str(path))
        if (folder / ".git").exists():
            return None
    return None


def load(path: Path | None, environment: Mapping[str, str], start: Path) -> Loaded:
    """Read the settings: the named file, ``KEYPROOF_CONFIG``, the nearest one, or defaults.

    Raises:
        ConfigError: the file cannot be read, or says something that does not exist.
    """
    chosen = path or (
        Path(environment["KEYPROOF_CONFIG"]) if environment.get("KEYPROOF_CONFIG") else find(start)
    )
    if chosen is None:
        settings, folder = Settings(), start
        document = yamlfile.Document({}, {}, FILE_NAMES[0])
    else:
        document = yamlfile.load(chosen)
        settings, folder = document.convert(Settings), chosen.resolve().parent
    severity = environment.get("KEYPROOF_FAIL_ON")
    if severity:
        settings = replace(settings, fail_on=_severity(severity))
    return Loaded(settings=settings, document=document, folder=folder)


def _severity(word: str) -> Severity:
    try:
        severity: Severity = msgspec.convert(word, Severity)
    except msgspec.ValidationError:
        msg = f"KEYPROOF_FAIL_ON must be one of: {', '.join(reversed(SEVERITIES))}"
        raise ConfigError(msg) from None
    return severity


def override(
    loaded: Loaded,
    *,
    fail_on: Severity | None = None,
    engine: Literal["embedded", "opa"] | None = None,
    opa_url: str | None = None,
) -> Loaded:
    """Return the settings with what the command line says in place of the file.

    Raises:
        UsageError: an address of OPA is given, but not its engine.
    """
    settings = loaded.settings
    if opa_url and engine != "opa" and settings.policies.engine != "opa":
        raise UsageError("--opa-url needs --engine opa")
    opa = replace(settings.policies.opa, url=opa_url) if opa_url else settings.policies.opa
    policies = replace(settings.policies, opa=opa, engine=engine or settings.policies.engine)
    severity = fail_on or settings.fail_on
    return replace(loaded, settings=replace(settings, policies=policies, fail_on=severity))
