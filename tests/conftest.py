"""Fixtures that every test may use, and the sweep for planted secrets that ends the session."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import hypothesis
import pytest
from tests.support.planted import FOLDER_VARIABLE, planted_values
from tests.support.sweep import Escaped, sweep

hypothesis.settings.register_profile("keyproof", deadline=None)  # a busy machine fails no test
hypothesis.settings.load_profile("keyproof")

ESCAPED = pytest.StashKey[list[Escaped]]()


def pytest_configure(config: pytest.Config) -> None:
    # started in the background, a shell has it ignored, and so would every child that is interrupted
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if FOLDER_VARIABLE not in os.environ:
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="keyproof-planted-")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search everything that the suite wrote for the secrets that it planted."""
    if hasattr(session.config, "workerinput"):
        return
    factory = session.config._tmp_path_factory
    if factory._basetemp is None:
        return
    escaped = sweep(factory.getbasetemp(), planted_values())
    session.config.stash[ESCAPED] = escaped
    if escaped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name every file in which a planted secret was found."""
    if ESCAPED not in config.stash:
        return
    escaped = config.stash[ESCAPED]
    terminalreporter.section("sweep for planted secrets")
    values = len(planted_values())
    terminalreporter.line(f"{values} planted secrets, {len(escaped)} escaped")
    for found in escaped[:50]:
        terminalreporter.line(f"ESCAPED ({found.encoding}): {found.path}", red=True)


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
