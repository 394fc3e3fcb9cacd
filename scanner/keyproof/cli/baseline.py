"""``keyproof baseline``: keeps the file that accepts known leaks, each with a reason and an end."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keyproof.cli.terminal import note
from keyproof.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from keyproof.app.baselines import Reviewed
    from keyproof.leaks.baseline import Baseline, Entry
    from keyproof.leaks.scan import ScanResult

_DAYS = 180
_UNION = "so that branches merge: echo '.keyproof-baseline merge=union' >> .gitattributes"


@click.group()
def baseline() -> None:
    """Keep .keyproof-baseline: the leaks that are accepted, each with a reason and an end.

    Entries name a secret by a salted digest, so they survive moves, edits and rebases; another
    secret in the same place is always new. An entry hides nothing: it waives.
    """


def _stated(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what every new entry says."""
    for option in (
        click.option("--expires", help=f"YYYY-MM-DD, or never. Default: in {_DAYS} days."),
        click.option("--ticket", help="Where it was decided."),
        click.option("--approver", help="Who agreed."),
        click.option("--owner", help="Who answers for them."),
        click.option("--reason", help="Why they are accepted."),
    ):
        command = option(command)
    return command


def _chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which leaks are accepted, and how widely."""
    command = click.option(
        "--only", "paths", multiple=True, metavar="PATH", help="Only leaks in this file."
    )(command)
    return click.option(
        "--scope",
        type=click.Choice(["occurrence", "path", "anywhere"]),
        default="occurrence",
        show_default=True,
        help="Accept a place, a secret in its file, or a secret wherever it stands.",
    )(command)


@baseline.command()
@_stated
@_chosen
def add(scope: str, paths: tuple[str, ...], **stated: str | None) -> int:
    """Accept the leaks that this repository holds now."""
    return _add(scope, paths, stated)


@baseline.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_stated
def import_files(files: tuple[Path, ...], **stated: str | None) -> int:
    """Take over what another scanner's files accept.

    .gitleaksignore, .betterleaksignore, the allow-list of .gitleaks.toml, a Gitleaks JSON report,
    .secrets.baseline, a Kingfisher baseline, TruffleHog JSON lines, .gitguardian.yaml, .gitallowed.
    Values that stand in them are hashed in memory and dropped. What matches nothing is named, never
    guessed.
    """
    from keyproof.app.baselines import import_acceptances
    from keyproof.leaks.baseline import with_entries, write

    path = _path()
    known = _load() or _new()
    template = _template(stated)
    done = import_acceptances(known, files, template, Path.cwd(), os.environ)
    merged = with_entries(known, done.entries)
    added = len(merged.entries) - len(known.entries)
    if added:
        write(merged, path)
    for text in done.notes:
        note(text)
    for text in done.unmatched:
        note(f"matches nothing here: {text}")
    click.echo(
        f"{path.name}: {done.matched} of {done.read} accepted findings matched,"
        f" {added} entries added"
    )
    return _ended(done.result)


@baseline.command("list")
def list_entries() -> int:
    """Print every entry, and whether it is used, unused or ended."""
    return _list(_reviewed())


@baseline.command()
@click.option("--exit-zero", is_flag=True, help="Do not exit 1 where an entry wants attention.")
def audit(*, exit_zero: bool) -> int:
    """Name what wants attention, and exit 1 where anything does.

    Entries that have ended or accept nothing, and new places of secrets that are accepted
    elsewhere.
    """
    found = _reviewed()
    states = [(e, f"ended on {e.expires}") for e in found.ended]
    states += [(e, "accepts nothing") for e in found.unused]
    for entry, why in sorted(states):
        click.echo(f"{entry.id} {entry.scope} {entry.detector}: {why} ({entry.reason})")
    for place, entry in found.elsewhere:
        at = f"{place.path or place.where}:{place.line or 0}"
        click.echo(f"{entry.id} {entry.scope} {entry.detector}: a new place of it is {at}")
    unowned = sum(entry.owner is None for entry in found.baseline.entries)
    wanting = len({entry for entry, _ in states})
    note(
        f"{len(found.baseline.entries)} entries: {wanting} want attention, {unowned} name no owner"
    )
    code = _ended(found.result)
    return ExitCode.FINDINGS if (states or found.elsewhere) and not exit_zero else code


@baseline.command()
@click.argument("ids", nargs=-1, required=True)
def remove(ids: tuple[str, ...]) -> int:
    """Remove entries by their id.

    Its first letters will do where no other begins so.
    """
    known = _known()
    gone = {_one(known, prefix) for prefix in ids}
    return _keep(known, [entry for entry in known.entries if entry.id not in gone])


@baseline.command()
def prune() -> int:
    """Remove entries that accept nothing any more."""
    return _prune(_reviewed())


@click.command("baseline")
@_stated
@_chosen
@click.option("--list", "listing", is_flag=True, help="Print the entries, and which are unused.")
@click.option("--prune", "pruning", is_flag=True, help="Remove entries that accept nothing.")
def hook_baseline(
    scope: str, paths: tuple[str, ...], *, listing: bool, pruning: bool, **stated: str | None
) -> int:
    """Accept the leaks that this repository holds now.

    Each with a reason and an end. Reads the whole history and writes .keyproof-baseline. A secret
    that still works is not made safe by an entry: rotate it. More: keyproof baseline.
    """
    if listing or pruning:
        return _prune(_reviewed()) if pruning else _list(_reviewed())
    return _add(scope, paths, stated)


def _add(scope: str, paths: tuple[str, ...], stated: dict[str, str | None]) -> int:
    from keyproof.app.baselines import fresh, scan
    from keyproof.leaks.baseline import with_entries, write

    if not stated["reason"]:
        raise UsageError("a baseline needs a reason", hint="--reason 'expired test tokens'")
    path, template = _path(), _template(stated)
    known = _load() or _new()
    result = scan(known, Path.cwd(), os.environ)
    entries = fresh(known, result, template, scope, paths)
    write(with_entries(known, entries), path)
    click.echo(f"{path.name}: {len(entries)} entries added, {len(known.entries)} were there")
    if not known.entries:
        note(_UNION)
    return _ended(result)


def _list(found: Reviewed) -> int:
    unused, ended = set(found.unused), set(found.ended)
    for entry in found.baseline.entries:
        state = "ended" if entry in ended else "unused" if entry in unused else "used"
        end = f"until {entry.expires}" if entry.expires else "without end"
        click.echo(f"{state:<6} {entry.id} {entry.scope} {entry.detector} {end}: {entry.reason}")
    return ExitCode.OK


def _prune(found: Reviewed) -> int:
    if _ended(found.result):
        raise UsageError(
            "not everything could be read: nothing is removed",
            hint="make it readable, or name entries: keyproof baseline remove ID",
        )
    idle = set(found.unused)
    return _keep(found.baseline, [e for e in found.baseline.entries if e not in idle])


def _keep(known: Baseline, entries: list[Entry]) -> int:
    from keyproof.leaks.baseline import write

    write(known.replaced(entries), _path())
    gone = len(known.entries) - len(entries)
    click.echo(f"{_path().name}: {gone} entries removed, {len(entries)} left")
    return ExitCode.OK


def _reviewed() -> Reviewed:
    from keyproof.app.baselines import review

    return review(_known(), Path.cwd(), os.environ, datetime.now(UTC).date())


def _path() -> Path:
    from keyproof.leaks.baseline import FILE_NAME
    from keyproof.leaks.gitio import NotARepository, open_repository

    try:
        return open_repository(Path.cwd(), os.environ).root / FILE_NAME
    except NotARepository as error:
        raise UsageError(error.message, hint="run it inside one") from None


def _load() -> Baseline | None:
    from keyproof.leaks.baseline import load

    return load(_path())


def _new() -> Baseline:
    from keyproof.leaks.baseline import new_baseline

    return new_baseline(str(_path()))


def _known() -> Baseline:
    known = _load()
    if known is None:
        raise UsageError(f"there is no {_path().name} here", hint="keyproof baseline add")
    return known


def _ended(result: ScanResult) -> int:
    """Say what could not be read, and return the code that this means."""
    for gap in result.gaps:
        note(f"incomplete: {gap.detail} ({gap.call})")
    return ExitCode.INCOMPLETE if result.gaps else ExitCode.OK


def _template(stated: dict[str, str | None]) -> Entry:
    from keyproof.leaks.baseline import Entry

    today = datetime.now(UTC).date()
    return Entry(
        id="",
        scope="",
        detector="",
        reason=stated["reason"] or "",
        owner=stated["owner"],
        approver=stated["approver"],
        created=today.isoformat(),
        expires=_last_day(stated["expires"], today),
        ticket=stated["ticket"],
    )


def _last_day(expires: str | None, today: date) -> str | None:
    if expires == "never":
        return None
    if expires is None:
        return (today + timedelta(days=_DAYS)).isoformat()
    try:
        return date.fromisoformat(expires).isoformat()
    except ValueError:
        raise UsageError("--expires is YYYY-MM-DD, or never") from None


def _one(known: Baseline, prefix: str) -> str:
    found = sorted({entry.id for entry in known.entries if entry.id.startswith(prefix)})
    if len(found) != 1:
        count = len(found) or "no"
        raise UsageError(f"{count} entries begin with {prefix}", hint="keyproof baseline list")
    return found[0]
