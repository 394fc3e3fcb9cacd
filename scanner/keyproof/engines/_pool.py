"""Pool: the worker processes of the embedded engine, restarted when they die or run too long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO, Any, NamedTuple

from keyproof.engines._worker import READY, read_frame, write_frame

GRACE = 5.0
"""Seconds after which the kernel ends a worker whose parent did not."""

START_SECONDS = 60.0
"""How long a worker may take to start, on a busy machine; no policy runs in it before."""

_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"),
    *("LD_LIBRARY_PATH", "TMPDIR", "TEMP", "TMP", "HOME", "USERPROFILE"),
)


class Reply(NamedTuple):
    """What a worker answered: a body, or a redacted error with its line if it has one."""

    body: bytes
    error: str | None = None
    line: int | None = None
    timed_out: bool = False


class Worker:
    """One process. Not for use by two threads at once."""

    def __init__(self, memory_bytes: int) -> None:
        """Start the process; its environment holds no credential, its folder is no import path."""
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "keyproof.engines._worker", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a panic's text quotes values
            env=environment | {"RUST_BACKTRACE": "0"},
        )
        self.loaded: set[str] = set()
        self._ready = False

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def ask(self, seconds: float, operation: str, *arguments: Any, document: bytes = b"") -> Reply:
        """Send one message and return the reply; a worker that failed to answer is dead after it."""
        late, timer = self._timed(seconds if self._ready else START_SECONDS)
        try:
            sink, source = self._pipes()
            if not self._ready:
                self._ready = read_frame(source) == READY
                timer.cancel()
                late, timer = self._timed(seconds)
            write_frame(sink, json.dumps([operation, seconds + GRACE, *arguments]).encode())
            if operation == "evaluate":
                write_frame(sink, document)
            sink.flush()
            answer = json.loads(read_frame(source))
            body = read_frame(source)
        except (EOFError, OSError, ValueError):
            self.stop()
            how = "ran longer than its limit" if late.is_set() else "crashed the engine"
            return Reply(b"", how, timed_out=late.is_set())
        finally:
            timer.cancel()
        if "error" in answer:
            return Reply(b"", answer["error"], answer["line"])
        return Reply(body)

    def _timed(self, seconds: float) -> tuple[threading.Event, threading.Timer]:
        """Start the clock that ends the process; the event tells whether it did."""
        late = threading.Event()

        def kill() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        return late, timer

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the process and collect it."""
        self._process.kill()
        for pipe in self._pipes():
            try:
                pipe.close()
            except OSError:
                continue  # what it had not read yet is lost with it
        self._process.wait()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


class Pool:
    """Up to ``width`` workers, started when they are first needed, used by any thread."""

    def __init__(self, width: int, memory_bytes: int) -> None:
        """Start nothing yet."""
        self.width = width
        self._memory_bytes = memory_bytes
        self._free = threading.Semaphore(width)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._closed = False

    def take(self) -> Worker:
        """Return a live worker that nobody else uses, waiting for one if need be."""
        self._free.acquire()
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                worker.stop()
        try:
            return Worker(self._memory_bytes)
        except BaseException:
            self._free.release()
            raise

    def give_back(self, worker: Worker) -> None:
        """Return a worker that was taken, dead or alive."""
        with self._lock:
            if worker.alive and not self._closed:
                self._idle.append(worker)
            else:
                worker.stop()
        self._free.release()

    def pids(self) -> Sequence[int]:
        """Return the process ids of the idle workers."""
        with self._lock:
            return [worker.pid for worker in self._idle]

    def close(self) -> None:
        """End every worker."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop()
