"""Rules of Gitleaks and Betterleaks: ``.gitleaks.toml``, ``.betterleaks.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from keyproof.errors import ConfigError
from keyproof.leaks.conditions import Condition, any_of
from keyproof.leaks.imports import _expr
from keyproof.leaks.imports._allow_lists import allowed, tables
from keyproof.leaks.imports._dialect import translate
from keyproof.leaks.imports._known import Acceptances, Known
from keyproof.leaks.imports._rule import (
    FIRST,
    Beside,
    Reading,
    Refusal,
    Rule,
    Untranslatable,
    is_named,
)

TITLE = "Gitleaks and Betterleaks: .gitleaks.toml, .betterleaks.toml"
RULES = True
PREFIX = "gitleaks"
_DEPTH = 3
"""So many files may extend one another."""
_RULE_FIELDS = {
    "id", "description", "regex", "secretGroup", "entropy", "keywords", "path", "tags",
    "allowlist", "allowlists", "required", "filter", "validate", "skipReport", "tokenEfficiency",
}  # fmt: skip
_TOP_FIELDS = {
    "title", "description", "extend", "rules", "allowlist", "allowlists", "minVersion",
    "betterleaksMinVersion", "filter", "prefilter",
}  # fmt: skip


def recognises(name: str, text: str) -> bool:
    """Tell whether a file is one of these."""
    if Path(name).name.lstrip(".") in {"gitleaks.toml", "betterleaks.toml"}:
        return True
    return name.endswith(".toml") and bool(
        re.search(r"^\s*\[\[\s*rules\s*\]\]", text, re.MULTILINE)
    )


def alone(text: str) -> bool:
    """Tell whether a file rests on no other."""
    return not re.search(r"^\s*\[?\s*\[?\s*extend\b", text, re.MULTILINE) or "path" not in text


def read(text: str, name: str) -> Reading:
    """Read a file of rules, and those that it extends.

    Raises:
        ConfigError: it is no TOML, or extends what cannot be read.
    """
    return _File(text, name).reading(_DEPTH)


def accepted(text: str, name: str) -> Acceptances:
    """Read what the allow-lists for every rule accept: most files hold nothing else.

    Raises:
        ConfigError: it is no TOML.
    """
    file = _File(text, name)
    known = [
        Known(name, rule="allow-list", condition=one.condition, reason=_reason(raw))
        for raw in tables(file.data)
        if not raw.get("targetRules")
        for one in file.of_table(raw)
    ]
    return Acceptances(tuple(known), tuple(map(str, file.refusals)))


def _reason(raw: Mapping[str, Any]) -> str:
    said = raw.get("description")
    return (
        f"allowed in gitleaks: {said}" if isinstance(said, str) and said else "allowed in gitleaks"
    )


class _Global(NamedTuple):
    """What skips findings of every rule, or of those in ``targets``."""

    condition: Condition
    targets: tuple[str, ...]


class _File:
    """One file: its data, and the lines on which its rules begin."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        try:
            self.data: Mapping[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as failure:
            line = re.search(r"at line (\d+)", str(failure))
            where = f"{name}:{line[1]}" if line else name
            raise ConfigError("not valid TOML", where=where) from None
        self.lines = [
            number
            for number, line in enumerate(text.splitlines(), 1)
            if re.match(r"\s*\[\[\s*rules\s*\]\]", line)
        ]
        self.notes: list[str] = []
        self.refusals: list[Refusal] = []
        self.everywhere: list[_Global] = []

    def reading(self, depth: int) -> Reading:
        """Return everything that this file and those behind it say."""
        base = self._extended(depth)
        self._check_top()
        self.everywhere = [*self.everywhere, *self._globals()]
        raws = self.data.get("rules", [])
        tried = [self._try(index, raw) for index, raw in enumerate(raws)]
        own = [rule for rule in tried if rule]
        known = {rule.id for rule in own}
        rules = [*own, *(rule for rule in base.rules if rule.id not in known)]
        return Reading(
            tuple(_with_globals(rule, self.everywhere) for rule in rules),
            (*base.refusals, *self.refusals),
            (*base.notes, *self.notes),
        )

    def where(self, index: int) -> str:
        return f"{self.name}:{self.lines[index] if index < len(self.lines) else 1}"

    def _extended(self, depth: int) -> Reading:
        extend = self.data.get("extend", {})
        if extend.get("useDefault"):
            self.notes.append(
                f"{self.name}: useDefault: keyproof's own detectors take the place of the scanner's"
            )
        disabled = {f"{PREFIX}:{one}" for one in extend.get("disabledRules", ())}
        base = Reading(())
        if extend.get("path"):
            base = self._base(str(extend["path"]), depth)
        if extend.get("url"):
            self._refuse("[extend] url: no network")
        left = disabled - {rule.id for rule in base.rules}
        if left:
            shown = ", ".join(sorted(one.partition(":")[2] for one in left))
            self.notes.append(
                f"{self.name}: disabledRules: keyproof's own detectors stay on ({shown})"
            )
        return base._replace(rules=tuple(r for r in base.rules if r.id not in disabled))

    def _base(self, path: str, depth: int) -> Reading:
        if depth <= 1:
            raise ConfigError(
                "[extend] goes too deep",
                where=self.name,
                hint=f"no more than {_DEPTH} files may extend each other: join some of them",
            )
        for folder in (Path(self.name).parent, Path()):
            text = self._text(folder / path)
            if text is not None:
                base = _File(text, str(folder / path))
                reading = base.reading(depth - 1)
                self.everywhere = base.everywhere
                return reading
        raise ConfigError(
            "[extend] names a file that is not there",
            where=self.name,
            hint="its path counts from this file's folder, or from the current one",
        )

    def _text(self, path: Path) -> str | None:
        """Return the text of a file that this one extends; ``None`` where there is none."""
        try:
            return path.read_text("utf-8", errors="replace") if path.is_file() else None
        except OSError as failure:
            raise ConfigError(
                f"[extend] names a file that cannot be read ({failure.strerror})",
                where=self.name,
                hint="check the path, and who may read the file",
            ) from None

    def _check_top(self) -> None:
        for field in sorted(self.data.keys() - _TOP_FIELDS):
            self._refuse(f"'{field}' is unknown")

    def _globals(self) -> Iterator[_Global]:
        """Yield what skips findings of every rule, or of the rules that it names."""
        for raw in tables(self.data):
            yield from self.of_table(raw)
        for field in ("filter", "prefilter"):
            if self.data.get(field):
                yield _Global(self._condition(field, str(self.data[field])), ())
        if tables(self.data):
            self.notes.append(
                f"{self.name}: the global allow-list holds for its own rules; for what keyproof's "
                f"detectors find: keyproof baseline import {self.name}"
            )

    def of_table(self, raw: Mapping[str, Any]) -> Iterator[_Global]:
        """Yield what one allow-list skips."""
        try:
            condition = allowed(raw)
        except Untranslatable as failure:
            self._refuse(f"the global allow-list: {failure}")
            return
        if condition is not False:
            yield _Global(condition, tuple(f"{PREFIX}:{o}" for o in raw.get("targetRules", ())))

    def _refuse(self, reason: str) -> None:
        self.refusals.append(Refusal(f"{self.name}:1", "", reason))

    def _condition(self, field: str, text: str) -> Condition:
        try:
            condition, notes = _expr.parse(text)
        except Untranslatable as failure:
            self._refuse(f"{field}: {failure}")
            return False
        self.notes += [f"{self.name}: {note}" for note in notes]
        return condition

    def _try(self, index: int, raw: Mapping[str, Any]) -> Rule | None:
        where, name = self.where(index), f"{PREFIX}:{raw.get('id', '')}"
        try:
            rule, notes = _rule(raw, where)
        except Untranslatable as failure:
            self.refusals.append(Refusal(where, name, str(failure)))
            return None
        except (TypeError, ValueError, AttributeError):
            self.refusals.append(Refusal(where, name, "a field has a value of the wrong kind"))
            return None
        self.notes += [f"{where}: {name}: {note}" for note in notes]
        return rule


def _with_globals(rule: Rule, found: Iterable[_Global]) -> Rule:
    fitting = [one.condition for one in found if not one.targets or rule.id in one.targets]
    return rule._replace(skip=any_of(rule.skip, *fitting))


def _rule(raw: Mapping[str, Any], where: str) -> tuple[Rule, list[str]]:
    unknown = sorted(raw.keys() - _RULE_FIELDS)
    if unknown:
        raise Untranslatable(f"'{unknown[0]}' is unknown")
    if not isinstance(raw.get("id"), str) or not raw["id"]:
        raise Untranslatable("it has no id")
    if not raw.get("regex"):
        raise Untranslatable(
            "it reports files by their name alone"
            if raw.get("path")
            else "it has no regex: it changes a rule of the scanner's own, which is not here "
            "(accept what keyproof finds instead: keyproof baseline import)"
        )
    notes: list[str] = []
    if raw.get("validate"):
        notes.append("validate is not run: no network")
    conditions = list(_conditions(raw, notes))
    return (
        Rule(
            id=f"{PREFIX}:{raw['id']}",
            where=where,
            pattern=str(raw["regex"]),
            group=int(raw.get("secretGroup", 0)) or FIRST,
            keywords=tuple(map(str, raw.get("keywords", ()))),
            skip=any_of(*conditions),
            beside=tuple(map(_beside, raw.get("required", ()))),
            named=is_named(raw["id"]),
            reported=not raw.get("skipReport", False),
        ),
        notes,
    )


def _conditions(raw: Mapping[str, Any], notes: list[str]) -> Iterator[Condition]:
    """Yield when a match of a rule is no finding."""
    if raw.get("entropy"):
        yield ("entropy_most", "secret", float(raw["entropy"]))
    if raw.get("path"):
        yield ("not", ("matches", "path", (translate(str(raw["path"]), "go"),)))
    if raw.get("tokenEfficiency"):
        notes.append("tokenEfficiency is not asked: more is found")
    for one in tables(raw):
        yield allowed(one)
    if raw.get("filter"):
        condition, more = _expr.parse(str(raw["filter"]))
        notes += more
        yield condition


def _beside(raw: Mapping[str, Any]) -> Beside:
    lines, columns = raw.get("withinLines"), raw.get("withinColumns", raw.get("withinColumn"))
    return Beside(
        f"{PREFIX}:{raw.get('id', '')}",
        None if lines is None else int(lines),
        None if columns is None else int(columns),
    )
