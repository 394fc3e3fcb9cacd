"""``waivers.yaml``: read, and refused with file and line where it cannot be used as it stands."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from keyproof import yamlfile
from keyproof.errors import ConfigError
from keyproof.model.record import Document
from keyproof.model.waiver import Approval, ControlEvidence, Waiver

_CLAIMS = ("approval", "approval_basis", "control_state")
"""What a file cannot say of its own entries."""

OF_WAIVERS = "waivers."
"""How the ids of the policies begin that decide waivers; no waiver covers them."""


class WaiverFile(Document, frozen=True, kw_only=True):
    """The shape of ``waivers.yaml``."""

    version: Literal[1] = 1
    waivers: tuple[Waiver, ...] = ()


def load(
    path: Path, *, policies: Collection[str], approvals: Mapping[str, Approval] = {}
) -> tuple[Waiver, ...]:
    """Read ``waivers.yaml``.

    Args:
        policies: every policy id that exists, whether it runs or not.
        approvals: what is known of approvals from outside the file (a signed commit), by waiver;
            what the file itself claims proves nothing.

    Raises:
        ConfigError: the file or one entry cannot be used as it stands, with file and line.
    """
    document = yamlfile.load(path)
    if isinstance(document.data, dict):
        _refuse_claims(document)
    entries = document.convert(WaiverFile).waivers
    seen: set[str] = set()
    for index, waiver in enumerate(entries):
        _check(document, index, waiver, policies)
        if waiver.id in seen:
            message = f"two waivers have the id '{waiver.id}'"
            raise ConfigError(message, where=document.where("waivers", index, "id"))
        seen.add(waiver.id)
    return tuple(
        _looked_at(waiver, approvals.get(waiver.id, Approval()), path.parent) for waiver in entries
    )


def _looked_at(waiver: Waiver, approval: Approval, folder: Path) -> Waiver:
    return replace(
        waiver,
        approval=approval.state,
        approval_basis=approval.basis,
        control_state=_control_state(folder, waiver),
    )


def _refuse_claims(document: yamlfile.Document) -> None:
    entries = document.data.get("waivers")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        for claim in _CLAIMS:
            if isinstance(entry, dict) and claim in entry:
                raise ConfigError(
                    f"a waiver cannot state its own {claim.replace('_', ' ')}",
                    where=document.where("waivers", index, claim),
                    hint=f"remove '{claim}': keyproof prints what it can verify itself",
                )


def _check(
    document: yamlfile.Document, index: int, waiver: Waiver, policies: Collection[str]
) -> None:
    def refuse(field: str, message: str, hint: str | None = None) -> None:
        where = document.where("waivers", index, field)
        raise ConfigError(f"waiver '{waiver.id}': {message}", where=where, hint=hint)

    for field in ("id", "reason", "requester", "approver"):
        if not getattr(waiver, field).strip():
            refuse(field, f"'{field}' is empty")
    if waiver.policy not in policies:
        close = difflib.get_close_matches(waiver.policy, sorted(policies), n=1)
        refuse(
            "policy",
            f"there is no policy '{waiver.policy}'",
            f"did you mean '{close[0]}'?" if close else "see: keyproof policies list",
        )
    if waiver.policy.startswith(OF_WAIVERS):
        refuse("policy", "a waiver cannot cover what is said of waivers", "mend that waiver")
    if not waiver.subject and not waiver.labels:
        refuse("subject", "it names neither a subject nor labels")
    if waiver.created > waiver.expires:
        refuse("expires", "it expires before it was created")
    if waiver.control_evidence and not waiver.compensating_control:
        refuse("control_evidence", "evidence of which control?", "add 'compensating_control'")
    if waiver.control_evidence and not _is_link(waiver) and not waiver.control_sha256:
        hint = (
            "add 'control_sha256' (sha256sum prints it), or give a link that begins with https://"
        )
        refuse("control_evidence", "the digest of the file is missing", hint)


def _is_link(waiver: Waiver) -> bool:
    return (waiver.control_evidence or "").startswith("https://")


def _control_state(folder: Path, waiver: Waiver) -> ControlEvidence:
    """Compare the file that shows the compensating control with its digest."""
    if not waiver.control_evidence:
        return "none"
    if _is_link(waiver):
        return "link"
    try:
        found = hashlib.sha256((folder / waiver.control_evidence).read_bytes()).hexdigest()
    except OSError:
        return "unreadable"
    stated = (waiver.control_sha256 or "").removeprefix("sha256:").casefold()
    return "matches" if found == stated else "differs"
