"""What a scan remembers survives whoever is killed while writing it, and no change of the code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm

from keyproof.identity import KeyedFingerprinter
from keyproof.leaks import compiled, whole
from keyproof.leaks.hitcache import SqliteHitCache
from keyproof.leaks.scan import open_scanner, scan_repository

_WRITER = """
import sys, time
from pathlib import Path
from keyproof.leaks.hitcache import SqliteHitCache
cache = SqliteHitCache(Path(sys.argv[1]))
print("ready", flush=True)
number = 0
while True:
    cache.put({"shared": bytes([number % 251]) * 400_000, sys.argv[2]: b"own" * 9})
    number += 1
    time.sleep(0.02)
"""


def test_writers_at_once_and_killed_ones_leave_whole_entries(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    for _ in range(3):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", _WRITER, str(folder), name], stdout=subprocess.PIPE
            )
            for name in ("one", "two")
        ]
        cache = SqliteHitCache(folder)
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == b"ready\n"
        while not cache.get(["shared"]):
            pass
        for writer in writers:
            writer.kill()
            writer.wait()
            assert writer.stdout
            writer.stdout.close()
        kept = cache.get(["shared"])["shared"]
        assert len(kept) == 400_000
        assert kept == kept[:1] * 400_000
        cache.put({"after": b"a killed writer"})
        assert cache.get(["after"]) == {"after": b"a killed writer"}


def test_places_are_worked_out_again_by_other_code(
    planted: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(home)
    repo = Repo(planted / "repo", planted / "git-home")
    repo.write("app.py", line(github_pat("remembered")))
    repo.commit("first")
    scanner = open_scanner(
        os.environ | {"XDG_CACHE_HOME": str(home / "cache")},
        KeyedFingerprinter(bytes(16), local=False),
        cache=SqliteHitCache(planted / "hits"),
        workers=1,
    )
    first = scan_repository(scanner, repo.path)
    monkeypatch.setattr(whole, "assemble", lambda *_, **__: ())
    assert scan_repository(scanner, repo.path).leaks == first.leaks != ()
    monkeypatch.setattr(compiled, "stamp", lambda _: "other code")
    assert scan_repository(scanner, repo.path).leaks == ()
