"""Filters of Betterleaks: parses an expression into a condition; what has no equal is refused.

An expression is true where a match is to be skipped. ``failsTokenEfficiency`` asks a tokenizer that
is not here; it counts as false, so that more is found, and is refused where that would hide more.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from keyproof.leaks.conditions import Condition, all_of, any_of, negated
from keyproof.leaks.imports._dialect import translate
from keyproof.leaks.imports._rule import Untranslatable

_TOKEN = re.compile(
    r"\s+|//[^\n]*"
    r"|(?P<raw>r(?:\"\"\".*?\"\"\"|'''.*?'''|\"[^\"]*\"|'[^']*'))"
    r"|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\|\||&&|\?\?|[=!<>]=|[!<>()\[\],.?])",
    re.DOTALL,
)
_SUBJECTS = {"secret": "secret", "match": "match", "line": "line"}
_PLACES = {"path": "path", "git.sha": "commit"}
_METHODS = {
    "startsWith": "starts",
    "endsWith": "ends",
    "contains": "contains",
    "matches": "matches",
}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


class _Subject(NamedTuple):
    name: str


class _Entropy(NamedTuple):
    name: str


def parse(text: str) -> tuple[Condition, tuple[str, ...]]:
    """Return the condition of an expression, and what a person should know about it.

    Raises:
        Untranslatable: naming what has no equal.
    """
    parser = _Parser(text)
    condition = parser.disjunction()
    parser.end()
    note = "failsTokenEfficiency counts as false: more is found" if parser.unsure else ""
    return condition, (note,) if note else ()


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.unsure = False
        self.negations = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, *values: str) -> bool:
        """Take the next token where it is one of these signs or words."""
        kind, value = self.peek()
        if kind in {"sign", "word"} and value in values:
            self.at += 1
            return True
        return False

    def need(self, value: str) -> None:
        if not self.take(value):
            raise Untranslatable(f"the filter: '{value}' is expected")

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise Untranslatable("the filter: something follows its end")

    def disjunction(self) -> Condition:
        parts = [self.conjunction()]
        while self.take("||", "or"):
            parts.append(self.conjunction())
        return any_of(*parts)

    def conjunction(self) -> Condition:
        parts = [self.negation()]
        while self.take("&&", "and"):
            parts.append(self.negation())
        return all_of(*parts)

    def negation(self) -> Condition:
        if self.take("!", "not"):
            self.negations += 1
            inner = self.negation()
            self.negations -= 1
            return negated(inner)
        return self.comparison()

    def comparison(self) -> Condition:
        left = self.operand()
        kind, value = self.peek()
        if kind == "sign" and value in _FLIPPED:
            self.at += 1
            return _compare(left, value, self.operand())
        if self.take("in"):
            return _member(left, self.operand())
        if isinstance(left, (bool, tuple)) and not isinstance(left, (_Subject, _Entropy)):
            return left
        raise Untranslatable("the filter: a text stands where true or false is expected")

    def operand(self) -> Any:
        if self.take("("):
            inner = self.disjunction()
            self.need(")")
            return inner
        if self.take("["):
            return self.items("]")
        kind, value = self.peek()
        self.at += 1
        if kind == "text":
            return value
        if kind == "number":
            return float(value)
        if kind != "word":
            raise Untranslatable("the filter: it ends too early, or has an unknown sign")
        if value in {"true", "false"}:
            return value == "true"
        return self.methods(self.named(value))

    def items(self, closing: str) -> list[Any]:
        found: list[Any] = []
        while not self.take(closing):
            found.append(self.operand())
            if not self.take(","):
                self.need(closing)
                break
        return found

    def named(self, word: str) -> Any:
        if word == "filter" and self.take("."):
            word = self.peek()[1]
            self.at += 1
        if word in {"finding", "attributes"}:
            return self.subject(word)
        if self.take("("):
            return self.call(word, self.items(")"))
        raise Untranslatable(f"the filter: '{word}' is unknown here")

    def subject(self, word: str) -> _Subject:
        if self.take("["):
            self.take("?")
            key = self.peek()[1]
            self.at += 1
            self.need("]")
        else:
            self.need(".")
            key = self.peek()[1]
            self.at += 1
        known = _SUBJECTS if word == "finding" else _PLACES
        if key not in known:
            raise Untranslatable(f"the filter: {word} '{key}' is not known here")
        self.default()
        return _Subject(known[key])

    def default(self) -> None:
        """Take what stands for an absent value: it has to be the empty text, as it is here."""
        if self.take("??"):
            if self.operand() != "":
                raise Untranslatable("the filter: a default that is not the empty text")
        elif self.peek() == ("sign", ".") and self.tokens[self.at + 1 :][:1] == [
            ("word", "orValue")
        ]:
            self.at += 2
            self.need("(")
            if self.items(")") != [""]:
                raise Untranslatable("the filter: a default that is not the empty text")

    def methods(self, value: Any) -> Any:
        while isinstance(value, _Subject) and self.take("."):
            method = self.peek()[1]
            self.at += 1
            self.need("(")
            arguments = self.items(")")
            if method not in _METHODS or len(arguments) != 1 or not isinstance(arguments[0], str):
                raise Untranslatable(f"the filter: the method '{method}' is unknown here")
            word = arguments[0]
            if method == "matches":
                return ("matches", value.name, (translate(word, "go"),))
            operand: Any = (word,) if method == "contains" else word
            return (_METHODS[method], value.name, operand)
        return value

    def call(self, name: str, arguments: list[Any]) -> Any:
        if not arguments or not isinstance(arguments[0], _Subject):
            raise Untranslatable(f"the filter: '{name}' is unknown here, or asks of no subject")
        subject = arguments[0].name
        if name == "entropy" and len(arguments) == 1:
            return _Entropy(subject)
        if name == "failsTokenEfficiency" and len(arguments) == 1:
            if self.negations:
                raise Untranslatable("the filter: 'failsTokenEfficiency' behind a 'not'")
            self.unsure = True
            return False
        words = arguments[1] if len(arguments) == 2 else None  # noqa: PLR2004
        if name in {"matchesAny", "containsAny"} and isinstance(words, list):
            if not all(isinstance(word, str) for word in words):
                raise Untranslatable(f"the filter: '{name}' takes a list of texts")
            if name == "matchesAny":
                return ("matches", subject, tuple(translate(word, "go") for word in words))
            return ("contains", subject, tuple(words))
        raise Untranslatable(f"the filter: the function '{name}' is unknown here")


def _tokens(text: str) -> Any:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Untranslatable("the filter: an unknown sign")
        at = match.end()
        if match["raw"]:
            body = match["raw"][1:]
            quotes = 3 if body[:3] in {'"""', "'''"} else 1
            yield "text", body[quotes:-quotes]
        elif match["text"]:
            body = match["text"]
            yield "text", body[1:-1] if body[0] == "`" else _unescaped(body[1:-1])
        elif match.lastgroup:
            yield match.lastgroup, match[match.lastgroup]


def _unescaped(text: str) -> str:
    known = {"n": "\n", "t": "\t", "r": "\r"}

    def one(match: re.Match[str]) -> str:
        if match[1] in "xuU0123456789":
            raise Untranslatable("the filter: a text with a numbered escape")
        return known.get(match[1], match[1])

    return re.sub(r"\\(.)", one, text, flags=re.DOTALL)


def _compare(left: Any, sign: str, right: Any) -> Condition:
    if isinstance(right, (_Entropy, _Subject)):
        left, sign, right = right, _FLIPPED[sign], left
    if isinstance(left, _Entropy) and isinstance(right, float):
        least = {
            "<=": ("entropy_most", left.name, right),
            "<": ("entropy_below", left.name, right),
            ">": ("not", ("entropy_most", left.name, right)),
            ">=": ("not", ("entropy_below", left.name, right)),
        }
        if sign in least:
            return least[sign]
    if isinstance(left, _Subject) and isinstance(right, str) and sign in {"==", "!="}:
        equal = ("in", left.name, (right,))
        return equal if sign == "==" else ("not", equal)
    raise Untranslatable(f"the filter: this comparison with '{sign}'")


def _member(left: Any, right: Any) -> Condition:
    if isinstance(left, _Subject) and isinstance(right, list):
        return ("in", left.name, tuple(right))
    raise Untranslatable("the filter: this use of 'in'")
