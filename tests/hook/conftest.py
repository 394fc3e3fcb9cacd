"""A cache folder that all hook tests share: compiling the rules takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The cache folder; the workers of one run share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "warm"
    folder.mkdir(exist_ok=True)
    return folder
