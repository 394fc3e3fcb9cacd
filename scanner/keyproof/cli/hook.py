"""``keyproof hook``: installs and runs the git hooks, and keeps the baseline."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyproof.cli.terminal import note
from keyproof.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from keyproof.leaks.baseline import Baseline, Entry
    from keyproof.leaks.scan import ScanResult
    from keyproof.model.leak import Leak, Occurrence

_MARK = "# keyproof hook"
_DAYS = 180


@click.group()
def hook() -> None:
    """Install or run the git hooks; keep the baseline of accepted leaks.

    With the pre-commit framework, name the hooks keyproof and keyproof-push instead.
    """


@hook.command()
@click.option("--pre-push", is_flag=True, help="The hook that looks at pushes, too.")
@click.option("--force", is_flag=True, help="Replace a hook that is not keyproof's.")
def install(*, pre_push: bool, force: bool) -> int:
    """Install the hook into this repository."""
    for stage in ("pre-commit", "pre-push") if pre_push else ("pre-commit",):
        path = _hooks_folder() / stage
        if path.exists() and not _is_ours(path) and not force:
            raise UsageError(
                f"there is a {stage} hook already: {path}",
                hint="call 'keyproof-hook' from it, or replace it with --force",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        # -P: else Python would import what lies in the repository before its own library
        command = f"{shlex.quote(sys.executable)} -P -m keyproof.hook {stage}"
        path.write_text(f'#!/bin/sh\n{_MARK}\nexec {command} "$@"\n', newline="\n")
        path.chmod(0o755)
        click.echo(f"installed {path}")
    return ExitCode.OK


@hook.command()
def uninstall() -> int:
    """Remove keyproof's hooks from this repository; others are left alone."""
    removed = 0
    for stage in ("pre-commit", "pre-push"):
        path = _hooks_folder() / stage
        if path.exists() and _is_ours(path):
            path.unlink()
            removed += 1
            click.echo(f"removed {path}")
    if not removed:
        note("no hook of keyproof's is installed here")
    return ExitCode.OK


@hook.command("run")
@click.argument(
    "stage", type=click.Choice(["pre-commit", "pre-push", "pre-receive"]), default="pre-commit"
)
@click.argument("words", nargs=-1)
@click.option("--no-inline", is_flag=True, help="Comments on a secret's line count for nothing.")
def run_hook(stage: str, words: tuple[str, ...], *, no_inline: bool) -> int:
    """Run a hook by hand, as git would."""
    from keyproof.hook import run

    return run([stage, *words, *(["--no-inline"] if no_inline else [])], os.environ)


@hook.command()
@click.option("--reason", help="Why the leaks that are there now are accepted.")
@click.option("--owner", help="Who answers for them.")
@click.option("--approver", help="Who agreed.")
@click.option("--expires", help=f"YYYY-MM-DD, or never. Default: in {_DAYS} days.")
@click.option(
    "--scope",
    type=click.Choice(["occurrence", "path", "anywhere"]),
    default="occurrence",
    show_default=True,
    help="Accept a place, a secret in its file, or a secret wherever it stands.",
)
@click.option("--only", "paths", multiple=True, metavar="PATH", help="Only leaks in this file.")
@click.option("--list", "listing", is_flag=True, help="Print the entries, and which are unused.")
@click.option("--prune", is_flag=True, help="Remove entries that accept nothing any more.")
def baseline(
    reason: str | None,
    owner: str | None,
    approver: str | None,
    expires: str | None,
    scope: str,
    paths: tuple[str, ...],
    *,
    listing: bool,
    prune: bool,
) -> int:
    """Accept the leaks that this repository holds now, with a reason and an end.

    Reads the whole history and writes .keyproof-baseline. A secret that still works is not made
    safe by an entry: rotate it.
    """
    from keyproof.leaks import baseline as files

    today = datetime.now(UTC).date()
    path = _top() / files.FILE_NAME
    known = files.load(path)
    if (listing or prune) and known is None:
        raise UsageError(f"there is no {files.FILE_NAME} here")
    if not (listing or prune or reason):
        raise UsageError("a baseline needs a reason", hint="--reason 'expired test tokens'")
    current = known or files.new_baseline(str(path))
    result = _scan(current)
    if listing or prune:
        return _review(current, result, path, today, prune=prune)
    template = _template(str(reason), owner, approver, today, _end(expires, today))
    fresh = _fresh(current, result, template, scope, paths)
    files.write(files.with_entries(current, fresh), path)
    click.echo(f"{path.name}: {len(fresh)} entries added, {len(current.entries)} were there")
    for gap in result.gaps:
        note(f"incomplete: {gap.detail} ({gap.call})")
    return ExitCode.INCOMPLETE if result.gaps else ExitCode.OK


def _top() -> Path:
    from keyproof.leaks.gitio import NotARepository, open_repository

    try:
        return open_repository(Path.cwd(), os.environ).root
    except NotARepository as error:
        raise UsageError(error.message) from None


def _hooks_folder() -> Path:
    """Return the folder in which git looks for this repository's hooks."""
    done = subprocess.run(
        ["git", "rev-parse", "--path-format=absolute", "--git-path", "hooks"],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise UsageError("this is no git repository", hint="run it inside one")
    return Path(os.fsdecode(done.stdout.rstrip(b"\n")))


def _is_ours(path: Path) -> bool:
    try:
        return _MARK in path.read_text(errors="replace").splitlines()[:2]
    except OSError:
        return False


def _scan(known: Baseline) -> ScanResult:
    """Scan the repository under the baseline's own key: its ids come out."""
    from keyproof.leaks.scan import open_scanner, scan_repository

    scanner = open_scanner(os.environ, known.identities())
    return scan_repository(scanner, Path.cwd())


def _end(expires: str | None, today: date) -> str | None:
    if expires == "never":
        return None
    if expires is None:
        return (today + timedelta(days=_DAYS)).isoformat()
    try:
        return date.fromisoformat(expires).isoformat()
    except ValueError:
        raise UsageError("--expires is YYYY-MM-DD, or never") from None


def _template(
    reason: str, owner: str | None, approver: str | None, today: date, expires: str | None
) -> Entry:
    from keyproof.leaks.baseline import Entry

    created = today.isoformat()
    return Entry("", "", "", reason, owner, approver, created, expires)


def _fresh(
    known: Baseline, result: ScanResult, template: Entry, scope: str, paths: tuple[str, ...]
) -> list[Entry]:
    """Return an entry for each place, file or secret that no entry accepts yet."""
    made: dict[tuple[str, str], Entry] = {}
    for leak, place in _places(result):
        if known.entry(leak.secret_id, place.occurrence_id, place.path):
            continue
        if paths and place.path not in paths:
            continue
        named = place.occurrence_id if scope == "occurrence" else leak.secret_id
        where = f"path:{_literal(place.path)}" if scope == "path" and place.path else scope
        if where == "path":  # a message has no file
            named, where = place.occurrence_id, "occurrence"
        entry = template._replace(id=named, scope=where, detector=leak.detector)
        made[entry.id, entry.scope] = entry
    return list(made.values())


def _literal(path: str) -> str:
    """Return a pattern that matches exactly this path."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def _places(result: ScanResult) -> list[tuple[Leak, Occurrence]]:
    return [(leak, place) for leak in result.leaks for place in leak.occurrences]


def _review(known: Baseline, result: ScanResult, path: Path, today: date, *, prune: bool) -> int:
    """Print every entry with its state; remove the unused ones where that is asked for."""
    from keyproof.leaks import baseline as files

    used = {
        entry
        for leak, place in _places(result)
        if (entry := known.entry(leak.secret_id, place.occurrence_id, place.path))
    }
    unused = files.unused(known, used)
    if prune:
        if result.gaps:
            raise UsageError("not everything could be read: nothing is removed")
        kept = tuple(entry for entry in known.entries if entry not in set(unused))
        files.write(known._replace(entries=kept), path)
        click.echo(f"{path.name}: {len(unused)} entries removed, {len(kept)} left")
        return ExitCode.OK
    for entry in known.entries:
        state = "ended" if entry.lapsed(today) else "unused" if entry in unused else "used"
        end = f"until {entry.expires}" if entry.expires else "without end"
        click.echo(f"{state:<6} {entry.id} {entry.scope} {entry.detector} {end}: {entry.reason}")
    return ExitCode.OK
