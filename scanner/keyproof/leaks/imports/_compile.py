"""Compiles rules of other scanners into detectors and triggers of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from keyproof.leaks import rules
from keyproof.leaks.conditions import NEAR, Condition, any_of, compiled, group_number
from keyproof.leaks.imports import _trigger
from keyproof.leaks.imports._dialect import translate
from keyproof.leaks.imports._rule import Refusal, Rule, Untranslatable

RANK = 5
"""Behind every detector of ours that names its provider, before every generic one."""
_RANK_GENERIC = 8
_SHORTEST = 2 * len(r"\x00")


class Compiled(NamedTuple):
    """Detectors with their triggers, what was refused, and what a person should know."""

    detectors: tuple[rules.Detector, ...]
    triggers: tuple[rules.Trigger, ...]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


class _Pattern(NamedTuple):
    """An expression in our form, and the pieces that it consists of."""

    text: str
    pieces: list[_trigger.Piece]


def compile_all(found: Sequence[Rule]) -> Compiled:
    """Compile rules; one that cannot be translated is refused, with its reason."""
    detectors: list[rules.Detector] = []
    triggers: list[rules.Trigger] = []
    refusals: list[Refusal] = []
    unbounded: list[str] = []
    by_id = {rule.id: rule for rule in found}
    seen: set[str] = set()
    for rule in found:
        if not rule.reported:
            continue
        if rule.id in seen:
            refusals.append(Refusal(rule.where, rule.id, "the id stands twice"))
            continue
        seen.add(rule.id)
        try:
            detector, own, wide = _compile(rule, by_id)
            _check_examples(rule, detector)
        except Untranslatable as failure:
            refusals.append(Refusal(rule.where, rule.id, str(failure)))
            continue
        if wide:
            unbounded.append(rule.id)
        triggers += (t._replace(detector=len(detectors)) for t in own)
        detectors.append(detector)
    notes = (_unbounded(unbounded),) if unbounded else ()
    return Compiled(tuple(detectors), tuple(triggers), tuple(refusals), notes)


def _unbounded(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")  # noqa: PLR2004
    return f"without a bound, so seen up to {_trigger.REACH} bytes around: {shown}"


def _compile(
    rule: Rule, by_id: Mapping[str, Rule]
) -> tuple[rules.Detector, list[rules.Trigger], bool]:
    pattern = _pattern(rule)
    _check_group(rule, pattern.text)
    keywords = tuple(word.lower() for word in rule.keywords)
    implied = not keywords or _trigger.holds(pattern.pieces, keywords)
    skip = rule.skip if implied else any_of(("not", ("contains_fold", "near", keywords)), rule.skip)
    covering = _own_trigger(pattern, keywords, implied=implied)
    found = [covering] if covering else list(_keyword_triggers(pattern, keywords, implied=implied))
    own = [_as_trigger(one) for one in found]
    detector = rules.Detector(
        id=rule.id,
        provider="custom",
        kind=re.sub(r"[^a-z0-9]+", "_", rule.id.partition(":")[2].lower()).strip("_") or "secret",
        named=rule.named,
        confidence=rule.confidence,
        rank=RANK if rule.named else _RANK_GENERIC,
        pattern=pattern.text,
        before=max(t.before for t in found),
        after=max(t.after for t in found),
        covers=covering is not None,
        public_prefix=0,
        entropy=0.0,
        checks=(),
        companion=None,
        reject="",
        shape="",
        hashes=(),
        around=NEAR if rule.beside or _asks(skip, "near") else 0,
        foreign=json.dumps([rule.group, skip, [_beside(one, by_id) for one in rule.beside]]),
    )
    return detector, own, _trigger.width(pattern.pieces) > _trigger.REACH


def _as_trigger(found: _trigger.Found) -> rules.Trigger:
    expression = found.expression.encode("latin-1")
    return rules.Trigger(expression, 0, 0, found.width, found.before, found.after)


def _pattern(rule: Rule) -> _Pattern:
    text = translate(rule.pattern, rule.dialect)
    _check_re2(text)
    for one in _patterns(rule.skip):
        _check_re2(one)
    found = _trigger.pieces(text)
    if sum(piece.least for piece in found) == 0:
        raise Untranslatable("it matches the empty text")
    return _Pattern(text, found)


def _check_re2(text: str) -> None:
    import re2

    try:
        compiled(text)
    except re2.error as failure:
        detail = failure.args[0]
        shown = detail.decode("latin-1") if isinstance(detail, bytes) else str(detail)
        raise Untranslatable(f"google-re2 refuses it: {shown.partition(':')[0]}") from None


def _check_group(rule: Rule, text: str) -> None:
    if group_number(compiled(text), rule.group) is None:
        raise Untranslatable("the group that is the secret does not exist")


def _own_trigger(
    pattern: _Pattern, keywords: tuple[str, ...], *, implied: bool
) -> _trigger.Found | None:
    """Return the expression's own trigger; ``None`` where the keywords tell more."""
    own = _trigger.trigger(pattern.pieces)
    if own is None or not (implied or own.letters >= _trigger.LETTERS or not keywords):
        return None
    _check_trigger(own.expression)
    return own


def _keyword_triggers(
    pattern: _Pattern, keywords: tuple[str, ...], *, implied: bool
) -> Iterator[_trigger.Found]:
    if not keywords or implied:
        raise Untranslatable("it would have to be tried almost everywhere: it names too little")
    reach = int(min(_trigger.width(pattern.pieces), _trigger.REACH)) + NEAR
    for word in keywords:
        letters = "".join(f"\\x{byte:02x}" for byte in word.encode())
        if len(letters) < _SHORTEST:
            raise Untranslatable("a keyword of one letter stands everywhere")
        length = len(word.encode())
        yield _trigger.Found(f"(?i:{letters})", length, reach + length, reach, length)


def _check_trigger(expression: str) -> None:
    import hyperscan

    try:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        database.compile(expressions=[expression.encode("latin-1")], ids=[0], elements=1, flags=[0])
    except hyperscan.error:
        raise Untranslatable("it is too large to be looked for with the others") from None


def _beside(one: Any, by_id: Mapping[str, Rule]) -> tuple[str, Condition, int | None, int | None]:
    other = by_id.get(one.rule)
    if other is None:
        raise Untranslatable(f"it requires the rule {one.rule}, which is not there")
    if other.beside:
        raise Untranslatable("it requires a rule that requires another")
    return translate(other.pattern, other.dialect), other.skip, one.lines, one.columns


def _asks(condition: Condition, subject: str) -> bool:
    if isinstance(condition, bool):
        return False
    return any(
        part == subject or (isinstance(part, tuple) and _asks(part, subject))
        for part in condition[1:]
    )


def _patterns(condition: Condition) -> Iterator[str]:
    """Yield every expression in a condition."""
    if isinstance(condition, bool):
        return
    if condition[0] == "matches":
        yield from condition[2]
        return
    for part in condition[1:]:
        if isinstance(part, tuple):
            yield from _patterns(part)


def _check_examples(rule: Rule, detector: rules.Detector) -> None:
    """Try a rule's own examples: a translation that fails them is none."""
    from keyproof.leaks.foreign import matches

    missed = sum(not any(matches(detector, text.encode())) for text in rule.examples)
    if missed:
        raise Untranslatable(f"{missed} of its own examples are not matched")
    if any(any(matches(detector, text.encode())) for text in rule.counterexamples):
        raise Untranslatable("a counterexample of its own is matched")
