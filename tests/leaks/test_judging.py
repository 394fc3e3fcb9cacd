"""Whatever code decides what is found is part of the digest that caches go by."""

from __future__ import annotations

import ast
from pathlib import Path

from keyproof.leaks import judging

_LEAKS = Path(judging.__file__).parent
_MADE_BY = ("rules_source", "databases", "history")
"""What makes that which is kept by a digest: compiled rules, databases, hits."""
_JUDGES_NOTHING = frozenset(
    {
        "compiled",  # how compiled rules are written
        "engine_hyperscan",  # how hyperscan is loaded; it checks itself what it loads
        "gitio",  # how git is run
        "gitsafe",
        "glance",  # of it, how git's answers are read
        "hit",  # data
        "judging",
        "listing",  # which objects there are: asked again each time
        "rules_digested",
        "spawn",  # how git is run
        "workers",  # where work is done
    }
)


def _imported(module: str) -> set[str]:
    """Return the modules of the package that a module imports, inside of functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((_LEAKS / f"{module}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "keyproof.leaks":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("keyproof.leaks."):
            found.add(str(node.module).split(".")[2])
    return found


def test_every_module_that_decides_what_is_found_is_in_the_digest() -> None:
    reached: set[str] = set()
    following = set(_MADE_BY)
    while following:
        reached |= following
        following = {one for module in following for one in _imported(module)} - reached
    assert set(judging.MODULES) == reached - _JUDGES_NOTHING
    assert reached >= _JUDGES_NOTHING


def test_every_file_that_judges_is_there_once() -> None:
    files = judging.code()
    assert len(files) == len(set(files)) > len(judging.MODULES)
    assert all(file.is_file() for file in files)
