"""Worker: the process that holds regorus. It reads frames on stdin and answers on stdout.

A frame is four bytes of length (big endian) and as many bytes; a message is a frame of JSON,
``[operation, …]``, and for ``evaluate`` a second one with the input document. A recursive or
endless policy takes this process down and no other; its limits are set before anything is loaded.
Errors leave as class and line only: regorus quotes values in its messages.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sys
from collections.abc import Callable
from typing import IO, Any

import msgspec

from keyproof.engines._lint import Names, lint
from keyproof.model.record import canonical_json

READY = b"ready"
"""The first frame of a worker: what it is asked from then on counts against its time."""

_NOTHING = '{"as_of_ns":0,"params":{},"subjects":[]}'

_LINE = re.compile(r"\bline (\d+)|:(\d+):\d+|--> [^\n:]*:(\d+)")
_CLASSES = (
    ("recursi", "recursion"),
    ("undefined function", "unknown function"),
    ("could not find function", "unknown function"),
    ("unsafe", "unsafe variable"),
    ("not bound", "unsafe variable"),
    ("conflict", "conflicting values"),
    ("divide by zero", "division by zero"),
    ("expects", "wrong type"),
    ("expected", "syntax or type error"),
    ("not an object", "undefined term in a rule's head"),
)


def read_frame(stream: IO[bytes]) -> bytes:
    """Return the next frame.

    Raises:
        EOFError: the other side is gone.
    """
    head = stream.read(4)
    if len(head) < 4:  # noqa: PLR2004
        raise EOFError
    size = int.from_bytes(head, "big")
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def write_frame(stream: IO[bytes], data: bytes) -> None:
    """Write one frame."""
    stream.write(len(data).to_bytes(4, "big"))
    stream.write(data)


class _Unparsed(Exception):
    """A module that is no Rego; regorus says where, but not always in which words."""


def redact(failure: BaseException) -> dict[str, Any]:
    """Return class and line of an engine's error, and nothing of its text."""
    text = str(failure).lower()
    kind = next((name for sign, name in _CLASSES if sign in text), type(failure).__name__)
    kind = "syntax error" if isinstance(failure, _Unparsed) else kind
    found = _LINE.search(text)
    line = next((int(group) for group in found.groups() if group), None) if found else None
    return {"error": kind, "line": line}


class _Policies:
    """One regorus engine a policy: what one does to its engine, no other sees."""

    def __init__(self, regorus: Any) -> None:
        self._regorus = regorus
        self._engines: dict[str, Any] = {}
        self._prepared: set[str] = set()

    def load(self, package: str, module: str, names: dict[str, list[str]] | None) -> Any:
        """Parse, lint and keep a policy; return its faults as (line, detail)."""
        engine = self._regorus.Engine()
        try:
            engine.add_policy(package, module)
        except RuntimeError as failure:
            raise _Unparsed(str(failure)) from None
        self._engines[package] = engine
        self._prepared.discard(package)
        if names is None:
            return []
        known, given = frozenset(names["known"]), frozenset(names["given"])
        (tree,) = json.loads(engine.get_ast_as_json())
        return [list(fault) for fault in lint(tree, Names(package, known, given))]

    def evaluate(self, package: str, document: str) -> str:
        """Return the canonical JSON of ``decisions``."""
        rule = f"data.{package}.decisions"
        if package not in self._prepared:
            self._prepare(package, rule)
        engine = self._engines[package].clone()
        engine.set_input_json(document)
        answer = engine.eval_rule_as_json(rule)  # indented, keys sorted
        return canonical_json(msgspec.json.decode(answer)).decode()

    def _prepare(self, package: str, rule: str) -> None:
        """Evaluate once over nothing, so that clones need not be compiled each for itself."""
        self._prepared.add(package)
        engine = self._engines[package].clone()
        engine.set_input_json(_NOTHING)
        with contextlib.suppress(RuntimeError):  # then each clone is compiled, and says why
            engine.eval_rule_as_json(rule)
            self._engines[package] = engine

    def test(self, modules: list[list[str]], rule: str) -> dict[str, Any]:
        """Return whether one test rule is true over all modules, and which lines it reached."""
        engine = self._regorus.Engine()
        engine.set_enable_coverage(True)
        for name, text in modules:
            engine.add_policy(name, text)
        engine.set_input_json("{}")
        passed = json.loads(engine.eval_rule_as_json(rule)) is True
        report = json.loads(engine.get_coverage_report_as_json())
        lines = {f["path"]: [f["covered"], f["not_covered"]] for f in report["files"]}
        return {"passed": passed, "lines": lines}


def limit_memory(limit: int) -> None:
    """Bound the address space, where the system can."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _alarm(seconds: float) -> None:
    """Have the kernel end this process, should its parent be gone when time is up."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer messages until the other side leaves."""
    import regorus

    policies = _Policies(regorus)
    write_frame(sink, READY)
    sink.flush()
    operations: dict[str, Callable[..., Any]] = {
        "load": policies.load,
        "evaluate": policies.evaluate,
        "test": policies.test,
    }
    while True:
        try:
            operation, seconds, *arguments = json.loads(read_frame(source))
        except EOFError:
            return
        if operation == "evaluate":
            arguments.append(read_frame(source).decode())
        _alarm(seconds)
        try:
            result = operations[operation](*arguments)
            answer, body = {"ok": True}, result if operation == "evaluate" else json.dumps(result)
        except BaseException as failure:  # pyo3's PanicException is no Exception
            answer, body = redact(failure), ""
        _alarm(0)
        write_frame(sink, json.dumps(answer).encode())
        write_frame(sink, body.encode())
        sink.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    limit_memory(int(sys.argv[1]))
    serve(sys.stdin.buffer, sys.stdout.buffer)
