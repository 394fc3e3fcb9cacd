"""Express Gateway: a real one, from its admin API to its data path."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.adapter_context import adapter_context, fingerprinter
from tests.support.express_gateway import Gateway, express_gateway
from tests.support.http_double import HttpDouble, Reply, script
from tests.support.planted import plant

from keyproof.connectors import express_gateway as connector
from keyproof.connectors._express_gateway_records import moment
from keyproof.model.key import Key
from keyproof.model.principal import Principal
from keyproof.model.secret import Secret
from keyproof.model.source import Gap, Source
from keyproof.transport.http import HttpSettings


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for the module: each test makes consumers of its own."""
    folder = tmp_path_factory.mktemp("express") / "planted"
    folder.mkdir()
    with (
        HttpDouble(script(Reply(200, {"upstream": True}))) as upstream,
        express_gateway(folder, upstream.url) as gateway,
    ):
        yield gateway


class Read:
    """What one collection gave."""

    def __init__(self, url: str, **options: Any) -> None:
        settings = connector.ExpressGatewaySettings(base_url=url, instance="edge", **options)
        records = list(connector.collect(settings, adapter_context()))
        source = records.pop()
        assert isinstance(source, Source)
        self.source = source
        self.keys = [r for r in records if isinstance(r, Key)]
        self.principals = [r for r in records if isinstance(r, Principal)]
        self.gaps = [r for r in records if isinstance(r, Gap)]
        self.text = b"".join(msgspec.json.encode(record) for record in records).decode()

    def key(self, native_id: str) -> Key:
        return next(key for key in self.keys if key.native_id == native_id)


def _user(gateway: Gateway, name: str) -> dict[str, Any]:
    body = {"username": name, "firstname": "Ada", "lastname": "L"}
    return dict(gateway.call("POST", "/users", body))


def _credential(gateway: Gateway, consumer: str, kind: str, **details: Any) -> dict[str, Any]:
    body = {"consumerId": consumer, "type": kind, "credential": details}
    made = dict(gateway.call("POST", "/credentials", body))
    for name in ("keySecret", "password", "secret"):
        if name in made:
            plant(made[name])
    return made


def test_users_applications_and_every_kind_of_credential(running: Gateway) -> None:
    user = _user(running, "kinds")
    app = running.call("POST", "/apps", {"name": "shop", "userId": user["id"]})
    running.call("POST", "/scopes", {"scopes": ["quotes:read", "quotes:write"]})
    scopes = ["quotes:write", "quotes:read"]
    key = _credential(running, app["id"], "key-auth", scopes=scopes)
    jwt = _credential(running, user["id"], "jwt")
    basic = _credential(running, user["id"], "basic-auth")
    oauth = _credential(running, user["id"], "oauth2")

    read = Read(running.admin)
    assert (read.gaps, read.source.complete) == ([], True)
    assert read.source.listed == read.source.parsed == len(read.keys)
    found = read.key(key["keyId"])
    assert (found.credential_type, found.status) == ("api_token", "active")
    assert (found.scopes, found.scopes_known) == (("quotes:read", "quotes:write"), True)
    assert (found.last_used_state, found.expiry_state) == ("not_supported", "not_supported")
    assert found.created_at is not None
    assert abs((datetime.now(UTC) - found.created_at).total_seconds()) < 120
    assert (found.principal_id, found.principal_type) == (app["id"], "app")
    assert (found.owner, found.owner_source) == ("kinds", "native")
    assert read.key(f"jwt/{jwt['keyId']}").credential_type == "jwt_secret"
    assert read.key(f"basic-auth/{basic['id']}").credential_type == "password"
    assert read.key(f"oauth2/{oauth['id']}").credential_type == "oauth_client_secret"
    principal = next(p for p in read.principals if p.native_id == user["id"])
    assert (principal.name, principal.principal_type, principal.active) == ("kinds", "user", True)


def test_the_secrets_that_the_list_shows_leave_only_as_keyed_hashes(running: Gateway) -> None:
    user = _user(running, "plain")
    key = _credential(running, user["id"], "key-auth")
    jwt = _credential(running, user["id"], "jwt")
    listed = running.call("GET", f"/credentials/{user['id']}")["credentials"]
    assert {c["keySecret"] for c in listed} == {key["keySecret"], jwt["keySecret"]}

    read = Read(running.admin)
    for secret in (key["keySecret"], jwt["keySecret"]):
        assert secret not in read.text
    presented = f"{key['keyId']}:{key['keySecret']}"
    assert {f.value for f in read.key(key["keyId"]).fingerprints} == {
        fingerprinter().secret_id(Secret(key["keySecret"])),
        fingerprinter().secret_id(Secret(presented)),
    }
    (only,) = read.key(f"jwt/{jwt['keyId']}").fingerprints
    assert only.value == fingerprinter().secret_id(Secret(jwt["keySecret"]))


def test_the_status_that_is_reported_is_the_one_that_the_data_path_enforces(
    running: Gateway,
) -> None:
    user = _user(running, "path")
    key = _credential(running, user["id"], "key-auth")
    presented = f"{key['keyId']}:{key['keySecret']}"
    status = f"/credentials/key-auth/{key['keyId']}/status"

    def state() -> tuple[int, str, str | None]:
        found = Read(running.admin).key(key["keyId"])
        return running.use(presented), found.status, found.status_native

    assert running.use("nobody:nothing") == 401
    assert state() == (200, "active", "active")
    running.call("PUT", status, {"status": False})
    assert state() == (401, "suspended", "inactive")
    assert Read(running.admin).key(key["keyId"]).deactivated_at is not None
    running.call("PUT", status, {"status": True})
    assert state() == (200, "active", "active")
    running.call("PUT", f"/users/{user['id']}/status", {"status": False})
    assert state() == (401, "suspended", "active, consumer inactive")


def test_more_consumers_than_one_page_are_all_read(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("many") / "planted"
    folder.mkdir()
    with HttpDouble(script(Reply())) as upstream, express_gateway(folder, upstream.url) as gateway:
        made = set()
        for number in range(130):
            user = _user(gateway, f"user-{number}")
            if number % 10 == 0:
                made.add(_credential(gateway, user["id"], "key-auth")["keyId"])
        flat = gateway.call("GET", "/credentials")["credentials"]
        assert len(flat) < len(made), "the flat list is cut short: what the connector works around"
        read = Read(gateway.admin)
    assert {key.native_id for key in read.keys} == made
    assert len(read.principals) == 130
    assert (read.gaps, read.source.complete) == ([], True)


USER = {"id": "u-1", "username": "ada", "isActive": True, "createdAt": "yesterday"}
CREDENTIAL = {"id": "k-1", "type": "key-auth", "isActive": True, "consumerId": "u-1"}


def _double(**replies: Any):
    """Answer by the first part of the path: JSON, or a whole reply."""
    given_out = {
        "users": {"users": [USER], "nextKey": 0},
        "apps": {"apps": [], "nextKey": 0},
        "credentials": {"credentials": [CREDENTIAL]},
    } | replies

    def answer(request):
        reply = given_out[request.path.split("/")[1]]
        return reply if isinstance(reply, Reply) else Reply(200, reply)

    return HttpDouble(answer)


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"users": Reply(401)}, "authentication"),
        ({"apps": Reply(403)}, "access_denied"),
        ({"credentials": Reply(500, b"Error: secret")}, "unavailable"),
        ({"credentials": Reply(200, b'{"credentials": [{"id"')}, "invalid_data"),
        ({"credentials": Reply(200, {"error": 1})}, "invalid_data"),
        ({"users": Reply(200, b"<html></html>")}, "invalid_data"),
        ({"users": {"nextKey": 0}}, "invalid_data"),
        ({"users": {"users": [USER]}}, "truncated"),
        ({"users": {"users": [USER], "nextKey": 7}}, "truncated"),
        ({"credentials": {"credentials": [CREDENTIAL | {"type": "plugin"}]}}, "unsupported"),
        ({"credentials": {"credentials": [CREDENTIAL | {"consumerId": "x"}]}}, "invalid_data"),
    ],
)
def test_whatever_cannot_be_read_is_a_gap(replies: dict[str, Any], reason: str) -> None:
    with _double(**replies) as server:
        read = Read(server.url, http=HttpSettings(attempts=1))
    (gap,) = read.gaps
    assert (gap.reason, read.source.complete, read.keys) == (reason, False, [])


def test_a_consumer_that_is_gone_costs_its_own_keys_only() -> None:
    pages = [{"users": [USER], "nextKey": 9}, {"users": [USER | {"id": "u-2"}], "nextKey": 0}]

    def answer(request):
        if request.path == "/users":
            return Reply(200, pages[request.query["start"] == "9"])
        if request.path == "/apps":
            return Reply(200, {"apps": [], "nextKey": 0})
        if request.path == "/credentials/u-1":
            return Reply(404, {})
        return Reply(200, {"credentials": [CREDENTIAL]})

    with HttpDouble(answer) as server:
        read = Read(server.url)
    (gap,) = read.gaps
    gone = next(p for p in read.principals if p.native_id == "u-1")
    assert (gap.fields, gap.subjects) == (("keys",), (gone.record_id,))
    assert [key.principal_id for key in read.keys] == ["u-2"]
    assert not read.source.complete


def test_a_date_that_cannot_be_read_is_named_as_missing() -> None:
    with _double() as server:
        read = Read(server.url)
    assert read.keys[0].created_at is None
    assert "created_at" in read.keys[0].evidence.missing_fields


def test_a_credential_before_the_admin_api_comes_from_the_environment() -> None:
    word = plant("Bearer admin-" + "word-55")
    settings = {"authorization_variable": "EDGE_ADMIN"}
    with _double() as server:
        options = connector.ExpressGatewaySettings(base_url=server.url, **settings)
        assert all(c.ok for c in connector.check(options, adapter_context({"EDGE_ADMIN": word})))
        assert {r.headers["authorization"] for r in server.requests} == {word}
        (bad,) = connector.check(options, adapter_context())
    assert bad.ok is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Sat Nov 21 2026 12:19:42 GMT+0000 (Coordinated Universal Time)",
            datetime(2026, 11, 21, 12, 19, 42, tzinfo=UTC),
        ),
        ("Sun Nov 22 2026 01:19:42 GMT+0530", datetime(2026, 11, 21, 19, 49, 42, tzinfo=UTC)),
        ("Fri Nov 20 2026 22:00:00 GMT-0800 (PST)", datetime(2026, 11, 21, 6, 0, tzinfo=UTC)),
        ("Sat Xyz 21 2026 12:19:42 GMT+0000", None),
        ("Sat Feb 31 2026 12:19:42 GMT+0000", None),
        (None, None),
    ],
)
def test_javascript_dates(text: str | None, expected: datetime | None) -> None:
    assert moment(text) == expected


@given(st.text(max_size=80))
def test_no_text_breaks_the_date_reader(text: str) -> None:
    assert moment(text) is None or text.count(":") >= 2
