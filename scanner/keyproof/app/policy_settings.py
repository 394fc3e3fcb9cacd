"""The section ``policies`` of ``keyproof.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from keyproof.app.settings_part import SettingsPart


class OpaSettings(SettingsPart, frozen=True, kw_only=True):
    """The OPA server, where one is used. Its token comes from ``KEYPROOF_OPA_TOKEN``."""

    url: str | None = None
    binary: str | None = None
    ca_file: str | None = None
    bundle_revision: str | None = None


class SeverityChange(SettingsPart, frozen=True, kw_only=True):
    """The severity that an organisation gives a policy, and why."""

    severity: str
    reason: str | None = None


class PolicySettings(SettingsPart, frozen=True, kw_only=True):
    """Which policies run, with which parameters, on which engine.

    Attributes:
        disable: ids of policies that do not run, best with the reason of each.
        replace: ids of shipped policies that one of ``folders`` replaces, likewise.
        severities: id → the severity that its findings have here, or a :class:`SeverityChange`.
    """

    engine: Literal["embedded", "opa"] = "embedded"
    opa: OpaSettings = OpaSettings()
    bundle: str | None = None
    verification_key: str | None = None
    folders: tuple[str, ...] = ()
    disable: tuple[str, ...] | dict[str, str] = ()
    replace: tuple[str, ...] | dict[str, str] = ()
    severities: Mapping[str, Any] = {}
    params: str | None = None
    workers: int | None = None

    def off(self) -> Mapping[str, str]:
        """Return the policies that do not run, each with the reason, if one is stated."""
        return _reasons(self.disable)

    def instead(self) -> Mapping[str, str]:
        """Return the shipped policies that are replaced, each with the reason."""
        return _reasons(self.replace)


def _reasons(named: tuple[str, ...] | dict[str, str]) -> Mapping[str, str]:
    return named if isinstance(named, dict) else dict.fromkeys(named, "")
