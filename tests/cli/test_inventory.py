"""``keyproof inventory`` on the real command line: keys in four formats, and what is not read."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.http_double import HttpDouble, Reply, self_signed
from tests.support.planted import password
from tests.support.run import Ran, keyproof

from keyproof.model.key import Key

HEADER = "issuer_type,issuer_instance,native_id,status,credential_type,owner,last_used_state"
ROWS = (
    "acme,prod,k-1,active,api_token,payments,never",
    "acme,prod,k-2,suspended,api_token,,not_supported",
)
SETTINGS = """\
sources:
  sheet: {connector: file, path: keys.csv}
  code: {connector: git, path: .}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "keys.csv").write_text("\n".join((HEADER, *ROWS)) + "\n")
    (folder / "keyproof.yaml").write_text(SETTINGS)
    return folder


def _run(project: Path, home: Path, *arguments: str, **options: Any) -> Ran:
    return keyproof("inventory", *arguments, cwd=project, home=home, **options)


def test_every_line_is_a_key_record(project: Path, home: Path) -> None:
    ran = _run(project, home, "--format", "jsonl", "-q")
    assert ran.code == 0
    keys = [msgspec.json.decode(line, type=Key) for line in ran.out.splitlines()]
    assert {key.native_id for key in keys} == {"k-1", "k-2"}
    assert {key.source for key in keys} == {"sheet"}
    assert all(json.loads(line)["record"] == "key" for line in ran.out.splitlines())
    array = _run(project, home, "--format", "json")
    assert [key["native_id"] for key in json.loads(array.out)] == [k.native_id for k in keys]
    assert "2 keys of 1 source\n" in array.err


def test_the_table_names_what_is_not_known(project: Path, home: Path) -> None:
    ran = _run(project, home)
    head, first, second = ran.out.splitlines()
    assert head.split()[:3] == ["ISSUER", "KEY", "PRINCIPAL"]
    assert "payments" in first
    assert "never" in first
    assert "not reported" in second
    assert ran.code == 0


def test_what_is_written_is_read_again_as_a_source(project: Path, home: Path) -> None:
    for name in ("out.csv", "out.jsonl", "out.json"):
        assert _run(project, home, "-o", name).code == 0
        ran = _run(project, home, "--file", name, "--format", "csv")
        rows = csv.DictReader(ran.out.splitlines())
        assert {(row["native_id"], row["owner"], row["last_used_state"]) for row in rows} == {
            ("k-1", "payments", "never"),
            ("k-2", "", "not_supported"),
        }


def test_what_cannot_be_read_is_told_and_makes_the_run_incomplete(
    project: Path, home: Path
) -> None:
    (project / "keys.csv").write_text("\n".join((HEADER, *ROWS, "acme,prod,k-3,on,api_token,,")))
    ran = _run(project, home, "--format", "jsonl")
    assert (ran.code, len(ran.out.splitlines())) == (4, 2)
    assert "not read: sheet: keys.csv:4: status: must be one of" in ran.err
    assert "incomplete" in ran.err
    quiet = _run(project, home, "--format", "jsonl", "-q", "--allow-incomplete")
    assert quiet.code == 0
    assert "not read: sheet: keys.csv:4" in quiet.err


def test_a_source_that_does_not_answer_costs_itself_only(project: Path, home: Path) -> None:
    with (project / "keyproof.yaml").open("a") as settings:
        settings.write("  coins: {connector: binance}\n")
    ran = _run(project, home, "--format", "jsonl")
    assert (ran.code, len(ran.out.splitlines())) == (4, 2)
    assert "coins" in ran.err
    assert "export BINANCE_API_KEY" in ran.err
    assert _run(project, home, "--source", "sheet").code == 0


def test_a_certificate_authority_is_looked_for_beside_the_settings(
    project: Path, home: Path, tmp_path: Path
) -> None:
    tls, ca_file = self_signed(tmp_path)
    (project / "ca.pem").write_bytes(ca_file.read_bytes())
    lists = {"users": [], "apps": [], "nextKey": 0, "credentials": []}
    with HttpDouble(lambda request: Reply(200, lists), tls) as server:
        (project / "keyproof.yaml").write_text(
            "sources:\n  edge:\n    connector: express_gateway\n"
            f"    base_url: {server.url}\n    http: {{ca_file: ca.pem}}\n"
        )
        ran = _run(tmp_path, home, "--config", "project/keyproof.yaml")
    assert ran.code == 0
    assert "0 keys of 1 source" in ran.err


@pytest.mark.parametrize(
    ("settings", "arguments", "code", "text"),
    [
        ("", (), 3, "no configured source lists keys"),
        ("sources: {code: {connector: git, path: .}}\n", (), 3, "no configured source"),
        ("sources: {code: {connector: git, path: .}}\n", ("--source", "code"), 2, "lists no keys"),
        (SETTINGS, ("--source", "nobody"), 2, "nobody"),
        ("", ("--file", "none.csv"), 2, "does not exist"),
        ("", ("--file", "keys.csv", "--source", "a"), 2, "do not go together"),
        ("sources: {a: {connector: fil}}\n", (), 2, "did you mean 'file'"),
        ("sources: {a: {connector: file, pth: x}}\n", (), 2, "did you mean 'path'"),
        (SETTINGS, ("-o", "keys.xlsx"), 2, "says no format"),
    ],
)
def test_what_cannot_be_run_says_why(
    project: Path, home: Path, settings: str, arguments: tuple[str, ...], code: int, text: str
) -> None:
    (project / "keyproof.yaml").write_text(settings)
    ran = _run(project, home, *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert text in ran.err


def test_values_and_steering_characters_stay_inside(
    project: Path, home: Path, planted: Path
) -> None:
    value = password("inventory-cli")
    evil = "=cmd()\x1b[31m\u202e"
    (planted / "keys.csv").write_text(
        f"{HEADER},name,api_key\nacme,prod,{evil},active,api_token,@me,,n,{value}\n"
    )
    (project / "keyproof.yaml").write_text(
        "sources:\n  s:\n    connector: file\n    fingerprint_column: api_key\n"
        f"    path: {planted / 'keys.csv'}\n"
    )
    table = _run(project, home)
    assert "\x1b" not in table.out
    assert "\u202e" not in table.out
    sheet = _run(project, home, "--format", "csv")
    (row,) = csv.DictReader(sheet.out.splitlines())
    assert (row["native_id"][:2], row["owner"]) == ("'=", "'@me")
    lines = _run(project, home, "--format", "jsonl")
    assert json.loads(lines.out)["native_id"] == evil
    for ran in (table, sheet, lines):
        assert value not in ran.out + ran.err
