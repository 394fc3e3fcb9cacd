"""What ``keyproof leaks`` prints: its table, its lines, its document, its closing words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from keyproof.cli.terminal import note, result_stream
from keyproof.pipeline.message import amount

if TYPE_CHECKING:
    from keyproof.leaks.coverage import Statement
    from keyproof.leaks.scan import ScanResult
    from keyproof.model.leak import Leak, Occurrence
    from keyproof.model.source import Gap

OWN = ("table", "jsonl", "json")
"""The formats that are this command's; the others are those of every report."""
_MOST_ALIKE = 20
"""So many leaks of one detector in one file are shown to a reader; of more, their number."""


def write(stream: IO[str], form: str, results: Sequence[ScanResult]) -> None:
    """Print results in one of this command's own formats."""
    if form == "table":
        _table(stream, results)
        return
    rows = (_row(leak, place) for result in results for leak, place in _places(result))
    if form == "jsonl":
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    import msgspec

    document = {
        "schema": "keyproof/leaks/v1",
        "leaks": list(rows),
        "gaps": [gap for result in results for gap in msgspec.to_builtins(result.gaps)],
        "coverage": [dict(result.coverage) for result in results],
    }
    json.dump(document, stream, ensure_ascii=False, indent=2)
    stream.write("\n")


def _places(result: ScanResult) -> Iterator[tuple[Leak, Occurrence]]:
    for leak in result.leaks:
        for place in leak.occurrences:
            yield leak, place


def _row(leak: Leak, place: Occurrence) -> dict[str, Any]:
    """Return one line of ``--format jsonl``: fields may be added, never renamed."""
    at = place.introduced_at
    return {
        "where": place.where,
        "detector": leak.detector,
        "provider": leak.provider,
        "kind": leak.kind,
        "named": leak.named,
        "confidence": leak.confidence,
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "commit": place.commit,
        "author": place.author,
        "introduced_at": at.isoformat().replace("+00:00", "Z") if at else None,
        "in_head": place.in_head,
        "secret_id": leak.secret_id,
        "occurrence_id": place.occurrence_id,
        "redacted": leak.redacted,
        "repository": place.repository,
        "reachable": place.reachable,
        "key_ids": list(leak.key_native_ids),
        "suppressed": _accepted(place),
    }


def is_accepted(leak: Leak) -> bool:
    """Tell whether somebody accepts every place of a leak."""
    return all(map(_accepted, leak.occurrences))


def _accepted(place: Occurrence) -> str | None:
    """Return who accepts a place: ``inline`` or ``baseline``; an entry that ended does not."""
    stated = place.suppression
    return None if stated is None or stated.expired else stated.kind


def _table(stream: IO[str], results: Sequence[ScanResult]) -> None:
    alike: Counter[tuple[str, str]] = Counter()
    several = len(results) > 1
    for result in results:
        for leak in result.leaks:
            file = leak.detector, leak.occurrences[0].path or ""
            alike[file] += 1
            if alike[file] > _MOST_ALIKE:
                continue
            head = f"{leak.detector}  {leak.redacted}  {leak.confidence} confidence"
            stream.write(_printable(f"{head}  {leak.secret_id}") + "\n")
            for place in leak.occurrences:
                stream.write("  " + _printable(_place(place, several=several)) + "\n")
    for (detector, path), number in sorted(alike.items()):
        if number > _MOST_ALIKE:
            more = f"{number - _MOST_ALIKE:,} more of {detector} in {path or 'no file'}"
            stream.write(_printable(f"and {more}: --format jsonl lists them all") + "\n")


def comments(stream: IO[str], results: Sequence[ScanResult]) -> None:
    """Write every place that a comment accepts, with its marker and reason, and then their count."""
    counts: Counter[str] = Counter()
    for result in results:
        for _, place in _places(result):
            stated = place.suppression
            if stated is not None and stated.kind == "inline":
                counts[stated.marker] += 1
                reason = f": {stated.reason}" if stated.reason else ""
                at = _place(place, several=len(results) > 1)
                stream.write(_printable(f"{at}  {stated.marker}{reason}") + "\n")
    for marker, number in sorted(counts.items()):
        stream.write(f"{number} by {marker}\n")


def _place(place: Occurrence, *, several: bool) -> str:
    at = place.shown(several=several)
    if place.line is not None:
        at += f":{place.line}" + (f":{place.column}" if place.column is not None else "")
    parts = [at if place.where in {"blob", "worktree"} else f"{at} ({place.where})"]
    if place.commit:
        day = f" {place.introduced_at:%Y-%m-%d}" if place.introduced_at else ""
        parts.append(f"{place.commit[:12]}{day} {place.author or ''}".rstrip())
    if place.in_head:
        parts.append("in HEAD")
    elif place.reachable is False:
        parts.append("unreachable")
    if _accepted(place):
        parts.append(f"accepted ({_accepted(place)})")
    return "  ".join(parts)


def _printable(text: str) -> str:
    """Replace what a terminal would obey: names in a repository are its author's choice."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def coverage(statements: Sequence[Statement], *, told: bool, file: str | None) -> None:
    """Say on stderr, and write to a file, what was read and what was not."""
    from keyproof.leaks.coverage import document, lines

    if told:
        for line in lines(statements):
            note(_printable(line))
    if file:
        with result_stream(file) as stream:
            json.dump(document(statements), stream, ensure_ascii=False, indent=2)
            stream.write("\n")


def gaps(unread: Sequence[Gap]) -> None:
    """Say on stderr what could not be read, and how to mend it; gaps that are alike once."""
    from keyproof.leaks.coverage import grouped

    for gap, count in grouped(unread):
        more = f", and {count - 1:,} more like it" if count > 1 else ""
        note(_printable(f"incomplete: {gap.detail} ({gap.call}){more}"))
        if gap.hint:
            note(_printable(f"  fix: {gap.hint}"))


def summary(found: Sequence[Leak], unread: int) -> str:
    """Return the closing words: how many leaks, places and gaps."""
    places = sum(len(leak.occurrences) for leak in found)
    text = f"{amount(len(found), 'leak')} in {amount(places, 'place')}" if found else "no leaks"
    accepted = sum(map(is_accepted, found))
    text += f" ({accepted} accepted)" if accepted else ""
    return text + (f"; incomplete: {amount(unread, 'gap')}" if unread else "")
