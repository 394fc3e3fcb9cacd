"""Policy tests: runs the ``test_`` rules of a folder's ``_test.rego`` files, as ``opa test`` does."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from keyproof.engines import embedded
from keyproof.engines.embedded import TestOutcome
from keyproof.errors import PolicyError

_PACKAGE = re.compile(r"^package[ \t]+([A-Za-z0-9_.]+)", re.MULTILINE)
_RULE = re.compile(r"^(test_[A-Za-z0-9_]*)\b", re.MULTILINE)


class Tested(NamedTuple):
    """What a folder's tests gave; ``coverage`` is the share of lines reached, in percent, by file."""

    outcomes: Sequence[TestOutcome]
    coverage: Mapping[str, int]


def run_tests(folder: Path) -> Tested:
    """Run the tests of a folder on the embedded engine, each in a limited process.

    Raises:
        PolicyError: the folder holds no Rego.
        MissingExtra: regorus is not installed.
    """
    files = sorted(folder.rglob("*.rego"))
    if not files:
        raise PolicyError("there is no .rego file in this folder", where=str(folder))
    modules = [(str(path), path.read_text(encoding="utf-8")) for path in files]
    rules: dict[tuple[str, str], None] = {}
    for name, text in modules:
        package = _PACKAGE.search(text)
        if name.endswith("_test.rego") and package:
            rules.update(((package[1], rule), None) for rule in _RULE.findall(text))
    with embedded.open_engine() as engine:
        outcomes = engine.test(modules, list(rules))
    return Tested(outcomes, _coverage(outcomes))


def _coverage(outcomes: Sequence[TestOutcome]) -> Mapping[str, int]:
    """A line counts as reached if any test reached it."""
    reached: dict[str, set[int]] = defaultdict(set)
    seen: dict[str, set[int]] = defaultdict(set)
    for outcome in outcomes:
        for name, (covered, missed) in outcome.lines.items():
            reached[name] |= covered
            seen[name] |= covered | missed
    return {
        name: 100 * len(reached[name]) // len(lines)
        for name, lines in sorted(seen.items())
        if lines and not name.endswith("_test.rego")
    }
