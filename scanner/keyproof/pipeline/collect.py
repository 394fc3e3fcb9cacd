"""Collect: asks every configured source for its records and freezes them as Facts.

A source that fails costs itself, never the run: whatever it yielded is kept, and a Gap says what
is missing. Nothing here knows what kind of source it is.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

import msgspec

from keyproof.errors import ConfigError, KeyproofError, SourceError, UsageError
from keyproof.model.facts import Facts, Record
from keyproof.model.key import Key
from keyproof.model.leak import Leak
from keyproof.model.principal import Principal
from keyproof.model.source import Gap, GapReason, Source
from keyproof.model.usage import Usage
from keyproof.ports import Connector, Context

Identified = TypeVar("Identified", Key, Principal, Leak)


class ConfiguredSource(NamedTuple):
    """One source as the settings name it, with its connector and validated settings."""

    name: str
    connector_name: str
    connector: Connector
    settings: Any
    context: Context

    @property
    def local_bytes(self) -> int | None:
        """How much it reads of this machine, where that is work for processes (see Connector)."""
        measure = getattr(self.connector, "local_bytes", None)
        return None if measure is None else int(measure(self.settings))


class Harvest(NamedTuple):
    """What one source gave."""

    records: tuple[Record, ...]
    gaps: tuple[Gap, ...]
    source: Source


def collect(
    sources: Sequence[ConfiguredSource],
    *,
    as_of: datetime,
    fingerprint_key_id: str,
    fingerprint_key_local: bool,
    executor: Executor,
    read: Sequence[Harvest] = (),
) -> Facts:
    """Read sources, each in one task of ``executor``, and return the snapshot of all.

    Args:
        read: what others gave that were read already.

    Raises:
        UsageError: a source cannot even be tried: a package is missing.
        ConfigError: its settings are wrong.
    """
    for kind in get_args(Record):  # msgspec crashes where two threads are the first to need a type
        msgspec.json.Decoder(kind)
    harvests = (*read, *executor.map(harvest, sources))
    records = [record for gathered in harvests for record in gathered.records]
    keys, key_gaps = _unique(r for r in records if isinstance(r, Key))
    principals, principal_gaps = _unique(r for r in records if isinstance(r, Principal))
    leaks, leak_gaps = _unique(r for r in records if isinstance(r, Leak))
    gaps = [gap for gathered in harvests for gap in gathered.gaps]
    gaps += [*key_gaps, *principal_gaps, *leak_gaps]
    incomplete = {gap.source for gap in gaps}
    return Facts(
        as_of=as_of,
        fingerprint_key_id=fingerprint_key_id,
        fingerprint_key_local=fingerprint_key_local,
        sources=tuple(
            sorted(
                (
                    msgspec.structs.replace(
                        h.source, complete=h.source.complete and h.source.id not in incomplete
                    )
                    for h in harvests
                ),
                key=lambda source: source.id,
            )
        ),
        keys=keys,
        principals=principals,
        leaks=leaks,
        usages=tuple(
            sorted(
                (r for r in records if isinstance(r, Usage)),
                key=lambda u: (u.native_id, u.last_used_at),
            )
        ),
        gaps=tuple(
            sorted(
                gaps, key=lambda gap: (gap.source, gap.call, gap.reason, gap.detail, gap.subjects)
            )
        ),
    )


def harvest(configured: ConfiguredSource) -> Harvest:
    """Read one source to its end, or to where it failed."""
    started = configured.context.clock.now()
    records: list[Record] = []
    gaps: list[Gap] = []
    source: Source | None = None
    try:
        for record in configured.connector.collect(configured.settings, configured.context):
            valid = _validated(record)
            if isinstance(valid, Gap):
                gaps.append(valid)
            elif isinstance(valid, Source):
                source = valid
            else:
                records.append(valid)
    except (UsageError, ConfigError):
        raise
    except KeyproofError as error:
        gaps.append(_gap(configured.name, error))
    except Exception as error:
        gaps.append(_crash(configured.name, error))
    if source is None and not gaps:
        gaps.append(
            Gap(
                source=configured.name,
                call="collect",
                reason="crash",
                detail="the connector ended without a statement of what it read",
            )
        )
    return Harvest(tuple(records), tuple(gaps), source or _unfinished(configured, started, records))


def lost(configured: ConfiguredSource) -> Harvest:
    """Return the harvest of a source whose process died while it read: one gap."""
    gap = Gap(
        source=configured.name,
        call="collect",
        reason="crash",
        detail="the process that read it died",
        hint="is memory short? the rest of the run is intact",
    )
    return Harvest((), (gap,), _unfinished(configured, configured.context.clock.now(), ()))


def _validated(record: Record) -> Record:
    """Return the record as its own JSON reads back: constructors do not validate, decoders do."""
    if not isinstance(record, get_args(Record)):
        msg = "the connector yielded something that is no record"
        raise SourceError(msg, reason="invalid_data")
    try:
        valid: Record = msgspec.json.decode(msgspec.json.encode(record), type=type(record))
    except (msgspec.ValidationError, TypeError):  # the texts quote values
        name = type(record).__name__.lower()
        msg = f"the connector yielded a {name} that does not fit its schema"
        raise SourceError(msg, reason="invalid_data") from None
    return valid


def _unfinished(
    configured: ConfiguredSource, started: datetime, records: Sequence[Record]
) -> Source:
    repository = any(isinstance(record, Leak) for record in records)
    return Source(
        id=configured.name,
        connector=configured.connector_name,
        kind="repository" if repository or configured.connector_name == "git" else "inventory",
        instance="unknown",
        started_at=started,
        finished_at=configured.context.clock.now(),
        complete=False,
        parsed=len(records),
    )


def _gap(source: str, error: KeyproofError) -> Gap:
    stated = error.reason if isinstance(error, SourceError) else "unavailable"
    reason: GapReason = stated if stated in get_args(GapReason) else "unavailable"  # type: ignore[assignment]
    return Gap(
        source=source,
        call=error.where or "collect",
        reason=reason,
        detail=error.message,
        hint=error.hint,
    )


def _crash(source: str, error: Exception) -> Gap:
    """Describe an unexpected failure by class and place alone: its text may quote what was read."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    return Gap(
        source=source,
        call="collect",
        reason="crash",
        detail=f"{type(error).__name__} at {place}",
        hint="this is a fault of the connector; the rest of the run is intact",
    )


def _unique(records: Iterable[Identified]) -> tuple[tuple[Identified, ...], list[Gap]]:
    """Keep one record an id: the most complete, else the first source's; name the others."""
    kept: dict[str, Identified] = {}
    gaps: list[Gap] = []
    for record in sorted(records, key=lambda r: (r.record_id, r.source)):
        other = kept.get(record.record_id)
        if other is None:
            kept[record.record_id] = record
        elif other.source == record.source:
            gaps.append(_listed_twice(record, f"'{record.source}' lists it twice"))
        else:
            gaps.append(
                _listed_twice(record, f"'{other.source}' lists it too; that record is used")
            )
    return tuple(kept.values()), gaps


def _listed_twice(record: Key | Principal | Leak, detail: str) -> Gap:
    return Gap(
        source=record.source,
        call="collect",
        reason="invalid_data",
        detail=f"one record came twice: {detail}",
        hint="let one source list it",
        subjects=(record.record_id,),
    )
