"""The house rules that a machine can hold: layers, cycles, sizes, docstrings, lazy commands."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from keyproof.cli.main import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "scanner" / "keyproof"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAXIMUM_LINES = 300


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_module_is_over_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAXIMUM_LINES


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_everything_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text())
    bare = [] if ast.get_docstring(tree) else [f"{path.name}: module"]

    def look(node: ast.AST, trail: str) -> None:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not child.name.startswith("_"):
                if not ast.get_docstring(child):
                    bare.append(f"{trail}{child.name}:{child.lineno}")
                if isinstance(child, ast.ClassDef):
                    look(child, f"{child.name}.")

    look(tree, "")
    assert bare == []


def _module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _module_level_imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_there_is_no_import_cycle() -> None:
    names = {_module_name(path): path for path in MODULES}
    graph = {
        name: _module_level_imports(path) & names.keys() - {name} for name, path in names.items()
    }
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " → ".join((*above, name))
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize(
    "target", [target for _, commands in SECTIONS for target, _ in commands.values()]
)
def test_every_lazy_command_resolves(target: str) -> None:
    module, attribute = target.split(":")
    assert getattr(importlib.import_module(module), attribute).help


def test_the_command_line_imports_nothing_heavy_for_help() -> None:
    code = (
        "import sys; sys.argv = ['keyproof', '--help']\n"
        "from keyproof.cli.main import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "heavy = {'msgspec', 'yaml', 'git', 'rich', 'boto3', 'sqlalchemy', 'jinja2', 'hyperscan'}\n"
        "found = sorted(heavy & set(sys.modules))\n"
        "sys.exit(','.join(found) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
