"""Embedded engine: regorus (wheel ``gordon-to-regorus``) in worker processes of its own.

regorus has no limit of time or memory, holds the interpreter's lock, and a recursive policy ends
its process; so it never runs in ours. The virtual machine that it also offers is not used: it
leaves builtin errors undefined.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, NamedTuple, Self, TypeVar

import msgspec

from keyproof.engines._names import names_of
from keyproof.engines._patience import GONE, Patience
from keyproof.engines._pool import Pool, Reply, Worker
from keyproof.errors import EngineError, MissingExtra
from keyproof.model.policy import Policy
from keyproof.ports import Answer, PolicyProblem

T = TypeVar("T")

SECONDS = 10.0
"""For one document; a thousand subjects take some 20 ms."""

MEMORY_BYTES = 2 * 1024**3
_DECISIONS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class TestOutcome(NamedTuple):
    """One ``test_`` rule: passed, or why not; by file, the lines that it reached and did not."""

    package: str
    name: str
    passed: bool
    error: str | None = None
    lines: Mapping[str, tuple[frozenset[int], frozenset[int]]] = {}


class _Ran(msgspec.Struct):
    passed: bool
    lines: dict[str, tuple[frozenset[int], frozenset[int]]]


def open_engine(
    settings: object | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    workers: int | None = None,
    seconds: float = SECONDS,
    memory_bytes: int = MEMORY_BYTES,
) -> EmbeddedEngine:
    """Return the engine; processes start when they are first needed.

    Args:
        settings: unused; the ``opa`` engine takes its server from here.
        environment: unused; workers see no credential.
        workers: processes; by default as many as processors, at most eight.
        seconds: wall-clock limit of one document.
        memory_bytes: address space of one worker.

    Raises:
        MissingExtra: regorus is not installed.
    """
    if find_spec("regorus") is None:
        raise MissingExtra("scan", "the embedded policy engine")
    width = workers or min(8, os.cpu_count() or 1)
    return EmbeddedEngine(Pool(width, memory_bytes), seconds)


class EmbeddedEngine:
    """See ``ports.Engine``. Safe to use from as many threads as it is wide."""

    def __init__(self, pool: Pool, seconds: float) -> None:
        """Use :func:`open_engine`."""
        self._pool = pool
        self._seconds = seconds
        self._patience = Patience(seconds)

    @property
    def name(self) -> str:
        """See ``Engine.name``."""
        return f"regorus {version('gordon-to-regorus')} (embedded)"

    @property
    def width(self) -> int:
        """See ``Engine.width``."""
        return self._pool.width

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self, policies: Sequence[Policy]) -> Sequence[PolicyProblem]:
        """See ``Engine.check``: each is parsed and linted alone."""
        with ThreadPoolExecutor(self.width) as threads:
            return [problem for found in threads.map(self._check, policies) for problem in found]

    def _check(self, policy: Policy) -> Sequence[PolicyProblem]:
        worker = self._pool.take()
        try:
            reply = self._load(worker, policy, names_of(policy))
        finally:
            self._pool.give_back(worker)
        if reply.error is not None:
            return [PolicyProblem(policy.id, reply.error, _where(policy, reply.line))]
        faults = _decode(reply.body, list[tuple[int, str]])
        return [PolicyProblem(policy.id, detail, _where(policy, line)) for line, detail in faults]

    def evaluate(self, policy: Policy, document: bytes) -> Answer:
        """See ``Engine.evaluate``."""
        seconds = self._patience.seconds(policy.id)
        if seconds is None:
            return Answer({}, GONE)
        worker = self._pool.take()
        try:
            reply = self._load(worker, policy)
            if reply.error is None:
                reply = worker.ask(seconds, "evaluate", policy.package, document=document)
        finally:
            self._pool.give_back(worker)
        if reply.timed_out:
            self._patience.lose(policy.id)
        if reply.error is not None:
            where = f" ({_where(policy, reply.line)})" if reply.line else ""
            return Answer({}, f"the policy failed: {reply.error}{where}")
        try:
            return Answer(_DECISIONS.decode(reply.body))
        except msgspec.MsgspecError:
            return Answer({}, "the policy gave no decisions")

    def confirm(self, policies: Sequence[Policy]) -> Sequence[PolicyProblem]:
        """See ``Engine.confirm``: nobody else reaches a worker's pipes."""
        return []

    def _load(
        self, worker: Worker, policy: Policy, names: Mapping[str, list[str]] | None = None
    ) -> Reply:
        """Give a policy to a worker that has not got it; with ``names``, have it linted too."""
        if names is None and policy.digest in worker.loaded:
            return Reply(b"")
        reply = worker.ask(self._seconds, "load", policy.package, policy.module, names)
        if reply.error is None:
            worker.loaded.add(policy.digest)
        return reply

    def _ask(self, operation: str, *arguments: Any) -> Reply:
        worker = self._pool.take()
        try:
            return worker.ask(self._seconds, operation, *arguments)
        finally:
            self._pool.give_back(worker)

    def test(
        self, modules: Sequence[tuple[str, str]], rules: Sequence[tuple[str, str]]
    ) -> Sequence[TestOutcome]:
        """Run test rules, each alone, over all modules together.

        Args:
            modules: (file, Rego text).
            rules: (package, rule name).
        """
        outcomes = []
        for package, name in rules:
            reply = self._ask("test", [list(m) for m in modules], f"data.{package}.{name}")
            if reply.error is not None:
                line = f", line {reply.line}" if reply.line else ""
                outcomes.append(TestOutcome(package, name, passed=False, error=reply.error + line))
                continue
            ran = _decode(reply.body, _Ran)
            outcomes.append(TestOutcome(package, name, passed=ran.passed, lines=ran.lines))
        return outcomes

    def close(self) -> None:
        """See ``Engine.close``."""
        self._pool.close()


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        raise EngineError("the embedded engine gave an answer that is none") from None


def _where(policy: Policy, line: int | None) -> str:
    return f"{policy.path}:{line or 1}"
