"""OPA engine: an OPA server, or one that is started from an ``opa`` binary for this run.

The same canonical documents go in as on the embedded engine, and the host checks what comes out.
Modules are uploaded under a package of this run's own and removed at its end; with
``bundle_revision`` nothing is uploaded, and the server must hold that very bundle.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Protocol, Self

import msgspec

from keyproof.engines import _opa_server
from keyproof.engines._lint import spelled
from keyproof.engines._opa_client import Client, OpaAddress, OpaFailure, address
from keyproof.engines._patience import GONE, Patience
from keyproof.errors import EngineError
from keyproof.model.policy import Policy
from keyproof.model.record import canonical_json
from keyproof.ports import Answer, PolicyProblem

SECONDS = 20.0
"""For one document, network included."""

STALE_SECONDS = 24 * 3600
"""After this long, modules of a run that is still there were left behind."""

_OF_A_RUN = re.compile(r"keyproof_run_([0-9]{1,12})_[0-9a-f]{16}\.")
_STRICT = {"strict-builtin-errors": "true"}


class OpaSettings(Protocol):
    """What the engine reads of ``policies.opa`` in keyproof.yaml."""

    @property
    def url(self) -> str | None:
        """The server; without one, a binary is started."""
        ...

    @property
    def binary(self) -> str | None:
        """The binary to start; else ``opa`` on PATH."""
        ...

    @property
    def ca_file(self) -> str | None:
        """The certificate authority of the server."""
        ...

    @property
    def bundle_revision(self) -> str | None:
        """The bundle that the server must hold; nothing is uploaded then."""
        ...


def open_engine(
    settings: OpaSettings | None,
    environment: Mapping[str, str],
    *,
    workers: int | None = None,
    seconds: float = SECONDS,
) -> OpaEngine:
    """Return the engine, its server reached.

    Raises:
        ConfigError: the URL cannot be used.
        UsageError: there is no binary to start.
        EngineError: the server did not start, or does not answer.
    """
    width = workers or min(8, os.cpu_count() or 1)
    revision = settings.bundle_revision if settings else None
    if settings and settings.url:
        token = environment.get("KEYPROOF_OPA_TOKEN")
        where = address(settings.url, token, settings.ca_file)
        return OpaEngine(where, width=width, seconds=seconds, revision=revision)
    binary = _opa_server.find_binary(settings.binary if settings else None)
    server = _opa_server.start(binary)
    where = OpaAddress("127.0.0.1", server.port, tls=False, token=server.token)
    try:
        _expect_ours(where, binary, seconds)
        return OpaEngine(where, width=width, seconds=seconds, server=server, revision=revision)
    except BaseException:
        server.stop()
        raise


def _expect_ours(where: OpaAddress, binary: str, seconds: float) -> None:
    """Make sure that the port was not taken by another server: ours refuses whoever has no token."""
    stranger = Client(where._replace(token=None), seconds)
    try:
        if stranger.healthy():
            raise EngineError(
                "another server took the port of the OPA server", where=binary, hint="run it again"
            )
    finally:
        stranger.close()


class OpaEngine:
    """See ``ports.Engine``. Safe to use from as many threads as it is wide."""

    def __init__(
        self,
        where: OpaAddress,
        *,
        width: int,
        seconds: float,
        server: _opa_server.OpaServer | None = None,
        revision: str | None = None,
    ) -> None:
        """Ask the server for its version; use :func:`open_engine`."""
        self._server = server
        self._revision = revision
        self._prefix = "" if revision else prefix_of_run(time.time())
        self._patience = Patience(seconds)
        self._seconds = seconds
        self._uploaded: dict[str, str] = {}
        self._width = width
        self._clients: queue.SimpleQueue[Client] = queue.SimpleQueue()
        for _ in range(width):
            self._clients.put(Client(where, seconds))
        with self._client() as client:
            answer = client.query("keyproof", None, {}, {"provenance": "true"}, seconds)
            if server is None and not revision:
                _remove_stale(client)
        version = _inside(answer, "provenance", "version")
        self._version = version if isinstance(version, str) else "of unknown version"

    @property
    def name(self) -> str:
        """See ``Engine.name``."""
        return f"opa {self._version} ({'started' if self._server else 'server'})"

    @property
    def width(self) -> int:
        """See ``Engine.width``."""
        return self._width

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _client(self) -> Iterator[Client]:
        client = self._clients.get()
        try:
            yield client
        finally:
            self._clients.put(client)

    def check(self, policies: Sequence[Policy]) -> Sequence[PolicyProblem]:
        """See ``Engine.check``: the same lint as the embedded engine's, then OPA's own compiler."""
        problems = _linted(policies)
        faulty = {problem.policy for problem in problems}
        if not self._revision:
            for policy in policies:
                if policy.id not in faulty:
                    problems += self._upload(policy)
        return problems

    def _upload(self, policy: Policy) -> Iterator[PolicyProblem]:
        """Upload a policy under this run's package."""
        line = re.compile(rf"^package[ \t]+{re.escape(policy.package)}\b", re.MULTILINE)
        module = line.sub(f"package {self._prefix}{policy.package}", policy.module, count=1)
        name = f"{self._prefix}{policy.id}"
        try:
            with self._client() as client:
                self._uploaded[name] = module
                client.upload(name, module)
        except OpaFailure as failure:
            yield PolicyProblem(policy.id, failure.message, _where(policy, failure))

    def evaluate(self, policy: Policy, document: bytes) -> Answer:
        """See ``Engine.evaluate``."""
        seconds = self._patience.seconds(policy.id)
        if seconds is None:
            return Answer({}, GONE)
        given = msgspec.json.decode(document)
        wanted = _STRICT | ({"provenance": "true"} if self._revision else {})
        try:
            with self._client() as client:
                answer = client.query(
                    f"{self._prefix}{policy.package}", "decisions", given, wanted, seconds
                )
        except OpaFailure as failure:
            if failure.timed_out:
                self._patience.lose(policy.id)
            where = f" ({_where(policy, failure)})" if failure.line else ""
            return Answer({}, f"the policy failed: {failure.message}{where}")
        if self._revision and self._revision not in _revisions(answer):
            return Answer({}, "the server holds another bundle than policies.opa.bundle_revision")
        decisions = answer.get("result")
        if not isinstance(decisions, dict):
            return Answer({}, "the policy gave no decisions")
        return Answer({name: canonical_json(value) for name, value in decisions.items()})

    def confirm(self, policies: Sequence[Policy]) -> Sequence[PolicyProblem]:
        """See ``Engine.confirm``: each module is read back once more, and compared."""
        return [problem for policy in policies for problem in self._confirm(policy)]

    def _confirm(self, policy: Policy) -> Iterator[PolicyProblem]:
        name = f"{self._prefix}{policy.id}"
        if name not in self._uploaded:
            return  # a bundle's revision comes with every answer
        try:
            with self._client() as client:
                client.confirm(name, self._uploaded[name])
        except OpaFailure as failure:
            detail = f"after the evaluation, {failure.message}"
            yield PolicyProblem(policy.id, detail, policy.path)

    def close(self) -> None:
        """See ``Engine.close``: removes what was uploaded, and ends a server that was started."""
        with self._client() as client:
            for name in sorted(self._uploaded) if self._server is None else ():
                with contextlib.suppress(OpaFailure):  # one that was refused is not there
                    client.remove(name)
        self._uploaded.clear()
        for _ in range(self._width):
            client = self._clients.get()
            client.close()
            self._clients.put(client)
        if self._server is not None:
            self._server.stop()


def prefix_of_run(now: float) -> str:
    """Return the package below which a run that starts now keeps its modules on a server."""
    return f"keyproof_run_{int(now)}_{secrets.token_hex(8)}."


def _remove_stale(client: Client) -> None:
    """Remove what runs left behind that were killed a day ago or longer.

    A younger one may still be at work. A server that shows no list is left alone.
    """
    with contextlib.suppress(OpaFailure):
        for name in client.names():
            found = _OF_A_RUN.match(name)
            if found and int(found[1]) < time.time() - STALE_SECONDS:
                client.remove(name)


def _linted(policies: Sequence[Policy]) -> list[PolicyProblem]:
    """Lint on regorus's syntax tree where that is installed, else by what is spelt out."""
    if find_spec("regorus") is not None:
        from keyproof.engines import embedded

        with embedded.open_engine(workers=1) as engine:
            return list(engine.check(policies))
    return [
        PolicyProblem(policy.id, fault.detail, f"{policy.path}:{fault.line}")
        for policy in policies
        for fault in spelled(policy.module)
    ]


def _revisions(answer: Mapping[str, Any]) -> set[str]:
    bundles = _inside(answer, "provenance", "bundles")
    if not isinstance(bundles, dict):
        return set()
    found = (_inside(bundle, "revision") for bundle in bundles.values())
    return {revision for revision in found if isinstance(revision, str)}


def _inside(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _where(policy: Policy, failure: OpaFailure) -> str:
    return f"{policy.path}:{failure.line or 1}"
