"""Inventory files: what a row becomes, what is refused, and what no message quotes."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.adapter_context import adapter_context, fingerprinter
from tests.support.planted import password

from keyproof.connectors import file
from keyproof.errors import SourceError
from keyproof.model.facts import Record
from keyproof.model.key import Fingerprint, Key, key_record_id
from keyproof.model.principal import Principal
from keyproof.model.secret import Secret
from keyproof.model.source import Gap, Source

REQUIRED = "issuer_type,issuer_instance,native_id,status,credential_type"
ROW = "acme.vault,prod,k-1,active,api_token"


def _read(path: Path, **options: Any) -> tuple[list[Key], list[Principal], list[Gap], Source]:
    records: list[Record] = list(
        file.collect(file.FileSettings(path=str(path), **options), adapter_context())
    )
    source = records.pop()
    assert isinstance(source, Source)
    return (
        [r for r in records if isinstance(r, Key)],
        [r for r in records if isinstance(r, Principal)],
        [r for r in records if isinstance(r, Gap)],
        source,
    )


def _csv(folder: Path, *lines: str) -> Path:
    path = folder / "keys.csv"
    path.write_bytes("\n".join(lines).encode() + b"\n")
    return path


def test_the_required_columns_alone_make_a_key_that_claims_nothing_else(tmp_path: Path) -> None:
    (key,), principals, gaps, source = _read(_csv(tmp_path, REQUIRED, ROW))
    assert key.record_id == key_record_id("acme.vault", "prod", "k-1")
    assert (key.status, key.credential_type) == ("active", "api_token")
    assert (key.created_at, key.owner, key.owner_source) == (None, None, "none")
    assert (key.last_used_state, key.expiry_state, key.privilege_level) == ("unknown",) * 3
    assert (key.scopes_known, key.network_restrictions.state) == (False, "unknown")
    assert key.evidence.api_call == "keys.csv:2"
    assert (principals, gaps) == ([], [])
    assert (source.complete, source.listed, source.parsed) == (True, 1, 1)


def test_every_column_reaches_its_field(tmp_path: Path) -> None:
    cells = {
        "issuer_type": "acme.vault",
        "issuer_instance": "prod",
        "native_id": "k-1",
        "status": "suspended",
        "status_native": "PAUSED",
        "credential_type": "api_token",
        "name": 'deploy, "blue"',
        "labels": "team=pay; env=prod",
        "principal_id": "u-9",
        "principal_name": "robot",
        "principal_type": "service_account",
        "principal_mfa": "not_applicable",
        "principal_active": "yes",
        "owner": "payments",
        "owner_source": "mapping",
        "environment": "prod",
        "created_at": "2026-01-02T03:04:05+02:00",
        "expires_at": "2027-01-01",
        "last_used_at": "2026-11-01",
        "last_used_ips": "10.0.0.2;10.0.0.1",
        "scopes": "write; read",
        "privilege_level": "admin",
        "can_withdraw": "FALSE",
        "network_cidrs": "10.0.0.0/8",
        "rotation_enabled": "1",
        "rotation_interval_days": "90",
        "storage_refs": "aws.secretsmanager:arn:aws:x",
        "fingerprints": "sha256:abc;hint:sk-…f9",
    }
    buffer = io.StringIO()
    csv.writer(buffer).writerows([cells.keys(), cells.values()])
    (key,), (principal,), gaps, _ = _read(_csv(tmp_path, buffer.getvalue()))
    assert gaps == []
    assert key.name == 'deploy, "blue"'
    assert key.labels == {"team": "pay", "env": "prod"}
    assert key.created_at == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert key.expires_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert (key.expiry_state, key.last_used_state) == ("known", "known")
    assert key.last_used_precision == "day"
    assert key.last_used_detail is not None
    assert key.last_used_detail.ips == ("10.0.0.2", "10.0.0.1")
    assert (key.scopes, key.scopes_known, key.can_withdraw) == (("read", "write"), True, False)
    assert key.network_restrictions.state == "restricted"
    assert (key.rotation.enabled, key.rotation.interval_days) == (True, 90)
    assert key.storage_refs[0].path == "arn:aws:x"
    assert {f.scheme for f in key.fingerprints} == {"sha256", "hint"}
    assert (principal.native_id, principal.name, principal.mfa, principal.active) == (
        "u-9",
        "robot",
        "not_applicable",
        True,
    )
    assert key.principal_id == principal.native_id


def test_json_and_json_lines_say_the_same_as_csv(tmp_path: Path) -> None:
    rows = [
        {
            "issuer_type": "a",
            "issuer_instance": "b",
            "native_id": f"k-{number}",
            "status": "active",
            "credential_type": "api_token",
            "scopes": ["read"],
            "labels": {"team": "pay"},
            "can_trade": True,
            "created_at": "2026-01-01T00:00:00Z",
            "owner": None,
        }
        for number in range(3)
    ]
    (tmp_path / "keys.json").write_text(json.dumps(rows, indent=1))
    (tmp_path / "keys.jsonl").write_text("\r\n".join(json.dumps(row) for row in rows) + "\r\n\r\n")
    path = _csv(
        tmp_path,
        REQUIRED + ",scopes,labels,can_trade,created_at,owner",
        *(f"a,b,k-{n},active,api_token,read,team=pay,true,2026-01-01," for n in range(3)),
    )
    seen = []
    for name in ("keys.json", "keys.jsonl", path.name):
        keys, _, gaps, source = _read(tmp_path / name)
        assert (gaps, source.listed, source.complete) == ([], 3, True)
        evidence = keys[0].evidence
        seen.append([msgspec.structs.replace(key, evidence=evidence) for key in keys])
        seen[-1] = [msgspec.structs.replace(key, evidence=seen[0][0].evidence) for key in seen[-1]]
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        ("created_at=2026-01-01T00:00:00", "created_at"),
        ("created_at=yesterday", "created_at"),
        ("created_at=0001-01-01T00:00:00+23:00", "created_at"),
        ("status=enabled", "status"),
        ("can_trade=perhaps", "can_trade"),
        ("rotation_interval_days=-3", "rotation_interval_days"),
        ("labels=nothing", "labels"),
        ("last_used_state=known", "last_used_state"),
        ("fingerprints=md5:abc", "fingerprints"),
        ("storage_refs=nowhere", "storage_refs"),
        ("native_id=", "native_id"),
    ],
)
def test_a_bad_row_is_a_gap_with_its_line_and_the_others_are_kept(
    tmp_path: Path, cell: str, column: str
) -> None:
    name, _, value = cell.partition("=")
    header = REQUIRED if name in REQUIRED else f"{REQUIRED},{name}"
    columns = header.split(",")
    good = [*ROW.split(","), *[""] * (len(columns) - 5)]
    bad = [value if column == name else old for column, old in zip(columns, good, strict=True)]
    other = [old.replace("k-1", "k-2") for old in good]
    lines = [",".join(row) for row in (columns, good, bad, other)]
    keys, _, (gap,), source = _read(_csv(tmp_path, *lines))
    assert [key.native_id for key in keys] == ["k-1", "k-2"]
    assert (gap.call, gap.reason) == ("keys.csv:3", "invalid_data")
    assert gap.detail.startswith(f"{column}: must be ")
    assert not value or value not in gap.detail
    known = column != "native_id"
    assert gap.fields == ((column, "keys") if known else ("keys",))
    assert bool(gap.subjects) == known
    assert (source.complete, source.listed, source.parsed) == (False, 3, 2)


def test_a_word_that_is_not_allowed_is_answered_with_those_that_are(tmp_path: Path) -> None:
    _, _, (gap,), _ = _read(_csv(tmp_path, REQUIRED, ROW.replace("active", "enabled")))
    assert "active, suspended, deactivated" in gap.detail


def test_rows_of_another_length_and_quotes_that_do_not_pair_are_gaps(tmp_path: Path) -> None:
    keys, _, gaps, source = _read(
        _csv(tmp_path, REQUIRED, ROW, "a,b,c", "", ROW.replace("k-1", '"k-2'), "a,b,k-3,active,x")
    )
    assert len(keys) == 1
    assert [(gap.call, gap.reason) for gap in gaps] == [
        ("keys.csv:3", "invalid_data"),
        ("keys.csv:5", "truncated"),
    ]
    assert not source.complete


def test_a_line_is_counted_across_quoted_line_ends(tmp_path: Path) -> None:
    path = _csv(
        tmp_path, REQUIRED + ",name", ROW + ',"one\ntwo\nthree"', ROW.replace("active", "x") + ","
    )
    (key,), _, (gap,), _ = _read(path)
    assert key.name == "one\ntwo\nthree"
    assert gap.call == "keys.csv:5"


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl"])
@pytest.mark.parametrize("text", ["", "\ufeff", "\n\n"])
def test_an_empty_file_says_nothing_of_how_many_keys_there_are(
    suffix: str, text: str, tmp_path: Path
) -> None:
    path = tmp_path / f"keys.{suffix}"
    path.write_text(text)
    with pytest.raises(SourceError, match="the file is empty") as caught:
        _read(path)
    assert (caught.value.reason, caught.value.where) == ("invalid_data", path.name)
    assert ("native_id" if suffix == "csv" else "[]") in str(caught.value.hint)


@pytest.mark.parametrize(("suffix", "text"), [("csv", REQUIRED + "\n"), ("json", " [ ]\n")])
def test_a_header_alone_and_an_empty_array_count_zero(
    suffix: str, text: str, tmp_path: Path
) -> None:
    path = tmp_path / f"keys.{suffix}"
    path.write_text(text)
    keys, _, gaps, source = _read(path)
    assert (keys, gaps, source.listed, source.complete) == ([], [], 0, True)


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "keys.csv"
    path.write_bytes(
        b"\xef\xbb\xbf" + f'{REQUIRED}\r\n"acme, inc",prod,k-1,active,api_token\r\n'.encode()
    )
    (key,), _, gaps, _ = _read(path)
    assert (key.issuer_type, gaps) == ("acme, inc", [])


def test_a_key_that_stands_twice_is_a_gap(tmp_path: Path) -> None:
    keys, _, (gap,), source = _read(_csv(tmp_path, REQUIRED, ROW, ROW))
    assert len(keys) == 1
    assert (gap.call, gap.subjects) == ("keys.csv:3", (keys[0].record_id,))
    assert not source.complete


def test_rows_that_contradict_each_other_about_a_principal_leave_it_unknown(tmp_path: Path) -> None:
    header = REQUIRED + ",principal_id,principal_mfa,principal_name"
    rows = (ROW + ",u,enabled,Ada", ROW.replace("k-1", "k-2") + ",u,disabled,")
    keys, (principal,), (gap,), _ = _read(_csv(tmp_path, header, *rows))
    assert len(keys) == 2
    assert (principal.mfa, principal.name) == ("unknown", "Ada")
    assert (gap.fields, gap.subjects) == (("mfa",), (principal.record_id,))


def test_an_unknown_column_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        _read(_csv(tmp_path, REQUIRED + ",expire_at", ROW + ","))
    assert str(caught.value) == "keys.csv:1: column 6 is not a known one"
    assert caught.value.hint == "did you mean 'expires_at'?"
    row = dict(zip(REQUIRED.split(","), ROW.split(","), strict=True))
    (tmp_path / "keys.jsonl").write_text(json.dumps(row | {"ownr": "me"}))
    with pytest.raises(SourceError, match=r"keys.jsonl:1") as caught:
        _read(tmp_path / "keys.jsonl")
    assert caught.value.hint == "did you mean 'owner'?"


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="native_id, status are missing"):
        _read(_csv(tmp_path, "issuer_type,issuer_instance,credential_type", "a,b,api_token"))


@pytest.mark.parametrize(
    "column", ["secret", "Value", "token", "password", "api-key", "Secret Key"]
)
def test_a_column_of_plain_secrets_is_refused_and_nothing_of_it_quoted(
    planted: Path, column: str
) -> None:
    value = password(f"column-{column}")
    path = _csv(planted, f"{REQUIRED},{column}", f"{ROW},{value}")
    with pytest.raises(SourceError, match="keys' values") as caught:
        _read(path)
    assert "fingerprint_column" in str(caught.value.hint)
    assert value not in f"{caught.value!r} {caught.value.hint}"


def test_a_file_without_a_header_is_refused_without_quoting_it(planted: Path) -> None:
    value = password("headerless")
    with pytest.raises(SourceError) as caught:
        _read(_csv(planted, f"acme,prod,k-1,active,{value}"))
    assert value.lower() not in f"{caught.value} {caught.value.hint}".lower()


def test_a_fingerprint_column_is_hashed_and_dropped(planted: Path, tmp_path: Path) -> None:
    value = password("hashed")
    lines = (f"{REQUIRED},api_key", f"{ROW}, {value} ", ROW.replace("k-1", "k-2") + ",")
    keys, _, gaps, _ = _read(_csv(planted, *lines), fingerprint_column="api_key")
    expected = fingerprinter().secret_id(Secret(value))
    assert keys[0].fingerprints == (Fingerprint(scheme="secret_id", value=expected),)
    assert (keys[1].fingerprints, gaps) == ((), [])
    assert keys[0].evidence.raw_sha256 is None
    (tmp_path / "out.jsonl").write_bytes(msgspec.json.encode(keys))
    assert value not in (tmp_path / "out.jsonl").read_text()


def test_a_fingerprint_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    row = dict(zip(REQUIRED.split(","), ROW.split(","), strict=True))
    (tmp_path / "keys.json").write_text(json.dumps([row]))
    for path in (_csv(tmp_path, REQUIRED, ROW), tmp_path / "keys.json"):
        with pytest.raises(SourceError, match="fingerprint_column"):
            _read(path, fingerprint_column="api_key")


def test_what_keyproof_wrote_can_be_read_back(tmp_path: Path) -> None:
    header = REQUIRED + ",principal_id,scopes,network_cidrs"
    keys, principals, _, _ = _read(_csv(tmp_path, header, ROW + ",u,read,10.0.0.0/8"))
    lines = [msgspec.json.encode(record) for record in (*keys, *principals)]
    (tmp_path / "keys.jsonl").write_bytes(b"\n".join(lines))
    again = _read(tmp_path / "keys.jsonl")
    assert again[:3] == (keys, principals, [])
    (tmp_path / "keys.jsonl").write_bytes(lines[0].replace(b'"k-1"', b'"k-2"'))
    _, _, (gap,), _ = _read(tmp_path / "keys.jsonl")
    assert gap.detail.startswith("record_id:")


def test_a_key_written_as_a_row_reads_back_as_the_same_key(tmp_path: Path) -> None:
    cells = {
        "issuer_type": "acme",
        "issuer_instance": "prod",
        "native_id": 'k,"1',
        "status": "active",
        "credential_type": "api_token",
        "labels": "a=b;c=d",
        "created_at": "2026-01-02T03:04:05+00:00",
        "last_used_at": "2026-01-02T03:04:05+00:00",
        "last_used_service": "s3",
        "scopes": "a;b",
        "can_trade": "false",
        "network_cidrs": "10.0.0.0/8",
        "rotation_interval_days": "30",
        "storage_refs": "vault:kv/x",
        "fingerprints": "hint:sk-…f9",
    }
    seen = []
    for _ in range(2):
        buffer = io.StringIO()
        csv.writer(buffer).writerows([cells.keys(), cells.values()])
        (key,), _, gaps, _ = _read(_csv(tmp_path, buffer.getvalue()))
        assert gaps == []
        seen.append(key)
        cells = file.as_row(key)
    assert tuple(cells) == file.COLUMNS
    assert seen[1] == msgspec.structs.replace(seen[0], evidence=seen[1].evidence)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('[{"a": ', ["1"]),
        ('[\n{},\n"x"\n]', ["2", "3"]),
        ("[\n{}\n] trailing", ["2", "3"]),
        ("[\n{}\n{}\n]", ["2", "3"]),
    ],
)
def test_json_that_breaks_off_is_a_gap_where_it_does(
    tmp_path: Path, text: str, lines: list[str]
) -> None:
    (tmp_path / "keys.json").write_text(text)
    _, _, gaps, source = _read(tmp_path / "keys.json")
    assert [gap.call.split(":")[1] for gap in gaps] == lines
    assert not source.complete


def test_a_file_that_is_not_there_or_of_no_known_kind_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        _read(tmp_path / "nothing.csv")
    (tmp_path / "keys.txt").write_text("x")
    with pytest.raises(SourceError, match="format"):
        _read(tmp_path / "keys.txt")
    (tmp_path / "keys.json").write_text('{"a": 1}')
    with pytest.raises(SourceError, match="array"):
        _read(tmp_path / "keys.json")


def test_check_says_how_many_rows_can_be_read(tmp_path: Path) -> None:
    good = file.FileSettings(path=str(_csv(tmp_path, REQUIRED, ROW)))
    assert [c.ok for c in file.check(good, adapter_context())] == [True]
    bad = file.FileSettings(path=str(tmp_path / "none.csv"))
    assert [c.ok for c in file.check(bad, adapter_context())] == [False]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["csv", "json", "jsonl"]), st.binary(max_size=300), st.booleans())
def test_no_content_crashes_and_every_row_is_a_key_or_a_gap(
    tmp_path_factory: pytest.TempPathFactory, kind: str, noise: bytes, header: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / f"noise.{kind}"
    start = f"{REQUIRED}\n{ROW}\n".encode() if header and kind == "csv" else b""
    path.write_bytes(start + noise)
    try:
        keys, _, gaps, source = _read(path)
    except SourceError:
        return
    assert source.listed is not None
    assert len(keys) == source.parsed
    assert source.listed <= len(keys) + len(gaps)
    for record in (*keys, *gaps):
        msgspec.json.encode(record)


def test_ten_thousand_rows_are_read(tmp_path: Path) -> None:
    header = REQUIRED + ",created_at,last_used_at,scopes,labels,principal_id,principal_mfa,owner"
    rows = (
        f"acme,prod,k-{n},active,api_token,2026-01-01T00:00:00Z,2026-11-01,read;write,team=t{n % 9},u{n % 500},enabled,o"
        for n in range(10_000)
    )
    path = _csv(tmp_path, header, *rows)
    keys, principals, gaps, _ = _read(path)
    assert (len(keys), len(principals), gaps) == (10_000, 500, [])
