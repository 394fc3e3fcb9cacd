"""The ``keyproof.yaml`` that ``keyproof init`` writes: what was found here, and the rest as comments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Found(NamedTuple):
    """What is here already: nothing of it is asked for."""

    repository: Path | None
    aws: str | None
    github: str | None
    inventories: tuple[str, ...]


def look(folder: Path, environment: Mapping[str, str]) -> Found:
    """Find what can be a source or a tracker, reading names only: no call, no credential."""
    repository = next((p for p in (folder, *folder.parents) if (p / ".git").exists()), None)
    return Found(
        repository=repository,
        aws=_aws(environment),
        github=_github(repository) if environment.get("GITHUB_TOKEN") else None,
        inventories=tuple(sorted(p.name for p in folder.glob("*keys*.csv"))),
    )


def _aws(environment: Mapping[str, str]) -> str | None:
    """Return the profile to use, ``""`` for credentials in the environment, ``None`` for neither."""
    if environment.get("AWS_PROFILE"):
        return environment["AWS_PROFILE"]
    if environment.get("AWS_ACCESS_KEY_ID"):
        return ""
    home = Path(environment.get("HOME", "~")).expanduser()
    return "default" if (home / ".aws" / "credentials").is_file() else None


def _github(repository: Path | None) -> str | None:
    """Return ``owner/name`` where the repository's remote is on GitHub."""
    if repository is None:
        return None
    try:
        text = (repository / ".git" / "config").read_text(errors="replace")
    except OSError:
        return None
    match = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?\s*$", text, re.MULTILINE)
    return match[1] if match else None


def compose(found: Found) -> str:
    """Return the settings file: valid as it is, and a page of documentation."""
    return "\n".join(
        (
            "# keyproof settings: what was found here; what is commented out is an example or a default.",
            "# Every setting: docs/contracts.md. Secrets stand in the environment, never here.",
            "version: 1",
            "",
            *_sources(found),
            "",
            *_rest(found),
            "",
        )
    )


def _sources(found: Found) -> list[str]:
    lines = ["# Where facts come from: a name of yours, and the connector that reads it."]
    entries: list[str] = []
    if found.repository:
        entries += [f"  {_name(found.repository.name)}:", "    connector: git", "    path: ."]
    if found.aws is not None:
        entries += ["  aws:", "    connector: aws_iam"]
        entries += [f"    profile: {found.aws}"] if found.aws else []
    for inventory in found.inventories:
        entries += [f"  {_name(inventory.removesuffix('.csv'))}:", "    connector: file"]
        entries += [f"    path: {inventory}"]
    lines += ["sources:", *entries] if entries else ["# sources:"]
    shown = "\n".join(entries)
    if "connector: aws_iam" not in shown:
        lines += ["#   aws:", "#     connector: aws_iam", "#     profile: audit"]
    if "connector: file" not in shown:
        lines += ["#   gateway-keys:", "#     connector: file", "#     path: keys.csv"]
    return lines


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "source"


def _rest(found: Found) -> list[str]:
    tracker = [
        "# Where tickets go.",
        "trackers:",
        "  tickets:",
        "    tracker: file",
        "    folder: tickets",
    ]
    if found.github:
        tracker += ["  github:", "    tracker: github", f"    repository: {found.github}"]
        tracker += ["    approvers: []   # logins whose approval starts a rotation"]
    return [
        "# Findings at or above this severity make the exit code 1.",
        "fail_on: high",
        "",
        "# policies:",
        "#   engine: embedded        # or: opa, with opa.url or opa.binary",
        "#   folders: [policies]     # your own, beside the shipped ones",
        "#   disable: []             # ids that do not run",
        "#   params: params.yaml     # your numbers, by policy, environment and owner",
        "",
        "# leaks:",
        "#   rules: [.gitleaks.toml] # rules of another scanner, beside the shipped detectors",
        "#   detect_secrets: false   # its plugins too, on the worktree and staged text",
        "",
        "# frameworks:",
        "#   folders: [frameworks]   # your own crosswalk files, beside the shipped ones",
        "#   only: [soc2]            # ids to print; default: those that are on by default",
        "",
        "# Exceptions: dated, reasoned, approved by somebody else, and they expire.",
        "# waivers: waivers.yaml",
        "# waiver_signers: signers  # whose signed commits verify approvals (allowed signers of ssh)",
        "",
        "# Owners by glob over key and principal names, where the issuer names none.",
        "# owners:",
        '#   "ci-*": platform-team',
        "",
        "# Where runs, findings, tickets and rotations are kept. Default: a SQLite file of this",
        "# project in your data folder. A team shares PostgreSQL: postgresql+psycopg://host/keyproof",
        "# store: keyproof.db",
        "",
        "# tickets:",
        "#   minimum_severity: high",
        "#   limit: 50               # a larger plan is refused",
        "",
        *tracker,
        "",
        "# Which keys an approved ticket may rotate, and where the new key is put.",
        "# targets:",
        "#   deploy-key:",
        "#     target: aws_secrets_manager",
        "#     secret: deploy/aws",
        "# rotations:",
        "#   - source: aws",
        "#     rotator: aws_iam",
        "#     principals: [ci-*]",
        "#     targets: [deploy-key]",
        "#     overlap_hours: 24       # both keys work",
        "#     soak_hours: 24          # the old one is deactivated, and can come back",
    ]
