"""Finds adapters by name: lists a package's modules without importing them, imports on use."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from importlib.util import find_spec
from typing import Any, Literal

from keyproof.errors import MissingExtra, UsageError

Kind = Literal["connectors", "engines", "reporters", "trackers", "rotators", "targets"]

_EXTRAS = {
    "boto3": "aws",
    "botocore": "aws",
    "httpx2": "scan",
    "stamina": "scan",
    "regorus": "scan",
    "sqlalchemy": "scan",
    "alembic": "scan",
    "psycopg": "postgres",
    "moto": "demo",
    "re2": "rules",
}


def names(kind: Kind) -> tuple[str, ...]:
    """Return the names of the adapters of a kind that ship with keyproof."""
    spec = find_spec(f"keyproof.{kind}")
    locations = spec.submodule_search_locations if spec else None
    return tuple(
        sorted(m.name for m in pkgutil.iter_modules(locations or []) if not m.name.startswith("_"))
    )


def load(kind: Kind, name: str) -> Any:
    """Import the adapter ``name``: a shipped module, else an entry point of ``keyproof.<kind>``.

    Raises:
        UsageError: nobody offers that name.
        MissingExtra: the adapter needs a package that is not installed.
    """
    if name in names(kind):
        try:
            return importlib.import_module(f"keyproof.{kind}.{name}")
        except ModuleNotFoundError as error:
            raise missing_extra(error, f"'{name}'") from None
    return _third_party(kind, name)


def missing_extra(error: ModuleNotFoundError, what: str) -> Exception:
    """Return what to raise for an import that failed: which extra to install, if one helps."""
    package = (error.name or "").split(".")[0]
    extra = _EXTRAS.get(package)
    return MissingExtra(extra, what) if extra else error


def _third_party(kind: Kind, name: str) -> Any:
    from importlib.metadata import entry_points  # 26 ms, and only an unknown name pays them

    for entry in entry_points(group=f"keyproof.{kind}", name=name):
        return entry.load()
    close = difflib.get_close_matches(name, names(kind), n=1)
    message = f"there is no {kind.removesuffix('s')} '{name}'"
    hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(names(kind))}"
    raise UsageError(message, hint=hint)
