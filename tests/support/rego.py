"""Policies made in tests: a sound one whose Rego a test replaces, and the answers of a stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keyproof.model.policy import Policy
from keyproof.pipeline import policyset

METADATA = """\
# METADATA
# title: Keys are not old
# description: A policy of a test.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: key
#   needs: [status, created_at, name, labels]
#   params:
#     days:
#       description: The limit.
#       type: integer
#       minimum: 1
#       default: 90
#       source: a test
#   message: "{age} days old"
#   remediation: Replace it.
#   examples:
#     - title: young
#       status: pass
#       subject: {created_at: 2026-11-20T00:00:00Z}
#     - title: old
#       status: fail
#       subject: {created_at: 2020-01-01T00:00:00Z}
#     - title: undated
#       status: unknown
#       subject: {created_at: null}
#     - title: unread
#       status: unknown
#       subject: {created_at: 2020-01-01T00:00:00Z, missing_fields: [created_at]}
"""

SOUND = """\
verdict := {true: "fail", false: "pass"}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "undated"} if key.created_at_ns == null

decision(key) := {"status": status, "evidence": {"age": key.created_at_age_days}} if {
	is_number(key.created_at_ns)
	status := verdict[key.created_at_age_days > input.params.days]
}
"""


def module(body: str = SOUND, policy_id: str = "test.age", metadata: str = METADATA) -> str:
    return f"{metadata}package keyproof.{policy_id}\n\n{body}"


def write(folder: Path, text: str, policy_id: str = "test.age") -> Path:
    path = folder.joinpath(*policy_id.split(".")).with_suffix(".rego")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def policy(folder: Path, body: str = SOUND, policy_id: str = "test.age", **changes: str) -> Policy:
    """Write and load a policy; ``changes`` replace texts in its metadata."""
    metadata = METADATA
    for old, new in changes.items():
        assert old in metadata
        metadata = metadata.replace(old, new)
    path = write(folder, module(body, policy_id, metadata), policy_id)
    return policyset.read(path, folder)


class StandIn:
    """An engine that answers what a test wants; see ``ports.Engine``."""

    name = "stand-in"
    width = 1

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.documents: list[bytes] = []

    def check(self, policies: Any) -> list[Any]:
        return []

    def confirm(self, policies: Any) -> list[Any]:
        return []

    def evaluate(self, policy: Policy, document: bytes) -> Any:
        self.documents.append(document)
        return self.answer(policy, document)

    def close(self) -> None:
        pass


def decided(batches: Any) -> Mapping[str, str]:
    return {d.subject_id: d.status for batch in batches for d in batch.decisions}
