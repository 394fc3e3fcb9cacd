"""The OPA engine against a real server, and against servers that misbehave."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support import records, rego
from tests.support.needs import tool

from keyproof.engines import _opa_server, opa
from keyproof.errors import ConfigError, EngineError, UsageError
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.evaluate import evaluate

DOCUMENT = b'{"as_of_ns":1,"params":{"days":1},"subjects":[]}'


def configured(url: str | None = None, **changes: Any) -> SimpleNamespace:
    given = {"url": url, "binary": None, "ca_file": None, "bundle_revision": None}
    return SimpleNamespace(**given | changes)


@pytest.fixture(scope="module")
def server() -> Iterator[_opa_server.OpaServer]:
    running = _opa_server.start(tool("opa"))
    yield running
    running.stop()


@pytest.fixture
def engine(server: _opa_server.OpaServer) -> Iterator[opa.OpaEngine]:
    environment = {"KEYPROOF_OPA_TOKEN": server.token}
    with opa.open_engine(configured(f"http://127.0.0.1:{server.port}"), environment) as made:
        yield made


def modules(server: _opa_server.OpaServer) -> list[str]:
    """Return the names of what the server holds; OPA lists them in an order of chance."""
    import requests

    answer = requests.get(
        f"http://127.0.0.1:{server.port}/v1/policies",
        headers={"Authorization": f"Bearer {server.token}"},
        timeout=10,
    )
    return sorted(module["id"] for module in answer.json()["result"])


def test_a_server_decides_and_is_left_as_it_was(
    server: _opa_server.OpaServer, tmp_path: Path
) -> None:
    before = modules(server)
    pack = policyset.make([rego.policy(tmp_path)])
    keys = tuple(records.key(f"K{n}", created_at=records.days_ago(n)) for n in range(100))
    settings = configured(f"http://127.0.0.1:{server.port}/")
    with opa.open_engine(settings, {"KEYPROOF_OPA_TOKEN": server.token}) as engine:
        assert engine.name == "opa 1.22.2 (server)"
        evaluation = evaluate(
            records.facts(keys=keys), pack, parameters.load(pack.policies), engine, chunk=30
        )
        assert len(modules(server)) == len(before) + 1
    assert modules(server) == before
    found = rego.decided(evaluation.results[0].batches)
    assert sum(status == "fail" for status in found.values()) == 9
    assert set(found.values()) == {"pass", "fail"}


def test_two_runs_at_once_do_not_meet(server: _opa_server.OpaServer, tmp_path: Path) -> None:
    settings = configured(f"http://127.0.0.1:{server.port}")
    environment = {"KEYPROOF_OPA_TOKEN": server.token}
    strict = rego.policy(tmp_path)
    lax = rego.policy(tmp_path / "b", rego.SOUND.replace("> input.params.days", "> 1000"))
    (tmp_path / "b").mkdir(exist_ok=True)
    with (
        opa.open_engine(settings, environment) as one,
        opa.open_engine(settings, environment) as two,
    ):
        one.check([strict])
        two.check([lax])
        subject = {"id": "x", "created_at_ns": 1, "created_at_age_days": 500}
        document = json.dumps(
            {"as_of_ns": 1, "params": {"days": 1}, "subjects": [subject]}
        ).encode()
        assert b"fail" in one.evaluate(strict, document).decisions["x"]
        assert b"pass" in two.evaluate(lax, document).decisions["x"]


def test_a_netrc_entry_does_not_replace_the_token(
    server: _opa_server.OpaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login m password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    settings = configured(f"http://127.0.0.1:{server.port}")
    with opa.open_engine(settings, {"KEYPROOF_OPA_TOKEN": server.token}) as engine:
        assert engine.name.startswith("opa ")


def test_a_wrong_token_is_refused(server: _opa_server.OpaServer) -> None:
    with pytest.raises(EngineError) as caught:
        opa.open_engine(
            configured(f"http://127.0.0.1:{server.port}"), {"KEYPROOF_OPA_TOKEN": "other"}
        )
    assert caught.value.message == "unauthorized"
    assert "KEYPROOF_OPA_TOKEN" in str(caught.value.hint)


def test_a_builtin_error_is_an_error_and_quotes_nothing(
    engine: opa.OpaEngine, tmp_path: Path
) -> None:
    made = rego.policy(tmp_path, rego.SOUND.replace("is_number(key", 'startswith("a", key'))
    assert engine.check([made]) == []
    subject = {"id": "x", "created_at_ns": 77777, "created_at_age_days": 500}
    document = json.dumps({"as_of_ns": 1, "params": {"days": 1}, "subjects": [subject]}).encode()
    answer = engine.evaluate(made, document)
    assert answer.decisions == {}
    assert "eval" in str(answer.error)
    assert "age.rego:" in str(answer.error)
    assert "77777" not in str(answer.error)


FAULTS = {
    "recursion": "f(x) := f(x + 1)\n\ndecisions[id] := d if {\n\tid := 1\n\td := f(id)\n}",
    "syntax": "decisions[id] := {",
    "old syntax": "decisions[id] { id := 1 }",
    "unsafe": "decisions[id] := d if {\n\tid := 1\n\td := y\n}",
    "unknown function": rego.SOUND.replace("is_number(", "is_numeral("),
}


@pytest.mark.parametrize("lint", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_compile_is_a_problem_with_its_line(
    fault: str, lint: bool, engine: opa.OpaEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not lint:
        monkeypatch.setattr(opa, "find_spec", lambda name: None)
    problems = engine.check([rego.policy(tmp_path, FAULTS[fault])])
    if lint and fault in {"unsafe", "unknown function"} and not problems:
        pytest.fail("OPA's own compiler must have refused it")
    assert [p.policy for p in problems][:1] == ["test.age"]
    assert "age.rego:" in str(problems[0].where)


def test_without_regorus_banned_builtins_are_still_found(
    engine: opa.OpaEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opa, "find_spec", lambda name: None)
    clock = rego.SOUND.replace("input.params.days", "time.now_ns()")
    (problem,) = engine.check([rego.policy(tmp_path, clock)])
    assert problem.detail == "time.now_ns is not allowed"
    mentioned = rego.SOUND.replace('"undated"', '"ask time.now_ns()"') + "\n# http.send({})\n"
    assert engine.check([rego.policy(tmp_path, mentioned, "test.other")]) == []


def test_an_endless_policy_is_given_up(tmp_path: Path) -> None:
    numbers = "\nn := [" + ", ".join(map(str, range(60))) + "]\n"
    endless = rego.SOUND.replace(
        "is_number(key.created_at_ns)",
        "count({[a, b, c, e, f, g] | some a in n; some b in n; some c in n; some e in n; some f in n; some g in n}) > 0",
    )
    made = rego.policy(tmp_path, endless + numbers)
    settings = configured(binary=tool("opa"))
    started = time.monotonic()
    with opa.open_engine(settings, {}, seconds=2) as engine:
        assert engine.check([made]) == []
        subject = {"id": "x", "created_at_ns": 1, "created_at_age_days": 5}
        document = json.dumps(
            {"as_of_ns": 1, "params": {"days": 1}, "subjects": [subject]}
        ).encode()
        assert (
            engine.evaluate(made, document).error == "the policy failed: ran longer than its limit"
        )
    assert time.monotonic() - started < 30


def test_a_started_server_answers_nobody_else_and_ends(tmp_path: Path) -> None:
    import requests

    with opa.open_engine(configured(binary=tool("opa")), {}) as engine:
        assert engine._server is not None
        port, process = engine._server.port, engine._server.process
        for path in ("/health", "/v1/policies", "/v1/data"):
            answer = requests.get(f"http://127.0.0.1:{port}{path}", timeout=10)
            assert answer.status_code == 401
        arguments = Path(f"/proc/{process.pid}/cmdline")
        if arguments.exists():
            assert engine._server.token.encode() not in arguments.read_bytes()
    assert process.poll() is not None


def test_a_binary_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no OPA binary"):
        opa.open_engine(configured(binary=str(tmp_path / "opa")), {})
    broken = tmp_path / "opa"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(EngineError, match="did not start"):
        opa.open_engine(configured(binary=str(broken)), {})


@pytest.mark.parametrize(
    "url",
    ["opa.example.org:8181", "ftp://opa", "http://opa.example.org/prefix", "http://a:b@opa", "http://[", "https://opa:port"],
)  # fmt: skip
def test_a_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        opa.open_engine(configured(url), {})


def test_a_token_never_goes_over_a_network_in_the_clear() -> None:
    with pytest.raises(ConfigError, match="in the clear"):
        opa.open_engine(configured("http://opa.example.org:8181"), {"KEYPROOF_OPA_TOKEN": "t"})


def test_bundle_mode_uploads_nothing_and_demands_the_revision(tmp_path: Path) -> None:
    made = rego.policy(tmp_path / "pack")
    bundle = tmp_path / "bundle.tar.gz"
    opa_binary = tool("opa")
    subprocess.run(
        [opa_binary, "build", "-b", str(tmp_path / "pack"), "-r", "rev-7", "-o", str(bundle)],
        check=True,
    )
    port = _opa_server._free_port()
    process = subprocess.Popen(
        [opa_binary, "run", "-s", f"--addr=127.0.0.1:{port}", "--skip-version-check", "-b", str(bundle)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip
    try:
        assert _opa_server._listens(_opa_server.OpaServer(process, port, ""))
        subject = {"id": "x", "created_at_ns": 1, "created_at_age_days": 500}
        document = json.dumps(
            {"as_of_ns": 1, "params": {"days": 1}, "subjects": [subject]}
        ).encode()
        for revision, sign in (("rev-7", None), ("rev-8", "another bundle")):
            settings = configured(f"http://127.0.0.1:{port}", bundle_revision=revision)
            with opa.open_engine(settings, {}) as engine:
                assert engine.check([made]) == []
                answer = engine.evaluate(made, document)
                assert (sign in str(answer.error)) if sign else b"fail" in answer.decisions["x"]
    finally:
        process.kill()
        process.wait()


Respond = Callable[[BaseHTTPRequestHandler, bytes], tuple[int, bytes]]


@pytest.fixture
def impostor() -> Iterator[Callable[[Respond], str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(respond: Respond) -> str:
        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer = respond(self, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - http.server's names

            def log_message(self, *arguments: Any) -> None:
                pass

        made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        servers.append(made)
        return f"http://127.0.0.1:{made.server_address[1]}"

    yield start
    for made in servers:
        made.shutdown()
        made.server_close()


EVALUATIONS = {
    "undefined": (200, b"{}", "gave no decisions"),
    "null": (200, b'{"result": null}', "gave no decisions"),
    "a list": (200, b'{"result": []}', "gave no decisions"),
    "no object": (200, b"[]", "an answer that is none"),
    "no JSON": (200, b"<html>", "an answer that is none"),
    "half": (200, b'{"result": {"x"', "an answer that is none"),
    "a proxy's page": (503, b"<html>busy</html>", "the server answered with 503"),
    "an odd body": (500, b'{"errors": "x", "code": ["y"]}', "an error"),
    "a quoting one": (500, b'{"code": "bad <value 77777>"}', "an error"),
}


@pytest.mark.parametrize("kind", EVALUATIONS)
def test_an_answer_that_is_none_is_an_error(
    kind: str, impostor: Callable[[Respond], str], tmp_path: Path
) -> None:
    status, body, sign = EVALUATIONS[kind]

    def respond(request: BaseHTTPRequestHandler, given: bytes) -> tuple[int, bytes]:
        if "strict-builtin-errors=true" in request.path:
            return status, body
        return 200, b'{"provenance": {"version": "0"}}'

    with opa.open_engine(configured(impostor(respond)), {}, workers=1) as engine:
        answer = engine.evaluate(rego.policy(tmp_path), DOCUMENT)
    assert answer.decisions == {}
    assert sign in str(answer.error)
    assert "77777" not in str(answer.error)


def test_a_policy_that_the_server_changed_is_refused(
    impostor: Callable[[Respond], str], tmp_path: Path
) -> None:
    def respond(request: BaseHTTPRequestHandler, given: bytes) -> tuple[int, bytes]:
        if request.command == "GET":
            return 200, b'{"result": {"raw": "package other"}}'
        return 200, b"{}"

    with opa.open_engine(configured(impostor(respond)), {}, workers=1) as engine:
        (problem,) = engine.check([rego.policy(tmp_path)])
    assert "another text" in problem.detail


def test_a_server_that_is_not_there_is_tried_again_then_named() -> None:
    port = _opa_server._free_port()
    with pytest.raises(EngineError, match="cannot be reached"):
        opa.open_engine(configured(f"http://127.0.0.1:{port}"), {}, workers=1)


def test_a_slow_server_is_given_up(impostor: Callable[[Respond], str], tmp_path: Path) -> None:
    def respond(request: BaseHTTPRequestHandler, given: bytes) -> tuple[int, bytes]:
        if "strict" in request.path:
            time.sleep(1.5)
        return 200, b"{}"

    with opa.open_engine(configured(impostor(respond)), {}, workers=1, seconds=0.5) as engine:
        made = rego.policy(tmp_path)
        assert (
            engine.evaluate(made, DOCUMENT).error == "the policy failed: ran longer than its limit"
        )


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that is its own authority, and its key."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "opa")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "planted").mkdir()
    (folder / "planted" / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "planted" / "key.pem"


def test_a_private_authority_can_be_named_and_no_other_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    cert, key = certificate(tmp_path)
    port = _opa_server._free_port()
    process = subprocess.Popen(
        [tool("opa"), "run", "-s", f"--addr=https://127.0.0.1:{port}", "--skip-version-check",
         f"--tls-cert-file={cert}", f"--tls-private-key-file={key}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert))  # the environment has no say
    try:
        assert _opa_server._listens(_opa_server.OpaServer(process, port, ""))
        url = f"https://127.0.0.1:{port}"
        with pytest.raises(EngineError, match="certificate was not accepted"):
            opa.open_engine(configured(url), {}, workers=1)
        with opa.open_engine(configured(url, ca_file=str(cert)), {}, workers=1) as engine:
            assert engine.name.startswith("opa 1.")
    finally:
        process.kill()
        process.wait()
