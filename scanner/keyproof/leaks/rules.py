"""RuleSet: every detector, compiled once from YAML and then read from the user's cache.

The warm path is what the pre-commit hook pays for, so this module imports the standard library
only, and reads one JSON file. The YAML itself is parsed by :mod:`keyproof.leaks.rules_source`.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = 2
"""Raised when the compiled form or the way it is derived changes; part of the digest."""

_SHIPPED = Path(__file__).resolve().parent / "detectors"
_DERIVERS = (
    "rules.py",
    "rules_source.py",
    "rules_schema.py",
    "rules_trigger.py",
    "rules_bounds.py",
    "exact.py",
    "generic.py",
    "placeholders.py",
    "checksums.py",
    "surroundings.py",
    "encoded.py",
    "encoded_escapes.py",
    "encoded_origin.py",
    "encoded_runs.py",
    "encoded_search.py",
    "unpack.py",
    "unpack_forms.py",
    "unpack_streams.py",
)


class Companion(NamedTuple):
    """What must, or may, stand beside a secret: the public half of a pair.

    Attributes:
        pattern: a bytes expression, as latin-1 text; its first group is the id.
        within: how many bytes before and after the secret are searched.
        required: no companion, no hit.
        key_id: the group is a public id of the key.
    """

    pattern: str
    within: int
    required: bool
    key_id: bool


class Check(NamedTuple):
    """A structural check of the secret (a name in ``checksums.CHECKS``) and what failing means.

    ``otherwise`` is ``drop``, or the confidence that is left where the check fails.
    """

    name: str
    otherwise: str


class Detector(NamedTuple):
    """A rule that recognises one kind of secret in text.

    Attributes:
        id: permanent name, ``provider.kind`` (``github.pat``).
        provider: who issues it (``github``).
        kind: what it is (``personal_access_token``).
        named: false for generic, keyword and entropy detectors.
        confidence: ``high``, ``medium`` or ``low`` where every check holds.
        rank: which of two overlapping hits stays: the smaller.
        pattern: the exact bytes expression, as latin-1 text, with a group ``secret``.
        before: bytes to look at before a trigger's reported end.
        after: bytes to look at after it.
        covers: the match must hold the byte before the reported end (false: it lies near it).
        public_prefix: how many leading characters of the secret are the provider's constant.
        entropy: least Shannon entropy of the rest, in bits a character.
        checks: structural checks, in order.
        companion: the other half of a pair.
        reject: a bytes expression; text between the match's start and the secret that spoils it.
        shape: name of the function in ``generic.SHAPES`` that judges the whole match.
        hashes: hash names by which the provider lists the secret.
        around: how many bytes around the value say whose it is (``RuleSet.keyed``).
    """

    id: str
    provider: str
    kind: str
    named: bool
    confidence: str
    rank: int
    pattern: str
    before: int
    after: int
    covers: bool
    public_prefix: int
    entropy: float
    checks: tuple[Check, ...]
    companion: Companion | None
    reject: str
    shape: str
    hashes: tuple[str, ...]
    around: int = 0


_CHECKS = Detector._fields.index("checks")
_AFTER = _CHECKS + 2


class Trigger(NamedTuple):
    """A bounded hyperscan expression whose match opens the exact check of one detector.

    Attributes:
        expression: hyperscan's pattern.
        flags: hyperscan's flags.
        detector: index into ``RuleSet.detectors``.
        before: bytes to look at before the reported end.
        after: bytes to look at after it.
    """

    expression: bytes
    flags: int
    detector: int
    before: int
    after: int


class Keyed(NamedTuple):
    """A detector that a provider's name near an assignment leads to.

    Attributes:
        detector: index into ``RuleSet.detectors``.
        token: the whole secret's expression, as latin-1 text.
        least: least length of the secret.
        most: greatest length of it.
        words: what the provider is called: lower-case letters and digits, no marks.
        common: its name is a word of the language too.
        kind: what it is.
    """

    detector: int
    token: str
    least: int
    most: int
    words: tuple[str, ...]
    common: bool
    kind: str


class RuleSet(NamedTuple):
    """Every detector with its triggers. ``digest`` names exactly this set.

    ``keyed`` are the detectors that a provider's name around a value decides on.
    """

    digest: str
    detectors: tuple[Detector, ...]
    triggers: tuple[Trigger, ...]
    keyed: tuple[Keyed, ...] = ()


def load_rules(cache_folder: Path, folders: Sequence[Path] = (_SHIPPED,)) -> RuleSet:
    """Return the rules of ``folders``, from the cache where it holds exactly these.

    Args:
        cache_folder: the user's cache folder; made (0700) where it is missing.
        folders: folders of detector files, one provider a file.

    Raises:
        ConfigError: a detector file is wrong, with file and line. A cache that cannot be read or
            written costs time, nothing else.
    """
    paths, stamp = _files(folders)
    place = hashlib.sha256("\0".join(map(str, folders)).encode()).hexdigest()[:16]
    cached = cache_folder / f"rules-{place}-{sys.implementation.cache_tag}.bin"
    stored = _read(cached)
    if stored and stored[0] == stamp:
        return stored[1]
    digest = _digest(paths)
    rules = stored[1] if stored and stored[1].digest == digest else None
    if rules is None:
        from keyproof.leaks.rules_source import compile_rules

        rules = compile_rules(digest, [path for path in map(Path, paths) if path.suffix == ".yaml"])
    _write(cached, stamp, rules)
    return rules


def _files(folders: Sequence[Path]) -> tuple[list[str], str]:
    """List the files that decide what a rule set is, and stamp them by what a change moves.

    Reading 400 files costs the hook more than everything else it does, so unchanged inode, size,
    modification and change time stand for unchanged content.
    """
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - the hook's time
    state = hashlib.sha256(b"%d" % FORMAT)
    paths: list[str] = []
    for folder, suffix in ((here, ".py"), *((os.fspath(folder), ".yaml") for folder in folders)):
        with os.scandir(folder) as entries:
            found = sorted(
                (entry.name, entry.path, entry.stat())
                for entry in entries
                if entry.name.endswith(suffix) and (suffix != ".py" or entry.name in _DERIVERS)
            )
        for name, path, status in found:
            times = (status.st_mtime_ns, status.st_ctime_ns)
            state.update(repr((name, status.st_ino, status.st_size, *times)).encode())
            paths.append(path)
    return paths, state.hexdigest()


def _digest(paths: Sequence[str]) -> str:
    """Hash names and contents of every detector file, and of the code that judges by them."""
    state = hashlib.sha256(f"keyproof rules {FORMAT}".encode())
    for path in paths:
        with open(path, "rb") as handle:  # noqa: PTH123
            content = handle.read()
        name = os.path.basename(path).encode()  # noqa: PTH119
        state.update(b"%d:%b%d:%b" % (len(name), name, len(content), content))
    return state.hexdigest()


def _read(path: Path) -> tuple[str, RuleSet] | None:
    """Return stamp and set of the cache; ``None`` where there is none, or it is damaged."""
    try:
        with open(path, "rb") as handle:  # noqa: PTH123
            seal, body = handle.read(32), handle.read()
        if seal != hashlib.sha256(body).digest():
            return None
        stamp, digest, detectors, triggers, keyed = marshal.loads(body)  # noqa: S302 - sealed
        return stamp, RuleSet(
            digest,
            tuple(map(_detector, detectors)),
            tuple(map(Trigger._make, triggers)),
            tuple(map(Keyed._make, keyed)),
        )
    except (OSError, ValueError, EOFError, TypeError):
        return None


def _detector(row: tuple[Any, ...]) -> Detector:
    detector = Detector._make(row)
    if not detector.checks and not detector.companion:
        return detector
    return detector._replace(
        checks=tuple(map(Check._make, detector.checks)),
        companion=Companion._make(detector.companion) if detector.companion else None,
    )


def _write(path: Path, stamp: str, rules: RuleSet) -> None:
    """Write the set whole or not at all; readable by its user only."""
    detectors = [
        (
            *d[:_CHECKS],
            tuple(tuple(c) for c in d.checks),
            d.companion and tuple(d.companion),
            *d[_AFTER:],
        )
        for d in rules.detectors
    ]
    others = [list(map(tuple, rows)) for rows in (rules.triggers, rules.keyed)]
    body = marshal.dumps((stamp, rules.digest, detectors, *others))
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(hashlib.sha256(body).digest() + body)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
