"""``run``: the whole report as one document, from which every other format can be made again.

``{"schema": "keyproof/run/v1", "report": …}``: the report as :class:`keyproof.model.report.Report`
reads it back, but for what a finding shares with its policy (controls, remediation), which is
written once. It belongs to this version of keyproof; for other programs there is ``json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Literal

import msgspec
from msgspec.structs import replace

from keyproof.errors import ConfigError
from keyproof.model.finding import Finding
from keyproof.model.report import PolicySummary, Report
from keyproof.reporters._plain import json_safe

TITLE = "The whole run, to be rendered again later"
SUFFIX = ".run.json"
BINARY = False


class SavedRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. Its schema's number changes when the report's shape does."""

    schema: Literal["keyproof/run/v1"] = "keyproof/run/v1"
    report: Report


class _Marked(msgspec.Struct):
    schema: str = ""


def render(report: Report, stream: IO[Any]) -> None:
    """See ``Reporter.render``."""
    run = SavedRun(report=replace(report, findings=tuple(map(_lean, report.findings))))
    stream.write(json_safe(msgspec.json.encode(run, order="sorted").decode()) + "\n")


def load(data: bytes, *, name: str) -> Report:
    """Return the report of a saved run.

    Raises:
        ConfigError: the data is something else, or from a version with another shape.
    """
    try:
        report = msgspec.json.decode(data, type=SavedRun).report
    except (msgspec.DecodeError, UnicodeDecodeError):  # their texts quote values
        raise ConfigError(_why(data), where=name, hint=_HINT) from None
    policies = {policy.id: policy for policy in report.policies}
    return replace(report, findings=tuple(_whole(f, policies) for f in report.findings))


def _lean(finding: Finding) -> Finding:
    return replace(finding, controls=(), remediation="")


def _whole(finding: Finding, policies: Mapping[str, PolicySummary]) -> Finding:
    policy = policies.get(finding.policy)
    if policy is None:
        return finding
    return replace(finding, controls=policy.controls, remediation=policy.remediation)


_HINT = "save one with: keyproof scan --format run -o scan.run.json"


def _why(data: bytes) -> str:
    try:
        schema = msgspec.json.decode(data, type=_Marked).schema
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "is not a saved run: it is not JSON of any shape that keyproof writes"
    if schema == "keyproof/scan/v1":
        return "is the output for other programs (json), which does not hold the whole run"
    if schema == "keyproof/run/v1":
        return "is a saved run of another version of keyproof, or was edited"
    return "is not a saved run"
