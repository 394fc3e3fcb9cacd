"""RuleSet: every detector, compiled once from YAML and then read from the user's cache.

The warm path is what the pre-commit hook pays for, so this module imports the standard library
only, and reads one JSON file. The YAML itself is parsed by :mod:`keyproof.leaks.rules_source`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

FORMAT = 1
"""Raised when the compiled form or the way it is derived changes; part of the digest."""

_SHIPPED = Path(__file__).resolve().parent / "detectors"
_DERIVERS = (
    "rules.py",
    "rules_source.py",
    "rules_trigger.py",
    "rules_bounds.py",
    "exact.py",
    "generic.py",
    "placeholders.py",
    "checksums.py",
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


class RuleSet(NamedTuple):
    """Every detector with its triggers. ``digest`` names exactly this set."""

    digest: str
    detectors: tuple[Detector, ...]
    triggers: tuple[Trigger, ...]


def load_rules(cache_folder: Path, folders: Sequence[Path] = (_SHIPPED,)) -> RuleSet:
    """Return the rules of ``folders``, from the cache where it holds exactly these.

    Args:
        cache_folder: the user's cache folder; made (0700) where it is missing.
        folders: folders of detector files, one provider a file.

    Raises:
        ConfigError: a detector file is wrong, with file and line. A cache that cannot be read or
            written costs time, nothing else.
    """
    digest, files = _digest(folders)
    cached = cache_folder / f"rules-{digest[:32]}.json"
    rules = _read(cached, digest)
    if rules is None:
        from keyproof.leaks.rules_source import compile_rules

        rules = compile_rules(digest, files)
        _write(cached, rules)
    return rules


def _digest(folders: Sequence[Path]) -> tuple[str, list[Path]]:
    """Hash names and contents of every detector file, and of the code that compiles them."""
    state = hashlib.sha256(f"keyproof rules {FORMAT}".encode())
    files = [Path(folder) / name for folder in folders for name in sorted(_yaml_names(folder))]
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - the hook's time
    code = [os.path.join(here, name) for name in _DERIVERS]  # noqa: PTH118
    for path in [*code, *map(str, files)]:
        with open(path, "rb") as handle:  # noqa: PTH123
            content = handle.read()
        name = os.path.basename(path).encode()  # noqa: PTH119
        state.update(b"%d:%b%d:%b" % (len(name), name, len(content), content))
    return state.hexdigest(), files


def _yaml_names(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(".yaml")]  # noqa: PTH208


def _read(path: Path, digest: str) -> RuleSet | None:
    """Return the cached set; ``None`` where there is none, or it is damaged or another's."""
    try:
        with open(path, "rb") as handle:  # noqa: PTH123
            seal, _, body = handle.read().partition(b"\n")
        if seal.decode() != hashlib.sha256(body).hexdigest():
            return None
        stored = json.loads(body)
        if stored["digest"] != digest:
            return None
        return RuleSet(
            digest,
            tuple(_detector(row) for row in stored["detectors"]),
            tuple(Trigger(row[0].encode("latin-1"), *row[1:]) for row in stored["triggers"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _detector(row: list[object]) -> Detector:
    detector = Detector(*row)  # type: ignore[arg-type]
    return detector._replace(
        checks=tuple(Check(*check) for check in detector.checks),
        companion=Companion(*detector.companion) if detector.companion else None,
        hashes=tuple(detector.hashes),
    )


def _write(path: Path, rules: RuleSet) -> None:
    """Write the set whole or not at all; readable by its user only."""
    body = json.dumps(
        {
            "digest": rules.digest,
            "detectors": rules.detectors,
            "triggers": [(t.expression.decode("latin-1"), *t[1:]) for t in rules.triggers],
        },
        separators=(",", ":"),
    ).encode()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
