"""The hooks stop files of which only the name says that they hold a secret."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.hook.repository import Work
from tests.leaks.samples.template import ALPHABETS, letters
from tests.support.planted import plant

ZEROS = "0" * 40


def _key(seed: str) -> str:
    return plant(letters(Random(seed), 32, ALPHABETS["h"]))


def test_a_commit_and_a_push_are_stopped(planted: Path, home: Path, warm: Path) -> None:
    work = Work(planted / "work", home, warm)
    work.commit("config/app.rb", "x = 1\n")
    work.add("config/checksum.txt", _key("two"))
    assert work.hook().code == 0
    work.add("config/master.key", _key("one"))
    ran = work.hook()
    assert ran.code == 1
    assert "config/master.key:1:1" in ran.err
    work.git("commit", "-q", "-m", "past the hook")
    new = work.git("rev-parse", "HEAD").strip()
    ran = work.hook(
        "pre-push", "origin", "url", stdin=f"refs/heads/main {new} refs/heads/main {ZEROS}\n"
    )
    assert ran.code == 1
    assert "config/master.key:1:1" in ran.err


def test_a_file_of_such_a_name_without_a_secret_passes(
    planted: Path, home: Path, warm: Path
) -> None:
    work = Work(planted / "work", home, warm)
    work.add("config/master.key", "-----BEGIN PUBLIC KEY-----\n")
    work.add("docs/token", "what a token is\n")
    assert work.hook().code == 0
