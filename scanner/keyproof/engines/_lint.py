"""Lint: what must not stand in a policy, found on regorus's syntax tree before anything runs.

Each rule answers a fault that an engine keeps silent about: an undefined term in a rule's head
empties the whole rule in regorus; recursion kills its process; a default turns what is undefined
into a verdict; a misspelt field is undefined for ever. Only the standard library is used here: it
runs inside the worker process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Node = Mapping[str, Any]

BANNED_PREFIXES = (
    *("time.", "http.", "rand.", "uuid.", "opa.", "glob.", "io.", "crypto.", "graph.", "graphql."),
    *("rego.", "net.lookup", "json.", "yaml.", "regex.globs", "regex.template", "strings.render"),
)
BANNED = frozenset(
    {
        *("sprintf", "walk", "trace", "print", "strings.count", "floor", "ceil", "round", "abs"),
        *("numbers.range", "numbers.range_step", "format_int", "units.parse", "to_number"),
        *("array.flatten", "semver.compare", "semver.is_valid", "product", "rem"),
        *("net.cidr_intersects", "net.cidr_merge", "net.cidr_contains_matches", "net.cidr_expand"),
    }
)
"""Builtins that read a clock, chance, the network or the machine, or on which engines differ."""

MAXIMUM_NESTING = 8
"""Deeper literals take regorus twice as long to parse with every level."""

_INPUT = frozenset({"as_of_ns", "params", "subjects"})
_NAMESPACES = frozenset(
    {
        *("array", "base64", "base64url", "bits", "crypto", "glob", "graph", "graphql", "hex"),
        *("http", "io", "json", "net", "numbers", "object", "opa", "rand", "regex", "rego"),
        *("semver", "sets", "strings", "time", "units", "urlquery", "uuid", "yaml"),
    }
)
_LITERALS = ("Array", "Object", "Set")


_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|#.*')
_CALL = re.compile(r"([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)\(")


class Fault(NamedTuple):
    """One thing that must not stand there; ``line`` counts from 1."""

    line: int
    detail: str


class Names(NamedTuple):
    """What a policy may read: of a subject, of the parameters, and its own package."""

    package: str
    known: frozenset[str]
    given: frozenset[str]


def lint(tree: Node, names: Names) -> list[Fault]:
    """Return the faults of one module, by line.

    Args:
        tree: one element of regorus's ``get_ast_as_json``.
        names: ``known`` holds every field name of the subject's schema, ``given`` those that the
            policy is given because it declares to need them.
    """
    module = tree["ast"]
    rules = [next(iter(rule.items())) for rule in module["rules"]]
    faults = [*_package(module, names), *_imports(module)]
    own = _literal_keys(module["rules"])
    for kind, rule in rules:
        if kind == "Default":
            faults.append(Fault(_line(rule), "a default makes a verdict of what is undefined"))
            continue
        faults += _head(rule)
        faults += _bare_else(rule)
        for node, value in _walk(rule):
            faults += _expression(node, value, names, own)
    faults += _nesting(module["rules"])
    faults += _recursion([rule for kind, rule in rules if kind == "Spec"])
    if not any(_head_name(rule) == "decisions" for _, rule in rules):
        faults.append(Fault(_line(module["package"]), "there is no rule 'decisions'"))
    return sorted(set(faults))


def spelled(module: str) -> list[Fault]:
    """Return the banned builtins that a module's text calls: what can be said without a tree."""
    return [
        Fault(number, f"{name} is not allowed")
        for number, line in enumerate(module.splitlines(), start=1)
        for name in _CALL.findall(_TEXT.sub("", line))
        if name in BANNED or name.startswith(BANNED_PREFIXES)
    ]


def _line(node: Node) -> int:
    span = node.get("span", node)
    return int(span.get("line", 1))


def _walk(node: Any) -> list[tuple[str, Node]]:
    """Return every tagged node below ``node`` as (tag, content), in no order."""
    found: list[tuple[str, Node]] = []
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        if type(inner) is list:
            waiting += inner
        elif type(inner) is dict:
            for tag, value in inner.items():
                if type(value) is dict:
                    if tag[:1].isupper():
                        found.append((tag, value))
                    if tag != "span":
                        waiting.append(value)
                elif type(value) is list:
                    waiting.append(value)
    return found


def _path(node: Any) -> tuple[str, ...] | None:
    """Return the steps of a reference that is spelt out (``input.params.days``), or ``None``."""
    if not isinstance(node, dict) or len(node) != 1:
        return None
    ((tag, value),) = node.items()
    if tag == "Var":
        return (value["value"],)
    if tag == "RefDot":
        above = _path(value["refr"])
        return None if above is None else (*above, value["field"][1])
    if tag == "RefBrack":
        above, index = _path(value["refr"]), value["index"]
        if above is not None and "String" in index:
            return (*above, index["String"]["value"])
    return None


def _package(module: Node, names: Names) -> Iterator[Fault]:
    path = _path(module["package"]["refr"])
    if path is None or ".".join(path) != names.package:
        yield Fault(_line(module["package"]), f"the package must be {names.package}")


def _imports(module: Node) -> Iterator[Fault]:
    for statement in module["imports"]:
        if _path(statement["refr"]) != ("rego", "v1"):
            yield Fault(_line(statement), "a policy stands alone: nothing but rego.v1 is imported")


def _head_name(rule: Node) -> str | None:
    """Return the name that a rule defines; a default has no head of its own."""
    head = next(iter(rule["head"].values())) if "head" in rule else rule
    path = _path(head["refr"])
    if path:
        return path[0]
    inner = head["refr"].get("RefBrack", {}).get("refr")
    above = _path(inner) if inner else None
    return above[0] if above else None


def _head(rule: Node) -> Iterator[Fault]:
    """Yield a fault for each term of a partial rule's head that could be undefined."""
    ((kind, head),) = rule["head"].items()
    bracket = head["refr"].get("RefBrack")
    partial = kind == "Set" or bracket is not None
    if not partial:
        return
    assign = head.get("assign")
    terms = [bracket["index"] if bracket else None, head.get("key")]
    terms.append(assign["value"] if assign else None)
    for term in terms:
        if term is not None and next(iter(term)) not in {"Var", "String", "Number", "Bool"}:
            detail = "bind the term in the body: an undefined one in the head empties the rule"
            yield Fault(_line(head), detail)


def _bare_else(rule: Node) -> Iterator[Fault]:
    for body in rule["bodies"]:
        if body["is_else"] and not body["query"]["stmts"]:
            yield Fault(
                _line(body), "an else without a condition makes a verdict of what is undefined"
            )


def _expression(tag: str, node: Node, names: Names, own: frozenset[str]) -> Iterator[Fault]:
    if tag == "Call":
        path = _path(node["fcn"])
        name = ".".join(path) if path else ""
        if name in BANNED or name.startswith(BANNED_PREFIXES):
            yield Fault(
                _line(node), f"{name} is not allowed: engines differ on it, or it is no fact"
            )
    elif tag == "ArithExpr" and node["op"] in {"Div", "Mod"}:
        yield Fault(_line(node), "no division: engines differ at its boundaries")
    elif tag == "Var" and node["value"] == "data":
        yield Fault(_line(node), "data holds nothing: parameters come in input.params")
    elif tag in {"RefDot", "RefBrack"}:
        yield from _reference({tag: node}, node, names, own)


def _reference(whole: Node, node: Node, names: Names, own: frozenset[str]) -> Iterator[Fault]:
    path = _path(whole)
    if path and path[0] == "input":
        if len(path) == 2 and path[1] not in _INPUT:  # noqa: PLR2004 - input.<one step>
            yield Fault(_line(node), f"there is no input.{path[1]}")
        return
    field = node["field"][1] if "field" in node else None
    if field is None and "String" in node.get("index", {}):
        field = node["index"]["String"]["value"]
    if field is None or field in own or field in names.given or _is_builtin(path):
        return
    if field in names.known:
        yield Fault(_line(node), f"reads '{field}', which 'needs' does not name")
    else:
        yield Fault(_line(node), f"no subject has a field '{field}'")


def _is_builtin(path: tuple[str, ...] | None) -> bool:
    return bool(path) and path is not None and path[0] in _NAMESPACES


def _literal_keys(node: Any) -> frozenset[str]:
    """Return the keys of every object that the module itself builds."""
    found: set[str] = set()
    for tag, value in _walk(node):
        if tag == "Object":
            found.update(key["String"]["value"] for _, key, _ in value["fields"] if "String" in key)
    return frozenset(found)


def _nesting(rules: Any) -> Iterator[Fault]:
    """Yield a fault for each literal that lies deeper in others than is allowed."""
    waiting: list[tuple[Any, int]] = [(rules, 0)]
    while waiting:
        node, depth = waiting.pop()
        if type(node) is list:
            waiting += [(item, depth) for item in node]
        elif type(node) is dict:
            for tag, value in node.items():
                literal = tag in _LITERALS and type(value) is dict
                if literal and depth == MAXIMUM_NESTING:
                    yield Fault(_line(value), f"literals are nested deeper than {MAXIMUM_NESTING}")
                elif tag != "span":
                    waiting.append((value, depth + literal))


def _recursion(rules: Sequence[Node]) -> Iterator[Fault]:
    """Yield a fault for each rule that reaches itself (OPA: ``rego_recursion_error``)."""
    uses: dict[str, set[str]] = {}
    lines: dict[str, int] = {}
    for rule in rules:
        name = _head_name(rule) or ""
        lines.setdefault(name, _line(rule))
        head = next(iter(rule["head"].values()))
        parts = [rule["bodies"], head.get("assign"), head.get("key")]
        found = {value["value"] for part in parts for tag, value in _walk(part) if tag == "Var"}
        uses.setdefault(name, set()).update(found)
    for name, line in lines.items():
        seen: set[str] = set()
        waiting = list(uses[name])
        while waiting:
            other = waiting.pop()
            if other in uses and other not in seen:
                seen.add(other)
                waiting.extend(uses[other])
        if name in seen:
            yield Fault(line, f"'{name}' refers to itself")
