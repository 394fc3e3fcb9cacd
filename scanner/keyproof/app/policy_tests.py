"""Policy tests: runs the ``test_`` rules of a folder's ``_test.rego`` files, as ``opa test`` does."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

import msgspec

from keyproof.engines import embedded
from keyproof.engines.embedded import TestOutcome
from keyproof.errors import PolicyError, UsageError

_PACKAGE = re.compile(r"^package[ \t]+([A-Za-z0-9_.]+)", re.MULTILINE)
_RULE = re.compile(r"^(test_[A-Za-z0-9_]*)\b", re.MULTILINE)


class Tested(NamedTuple):
    """What a folder's tests gave, and by file what they reach of it.

    Attributes:
        coverage: the share of lines reached, in percent; 0 of what no test reaches.
        missed: the lines that no test reaches, from 1.
    """

    outcomes: Sequence[TestOutcome]
    coverage: Mapping[str, int]
    missed: Mapping[str, tuple[int, ...]]


def run_tests(folder: Path, only: str | None = None) -> Tested:
    """Run the tests of a folder on the embedded engine, each in a limited process.

    Args:
        only: a pattern; of tests in whose ``package.name`` it is not found, none is run.

    Raises:
        PolicyError: the folder holds no Rego.
        UsageError: ``only`` is no pattern.
        MissingExtra: regorus is not installed.
    """
    files = sorted(folder.rglob("*.rego"))
    if not files:
        raise PolicyError("there is no .rego file in this folder", where=str(folder))
    modules = [(str(path), path.read_text(encoding="utf-8")) for path in files]
    wanted = _pattern(only)
    rules: dict[tuple[str, str], None] = {}
    for name, text in modules:
        package = _PACKAGE.search(text)
        if name.endswith("_test.rego") and package:
            rules.update(
                ((package[1], rule), None)
                for rule in _RULE.findall(text)
                if wanted.search(f"{package[1]}.{rule}")
            )
    with embedded.open_engine() as engine:
        outcomes = engine.test(modules, list(rules))
    return Tested(outcomes, *_coverage(outcomes, [name for name, _ in modules]))


def as_json(tested: Tested) -> str:
    """Return the outcomes as a JSON array of objects."""
    rows = [
        {"package": o.package, "name": o.name, "passed": o.passed, "error": o.error}
        for o in tested.outcomes
    ]
    return msgspec.json.format(msgspec.json.encode(rows)).decode()


def as_junit(tested: Tested) -> str:
    """Return the outcomes as JUnit's XML, one suite for all."""
    cases = []
    for o in tested.outcomes:
        head = f"  <testcase classname={quoteattr(o.package)} name={quoteattr(o.name)}"
        if o.passed:
            cases.append(f"{head}/>")
        else:
            kind, text = ("error", o.error) if o.error else ("failure", "the rule is not true")
            cases.append(f"{head}><{kind} message={quoteattr(text)}/></testcase>")
    failed = sum(not o.passed and not o.error for o in tested.outcomes)
    wrong = sum(bool(o.error) for o in tested.outcomes)
    counts = f'tests="{len(tested.outcomes)}" failures="{failed}" errors="{wrong}"'
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f'<testsuite name="policies" {counts}>']
    return "\n".join([*lines, *cases, "</testsuite>"])


def _pattern(only: str | None) -> re.Pattern[str]:
    try:
        return re.compile(only or "")
    except re.error:
        raise UsageError(f"'{only}' is no regular expression") from None


def _coverage(
    outcomes: Sequence[TestOutcome], names: Sequence[str]
) -> tuple[Mapping[str, int], Mapping[str, tuple[int, ...]]]:
    """A line counts as reached if any test reached it; a policy that no test loads has none."""
    reached: dict[str, set[int]] = defaultdict(set)
    seen: dict[str, set[int]] = defaultdict(set)
    for outcome in outcomes:
        for name, (covered, missed) in outcome.lines.items():
            reached[name] |= covered
            seen[name] |= covered | missed
    policies = [name for name in names if not name.endswith("_test.rego")]
    share = {n: 100 * len(reached[n]) // len(seen[n]) if seen[n] else 0 for n in policies}
    return share, {name: tuple(sorted(seen[name] - reached[name])) for name in policies}
