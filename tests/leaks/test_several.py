"""Many repositories: large ones one by one, small ones several at once, a dead process said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.repository import Repo

from keyproof.leaks.several import LARGE_BYTES, packed_bytes, several

_ONE_DIES = """
import os, signal
from keyproof.leaks.several import several
from keyproof.leaks.workers import Crashed

def work(piece):
    if piece == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return piece

done = dict(several(work, [3, 2, 1, 0], lambda piece: piece))
assert isinstance(done.pop(1), Crashed), done
assert done == {0: 0, 2: 2, 3: 3}, done
"""

needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")


def test_every_piece_is_done_once_and_large_ones_by_the_caller_itself() -> None:
    sizes = {"small": 10, "huge": LARGE_BYTES + 1, "large": LARGE_BYTES, "tiny": 1}
    done = dict(several(lambda _: os.getpid(), list(sizes), sizes.__getitem__))
    assert list(done)[:2] == ["huge", "large"]
    assert set(done) == set(sizes)
    assert done["huge"] == done["large"] == os.getpid()
    assert list(several(str, [], len)) == []


@needs_fork
def test_a_process_that_dies_costs_its_own_piece() -> None:
    """In a process of its own: beside a thread that another test left, nothing would be forked."""
    done = subprocess.run(
        [sys.executable, "-c", _ONE_DIES], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


@needs_fork
def test_what_reads_several_itself_does_so_in_its_own_process_where_it_is_one_of_several() -> None:
    def inner(piece: str) -> set[int]:
        return {pid for _, pid in several(lambda _: os.getpid(), [piece, "b", "c"], len)}

    every = [pids for _, pids in several(inner, ["x", "y", "z"], len) if isinstance(pids, set)]
    assert [len(pids) for pids in every[1:]] == [1, 1]


def test_the_size_is_that_of_the_packs(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "one", tmp_path / "home")
    repo.write("a.txt", "text\n")
    repo.commit("first")
    assert packed_bytes(repo.path) == 0
    repo.git("gc", "-q")
    assert 0 < packed_bytes(repo.path) == packed_bytes(repo.path / ".git")
    assert packed_bytes(tmp_path / "absent") == 0
