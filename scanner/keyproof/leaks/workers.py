"""Workers: runs one function over many pieces, on every processor, and leaves none behind.

Forked processes share what is loaded already and need no start-up; where a process cannot be forked
safely (other platforms, other threads about) threads do the work, more slowly.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

P = TypeVar("P")
R = TypeVar("R")


class Crashed(Exception):
    """A worker process died; its piece is undone."""


def spread(
    work: Callable[[P], R], pieces: Sequence[P], workers: int
) -> Iterator[tuple[P, R | Crashed]]:
    """Yield each piece with its result, as they come; ``Crashed`` where a process died of it.

    Results of processes are pickled; pieces are not. When the caller stops, so do the workers.
    """
    worker = multiprocessing.current_process().daemon  # one must not start more
    if workers == 1 or len(pieces) <= 1 or worker:
        for piece in pieces:
            yield piece, work(piece)
    elif sys.platform == "linux" and threading.active_count() == 1:
        yield from _Processes(work, pieces, min(workers, len(pieces))).results()
    else:
        with ThreadPoolExecutor(workers) as pool:
            waiting = {pool.submit(work, piece): piece for piece in pieces}
            try:
                for future in as_completed(waiting):
                    yield waiting[future], future.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


class _Processes(Generic[P, R]):
    """Forked processes that are told the number of the next piece through a pipe of their own."""

    def __init__(self, work: Callable[[P], R], pieces: Sequence[P], workers: int) -> None:
        self._work = work
        self._pieces = pieces
        self._todo = list(range(len(pieces) - 1, -1, -1))
        self._context = multiprocessing.get_context("fork")
        self._running: dict[Connection, tuple[BaseProcess, int]] = {}
        self._workers = workers

    def results(self) -> Iterator[tuple[P, R | Crashed]]:
        """Yield results; kill what still runs when the caller stops."""
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            for _ in range(self._workers):
                self._start()
            while self._running:
                for ready in wait(list(self._running)):
                    assert isinstance(ready, Connection)
                    yield self._take(ready)
        finally:
            for process, _ in self._running.values():
                process.kill()
                process.join()

    def _start(self) -> None:
        if not self._todo:
            return
        ours, theirs = self._context.Pipe()
        inherited = [ours, *self._running]
        process = self._context.Process(
            target=_serve, args=(theirs, inherited, self._work, self._pieces), daemon=True
        )
        process.start()
        theirs.close()
        number = self._todo.pop()
        self._running[ours] = (process, number)
        ours.send(number)

    def _take(self, ready: Connection) -> tuple[P, R | Crashed]:
        process, number = self._running.pop(ready)
        try:
            result: R = ready.recv()
        except (EOFError, OSError):
            process.join()
            self._start()
            return self._pieces[number], Crashed()
        if self._todo:
            following = self._todo.pop()
            self._running[ready] = (process, following)
            ready.send(following)
        else:
            ready.close()
            process.join()
        return self._pieces[number], result


def _serve(
    pipe: Connection, inherited: list[Connection], work: Callable[[P], R], pieces: Sequence[P]
) -> None:
    """Work in the child: until the parent closes the pipe, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    for other in inherited:
        other.close()
    gc.disable()
    try:
        while True:
            pipe.send(work(pieces[pipe.recv()]))
    except (EOFError, OSError):
        os._exit(0)
