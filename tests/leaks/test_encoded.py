"""What is encoded is seen as what is plain is: the secret, on the line where its run stands."""

from __future__ import annotations

import base64
import gzip
import html
import io
import os
import quopri
import random
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.planted import github_pat

from keyproof.identity import cache_folder
from keyproof.leaks import encoded_search, matcher
from keyproof.leaks.encoded import ENCODINGS
from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.rules import load_rules

TOKEN = github_pat("encoded").encode()
OTHER = github_pat("encoded-2").encode()
ENVIRON = b"# settings of the service\nHOST=localhost\nTOKEN=" + TOKEN + b"\nNEXT=" + OTHER + b"\n"


@pytest.fixture(scope="module")
def searched() -> Matcher:
    folder = cache_folder(os.environ)
    return open_matcher(load_rules(folder), folder)


def _b64(data: bytes) -> bytes:
    return base64.b64encode(data)


def _folded(data: bytes, width: int, between: bytes) -> bytes:
    return between.join(data[at : at + width] for at in range(0, len(data), width))


def _each(form: str) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(form.format(letter).encode() for letter in data)


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "base64": _b64,
    "base64 unpadded": lambda data: _b64(data).rstrip(b"="),
    "base64url": lambda data: base64.urlsafe_b64encode(b"??>>~~??>>~~ " + data),
    "double base64": lambda data: _b64(_b64(data)),
    "triple base64": lambda data: _b64(_b64(_b64(data))),
    "base64 of gzip": lambda data: _b64(gzip.compress(data + b" " * 20)),
    "base64 of base64 of gzip": lambda data: _b64(_b64(gzip.compress(data))),
    "base64 of UTF-16": lambda data: _b64(data.decode().encode("utf-16-le")),
    "base64 in an escaped string": lambda data: b"PEM\\n" + _b64(b"key: " + data) + b"\\n",
    "hex": lambda data: data.hex().encode(),
    "HEX": lambda data: b"0x" + data.hex().upper().encode(),
    "percent": _each("%{:02X}"),
    "percent, partly": lambda data: data.replace(b"_", b"%5F"),
    "double percent": lambda data: data.replace(b"_", b"%255f"),
    "\\u": _each("\\u{:04x}"),
    "\\u, partly": lambda data: data.replace(b"_", b"\\u005f"),
    "\\x": _each("\\x{:02x}"),
    "entities": _each("&#{};"),
    "hex entities": _each("&#x{:x};"),
    "quoted-printable": _each("={:02X}"),
    "percent in base64": lambda data: _b64(b"https://example.org/?t=" + _each("%{:02x}")(data)),
    "hex of base64": lambda data: _b64(data).hex().encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_encoded_secret_is_found_where_its_run_stands(searched: Matcher, form: str) -> None:
    run = FORMS[form](TOKEN)
    text = b"first: line\nvalue: '" + run + b"'\nlast: line\n"
    (hit,) = searched.find(text)
    assert (hit.detector, hit.secret.reveal()) == ("github.pat", TOKEN)
    begin = text.index(run)
    assert begin - 2 <= hit.start < hit.end <= begin + len(run)
    assert text.count(b"\n", 0, hit.start) == 1


@pytest.mark.parametrize("width", [60, 64, 70, 76])
@pytest.mark.parametrize("between", [b"\n", b"\r\n    ", b"\\n", b'" +\n    "', b"\n# "])
def test_a_folded_run_is_one_text(searched: Matcher, width: int, between: bytes) -> None:
    text = b"data:\n  env: |\n" + _folded(_b64(ENVIRON), width, between) + b"\nend: 1\n"
    found = searched.find(text)
    assert [hit.secret.reveal() for hit in found] == [TOKEN, OTHER]
    assert found[0].end <= found[1].start


def test_every_secret_of_a_run_is_found(searched: Matcher) -> None:
    found = searched.find(b"env: " + _b64(ENVIRON))
    assert [hit.secret.reveal() for hit in found] == [TOKEN, OTHER]


def test_the_name_beside_a_run_is_the_secrets_name(searched: Matcher) -> None:
    value = "".join(random.Random(7).choices("abcdefghijkmnpqrstuvwxyz23456789", k=32)).encode()
    text = b"kind: Secret\ndata:\n  db_password: " + _b64(value) + b"\n"
    assert [hit.start for hit in searched.find(text)] == [text.index(_b64(value))]


def test_mail_is_read_as_its_reader_does(searched: Matcher) -> None:
    body = quopri.encodestring(b"price = 5\ntoken " + b"." * 40 + b" " + TOKEN + b"\n")
    assert TOKEN not in body
    text = b"Content-Transfer-Encoding: quoted-printable\n\n" + body
    assert [hit.secret.reveal() for hit in searched.find(text)] == [TOKEN]


def test_markup_is_resolved(searched: Matcher) -> None:
    quoted = html.escape('token="' + TOKEN.decode() + '&"').encode()
    assert {hit.secret.reveal() for hit in searched.find(quoted)} == {TOKEN}


def test_plain_and_encoded_is_one_secret_at_two_places(searched: Matcher) -> None:
    found = searched.find(b"a: " + TOKEN + b"\nb: " + _b64(TOKEN) + b"\n")
    assert [hit.secret.reveal() for hit in found] == [TOKEN, TOKEN]


def test_deeper_than_three_encodings_is_not_followed(searched: Matcher) -> None:
    assert searched.find(_b64(_b64(_b64(_b64(TOKEN))))) == []


def test_digests_and_identifiers_open_nothing(searched: Matcher) -> None:
    before = searched.encoded.decoded
    words = random.Random(3)
    lines = [b"integrity sha512-" + _b64(words.randbytes(64)) for _ in range(400)]
    lines += [words.randbytes(32).hex().encode() for _ in range(400)]
    lines += [b"src/main/java/com/example/project/service/CustomerService.java"] * 400
    searched.find(b"\n".join(lines))
    assert searched.encoded.decoded == before


def test_no_trigger_is_wider_than_the_matcher_says(searched: Matcher) -> None:
    assert max(encoding.width for encoding in ENCODINGS) <= searched.searches()[0][0]


@pytest.mark.parametrize(
    "piece",
    [b"%41%42", b"\\x41\\u0042", b"&#65;&#66;", b"=41=42=43=44", b"quoted-printable=41", b"Pz8/"],
)
def test_hostile_repetitions_take_linear_time(searched: Matcher, piece: bytes) -> None:
    text = piece * ((1 << 20) // len(piece))
    started = time.process_time()
    searched.find(text)
    assert time.process_time() - started < 20


def test_what_is_over_the_bounds_is_counted(
    searched: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoded_search, "_TIMES", 0)
    monkeypatch.setattr(encoded_search, "_SPARE_BYTES", 100)
    other = searched.copy()
    other.find(b"\n".join(_b64(b"line %d of many lines" % n) for n in range(200)))
    assert other.encoded.cut > 0


def test_what_was_cut_in_one_text_is_looked_for_in_the_next(
    searched: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoded_search, "_SPARE_BYTES", 50)
    run = _b64(b"notes: " + _b64(b"password of the build: " + TOKEN))
    other = searched.copy()
    monkeypatch.setattr(encoded_search, "_TIMES", 0)
    assert other.find(run) == []
    assert other.encoded.cut > 0
    monkeypatch.setattr(encoded_search, "_TIMES", 4)
    assert other.find(b"again: " + run) != []


def test_an_encoded_archive_that_cannot_be_read_is_counted(searched: Matcher) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("sealed.txt", b"sealed with a password " * 9)
    data = content.getvalue()
    listed = data.index(b"PK\x01\x02") + 8
    sealed = data[:6] + b"\x01" + data[7:listed] + b"\x01" + data[listed + 1 :]
    other = searched.copy()
    other.find(_b64(data))
    assert other.encoded.cut == 0
    other.find(_b64(sealed))
    assert other.encoded.cut == 1


_PARTS = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([form(TOKEN) for form in FORMS.values()]),
        st.sampled_from([b"\n", b"%", b"\\", b"&#", b"=", b"H4sI", b"UEsDB", b"quoted-printable"]),
    ),
    max_size=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=_PARTS)
@example(parts=[b"H4sIA" + b"A" * 30])
def test_any_bytes_map_back_inside_the_text(searched: Matcher, parts: list[bytes]) -> None:
    text = b"".join(parts)
    for hit in searched.find(text):
        assert 0 <= hit.start < hit.end <= len(text)


def test_a_cache_of_rules_knows_encoded_triggers(tmp_path: Path) -> None:
    rules = load_rules(cache_folder(os.environ))
    first, second = (matcher.open_matcher(rules, tmp_path) for _ in range(2))
    assert first.find(_b64(TOKEN)) == second.find(_b64(TOKEN)) != []
