"""Runs a command and says what it took: wall and CPU seconds, and memory of its whole process tree.

Memory is sampled from Linux's ``smaps_rollup`` and is the highest sum over all processes at once:
``PSS`` shares what is shared among them, pages of mapped files too; ``private`` is what only they
hold and the system cannot drop (of a pack that git maps, nothing). Elsewhere it is zero.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

_EVERY_SECONDS = 0.1


class Taken(NamedTuple):
    """Seconds, and megabytes at the peak."""

    wall: float
    cpu: float
    pss: float
    private: float


def timed(
    command: Sequence[str], environment: Mapping[str, str], folder: Path | None = None
) -> Taken:
    """Run a command to its end in a process of its own, so that only its children are counted."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        taken = _timed(command, environment, folder)
        os.write(writer, " ".join(map(str, taken)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        taken = Taken(*map(float, told.read().split()))
    os.waitpid(child, 0)
    return taken


def _timed(command: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> Taken:
    started = monotonic()
    process = subprocess.Popen(
        command,
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = [0.0, 0.0]
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, peak, ended))
    watch.start()
    process.wait()
    wall = monotonic() - started
    ended.set()
    watch.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(wall, used.ru_utime + used.ru_stime, *peak)


def _watch(root: int, peak: list[float], ended: threading.Event) -> None:
    while not ended.wait(_EVERY_SECONDS):
        held = [_held(pid) for pid in _tree(root)]
        for index in (0, 1):
            peak[index] = max(peak[index], sum(one[index] for one in held))


def _tree(root: int) -> list[int]:
    pids = [root]
    for pid in pids:
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
    return pids


def _held(pid: int) -> tuple[float, float]:
    """Return a process's PSS and private memory, in megabytes."""
    sizes: dict[str, int] = {}
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, size = line.split()[:2]
            sizes[name] = int(size)
    return sizes.get("Pss:", 0) / 1024, sizes.get("Private_Dirty:", 0) / 1024
