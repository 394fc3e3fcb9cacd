"""RuleSet: every detector, compiled once from YAML and then read from the user's cache.

The warm path is what the pre-commit hook pays for, so this module imports the standard library
only, and reads one file of :mod:`keyproof.leaks.compiled`. Where the cache does not hold it, what
the wheel brings is taken, if its digest is that of the detector files as they are now; else the
YAML itself is parsed by :mod:`keyproof.leaks.rules_source`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keyproof.leaks import compiled

FORMAT = 6
"""Raised when the compiled form or the way it is derived changes; part of the digest."""

BEHIND_LINE = 2
"""So many letters from its end on are shown to what is searched on a line alone."""

_SHIPPED = Path(compiled.DETECTORS)


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
        in_line: no match holds a line's end, or asks for more than ``BEHIND_LINE`` letters there.
        into: how many bytes of the value lie before the reported end; 0 where that is not known.
        around: how many bytes around the value say whose it is (``RuleSet.keyed``).
        files: the places (``file_places.is_at``) of the files that it is asked about whole; only there.
        foreign: what an imported rule says besides, for ``leaks.foreign``; it runs on google-re2.
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
    in_line: bool = False
    into: int = 0
    around: int = 0
    foreign: str = ""
    files: tuple[str, ...] = ()


_CHECKS = Detector._fields.index("checks")
_AFTER = _CHECKS + 2


class Trigger(NamedTuple):
    """A bounded hyperscan expression whose match opens the exact check of one detector.

    Attributes:
        expression: hyperscan's pattern.
        flags: hyperscan's flags.
        detector: index into ``RuleSet.detectors``.
        width: the most bytes that it matches, and one before them.
        before: bytes to look at before the reported end.
        after: bytes to look at after it.
        needs: lower-case texts of which every match holds one; empty where nothing is known.
    """

    expression: bytes
    flags: int
    detector: int
    width: int
    before: int
    after: int
    needs: tuple[bytes, ...] = ()


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
        loose: nothing but the name says whose a value is, so it has to stand close.
    """

    detector: int
    token: str
    least: int
    most: int
    words: tuple[str, ...]
    common: bool
    kind: str
    loose: bool


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
    names = [os.fspath(folder) for folder in folders]
    place, stamp = compiled.cached(os.fspath(cache_folder), names), compiled.stamp(names)
    stored = compiled.read(place)
    if stored and stored[0] == stamp:
        return _rules(stored[1], stored[2])
    current = digest(folders)
    for known in (stored, compiled.read(compiled.SHIPPED)):
        if known and known[1] == current:
            rules = _rules(current, known[2])
            break
    else:
        from keyproof.leaks.rules_source import compile_rules

        rules = compile_rules(current, detector_files(folders))
    compiled.write(place, dumped(rules, stamp))
    return rules


def detector_files(folders: Sequence[Path] = (_SHIPPED,)) -> list[Path]:
    """Return the detector files of folders, by folder and name."""
    return [path for folder in folders for path in sorted(folder.glob("*.yaml"))]


def digest(folders: Sequence[Path] = (_SHIPPED,)) -> str:
    """Hash names and contents of every detector file, and of the code that judges by them."""
    import hashlib  # OpenSSL takes its time to load

    from keyproof.leaks import judging

    state = hashlib.sha256(f"keyproof rules {FORMAT}".encode())
    for path in (*judging.code(), *detector_files(folders)):
        name, content = path.name.encode(), path.read_bytes()
        state.update(b"%d:%b%d:%b" % (len(name), name, len(content), content))
    return state.hexdigest()


def _rules(named: str, rows: tuple[Any, ...]) -> RuleSet:
    detectors, triggers, keyed = rows
    return RuleSet(
        named,
        tuple(map(_detector, detectors)),
        tuple(map(Trigger._make, triggers)),
        tuple(map(Keyed._make, keyed)),
    )


def _detector(row: tuple[Any, ...]) -> Detector:
    detector = Detector._make(row)
    if not detector.checks and not detector.companion:
        return detector
    return detector._replace(
        checks=tuple(map(Check._make, detector.checks)),
        companion=Companion._make(detector.companion) if detector.companion else None,
    )


def dumped(rules: RuleSet, stamp: str) -> bytes:
    """Return the compiled form of a rule set, which :func:`load_rules` reads."""
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
    return compiled.dump(stamp, rules.digest, (detectors, *others))
