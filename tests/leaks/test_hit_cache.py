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
from keyproof.leaks.scan import Scanner, open_scanner, scan_repository

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


@pytest.fixture
def repo(planted: Path) -> Repo:
    made = Repo(planted / "repo", planted / "git-home")
    made.write("app.py", line(github_pat("remembered")))
    made.commit("first")
    return made


@pytest.fixture
def scanner(home: Path, planted: Path) -> Scanner:
    warm(home)
    return open_scanner(
        os.environ | {"XDG_CACHE_HOME": str(home / "cache")},
        KeyedFingerprinter(bytes(16), local=False),
        cache=SqliteHitCache(planted / "hits"),
        workers=1,
    )


def test_places_are_worked_out_again_by_other_code(
    repo: Repo, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = scan_repository(scanner, repo.path)
    monkeypatch.setattr(whole, "assemble", lambda *_, **__: ())
    assert scan_repository(scanner, repo.path).leaks == first.leaks != ()
    monkeypatch.setattr(compiled, "stamp", lambda _: "other code")
    assert scan_repository(scanner, repo.path).leaks == ()


def test_what_is_absent_is_remembered_as_such_until_it_is_there(
    repo: Repo, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("other.py", line(github_pat("absent at first")))
    repo.commit("second")
    oid = repo.git("rev-parse", "HEAD:other.py").strip()
    kept = repo.path / ".git" / "objects" / oid[:2] / oid[2:]
    aside = kept.rename(repo.path.parent / "aside")
    (repo.path / "other.py").unlink()
    first = scan_repository(scanner, repo.path)
    assert (len(first.leaks), {gap.reason for gap in first.gaps}) == (1, {"missing_object"})
    with monkeypatch.context() as patched:
        patched.setattr(whole, "_scan", None)  # the answer is known
        again = scan_repository(scanner, repo.path)
    assert (again.leaks, again.gaps) == (first.leaks, first.gaps)
    aside.rename(kept)
    last = scan_repository(scanner, repo.path)
    assert (len(last.leaks), last.gaps) == (2, ())


def test_what_is_damaged_is_read_again(repo: Repo, scanner: Scanner) -> None:
    oid = repo.git("rev-parse", "HEAD:app.py").strip()
    kept = repo.path / ".git" / "objects" / oid[:2] / oid[2:]
    (repo.path / "app.py").unlink()
    content = kept.read_bytes()
    kept.chmod(0o600)
    kept.write_bytes(content[: len(content) // 2])
    assert {gap.reason for gap in scan_repository(scanner, repo.path).gaps} == {"corrupt"}
    kept.write_bytes(content)
    assert len(scan_repository(scanner, repo.path).leaks) == 1
