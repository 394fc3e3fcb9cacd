"""What ``keyproof doctor`` tries: tools, the identity key, policies, the store, every source."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from keyproof.app.clock import SystemClock
from keyproof.app.settings import Loaded, load
from keyproof.app.sources import Surroundings, Wanted, resolve
from keyproof.errors import KeyproofError, NothingToCheck
from keyproof.identity import KEY_VARIABLE, KeyedFingerprinter, load_fingerprinter
from keyproof.ports import Check

_MODULES = (
    ("hyperscan", "matches secrets", "core"),
    ("detect_secrets", "second detector engine", "core"),
    ("regorus", "evaluates policies", "scan"),
    ("sqlalchemy", "keeps runs", "scan"),
    ("boto3", "reads AWS", "aws"),
    ("psycopg", "keeps runs in PostgreSQL", "postgres"),
)
OLDEST_GIT = (2, 38)


def examine(
    config: Path | None, names: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Iterator[tuple[str, Check]]:
    """Yield each check under its heading.

    Raises:
        ConfigError: the settings file itself cannot be used.
    """
    yield "tool", _git()
    for module, purpose, extra in _MODULES:
        yield "tool", _module(module, purpose, extra)
    loaded = load(config, environment, folder)
    found = loaded.document.name if loaded.document.lines else "none; defaults are used"
    yield "settings", Check("file", ok=True, detail=found)
    yield "identity", _tried("key", lambda: _identity(load_fingerprinter(environment)))
    yield "policies", _tried("pack", lambda: _policies(loaded))
    yield "store", _tried("database", lambda: _store(loaded, environment))
    yield from _sources(loaded, names, environment)


def _git() -> Check:
    path = shutil.which("git")
    if not path:
        return Check("git", ok=False, detail="is not on PATH", hint="install git")
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    version = done.stdout.removeprefix("git version ").strip()
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    new_enough = numbers >= OLDEST_GIT
    return Check(
        "git",
        ok=new_enough,
        detail=version,
        hint=f"install git {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or newer",
    )


def _module(module: str, purpose: str, extra: str) -> Check:
    if importlib.util.find_spec(module):
        return Check(module, ok=True, detail=purpose)
    missing: bool | None = False if extra == "core" else None
    hint = f"pip install 'keyproof[{extra}]'"
    return Check(module, ok=missing, detail=f"not installed; it {purpose}", hint=hint)


def _tried(name: str, attempt: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, detail=attempt())
    except KeyproofError as error:
        return Check(name, ok=False, detail=str(error), hint=error.hint)


def _identity(fingerprinter: KeyedFingerprinter) -> str:
    kind = (
        f"this machine's own (set {KEY_VARIABLE} to share ids)" if fingerprinter.local else "shared"
    )
    return f"{fingerprinter.key_id}, {kind}"


def _policies(loaded: Loaded) -> str:
    from keyproof.app.packs import load_policies

    settings = loaded.settings.policies
    pack = load_policies(loaded, disable=tuple(settings.off()))
    return f"{len(pack.policies)} policies, {pack.digest[:19]}; engine {settings.engine}"


def _store(loaded: Loaded, environment: Mapping[str, str]) -> str:
    from keyproof.app.store import open_store

    url = loaded.store_url(environment)
    open_store(url).close()
    return "PostgreSQL" if url.startswith("postgresql") else url.removeprefix("sqlite:///")


def _sources(
    loaded: Loaded, names: Sequence[str], environment: Mapping[str, str]
) -> Iterator[tuple[str, Check]]:
    surroundings = Surroundings(environment, load_fingerprinter(environment), SystemClock())
    try:
        sources = resolve(loaded, Wanted(names=tuple(names)), surroundings)
    except NothingToCheck as error:
        yield "sources", Check("none", ok=False, detail=error.message, hint=error.hint)
        return
    for source in sources:
        heading = f"source {source.name} ({source.connector_name})"
        try:
            for check in source.connector.check(source.settings, source.context):
                yield heading, check
        except KeyproofError as error:
            yield heading, Check("check", ok=False, detail=str(error), hint=error.hint)
