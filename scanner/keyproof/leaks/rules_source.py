"""Reads detector files: YAML, one provider a file, into the compiled rules.

A detector says what the token looks like (``pattern``); boundaries, the gap between a context word
and the token, the trigger, the public prefix and the least entropy follow from it unless the file
says otherwise. Imported only when the cache is cold.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from keyproof import yamlfile
from keyproof.errors import ConfigError
from keyproof.leaks import rules
from keyproof.leaks.checksums import CHECKS
from keyproof.leaks.generic import SHAPES
from keyproof.leaks.rules_bounds import Unsafe, check_bounded, constant_prefix, width, within_line
from keyproof.leaks.rules_literals import literals
from keyproof.leaks.rules_names import BY_NAME, by_name, called, words
from keyproof.leaks.rules_schema import DetectorSource, ProviderSource, RosterSource
from keyproof.leaks.rules_trigger import Derived, derive, trigger_width
from keyproof.leaks.vicinity import LEFT as AROUND

PREFIX = 3
"""From how many constant letters on a token is a vendor's own form."""

SHORT = 8
"""A token shorter than this has no entropy worth measuring."""

LEFT = r"(?:(?<![0-9A-Za-z_])|(?<=\\[nrt])|(?<=%[0-9A-F][0-9A-F])|(?<=\\u00[0-9a-f][0-9a-f]))"
RIGHT = r"(?![0-9A-Za-z_])"
STRICT_LEFT = r"(?:(?<![0-9A-Za-z_/+.-])|(?<=\\[nrt])|(?<==))"
STRICT_RIGHT = r"(?![0-9A-Za-z_/+-])"
ASSIGN = (
    r"[0-9A-Za-z_.-]{0,40}[\"'`\])>*\\]{0,4}[ \t]{0,20}"
    r"(?:(?::[ \t]{0,4}|[Aa]s[ \t]{1,2})[0-9A-Za-z_?<>\[\]*&]{2,24}[ \t]{0,2})?"
    r"(?:=>|:=|==|\|\||\?\?|\?=|(?:is|to|or)[ \t]|[=:,|>(]|[ \t])[ \t\r\n]{0,20}"
    r"(?:(?:String|b|r|f|u|Bearer|Basic|Token|token|bearer)[ \t(]{0,2})?[\"'`\\(\[{<@]{0,4}"
    r"(?:(?:Bearer|Basic|Token|token|bearer)[ =:]{1,3})?"
)
HASH_WORDS = (
    r"(?i)(?:sha-?(?:1|256|384|512)|md5|checksum|integrity|digest|commit|revision|etag|"
    r"(?<![a-z])rev(?![a-z])|public|[_-]hash|fingerprint|"
    r"(?:app|account|client|project|org|organization|team|user|tenant|site|zone|space|dashboard)"
    r"[ _.-]?id(?![a-z]))"
)


def read_sources(files: Iterable[Path]) -> list[tuple[yamlfile.Document, ProviderSource]]:
    """Parse and validate detector files.

    Raises:
        ConfigError: with file and line.
    """
    documents = [yamlfile.load(path, name=path.name) for path in files]
    return [source for document in documents for source in _providers(document)]


def _providers(document: yamlfile.Document) -> list[tuple[yamlfile.Document, ProviderSource]]:
    if not (isinstance(document.data, dict) and "providers" in document.data):
        return [(document, document.convert(ProviderSource))]
    roster = document.convert(RosterSource)
    return [
        (part, msgspec.structs.replace(one, **_shared(roster, one)))
        for part, one in zip(document.items("providers"), roster.providers, strict=True)
    ]


def _shared(roster: RosterSource, provider: ProviderSource) -> dict[str, str]:
    return {
        "revoke": provider.revoke or roster.revoke,
        "rotate": provider.rotate or roster.rotate,
    }


def compile_rules(digest: str, files: Iterable[Path]) -> rules.RuleSet:
    """Compile detector files into a rule set.

    Raises:
        ConfigError: with file and line: a field, an unknown check, an id that stands twice, or a
            pattern that could run long.
    """
    detectors: list[rules.Detector] = []
    triggers: list[rules.Trigger] = []
    keyed: list[rules.Keyed] = []
    documents = read_sources(files)
    owners = [provider for _, provider in documents if any(map(_is_keyed, _every(provider)))]
    for document, provider in documents:
        for index, source in enumerate(_every(provider)):
            where = document.where("detectors", index, "id")
            try:
                detector, derived = _compile(provider, source, owners)
            except Unsafe as failure:
                where = document.where("detectors", index, "pattern")
                raise ConfigError(f"{source.id}: {failure}", where=where) from None
            if any(known.id == detector.id for known in detectors):
                raise ConfigError(f"{source.id}: the id stands twice", where=where)
            _check_complete(provider, source, where)
            if _is_keyed(source):
                keyed.append(_keyed(provider, source, len(detectors)))
            triggers += (_trigger(one, len(detectors)) for one in derived)
            detectors.append(detector)
    return rules.RuleSet(digest, tuple(detectors), tuple(triggers), tuple(keyed))


def _trigger(derived: Derived, number: int) -> rules.Trigger:
    expression = derived.expression.encode("latin-1")
    needs = literals(expression)
    return rules.Trigger(
        expression, 0, number, trigger_width(expression), derived.before, derived.after, needs
    )


def _every(provider: ProviderSource) -> tuple[DetectorSource, ...]:
    """Return a provider's detectors, and the one that its name alone makes."""
    alone = by_name(provider)
    return (*provider.detectors, alone) if alone else provider.detectors


def _is_keyed(source: DetectorSource) -> bool:
    if "(?P<secret>" in source.pattern or not source.named:
        return False
    return bool(source.context) or source.by_name


def _keyed(provider: ProviderSource, source: DetectorSource, number: int) -> rules.Keyed:
    least, most = width(source.pattern)
    return rules.Keyed(
        detector=number,
        token=source.pattern,
        least=least,
        most=most,
        words=words(provider),
        common=provider.common,
        kind=source.kind,
        loose=source.id == BY_NAME,
    )


def _check_complete(provider: ProviderSource, source: DetectorSource, where: str) -> None:
    for check in source.check:
        if check.name not in CHECKS:
            raise ConfigError(f"{source.id}: no check is named '{check.name}'", where=where)
    if source.shape and source.shape not in SHAPES:
        raise ConfigError(f"{source.id}: no shape is named '{source.shape}'", where=where)
    for field in ("docs", "revoke", "rotate"):
        if source.named and not (getattr(source, field) or getattr(provider, field)):
            raise ConfigError(f"{source.id}: '{field}' is missing", where=where)


def _compile(
    provider: ProviderSource, source: DetectorSource, owners: Sequence[ProviderSource]
) -> tuple[rules.Detector, list[Derived]]:
    pattern = exact_pattern(source)
    check_bounded(pattern)
    derived = _triggers(source, pattern, owners)
    token = _token(source)
    prefix = constant_prefix(token) if source.public_prefix is None else source.public_prefix
    companion = source.companion
    detector = rules.Detector(
        id=f"{provider.provider}.{source.id}",
        provider=provider.provider,
        kind=source.kind,
        named=source.named,
        confidence=source.confidence,
        rank=_rank(source, prefix) if source.rank is None else source.rank,
        pattern=pattern,
        before=max((d.before for d in derived), default=0),
        after=max((d.after for d in derived), default=0),
        covers=not (source.anchor or source.trigger or source.by_name),
        public_prefix=prefix,
        entropy=_entropy(token, prefix) if source.entropy is None else source.entropy,
        checks=tuple(rules.Check(c.name, c.otherwise) for c in source.check),
        companion=rules.Companion(
            companion.pattern, companion.within, companion.required, companion.key_id
        )
        if companion
        else None,
        reject=HASH_WORDS if _is_told_by_words(source) else "",
        shape=source.shape,
        hashes=source.hashes,
        in_line=within_line(pattern),
        into=source.into,
        around=AROUND if source.around else 0,
        files=source.files,
    )
    return detector, derived


def _is_told_by_words(source: DetectorSource) -> bool:
    return bool(source.context or source.anchor or source.by_name) and (
        source.by_name or not source.shape
    )


def exact_pattern(source: DetectorSource) -> str:
    """Return the whole bytes expression (as latin-1 text): context, gap, boundaries, token."""
    if "(?P<secret>" in source.pattern:
        return source.pattern
    token = f"(?P<secret>{source.pattern})"
    if source.anchor:
        return STRICT_LEFT + token + STRICT_RIGHT
    if not source.context:
        return LEFT + token + RIGHT
    words = _words(source)
    gap = ASSIGN if source.gap == "assign" else f"[\\s\\S]{{0,{source.within}}}?"
    return f"(?i:{words}){gap}{STRICT_LEFT}{token}{STRICT_RIGHT}"


def _words(source: DetectorSource) -> str:
    """Return the context words as one expression; ``_`` is any joint: ``-``, ``.``, a space, none."""
    parts = re.split(r"(\\.|\[[^\]]*\]|\(\?<?[=!:][^)]{0,12}\))", "|".join(source.context))
    return "".join(p if i % 2 else re.sub(r"_\??", "[_. -]?", p) for i, p in enumerate(parts))


def _token(source: DetectorSource) -> str:
    """Return the part of the pattern that is the secret."""
    start = source.pattern.find("(?P<secret>")
    if start < 0:
        return source.pattern
    depth, escaped, inside = 0, False, False
    for index in range(start, len(source.pattern)):
        character = source.pattern[index]
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "]":
            inside = False
        elif character == "[":
            inside = True
        elif not inside and character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return source.pattern[start + len("(?P<secret>") : index]
    raise Unsafe("the group 'secret' does not end")


def _triggers(
    source: DetectorSource, pattern: str, owners: Sequence[ProviderSource]
) -> list[Derived]:
    if source.by_name or source.files:
        return []
    if source.anchor:
        reach = source.within + width(pattern)[1] + 1
        near = [derive(anchor) for anchor in source.anchor]
        return [Derived(d.expression, d.before + reach, d.after + reach) for d in near]
    whole = width(pattern)[1] + 1
    if source.trigger:
        found = called(source.trigger, owners)
        return [Derived(t, source.before or whole, source.after or whole) for t in found]
    if source.context and source.gap == "assign" and "(?P<secret>" not in source.pattern:
        # hyperscan compiles any gap of this width ten times faster than the grammar of one
        before, gap = _words(source), width(ASSIGN)[1]
        loose = derive(f"(?i:{before})[\\s\\S]{{0,{gap}}}(?:{source.pattern})")
        return [loose._replace(after=max(loose.after, whole))]
    return [derive(pattern)]


def _rank(source: DetectorSource, prefix: int) -> int:
    """Form and context beat form, form beats context, and any named detector beats the others."""
    if not source.named:
        return 9
    if not (source.context or source.anchor):
        return 1
    return 0 if prefix >= PREFIX else 3


def _entropy(token: str, prefix: int) -> float:
    """Return a threshold that nearly every random value of this length and alphabet passes."""
    length = width(token)[0] - prefix
    if length < SHORT:
        return 0.0
    alphabet = 64
    if not re.search(
        "[A-Zg-z]", re.sub(r"0-9|A-F|a-f|\\[a-z]|\{[0-9,]*\}|\?[:P]", "", token[prefix:])
    ):
        alphabet = 16 if re.search("a-f|A-F", token) else 10
    return round(min(3.0, 0.68 * math.log2(min(length, alphabet))), 2)
