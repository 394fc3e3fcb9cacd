"""The HTTP home, over real sockets: what is retried, what is refused, and what no message says."""

from __future__ import annotations

import datetime as dt
import gzip
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.adapter_context import NOON, StillClock
from tests.support.http_double import HttpDouble, Reply, script, self_signed
from tests.support.needs import ROOT
from tests.support.planted import github_pat, plant

from keyproof.errors import ConfigError, SourceError
from keyproof.model.secret import Secret
from keyproof.transport.http import (
    HttpClient,
    HttpError,
    HttpSettings,
    PageTrail,
    credential,
)

OK = Reply(200, {"fine": True})


def _failure(client: HttpClient, method: str = "GET", **options: object) -> HttpError:
    with pytest.raises(HttpError) as caught:
        client.request(method, "/thing", **options)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (401, {}, "authentication"),
        (403, {}, "access_denied"),
        (404, {}, "unavailable"),
        (400, {}, "unsupported"),
        (500, {}, "unavailable"),
    ],
)
def test_a_final_status_is_told_once_by_its_reason(
    status: int, headers: dict[str, str], reason: str
) -> None:
    with (
        HttpDouble(script(Reply(status, {"message": "says who"}, headers))) as server,
        HttpClient(server.url, StillClock()) as client,
    ):
        error = _failure(client, params={"q": "private"})
    assert (error.status, error.reason, len(server.requests)) == (status, reason, 1)
    assert error.hint
    assert error.where == f"GET {server.url}/thing"
    assert "says who" not in str(error)
    assert "private" not in str(error)


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (429, {}, "throttled"),
        (429, {"Retry-After": "3"}, "throttled"),
        (403, {"Retry-After": "3"}, "throttled"),
        (418, {"Retry-After": "3"}, "throttled"),
        (502, {}, "unavailable"),
        (503, {}, "unavailable"),
        (504, {}, "unavailable"),
    ],
)
def test_a_passing_status_is_tried_again_within_bounds(
    status: int, headers: dict[str, str], reason: str
) -> None:
    clock = StillClock()
    with (
        HttpDouble(script(Reply(status, b"", headers))) as server,
        HttpClient(server.url, clock) as client,
    ):
        error = _failure(client)
    assert (error.reason, len(server.requests), len(clock.sleeps)) == (reason, 4, 3)
    if headers:
        assert min(clock.sleeps) >= 3
    with (
        HttpDouble(script(Reply(status, b"", headers), OK)) as server,
        HttpClient(server.url, StillClock()) as client,
    ):
        assert client.get("/thing") == {"fine": True}


def test_waits_grow_and_none_follows_the_last_try() -> None:
    clock = StillClock()
    with HttpDouble(script(Reply(503))) as server, HttpClient(server.url, clock) as client:
        _failure(client)
    assert clock.sleeps == sorted(clock.sleeps)
    assert 0.3 < clock.sleeps[0] < 0.7
    assert len(server.requests) == len(clock.sleeps) + 1


def test_a_retry_after_date_and_a_reset_time_are_waited_for() -> None:
    date = (NOON + timedelta(seconds=40)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    reset = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int((NOON + timedelta(seconds=50)).timestamp())),
    }
    for headers, seconds in (({"Retry-After": date}, 40), (reset, 50)):
        clock = StillClock()
        with (
            HttpDouble(script(Reply(403, b"", headers), OK)) as server,
            HttpClient(server.url, clock) as client,
        ):
            assert client.get("/thing") == {"fine": True}
        assert clock.sleeps == [seconds]


def test_a_wait_beyond_the_longest_is_not_waited_for() -> None:
    clock = StillClock()
    with (
        HttpDouble(script(Reply(429, b"", {"Retry-After": "3600"}))) as server,
        HttpClient(server.url, clock) as client,
    ):
        error = _failure(client)
    assert (error.reason, clock.sleeps, len(server.requests)) == ("throttled", [], 1)
    assert "3600 seconds" in str(error.hint)


@pytest.mark.parametrize(
    "reply", [Reply(503), Reply(429, b"", {"Retry-After": "1"}), Reply(vanish=True)]
)
def test_a_post_is_sent_once_unless_it_may_be_repeated(reply: Reply) -> None:
    with HttpDouble(script(reply)) as server, HttpClient(server.url, StillClock()) as client:
        _failure(client, "POST", body={"a": 1})
        assert len(server.requests) == 1
        _failure(client, "POST", body={"a": 1}, idempotent=True)
        assert len(server.requests) == 5


def test_a_connection_that_never_stood_is_tried_again_even_for_a_post() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clock = StillClock()
    with HttpClient(f"http://127.0.0.1:{port}", clock) as client:
        error = _failure(client, "POST", body={})
    assert (error.reason, len(clock.sleeps)) == ("unavailable", 3)


def test_a_server_that_hangs_is_a_timeout() -> None:
    settings = HttpSettings(read_timeout=0.2, attempts=2)
    with (
        HttpDouble(script(Reply(hang=1.0))) as server,
        HttpClient(server.url, StillClock(), settings) as client,
    ):
        assert _failure(client).reason == "timeout"
    assert len(server.requests) == 2


def test_an_answer_that_drips_is_a_timeout_as_a_whole() -> None:
    class Racing(StillClock):
        def now(self) -> dt.datetime:
            self.moment += timedelta(seconds=100)
            return self.moment

    with (
        HttpDouble(script(Reply(200, b"[" + b"1," * 400_000 + b"1]"))) as server,
        HttpClient(server.url, Racing(), HttpSettings(attempts=1)) as client,
    ):
        assert _failure(client).reason == "timeout"


def test_an_answer_that_breaks_off_is_truncated_and_one_that_is_no_json_invalid() -> None:
    whole = b'{"items": [1, 2, 3]}'
    with (
        HttpDouble(script(Reply(200, whole, cut=7))) as server,
        HttpClient(server.url, StillClock()) as client,
    ):
        assert _failure(client).reason == "truncated"
    for body in (whole[:7], b"<html>Sign in</html>", b"\xff\xfe", b"", b"[" * 100_000):
        with (
            HttpDouble(script(Reply(200, body))) as server,
            HttpClient(server.url, StillClock()) as client,
            pytest.raises(HttpError) as caught,
        ):
            client.get("/thing")
        assert caught.value.reason == "invalid_data"


def test_an_answer_of_another_shape_is_invalid_and_not_quoted() -> None:
    class Shape(msgspec.Struct):
        number: int

    value = plant("shape-" + "value-9k2")
    with (
        HttpDouble(script(Reply(200, {"number": value}))) as server,
        HttpClient(server.url, StillClock()) as client,
        pytest.raises(HttpError) as caught,
    ):
        client.get("/thing", kind=Shape)
    assert caught.value.reason == "invalid_data"
    assert value not in repr(caught.value)
    assert value not in str(caught.value.hint)


def test_an_answer_larger_than_allowed_is_left_unread_compressed_or_not() -> None:
    large = b"[" + b"1," * 200_000 + b"1]"
    packed = Reply(200, gzip.compress(large), {"Content-Encoding": "gzip"})
    for reply in (Reply(200, large), packed):
        with HttpDouble(script(reply)) as server:
            with HttpClient(
                server.url, StillClock(), HttpSettings(maximum_bytes=100_000)
            ) as client:
                assert _failure(client).reason == "limit"
            with HttpClient(server.url, StillClock()) as client:
                assert len(client.get("/thing")) == 200_001
    assert len(server.requests) == 2


def test_pages_follow_the_link_header_to_its_end() -> None:
    def answer(request):
        page = int(request.query.get("page", "1"))
        link = (
            f'<{server.url}/items?page={page + 1}>; rel="next", <{server.url}/items>; rel="first"'
        )
        return Reply(200, [page], {"Link": link} if page < 3 else {})

    with HttpDouble(answer) as server, HttpClient(server.url, StillClock()) as client:
        assert [page.json() for page in client.pages("/items", {"per_page": "1"})] == [
            [1],
            [2],
            [3],
        ]


def test_a_page_that_repeats_is_truncated_after_what_was_read() -> None:
    def answer(request):
        return Reply(200, [1], {"Link": f"<{server.url}/items?page=2>; rel=next"})

    with HttpDouble(answer) as server, HttpClient(server.url, StillClock()) as client:
        pages = client.pages("/items")
        assert next(pages).json() == [1]
        assert next(pages).json() == [1]
        with pytest.raises(HttpError) as caught:
            next(pages)
    assert caught.value.reason == "truncated"


def test_a_next_page_on_another_host_is_not_asked_for() -> None:
    other = Reply(200, [1], {"Link": '<http://other.example/items?page=2>; rel="next"'})
    with HttpDouble(script(other)) as server, HttpClient(server.url, StillClock()) as client:
        pages = client.pages("/items")
        next(pages)
        with pytest.raises(HttpError) as caught:
            next(pages)
    assert (caught.value.reason, len(server.requests)) == ("unsupported", 1)


def test_a_trail_knows_its_end_a_hole_and_its_limit() -> None:
    trail = PageTrail("GET /x", maximum=3)
    assert trail.advance("a", more=True) == "a"
    assert trail.advance(None, more=False) is None
    for token in (None, "", "a"):
        with pytest.raises(HttpError) as caught:
            trail.advance(token, more=True)
        assert caught.value.reason == "truncated"
    trail.advance("b", more=True)
    with pytest.raises(HttpError) as caught:
        trail.advance("c", more=True)
    assert caught.value.reason == "limit"


@given(st.lists(st.text(max_size=3)))
def test_a_trail_never_gives_the_same_page_twice(tokens: list[str]) -> None:
    trail, given_out = PageTrail("GET /x"), []
    for token in tokens:
        try:
            given_out.append(trail.advance(token, more=True))
        except HttpError:
            break
    assert len(given_out) == len(set(given_out))


def test_a_credential_goes_to_its_own_host_and_nowhere_else() -> None:
    token = github_pat("redirect")
    with HttpDouble(script(OK)) as other:
        away = Reply(302, b"", {"Location": f"{other.url}/thing"})
        with HttpDouble(script(away)) as server:
            headers = {"Authorization": Secret(f"Bearer {token}")}
            with HttpClient(server.url, StillClock(), secret_headers=headers) as client:
                error = _failure(client)
            assert server.requests[0].headers["authorization"] == f"Bearer {token}"
            with HttpClient(server.url, StillClock()) as client:
                assert client.get("/thing") == {"fine": True}
    assert (error.reason, len(other.requests)) == ("unsupported", 1)
    assert "authorization" not in other.requests[0].headers


def test_a_redirect_on_the_same_host_is_followed_and_a_circle_left() -> None:
    def answer(request):
        moved = {"/thing": "/moved", "/round": "/round2", "/round2": "/round"}
        target = moved.get(request.path)
        return Reply(301, b"", {"Location": target}) if target else OK

    with HttpDouble(answer) as server, HttpClient(server.url, StillClock()) as client:
        assert client.get("/thing") == {"fine": True}
        with pytest.raises(HttpError):
            client.get("/round")
        assert _failure(client, "POST", body={}).reason == "unsupported"


def test_no_redirect_leaves_tls(tls_double: tuple[HttpDouble, Path]) -> None:
    server, ca_file = tls_double
    with HttpDouble(script(OK)) as plain:
        server.answer = script(Reply(302, b"", {"Location": f"{plain.url}/thing"}))
        with HttpClient(server.url, StillClock(), HttpSettings(ca_file=str(ca_file))) as client:
            assert _failure(client).reason == "unsupported"
    assert plain.requests == []


def test_an_own_authority_is_trusted_only_where_it_is_named(
    tls_double: tuple[HttpDouble, Path],
) -> None:
    server, ca_file = tls_double
    with HttpClient(server.url, StillClock(), HttpSettings(ca_file=str(ca_file))) as client:
        assert client.get("/thing") == {"fine": True}
    clock = StillClock()
    with HttpClient(server.url, clock) as client:
        error = _failure(client)
    assert "certificate" in str(error)
    assert "http.ca_file" in str(error.hint)
    assert clock.sleeps == []


def test_the_environment_gives_neither_credentials_nor_proxies(
    monkeypatch: pytest.MonkeyPatch, planted: Path
) -> None:
    word = plant("netrc-" + "word-77")
    (planted / "netrc").write_text(f"machine 127.0.0.1 login me password {word}\n")
    monkeypatch.setenv("NETRC", str(planted / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with HttpDouble(script(OK)) as server, HttpClient(server.url, StillClock()) as client:
        client.get("/thing")
    assert "authorization" not in server.requests[0].headers
    assert server.requests[0].headers["user-agent"].startswith("keyproof/")


def test_a_named_proxy_is_used() -> None:
    with HttpDouble(script(OK)) as proxy:
        settings = HttpSettings(proxy=proxy.url)
        with HttpClient("http://inventory.example", StillClock(), settings) as client:
            assert client.get("/thing") == {"fine": True}
    assert proxy.requests[0].headers["host"] == "inventory.example"


@pytest.mark.parametrize(
    "address",
    [
        "ftp://host",
        "host",
        "http://",
        "http://user:pw@host",
        "https://host?x=1",
        "http://h:99999",
        "",
    ],
)
def test_an_address_that_is_none_is_refused_without_quoting_it(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        HttpClient(address, StillClock())
    assert "pw" not in str(caught.value)


def test_a_credential_does_not_travel_unencrypted_unless_told_to() -> None:
    headers = {"X-Key": Secret(plant("plain-" + "http-key-3"))}
    with pytest.raises(ConfigError, match="unencrypted"):
        HttpClient("http://gateway.example", StillClock(), secret_headers=headers)
    allowed = HttpSettings(plain_http=True)
    with HttpClient("http://gateway.example", StillClock(), allowed, secret_headers=headers):
        pass


@pytest.mark.parametrize("text", ["line\nend", "ümlaut", "nul\0"])
def test_a_credential_that_no_header_carries_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        HttpClient("https://h", StillClock(), secret_headers={"X-Key": Secret(text)})
    assert text not in str(caught.value)


@pytest.mark.parametrize("settings", [{"ca_file": "/nowhere.pem"}, {"proxy": "no proxy:pw"}])
def test_a_setting_that_cannot_be_used_is_a_configuration_error(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        HttpClient("https://h", StillClock(), HttpSettings(**settings))  # type: ignore[arg-type]


def test_requests_keep_their_distance() -> None:
    clock = StillClock()
    with (
        HttpDouble(script(OK)) as server,
        HttpClient(server.url, clock, HttpSettings(requests_per_second=4)) as client,
    ):
        for _ in range(5):
            client.get("/thing")
    assert clock.sleeps == [0.25] * 4


def test_every_attempt_is_signed_anew() -> None:
    count = iter(range(10))
    with HttpDouble(script(Reply(503), OK)) as server:
        signer = lambda query: {**query, "n": str(next(count))}  # noqa: E731
        with HttpClient(server.url, StillClock(), signer=signer) as client:
            client.get("/thing", {"a": "1"})
    assert [request.raw_query for request in server.requests] == ["a=1&n=0", "a=1&n=1"]


def test_a_missing_credential_names_its_variable() -> None:
    with pytest.raises(SourceError, match="KEY_OF_MINE") as caught:
        credential({"KEY_OF_MINE": "  "}, "KEY_OF_MINE")
    assert caught.value.reason == "authentication"
    assert credential({"K": " v \n"}, "K") == Secret("v")


def test_nothing_is_logged_that_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    token = github_pat("logged")
    with caplog.at_level(logging.DEBUG), HttpDouble(script(Reply(503), OK)) as server:
        headers = {"Authorization": Secret(token)}
        with HttpClient(server.url, StillClock(), secret_headers=headers) as client:
            client.get("/thing")
    assert token not in "".join(f"{record.__dict__}" for record in caplog.records)


def test_a_retry_says_nothing_on_stderr() -> None:
    code = (
        "from tests.support.http_double import *; from tests.support.adapter_context import *\n"
        "from keyproof.transport.http import HttpClient\n"
        "with HttpDouble(script(Reply(503), Reply(200, {}))) as server:\n"
        "    with HttpClient(server.url, StillClock()) as client: client.get('/thing')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_module_loads_without_the_client_library() -> None:
    code = (
        "import sys; import keyproof.transport.http; "
        "sys.exit(','.join({'httpx2', 'stamina'} & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def tls_double(tmp_path: Path) -> Iterator[tuple[HttpDouble, Path]]:
    """A double with a certificate that it signed itself."""
    context, ca_file = self_signed(tmp_path)
    with HttpDouble(script(OK), context) as server:
        yield server, ca_file
