"""Makes, imports and reviews entries of a repository's baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from keyproof.app.brought import bring, wanted
from keyproof.identity import cache_folder
from keyproof.leaks.accepted import Lookup, Matched, Recogniser, Spot, read_acceptances
from keyproof.leaks.baseline import Baseline, Entry, unused
from keyproof.leaks.gitio import open_repository
from keyproof.leaks.imports._known import Known
from keyproof.leaks.matcher import open_matcher
from keyproof.leaks.rules import load_rules
from keyproof.leaks.scan import ScanResult, open_scanner, scan_repository
from keyproof.model.leak import Leak, Occurrence


class Reviewed(NamedTuple):
    """The entries of a baseline, and the scan that says so.

    Attributes:
        unused: entries that accept nothing; ``ended``: those whose last day is over.
        elsewhere: places of secrets that an entry accepts, but not there.
    """

    baseline: Baseline
    unused: tuple[Entry, ...]
    ended: tuple[Entry, ...]
    elsewhere: tuple[tuple[Occurrence, Entry], ...]
    result: ScanResult


class Imported(NamedTuple):
    """What other scanners' files gave.

    Attributes:
        read: how many statements stand in the files; ``matched``: how many match something here.
        unmatched: where those stand that do not.
    """

    entries: tuple[Entry, ...]
    read: int
    matched: int
    unmatched: tuple[str, ...]
    notes: tuple[str, ...]
    result: ScanResult


def scan(known: Baseline, folder: Path, environment: Mapping[str, str]) -> ScanResult:
    """Scan a repository under the baseline's own key: its ids come out.

    Rules that the settings file here brings along take part.
    """
    matcher = bring(wanted(environment, folder, ()), environment).matcher
    return scan_repository(open_scanner(environment, known.identities(), matcher=matcher), folder)


def fresh(
    known: Baseline, result: ScanResult, template: Entry, scope: str, paths: Sequence[str]
) -> list[Entry]:
    """Return an entry for each place, file or secret that no entry accepts yet.

    Args:
        template: what every entry says.
        paths: only these files; all of them where it is empty.
    """
    made: dict[tuple[str, str], Entry] = {}
    for leak, place in _places(result):
        if known.entry(leak.secret_id, place.occurrence_id, place.path):
            continue
        if paths and place.path not in paths:
            continue
        spot = Spot(leak.secret_id, place.occurrence_id, place.path, leak.detector)
        entry = _entry(template, spot, scope)
        made[entry.id, entry.scope] = entry
    return list(made.values())


def review(known: Baseline, folder: Path, environment: Mapping[str, str], today: date) -> Reviewed:
    """Tell which entries accept something here."""
    result = scan(known, folder, environment)
    used: list[Entry] = []
    elsewhere: list[tuple[Occurrence, Entry]] = []
    for leak, place in _places(result):
        entry = known.entry(leak.secret_id, place.occurrence_id, place.path)
        other = known.elsewhere(leak.secret_id, place.occurrence_id)
        if entry:
            used.append(entry)
        elif other:
            elsewhere.append((place, other))
    ended = tuple(entry for entry in known.entries if entry.lapsed(today))
    return Reviewed(known, tuple(unused(known, used)), ended, tuple(elsewhere), result)


def import_acceptances(
    known: Baseline,
    files: Sequence[Path],
    template: Entry,
    folder: Path,
    environment: Mapping[str, str],
) -> Imported:
    """Turn what other scanners' files accept into entries.

    Args:
        template: what every entry says; without a reason, each says its file's.

    Raises:
        ConfigError: a file cannot be read, or is of no known form.
    """
    read = [(path, read_acceptances(path)) for path in files]
    statements = [(path, one) for path, acceptances in read for one in acceptances.known]
    recogniser = Recogniser(known.salt, (one for _, one in statements))
    cache = cache_folder(environment)
    brought = bring(wanted(environment, folder, ()), environment)
    matcher = brought.matcher or open_matcher(load_rules(cache), cache)
    # one process: the recogniser remembers what it has met
    scanner = open_scanner(environment, recogniser, matcher=matcher, workers=1)
    result = scan_repository(scanner, folder)
    repository = open_repository(folder, environment)
    lookup = Lookup(repository, matcher, recogniser, result.leaks)
    entries: list[Entry] = []
    unmatched: list[str] = []
    for path, one in statements:
        made = list(_entries(template, lookup.matched(one), path.name))
        entries += made
        if not made:
            unmatched.append(_shown(one))
    return Imported(
        tuple(entry for entry in entries if not _stands(known, entry)),
        len(statements),
        len(statements) - len(unmatched),
        tuple(unmatched),
        tuple(note for _, acceptances in read for note in acceptances.notes),
        result,
    )


def _entries(template: Entry, matched: Matched, file: str) -> Iterable[Entry]:
    known = matched.known
    said = template._replace(
        reason=template.reason or known.reason or f"accepted in {file}",
        imported_from=file,
        detector=known.rule or "secret",
    )
    if matched.anywhere:
        yield said._replace(id=matched.anywhere, scope="anywhere")
    for spot in matched.spots:
        yield _entry(said, spot, "occurrence")


def _entry(template: Entry, spot: Spot, scope: str) -> Entry:
    if scope == "path" and spot.path:
        where = f"path:{_literal(spot.path)}"
        return template._replace(id=spot.secret_id, scope=where, detector=spot.detector)
    if scope == "anywhere":
        return template._replace(id=spot.secret_id, scope=scope, detector=spot.detector)
    return template._replace(  # a message has no file
        id=spot.occurrence_id,
        scope="occurrence",
        detector=spot.detector,
        of=spot.secret_id,
        path=spot.path,
    )


def _stands(known: Baseline, entry: Entry) -> bool:
    return known.entry(entry.of or entry.id, entry.id, entry.path) is not None


def _literal(path: str) -> str:
    """Return a pattern that matches exactly this path."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def _places(result: ScanResult) -> list[tuple[Leak, Occurrence]]:
    return [(leak, place) for leak in result.leaks for place in leak.occurrences]


def _shown(known: Known) -> str:
    at = f" ({known.path}:{known.line})" if known.path and known.line else ""
    return f"{known.where}: {known.rule or 'a statement'}{at}"
