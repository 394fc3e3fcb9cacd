"""Facts kept: the records of a project's last whole run, so that its findings can be explained.

One file beside the project's store, readable by its owner alone, replaced by the next whole run. It
holds what a saved run leaves out (keys, principals), never a secret, and is used only if its digest
is the one that the run states.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from keyproof.model.facts import Facts, Record
from keyproof.model.key import Key
from keyproof.model.leak import Leak
from keyproof.model.principal import Principal
from keyproof.model.record import Document, UtcTime
from keyproof.model.source import Gap, Source
from keyproof.model.usage import Usage
from keyproof.model.waiver import WaiverRecord

FILE_NAME = "facts.jsonl.gz"
_PARTS: Mapping[type, str] = {
    Source: "sources",
    Key: "keys",
    Principal: "principals",
    Leak: "leaks",
    Usage: "usages",
    Gap: "gaps",
    WaiverRecord: "waivers",
}
"""Which part of the facts holds the records of a type; they are written in this order."""


class _Head(Document, frozen=True, kw_only=True):
    """The first line: what of the facts is no record."""

    schema: str = "keyproof/facts/v1"
    digest: str
    as_of: UtcTime
    fingerprint_key_id: str
    fingerprint_key_local: bool


def keep(facts: Facts, folder: Path) -> None:
    """Write the facts into a folder; where that fails, none are kept and nothing else is lost."""
    head = _Head(
        digest=facts.digest(),
        as_of=facts.as_of,
        fingerprint_key_id=facts.fingerprint_key_id,
        fingerprint_key_local=facts.fingerprint_key_local,
    )
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix=".facts-", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as raw, gzip.open(raw, "wb", compresslevel=1) as file:
                for line in (head, *_records(facts)):
                    file.write(msgspec.json.encode(line) + b"\n")
            Path(name).replace(folder / FILE_NAME)
        finally:
            Path(name).unlink(missing_ok=True)


def kept(folder: Path, digest: str) -> Facts | None:
    """Return the facts of the run that states this digest; ``None`` if they are not kept."""
    decoder = msgspec.json.Decoder(Record | WaiverRecord)
    try:
        with gzip.open(folder / FILE_NAME, "rb") as file:
            head = msgspec.json.decode(file.readline(), type=_Head)
            if head.digest != digest:
                return None
            facts = _facts(head, (decoder.decode(line) for line in file))
    except (OSError, EOFError, ValueError, msgspec.MsgspecError):
        return None
    return facts if facts.digest() == digest else None


def _records(facts: Facts) -> Iterator[Record | WaiverRecord]:
    for part in _PARTS.values():
        yield from getattr(facts, part)


def _facts(head: _Head, records: Iterable[Record | WaiverRecord]) -> Facts:
    parts: dict[str, list[Any]] = {part: [] for part in _PARTS.values()}
    for record in records:
        parts[_PARTS[type(record)]].append(record)
    return Facts(
        as_of=head.as_of,
        fingerprint_key_id=head.fingerprint_key_id,
        fingerprint_key_local=head.fingerprint_key_local,
        **{name: tuple(found) for name, found in parts.items()},
    )
