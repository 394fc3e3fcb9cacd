"""What opa-python-client and OPA leave open, one test each: no row of it may turn into a pass.

``test_opa.py`` holds the engine's ordinary life; here each test is named after the trap.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tests.engines.test_opa import Respond, configured, impostor, modules, server
from tests.support import records, rego
from tests.support.needs import missing, tool

from keyproof.engines import _opa_server, opa
from keyproof.errors import EngineError
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.evaluate import evaluate

__all__ = ["impostor", "server"]

SUBJECT = {"id": "x", "created_at_ns": 1, "created_at_age_days": 500}
DOCUMENT = json.dumps({"as_of_ns": 1, "params": {"days": 1}, "subjects": [SUBJECT]}).encode()
FAIL = {"status": "fail", "evidence": {"age": 500}}
VERSION = b'{"provenance": {"version": "0"}}'

Impostor = Callable[[Respond], str]


class Recorder:
    """Answers as OPA does, and remembers every request."""

    def __init__(self, **answers: tuple[int, bytes]) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self._answers = answers
        self._modules: dict[str, str] = {}

    def __call__(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        self.requests.append((request.command, request.path, body))
        if request.command in self._answers and "provenance" not in request.path:
            return self._answers[request.command]
        name = request.path.rpartition("/")[2]
        if request.command == "PUT":
            self._modules[name] = body.decode()
            return 200, b"{}"
        if request.command == "GET" and name:
            return 200, json.dumps({"result": {"raw": self._modules.get(name)}}).encode()
        if "strict-builtin-errors=true" in request.path:
            return 200, json.dumps({"result": {"x": FAIL}}).encode()
        return 200, VERSION

    def paths(self, command: str) -> list[str]:
        return [path for method, path, _ in self.requests if method == command]


def ask(url: str, folder: Path, **changes: Any) -> Any:
    with opa.open_engine(configured(url), {}, workers=1, **changes) as engine:
        made = rego.policy(folder)
        return engine.check([made]), engine.evaluate(made, DOCUMENT)


def test_an_undefined_result_is_an_error(impostor: Impostor, tmp_path: Path) -> None:
    _, answer = ask(impostor(Recorder(POST=(200, b"{}"))), tmp_path)
    assert (answer.decisions, answer.error) == ({}, "the policy gave no decisions")


def test_an_evaluation_error_is_read_from_the_body_and_quotes_nothing(
    impostor: Impostor, tmp_path: Path
) -> None:
    fault = {"code": "eval_builtin_error", "message": "x77777", "location": {"row": 9}}
    body = {"code": "internal_error", "message": "x77777", "errors": [fault]}
    _, answer = ask(impostor(Recorder(POST=(500, json.dumps(body).encode()))), tmp_path)
    assert "eval builtin error" in answer.error
    assert "age.rego:9" in answer.error
    assert "77777" not in answer.error


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_the_server_answered_is_never_asked_again(
    status: int, impostor: Impostor, tmp_path: Path
) -> None:
    recorder = Recorder(POST=(status, b"busy"))
    _, answer = ask(impostor(recorder), tmp_path)
    assert answer.error == f"the policy failed: the server answered with {status}"
    assert len([p for p in recorder.paths("POST") if "strict" in p]) == 1


def test_a_connection_that_did_not_come_about_is_tried_again(tmp_path: Path) -> None:
    """The first two connections of the evaluation are reset before a request is read."""
    listener = socket.create_server(("127.0.0.1", 0))
    resets = Counter[str]()

    def serve() -> None:
        answered = 0
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if answered and resets["done"] < 2:
                resets["done"] += 1
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()
                continue
            body = VERSION if not answered else json.dumps({"result": {"x": FAIL}}).encode()
            answered += 1
            connection.recv(65536)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + body)
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = configured(url, bundle_revision="r")  # nothing else is asked of the server
    with opa.open_engine(settings, {}, workers=1) as engine:
        engine._revision = None
        answer = engine.evaluate(rego.policy(tmp_path), DOCUMENT)
    listener.close()
    assert resets["done"] == 2
    assert json.loads(bytes(answer.decisions["x"])) == FAIL


def test_the_clients_short_timeout_is_not_ours(impostor: Impostor, tmp_path: Path) -> None:
    """Its default is 1.5 seconds a request."""
    recorder = Recorder()

    def slow(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        if "strict" in request.path:
            time.sleep(2)
        return recorder(request, body)

    _, answer = ask(impostor(slow), tmp_path)
    assert answer.error is None


def test_an_uploaded_policy_is_not_rewritten(impostor: Impostor, tmp_path: Path) -> None:
    """The client's ``rego_compat`` translates modules from an older Rego by itself."""
    recorder = Recorder()
    problems, _ = ask(impostor(recorder), tmp_path)
    assert problems == []
    (sent,) = [body.decode() for method, _, body in recorder.requests if method == "PUT"]
    own = rego.policy(tmp_path).module
    assert re.sub(r"package keyproof_run_\w+\.", "package ", sent, count=1) == own


def test_an_input_is_sent_even_where_it_is_empty(impostor: Impostor, tmp_path: Path) -> None:
    """Other calls of the client leave ``{}`` out, and the input is then undefined."""
    recorder = Recorder()
    with opa.open_engine(configured(impostor(recorder)), {}, workers=1) as engine:
        engine.evaluate(rego.policy(tmp_path), b"{}")
    (body,) = [body for _, path, body in recorder.requests if "strict" in path]
    assert json.loads(body) == {"input": {}}


def test_only_the_data_api_is_asked_and_always_strictly(impostor: Impostor, tmp_path: Path) -> None:
    """Bulk and ad hoc queries paste inputs as text and know no strictness."""
    recorder = Recorder()
    ask(impostor(recorder), tmp_path)
    posts = recorder.paths("POST")
    assert all(path.startswith("/v1/data/") for path in posts)
    assert all("provenance" in path or "strict-builtin-errors=true" in path for path in posts)
    (asked,) = [path for path in posts if "strict" in path]
    assert re.match(r"/v1/data/keyproof_run_\w+/keyproof/test/age/decisions\?", asked)


@pytest.mark.parametrize(
    "page", [(200, b"<html>proxy</html>"), (503, b"<html>busy</html>"), (404, b"{}"), (200, b"")]
)
def test_every_odd_answer_to_a_read_back_is_a_problem_of_the_policy(
    page: tuple[int, bytes], impostor: Impostor, tmp_path: Path
) -> None:
    problems, _ = ask(impostor(Recorder(GET=page)), tmp_path)
    assert [problem.policy for problem in problems] == ["test.age"]


def test_a_redirect_of_an_upload_is_no_upload(impostor: Impostor, tmp_path: Path) -> None:
    problems, _ = ask(impostor(Recorder(PUT=(307, b""))), tmp_path)
    assert [problem.policy for problem in problems] == ["test.age"]


def test_a_server_that_takes_small_bodies_only_gets_small_bodies(tmp_path: Path) -> None:
    """OPA answers 400 above ``server.decoding.max_length``: the document is halved until it fits."""
    port = _opa_server._free_port()
    with running(port, "--set", "server.decoding.max_length=3000", home=tmp_path):
        keys = tuple(records.key(f"K{n}", created_at=records.days_ago(n * 3)) for n in range(60))
        pack = policyset.make([rego.policy(tmp_path)])
        facts = records.facts(keys=keys, sources=(records.source(),))
        with opa.open_engine(configured(f"http://127.0.0.1:{port}"), {}, workers=1) as engine:
            evaluation = evaluate(facts, pack, parameters.load(pack.policies), engine)
    found = Counter(rego.decided(evaluation.results[0].batches).values())
    assert found == {"pass": 31, "fail": 29}


@contextlib.contextmanager
def running(port: int, *arguments: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [tool("opa"), "run", "-s", f"--addr=127.0.0.1:{port}", "--skip-version-check", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
    )
    try:
        assert _opa_server._listens(_opa_server.OpaServer(process, port, ""))
        yield process
    finally:
        process.kill()
        process.wait()


def put(server: _opa_server.OpaServer, name: str, module: str) -> int:
    import requests

    return requests.put(
        f"http://127.0.0.1:{server.port}/v1/policies/{name}",
        data=module,
        headers={"Authorization": f"Bearer {server.token}"},
        timeout=10,
    ).status_code


def test_a_module_that_is_exchanged_under_way_makes_errors_of_its_verdicts(
    server: _opa_server.OpaServer, tmp_path: Path
) -> None:
    """Somebody with the server's token writes another text over ours; the answers look fine."""
    pack = policyset.make([rego.policy(tmp_path), rego.policy(tmp_path, policy_id="test.other")])
    keys = tuple(records.key(f"K{n}", created_at=records.days_ago(200)) for n in range(30))
    facts = records.facts(keys=keys, sources=(records.source(),))
    settings = configured(f"http://127.0.0.1:{server.port}")
    with opa.open_engine(settings, {"KEYPROOF_OPA_TOKEN": server.token}, workers=1) as engine:

        class Exchanging:
            name, width, check = engine.name, 1, engine.check
            confirm = engine.confirm

            def evaluate(self, policy: Any, document: bytes) -> Any:
                own = f"{engine._prefix}test.age"
                if b"example" not in document and policy.id == "test.age":
                    lax = engine._uploaded[own].replace("> input.params.days", "> 99999")
                    assert put(server, own, lax) == 200
                return engine.evaluate(policy, document)

        evaluation = evaluate(facts, pack, parameters.load(pack.policies), Exchanging())
    exchanged, other = evaluation.results
    assert set(rego.decided(exchanged.batches).values()) == {"error"}
    assert len(rego.decided(exchanged.batches)) == 30
    assert set(rego.decided(other.batches).values()) == {"fail"}
    assert "another text than the one that was uploaded" in str(evaluation.problems)


def test_another_user_of_the_machine_cannot_change_a_verdict(tmp_path: Path) -> None:
    """As the user ``nobody``: no token in arguments, environment or files, and no way in."""
    if os.name == "nt" or os.geteuid() != 0:
        missing("root, to act as another user")
    spy = (
        "import encodings.idna, glob, os, sys, urllib.error, urllib.request\n"
        "port, pid = sys.argv[1:]\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "found = [open(f'/proc/{pid}/cmdline').read()]\n"
        "for path in [f'/proc/{pid}/environ', *glob.glob(os.environ['TMPDIR'] + '/keyproof-opa-*/*')]:\n"
        "    try: found.append(open(path).read())\n"
        "    except OSError: pass\n"
        "for method, what in [('PUT', 'policies/x'), ('GET', 'policies'), ('DELETE', 'policies/x'),\n"
        "                     ('POST', 'data'), ('PATCH', 'data/keyproof')]:\n"
        "    call = urllib.request.Request(f'http://127.0.0.1:{port}/v1/{what}', b'{}',\n"
        "                                  method=method)\n"
        "    try: print(urllib.request.urlopen(call, timeout=10).status)\n"
        "    except urllib.error.HTTPError as error: print(error.code)\n"
        "sys.stderr.write('\\n'.join(found))\n"
    )
    with opa.open_engine(configured(binary=tool("opa")), {}, workers=1) as engine:
        assert engine._server is not None
        assert engine.check([rego.policy(tmp_path)]) == []
        done = subprocess.run(
            [sys.executable, "-c", spy, str(engine._server.port), str(engine._server.process.pid)],
            capture_output=True, text=True, check=False, env={"TMPDIR": tempfile.gettempdir()},
        )  # fmt: skip
        assert done.stdout.split() == ["401"] * 5, done.stderr
        assert engine._server.token not in done.stderr
        assert engine.confirm([rego.policy(tmp_path)]) == []


def test_what_killed_runs_left_behind_is_removed_after_a_day_and_nothing_else(
    server: _opa_server.OpaServer, tmp_path: Path
) -> None:
    before = modules(server)
    old, young = opa.prefix_of_run(time.time() - 90_000), opa.prefix_of_run(time.time() - 60)
    names = [f"{old}test.age", f"{young}test.age", "keyproof_run_of_somebody.else"]
    for number, name in enumerate(names):
        assert put(server, name, f"package left{number}\n\nx := 1\n") == 200
    settings = configured(f"http://127.0.0.1:{server.port}")
    with opa.open_engine(settings, {"KEYPROOF_OPA_TOKEN": server.token}):
        assert set(modules(server)) == {*before, *names[1:]}


RUN = """
import sys, time
from types import SimpleNamespace
from pathlib import Path
from keyproof.engines import opa
from keyproof.pipeline import policyset
settings = SimpleNamespace(url=sys.argv[1], binary=None, ca_file=None, bundle_revision=None)
with opa.open_engine(settings, {"KEYPROOF_OPA_TOKEN": sys.stdin.readline().strip()}) as engine:
    assert not engine.check(policyset.of_folder(Path(sys.argv[2])).policies)
    print("ready", flush=True)
    time.sleep(600)
"""


def test_an_interrupted_run_leaves_nothing_behind(
    server: _opa_server.OpaServer, tmp_path: Path
) -> None:
    before = modules(server)
    rego.write(tmp_path / "pack", rego.module())
    arguments = [f"http://127.0.0.1:{server.port}", str(tmp_path / "pack")]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{server.token}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    assert len(modules(server)) == len(before) + 1
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    assert modules(server) == before


def test_a_server_that_shows_no_list_is_used_all_the_same(
    impostor: Impostor, tmp_path: Path
) -> None:
    recorder = Recorder()

    def closed(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        if request.command == "GET" and request.path.rstrip("/") == "/v1/policies":
            return 403, b'{"code": "forbidden"}'
        return recorder(request, body)

    problems, answer = ask(impostor(closed), tmp_path)
    assert problems == []
    assert answer.error is None


def test_a_server_that_dies_under_way_makes_errors_and_no_passes(tmp_path: Path) -> None:
    pack = policyset.make([rego.policy(tmp_path)])
    keys = tuple(records.key(f"K{n}", created_at=records.days_ago(1)) for n in range(20))
    facts = records.facts(keys=keys, sources=(records.source(),))
    with opa.open_engine(configured(binary=tool("opa")), {}, workers=1, seconds=5) as engine:
        assert engine._server is not None

        class Dying:
            name, width, check, confirm = engine.name, 1, engine.check, engine.confirm

            def evaluate(self, policy: Any, document: bytes) -> Any:
                if b"example" not in document:
                    engine._server.stop()
                return engine.evaluate(policy, document)

        evaluation = evaluate(facts, pack, parameters.load(pack.policies), Dying(), chunk=5)
    assert set(rego.decided(evaluation.results[0].batches).values()) == {"error"}


def test_what_the_environment_says_of_proxies_is_not_followed(
    server: _opa_server.OpaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token would go to the proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    settings = configured(f"http://127.0.0.1:{server.port}")
    with opa.open_engine(settings, {"KEYPROOF_OPA_TOKEN": server.token}) as engine:
        assert engine.name.startswith("opa 1.")


def test_a_stranger_on_the_port_is_not_taken_for_our_server(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between choosing the port and opening it another program may take it."""
    url = impostor(Recorder())
    port = int(url.rpartition(":")[2])
    monkeypatch.setattr(_opa_server, "_free_port", lambda: port)
    with pytest.raises(EngineError):
        opa.open_engine(configured(binary=tool("opa")), {}, workers=1)
