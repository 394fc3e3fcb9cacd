"""Tests that need a tool skip with the reason where it is missing; in CI that is a failure."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = ROOT / ".tools"
SPECS = ROOT.parent / "shared" / "specs"


def missing(reason: str) -> None:
    """Skip the test, or fail it in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have this: {reason}")
    pytest.skip(reason)


def tool(name: str) -> str:
    """Return the path of a tool: one that ``make tools`` installed, else on PATH."""
    for place in (TOOLS / "bin" / name, ROOT / ".venv" / "bin" / name):
        if place.exists():
            return str(place)
    found = shutil.which(name)
    if not found:
        missing(f"{name} is not installed (make tools)")
    return str(found)


def spec(name: str) -> Path:
    """Return a contract document or schema that lies beside the project."""
    path = SPECS / name
    if not path.exists():
        missing(f"the contract document {name} is not beside the project")
    return path
