"""Fixtures that every test may use."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from tests.support.planted import FOLDER_VARIABLE


def pytest_configure(config: pytest.Config) -> None:
    if FOLDER_VARIABLE not in os.environ:
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="keyproof-planted-")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder of the test's own; everything keyproof writes ends up below it."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """The only folder of a test in which secrets may lie: its input. The sweep passes it over."""
    folder = tmp_path / "planted"
    folder.mkdir()
    return folder
