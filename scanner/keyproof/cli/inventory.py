"""``keyproof inventory``: the keys of every source, as their issuers list them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from keyproof.cli.options import CONFIG, OUTPUT
from keyproof.cli.terminal import note, result_stream
from keyproof.errors import ExitCode, NothingToCheck, UsageError

if TYPE_CHECKING:
    from keyproof.app.settings import Loaded
    from keyproof.app.sources import Wanted
    from keyproof.model.facts import Facts

_PATH = click.Path(path_type=Path)
_FORMATS = ("table", "jsonl", "json", "csv")
_GAPS_SHOWN = 20


@click.command()
@CONFIG
@click.option("--source", "names", multiple=True, metavar="NAME", help="Only this source.")
@click.option(
    "--file", "files", multiple=True, type=_PATH, help="An inventory file: CSV, JSON, JSONL."
)
@click.option("--format", "format_name", type=click.Choice(_FORMATS), help="Default: table.")
@OUTPUT
@click.option("--allow-incomplete", is_flag=True, help="Gaps are a warning, not exit code 4.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr.")
def inventory(
    *,
    config: Path | None,
    names: tuple[str, ...],
    files: tuple[Path, ...],
    format_name: str | None,
    output: str | None,
    allow_incomplete: bool,
    quiet: bool,
) -> int:
    """List every key of the configured sources, or of inventory files. Decides nothing.

    Never prints a key's value. Exit code 0, or 4 where something could not be read.

    \b
        keyproof inventory
        keyproof inventory --source aws --format jsonl
        keyproof inventory --file keys.csv -o keys.json
    """
    from keyproof.app import settings
    from keyproof.app.sources import Wanted

    chosen = format_name or _format_of(output)
    loaded = settings.load(config, os.environ, Path.cwd())
    if files and names:
        raise UsageError("--file and --source do not go together")
    wanted = Wanted(names=() if files else _inventories(loaded, names), files=files)
    facts = _gather(loaded, wanted, quiet=quiet)
    with result_stream(output) as stream:
        _WRITERS[chosen](facts, stream)
    return _summary(facts, allow_incomplete=allow_incomplete, quiet=quiet)


def _format_of(output: str | None) -> str:
    """Return the format that a file's ending says; ``table`` for stdout."""
    if output in {None, "-"}:
        return "table"
    suffix = Path(str(output)).suffix.removeprefix(".").lower()
    if suffix in _FORMATS:
        return suffix
    if suffix in {"", "txt"}:
        return "table"
    raise UsageError(
        f"the ending of '{output}' says no format", hint=f"add --format {'|'.join(_FORMATS)}"
    )


def _inventories(loaded: Loaded, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sources that list keys: a git repository holds leaks, not keys."""
    configured = loaded.settings.sources
    if names:
        for name in names:
            if configured.get(name, {}).get("connector") == "git":
                raise UsageError(
                    f"'{name}' is a git repository, which lists no keys", hint="run: keyproof leaks"
                )
        return names
    found = tuple(n for n in sorted(configured) if configured[n].get("connector") != "git")
    if not found:
        raise NothingToCheck(
            "no configured source lists keys",
            hint="name one below 'sources:' in keyproof.yaml, or a file: --file keys.csv",
        )
    return found


def _gather(loaded: Loaded, wanted: Wanted, *, quiet: bool) -> Facts:
    from keyproof.app.clock import SystemClock
    from keyproof.app.gather import gather
    from keyproof.app.registry import missing_extra
    from keyproof.app.sources import Surroundings
    from keyproof.cli.terminal import progress
    from keyproof.identity import load_fingerprinter

    with progress(quiet=quiet) as shown:
        surroundings = Surroundings(
            os.environ, load_fingerprinter(os.environ), SystemClock(), shown
        )
        try:
            return gather(loaded, wanted, surroundings)
        except ModuleNotFoundError as error:
            raise missing_extra(error, "keyproof inventory") from None


def _summary(facts: Facts, *, allow_incomplete: bool, quiet: bool) -> int:
    """Say what was and what was not read; return the exit code."""
    holes = [gap for gap in facts.gaps if gap.reason != "not_reported"]
    for gap in holes[:_GAPS_SHOWN]:
        note(f"not read: {gap.source}: {gap.call}: {gap.detail} ({gap.reason})")
        if gap.hint:
            note(f"  fix: {gap.hint}")
    if len(holes) > _GAPS_SHOWN:
        note(f"not read: {len(holes) - _GAPS_SHOWN} more")
    whole = not holes and all(source.complete for source in facts.sources)
    if not quiet:
        from keyproof.pipeline.message import amount

        sources = len(facts.sources)
        read = f"{amount(len(facts.keys), 'key')} of {amount(sources, 'source')}"
        note(read if whole else f"{read}; incomplete")
    return ExitCode.OK if whole or allow_incomplete else ExitCode.INCOMPLETE


def _jsonl(facts: Facts, stream: IO[Any]) -> None:
    for line in _records(facts):
        stream.write(f"{line}\n")


def _json(facts: Facts, stream: IO[Any]) -> None:
    stream.write("[" + ",".join(f"\n{line}" for line in _records(facts)) + "\n]\n")


def _records(facts: Facts) -> list[str]:
    from keyproof.model.record import canonical_json
    from keyproof.reporters._plain import json_safe

    return [json_safe(canonical_json(key).decode()) for key in facts.keys]


def _csv(facts: Facts, stream: IO[Any]) -> None:
    import csv

    from keyproof.app import registry

    connector = registry.load("connectors", "file")
    writer = csv.DictWriter(stream, connector.COLUMNS, lineterminator="\n")
    writer.writeheader()
    for key in facts.keys:
        writer.writerow({name: _inert(cell) for name, cell in connector.as_row(key).items()})


def _inert(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _table(facts: Facts, stream: IO[Any]) -> None:
    from keyproof.reporters._plain import day, plain

    head = ("ISSUER", "KEY", "PRINCIPAL", "OWNER", "STATUS", "CREATED", "LAST USED", "EXPIRES")
    rows = [
        (
            f"{key.issuer_type} {key.issuer_instance}",
            key.native_id,
            key.principal_name or key.principal_id or "not known",
            key.owner or "none",
            key.status,
            day(key.created_at),
            day(key.last_used_at) if key.last_used_at else _said(key.last_used_state),
            day(key.expires_at) if key.expires_at else _said(key.expiry_state),
        )
        for key in sorted(facts.keys, key=lambda k: (k.issuer_type, k.issuer_instance, k.native_id))
    ]
    shown = [tuple(plain(cell) for cell in row) for row in (head, *rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(head))]
    for row in shown:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        stream.write("  ".join(padded).rstrip() + "\n")


def _said(state: str) -> str:
    words = {"never": "never", "not_supported": "not reported"}
    return words.get(state, "not known")


_WRITERS = {"table": _table, "jsonl": _jsonl, "json": _json, "csv": _csv}
