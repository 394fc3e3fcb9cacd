"""What OPA says of each construct of the portable subset, kept: the embedded engine says the same.

``golden/portable.json`` is OPA's own word, so that a machine without OPA tests against it too; with
OPA, its word of today is compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import rego
from tests.support.needs import tool

from keyproof.engines import _opa_server, embedded
from keyproof.engines._opa_client import Client, OpaAddress
from keyproof.model.record import canonical_json

DECISIONS = '\ndecisions[id] := d if {\n\tid := "r"\n\td := r\n}\n'
CASES = json.loads((Path(__file__).parent / "golden" / "portable.json").read_text())


@pytest.fixture(scope="module")
def engine() -> Iterator[embedded.EmbeddedEngine]:
    pytest.importorskip("regorus")
    with embedded.open_engine(workers=1) as made:
        yield made


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    server = _opa_server.start(tool("opa"))
    made = Client(OpaAddress("127.0.0.1", server.port, tls=False, token=server.token), 20)
    yield made
    made.close()
    server.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_the_embedded_engine_agrees(
    case: Any, engine: embedded.EmbeddedEngine, tmp_path: Path
) -> None:
    body = case["module"].removeprefix("package golden\n")
    policy = rego.policy(tmp_path, body + DECISIONS)
    answer = engine.evaluate(policy, canonical_json(case["input"]))
    assert answer.error is None
    wanted = {"r": canonical_json(case["result"])} if case["defined"] else {}
    assert {name: bytes(value) for name, value in answer.decisions.items()} == wanted


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_opa_still_says_so(case: Any, client: Client) -> None:
    client.upload("golden", case["module"])
    given = {"strict-builtin-errors": "true"}
    answer = client.query("golden", "r", case["input"], given, 20)
    assert ("result" in answer) == case["defined"]
    assert canonical_json(answer.get("result")) == canonical_json(case["result"])
