"""Imported: the rules that a team brings along, beside ours in one rule set.

Files of other scanners are translated (:mod:`keyproof.leaks.imports`) and run on google-re2; files
in our own form go through the loader of the shipped detectors. What cannot be translated is
refused, never dropped.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, NamedTuple

import msgspec

from keyproof.errors import ConfigError, MissingExtra
from keyproof.leaks import compiled, judging
from keyproof.leaks.databases import Databases, made_databases, refused, stored_databases
from keyproof.leaks.imports._compile import Compiled, compile_all
from keyproof.leaks.imports._rule import Reading, Refusal
from keyproof.leaks.matcher import Matcher, open_lazily
from keyproof.leaks.rules import Detector, RuleSet, load_rules

_SHOWN = 5


class Extended(NamedTuple):
    """A rule set with what was brought along, and what a person should know about it.

    Attributes:
        rules: ours and theirs, numbered as one.
        theirs: what was brought along, alone.
        skipped: what could not be translated, and was left out because that was asked for.
        notes: what means something else here, or nothing.
        added: how many detectors came in.
    """

    rules: RuleSet
    theirs: RuleSet
    skipped: tuple[Refusal, ...]
    notes: tuple[str, ...]
    added: int


def formats() -> tuple[ModuleType, ...]:
    """Return the modules of :mod:`keyproof.leaks.imports`, one a format."""
    package = import_module("keyproof.leaks.imports")
    names = sorted(info.name for info in iter_modules(package.__path__) if info.name[0] != "_")
    return tuple(import_module(f"{package.__name__}.{name}") for name in names)


def extend(
    rules: RuleSet,
    paths: Sequence[Path],
    *,
    skip_untranslatable: bool = False,
    cache_folder: Path | None = None,
) -> Extended:
    """Return the rule set with the rules of files added.

    Args:
        cache_folder: where translations are kept; none are without it.

    Raises:
        ConfigError: a file cannot be read, is of no known form, or holds what cannot be translated.
        MissingExtra: google-re2 is not installed.
    """
    _check_engine()
    found = [_compiled(path, cache_folder) for path in paths]
    merged = _merged(rules, found)
    if merged.refusals and not skip_untranslatable:
        raise _refused(merged.refusals)
    first = len(rules.detectors)
    more = tuple(one._replace(detector=one.detector + first) for one in merged.triggers)
    alone = _digest(f"alone\0{rules.digest}", merged)
    theirs = RuleSet(alone, merged.detectors, merged.triggers)
    extended = rules._replace(
        digest=_digest(rules.digest, merged),
        detectors=(*rules.detectors, *merged.detectors),
        triggers=(*rules.triggers, *more),
    )
    return Extended(extended, theirs, merged.refusals, merged.notes, len(merged.detectors))


class _Joined(Databases):
    """The databases of ours beside those of imported rules, so that ours need no new ones."""

    def __init__(self, ours: Databases, theirs: Databases, counts: tuple[int, int]) -> None:
        self._ours = ours
        self._theirs = theirs
        self._counts = counts

    def copy(self) -> _Joined:
        """See ``Databases.copy``."""
        return _Joined(self._ours.copy(), self._theirs.copy(), self._counts)

    def scan(self, part: str, data: Any) -> list[tuple[int, int]]:
        """See ``Databases.scan``: theirs are numbered behind ours, and encodings behind both."""
        found = self._ours.scan(part, data)
        if part == "encoded":
            return [(number + self._counts[1], end) for number, end in found]
        if part == "wide":
            return found
        first = self._counts[0]
        return found + [(number + first, end) for number, end in self._theirs.scan(part, data)]


class Opened(NamedTuple):
    """A matcher with what was brought along; see :class:`Extended`."""

    matcher: Matcher
    skipped: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def open_with(
    paths: Sequence[Path],
    cache_folder: Path,
    *,
    skip_untranslatable: bool = False,
    more: Sequence[Detector] = (),
) -> Opened:
    """Return the matcher of our rules and those of files.

    Args:
        more: detectors of another engine, which are known and never triggered.

    Raises:
        ConfigError: see :func:`extend`, as for ``MissingExtra``.
    """
    ours = load_rules(cache_folder)
    # the digest names what is looked for, and stays
    ours = ours._replace(detectors=(*ours.detectors, *more))
    if not paths:
        return Opened(open_lazily(ours, cache_folder))
    extended = extend(
        ours, paths, skip_untranslatable=skip_untranslatable, cache_folder=cache_folder
    )
    folder = os.fspath(cache_folder)
    first, second = (
        stored_databases(one.digest, folder) or made_databases(one, folder)
        for one in (ours, extended.theirs)
    )
    counts = (len(ours.triggers), len(extended.theirs.triggers))
    matcher = Matcher(extended.rules, _Joined(first, second, counts))
    return Opened(matcher, extended.skipped, extended.notes)


def _check_engine() -> None:
    try:
        import re2  # noqa: F401
    except ImportError:
        raise MissingExtra("rules", "running imported rules") from None


def _compiled(path: Path, cache_folder: Path | None) -> Compiled:
    text = read_text(path)
    for module in formats():
        if module.recognises(str(path), text):
            if not module.RULES:
                raise ConfigError(
                    "this file accepts findings, it holds no rules",
                    where=str(path),
                    hint=f"keyproof baseline import {path}",
                )
            return _of_format(module, text, path, cache_folder)
    if re.search(r"^provider\s*:", text, re.MULTILINE):
        return _own(path)
    known = "; ".join(module.TITLE for module in formats() if module.RULES)
    raise ConfigError("no known form of rules", where=str(path), hint=f"known: {known}; our own")


def _of_format(module: ModuleType, text: str, path: Path, cache_folder: Path | None) -> Compiled:
    """Translate a file; one that rests on no other is translated once."""
    kept = None if cache_folder is None or not module.alone(text) else cache_folder
    place = kept / f"imported-{_name(module, text, path)}.bin" if kept else None
    known = _kept(place) if place else None
    if known is not None:
        return known
    reading: Reading = read_with(module.read, text, path)
    made = compile_all(reading.rules)
    made = made._replace(
        refusals=(*reading.refusals, *made.refusals), notes=(*reading.notes, *made.notes)
    )
    if place:
        compiled.write(os.fspath(place), msgspec.msgpack.encode(made))
    return made


def _name(module: ModuleType, text: str, path: Path) -> str:
    """Name a translation: by what is translated, and the code that does."""
    translating = sorted(Path(__file__).resolve().parent.glob("imports/*.py"))
    state = hashlib.sha256(f"{module.__name__}\0{path}\0{text}".encode())
    for source in (*translating, *judging.code()):
        state.update(source.read_bytes())
    return state.hexdigest()[:32]


def _kept(place: Path) -> Compiled | None:
    try:
        return msgspec.msgpack.decode(place.read_bytes(), type=Compiled)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None


def _own(path: Path) -> Compiled:
    """Compile a file in the form of the shipped detectors."""
    from keyproof.leaks.rules_source import compile_rules

    made = compile_rules("", [path])
    for trigger in made.triggers:
        why = refused(trigger)
        if why:
            raise ConfigError(
                f"{made.detectors[trigger.detector].id}: hyperscan refuses its trigger: {why}",
                where=str(path),
                hint="leave look-arounds and back-references to 'pattern'",
            )
    return Compiled(made.detectors, made.triggers, (), ())


def read_text(path: Path) -> str:
    """Return a file's text; PowerShell's UTF-16 is read as what it is.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", where=str(path)) from None
    coding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return data.decode(coding)
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8", where=str(path), hint="save it as UTF-8") from None


def read_with(read: Callable[[str, str], Any], text: str, path: Path) -> Any:
    """Return what the reader of a format makes of a file.

    Raises:
        ConfigError: the reader's own, or that a field holds what none of its kind can.
    """
    try:
        return read(text, str(path))
    except (AttributeError, LookupError, TypeError, ValueError):
        hint = "compare it with the documentation of the tool that it is of"
        raise ConfigError(
            "a field has a value of the wrong kind", where=str(path), hint=hint
        ) from None


def _merged(rules: RuleSet, found: Iterable[Compiled]) -> Compiled:
    """Join what several files gave; an id that is taken already is refused."""
    seen = {one.id for one in rules.detectors}
    merged = Compiled((), (), (), ())
    for one in found:
        twice = sorted(detector.id for detector in one.detectors if detector.id in seen)
        if twice:
            raise ConfigError(f"the detector '{twice[0]}' stands twice", hint="rename one of them")
        seen.update(detector.id for detector in one.detectors)
        first = len(merged.detectors)
        triggers = (t._replace(detector=t.detector + first) for t in one.triggers)
        merged = Compiled(
            (*merged.detectors, *one.detectors),
            (*merged.triggers, *triggers),
            (*merged.refusals, *one.refusals),
            (*merged.notes, *one.notes),
        )
    return merged


def _refused(refusals: Sequence[Refusal]) -> ConfigError:
    shown = "\n  ".join(str(one) for one in refusals[1:_SHOWN])
    more = f"\n  and {len(refusals) - _SHOWN} more" if len(refusals) > _SHOWN else ""
    first = refusals[0]
    text = f"{first.rule}: {first.reason}" if first.rule else first.reason
    return ConfigError(
        f"cannot be translated: {text}" + (f"\n  {shown}{more}" if shown else ""),
        where=first.where,
        hint="mend or remove it, or leave out what cannot be translated: --skip-untranslatable",
    )


def _digest(base: str, made: Compiled) -> str:
    """Name exactly this set: what is looked for, and by ``base`` the code that judges it."""
    return hashlib.sha256(f"{base}\0{made.detectors!r}\0{made.triggers!r}".encode()).hexdigest()
