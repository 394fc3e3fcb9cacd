"""Express Gateway: users, applications and their credentials, from the admin API.

The API (Express Gateway documentation, "Admin API": users, apps, credentials) lists the secrets
of ``key-auth`` and ``jwt`` credentials in plain text: each is hashed in memory and dropped. It
knows neither last use nor expiry. ``GET /credentials`` walks the first page of consumers only and
does not say so, hence it is used only where there is one page; else each consumer is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import quote, urlsplit

import msgspec

from keyproof.connectors._express_gateway_records import (
    Consumer,
    Credential,
    Reading,
    supported,
    to_key,
    to_principal,
)
from keyproof.connectors._travel import travel
from keyproof.errors import SourceError
from keyproof.model.facts import Record
from keyproof.model.principal import Principal
from keyproof.model.source import Gap, Source
from keyproof.ports import Check, Context
from keyproof.transport.http import HttpClient, HttpError, HttpSettings, PageTrail, credential

TITLE = "Express Gateway (admin API)"
SCOPES: tuple[str, ...] = ("GET /users", "GET /apps", "GET /credentials")
_PAGE = "100"
_NOT_FOUND = 404


class ExpressGatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which gateway. The admin API asks for no credential unless something stands before it.

    Attributes:
        authorization_variable: the environment variable with the whole ``Authorization`` header.
        instance: what the gateway is called in ids and reports; by default its host and port.
    """

    base_url: str = "http://localhost:9876"
    authorization_variable: str | None = None
    instance: str | None = None
    http: HttpSettings = HttpSettings()


SETTINGS = ExpressGatewaySettings


class _Page(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of a list; ``next_key`` 0 says that it is the last one."""

    next_key: int | None = None


class _Users(_Page, frozen=True, kw_only=True):
    users: tuple[Consumer, ...]


class _Apps(_Page, frozen=True, kw_only=True):
    apps: tuple[Consumer, ...]


class _Owned(Credential, frozen=True, kw_only=True, rename="camel"):
    consumer_id: str


class _OwnedList(msgspec.Struct, frozen=True):
    credentials: tuple[_Owned, ...]


class _List(msgspec.Struct, frozen=True):
    credentials: tuple[Credential, ...]


class _Count:
    """What one reading came to."""

    listed = 0
    parsed = 0
    whole = True


def collect(settings: ExpressGatewaySettings, context: Context) -> Iterator[Record]:
    """See ``Connector.collect``."""
    reading = Reading(
        source=context.source,
        instance=settings.instance or urlsplit(settings.base_url).netloc,
        collected_at=context.clock.now(),
        fingerprinter=context.fingerprinter,
    )
    count = _Count()
    try:
        with _client(settings, context) as client:
            yield from _records(client, context, reading, count)
    except SourceError as error:
        count.whole = False
        yield _gap(context.source, error)
    yield Source(
        id=context.source,
        connector="express_gateway",
        kind="inventory",
        instance=reading.instance,
        started_at=reading.collected_at,
        finished_at=context.clock.now(),
        complete=count.whole,
        listed=count.listed if count.whole else None,
        parsed=count.parsed,
        calls=SCOPES,
        transport=travel(settings.base_url),
    )


def check(settings: ExpressGatewaySettings, context: Context) -> Iterator[Check]:
    """See ``Connector.check``: each list can be read."""
    try:
        with _client(settings, context) as client:
            for call in SCOPES:
                client.get(call.removeprefix("GET "))
                yield Check(call, ok=True, detail="can be read")
    except SourceError as error:
        yield Check("the admin API", ok=False, detail=str(error), hint=error.hint)


def _client(settings: ExpressGatewaySettings, context: Context) -> HttpClient:
    variable = settings.authorization_variable
    secrets = {"Authorization": credential(context.environment, variable)} if variable else {}
    return HttpClient(settings.base_url, context.clock, settings.http, secret_headers=secrets)


def _records(
    client: HttpClient, context: Context, reading: Reading, count: _Count
) -> Iterator[Record]:
    users, one_page_of_users = _consumers(client, "users")
    apps, one_page_of_apps = _consumers(client, "apps")
    principals = {
        consumer.id: to_principal(consumer, users.get(consumer.user_id or ""), reading)
        for consumer in (*users.values(), *apps.values())
    }
    yield from principals.values()
    if one_page_of_users and one_page_of_apps:
        listed = client.get("/credentials", kind=_OwnedList).credentials
        for owned in listed:
            principal = principals.get(owned.consumer_id)
            yield from _key(owned, principal, context.source, reading, count)
        return
    for number, principal in enumerate(principals.values(), 1):
        context.progress.step("express gateway: consumers", number, len(principals))
        try:
            found: Sequence[Credential] = client.get(
                f"/credentials/{quote(principal.native_id, safe='')}", kind=_List
            ).credentials
        except HttpError as error:
            if error.status != _NOT_FOUND:
                raise
            count.whole = False  # removed since it was listed, or never whole
            yield _gap(context.source, error, principal)
            continue
        for each in found:
            yield from _key(each, principal, context.source, reading, count)


def _consumers(
    client: HttpClient, kind: Literal["users", "apps"]
) -> tuple[Mapping[str, Consumer], bool]:
    """Return all users or applications by id, and whether they were one page.

    A page may repeat what another held already (they come from Redis' SCAN).
    """
    shape = _Users if kind == "users" else _Apps
    found: dict[str, Consumer] = {}
    trail, pages = PageTrail(f"GET /{kind}"), 0
    start: str | None = "0"
    while start is not None:
        page = client.get(f"/{kind}", {"start": start, "count": _PAGE}, shape)
        found.update({consumer.id: consumer for consumer in getattr(page, kind)})
        pages += 1
        token = None if page.next_key is None else str(page.next_key)
        start = trail.advance(token, more=page.next_key != 0)
    return found, pages == 1


def _key(
    found: Credential,
    principal: Principal | None,
    source: str,
    reading: Reading,
    count: _Count,
) -> Iterator[Record]:
    count.listed += 1
    if principal is not None and supported(found):
        count.parsed += 1
        yield to_key(found, principal, reading)
        return
    count.whole = False
    detail = (
        "a credential of a type that is not known here"
        if principal
        else ("a credential of a consumer that is not listed")
    )
    yield Gap(
        source=source,
        call="GET /credentials",
        reason="unsupported" if principal else "invalid_data",
        detail=detail,
        hint="run it again" if principal is None else None,
        fields=("keys",),
        subjects=(principal.record_id,) if principal else (),
    )


def _gap(source: str, error: SourceError, principal: Principal | None = None) -> Gap:
    return Gap(
        source=source,
        call=error.where or "the admin API",
        reason=error.reason,  # type: ignore[arg-type]
        detail=error.message,
        hint=error.hint,
        fields=("keys",) if principal else (),
        subjects=(principal.record_id,) if principal else (),
    )
