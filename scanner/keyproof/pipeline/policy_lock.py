"""Policy lock: the pack's ``.manifest``, an OPA bundle manifest that also lists every file's digest.

OPA documents ``revision``, ``roots``, ``rego_version`` and free ``metadata``
(https://www.openpolicyagent.org/docs/management-bundles, "Bundle File Format").
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from keyproof.errors import PolicyError
from keyproof.model.record import Document, digest

FILE_NAME = ".manifest"
_HINT = "'keyproof policies lock FOLDER' writes it anew"


class _Metadata(Document, frozen=True, kw_only=True):
    digests: Mapping[str, str]


class _Manifest(Document, frozen=True, kw_only=True):
    revision: str
    roots: tuple[str, ...]
    rego_version: int
    metadata: _Metadata


def text_digest(data: bytes) -> str:
    """Return a file's digest, the same for both line endings."""
    return "sha256:" + hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def read_lock(folder: Path) -> Mapping[str, str]:
    """Return file (relative, with ``/``) → digest as locked; empty where there is no manifest.

    Raises:
        PolicyError: the manifest is not one, or its revision is not that of its list.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return {}
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except (OSError, msgspec.MsgspecError):
        raise PolicyError("is not a manifest of policies", where=str(path), hint=_HINT) from None
    digests = manifest.metadata.digests
    if manifest.revision != digest(digests):
        raise PolicyError("the revision does not fit the list", where=str(path), hint=_HINT)
    return digests


def render_lock(folder: Path) -> str:
    """Return the manifest's text for a folder as it stands."""
    files = sorted(folder.rglob("*.rego"))
    digests = {
        path.relative_to(folder).as_posix(): text_digest(path.read_bytes()) for path in files
    }
    manifest = {
        "revision": digest(digests),
        "roots": ["keyproof"],
        "rego_version": 1,
        "metadata": {"digests": digests},
    }
    return json.dumps(manifest, indent=2) + "\n"
