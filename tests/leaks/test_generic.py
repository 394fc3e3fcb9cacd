"""Assignments to names like ``password``: secrets are found, code and words are not."""

from __future__ import annotations

import re
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.samples.template import FORMS, letters, uuid
from tests.leaks.test_detectors import Bench
from tests.support.planted import plant

from keyproof.leaks import checksums, exact, fragments, generic, lines, ordinary, placeholders
from keyproof.leaks.rules_bounds import Unsafe, _check_nesting


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("rules"))


NAMES = ("password", "db_password", "DB_PASSWORD", "adminPasswd", "api_key", "API_KEY", "apiKey")
NAMES += ("client_secret", "accessToken", "SECRET_TOKEN", "auth-token", "signing.key")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_an_assigned_secret_is_found(bench: Bench, name: str, form: str) -> None:
    value = plant(letters(Random(name + form), 28))
    text = form.format(name=name, value=value)
    (hit,) = bench.hits(text)
    assert hit.secret.reveal_text() == value
    assert hit.detector.startswith(("generic.", "database.password"))


@pytest.mark.parametrize(
    "text",
    [
        '<add key="Password" value="{v}" />',
        "<password>{v}</password>",
        "mysqldump --password={v} app",
        "tool --api-key {v} run",
        'final String dbPassword = "{v}";',
        'password: str = "{v}"',
        '$config["password"] = "{v}";',
        'setPassword("{v}")',
        '{{\\"password\\": \\"{v}\\"}}',
        "[database]\npassword = {v}\n",
    ],
)
def test_the_places_where_passwords_stand(bench: Bench, text: str) -> None:
    value = plant(letters(Random(text), 18))
    found = {h.secret.reveal_text() for h in bench.hits(text.format(v=value))}
    if text.startswith("tool"):
        return  # a flag for keys: too many of them are names
    assert value in found


NOT_SECRETS = [
    "changeme", "password", "Passw0rd", "your-api-key-here", "xxxxxxxxxxxxxxxxxxxx",
    "<your-password>", "${DB_PASSWORD}", "{{ vault_password }}", "$(cat /run/secret)",
    "%(password)s", "os.environ['DB_PASSWORD']", "process.env.DB_PASSWORD",
    "config.database.password", "getPassword()", "user_password_field", "com.acme.PasswordService",
    "/run/secrets/db-password", "https://vault.company.test/v1/secret", "1234567890123456",
    "abcdefghijklmnopqrstuvwxyz", "aaaaaaaaaaaaaaaaaaaa", "Enter-your-password", "not-a-real-secret",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db", "2024-01-01T00:00:00Z", "1.2.3-beta4",
    "SHOW_PASSWORD_ADVICE", "MissingPasswordException", "passwordConfirmation", "#password-input",
    "ada@example.org", "secrets.company.test", "ENC[AES256_GCM,data]", "รหัสผ่าน1234",
]  # fmt: skip


@pytest.mark.parametrize("value", NOT_SECRETS)
@pytest.mark.parametrize("name", ["password", "api_key", "secretToken"])
def test_words_code_and_templates_are_no_secrets(bench: Bench, name: str, value: str) -> None:
    for form in FORMS:
        assert bench.hits(form.format(name=name, value=value)) == []


@pytest.mark.parametrize(
    "name",
    [
        "token_type",
        "password_hash",
        "publicKey",
        "csrf_token",
        "cache_key",
        "passwordField",
        "key_id",
        "primary_key",
        "next_page_token",
        "integrity",
        "commit",
        "api_key_name",
        "etag",
    ],
)
def test_names_that_hold_no_secret(bench: Bench, name: str) -> None:
    value = letters(Random(name), 32)
    for form in FORMS:
        assert bench.hits(form.format(name=name, value=value)) == []


def test_digests_and_identifiers_are_no_secrets(bench: Bench) -> None:
    rng = Random("digests")
    digest, other = letters(rng, 40, "0123456789abcdef"), letters(rng, 64, "0123456789abcdef")
    for text in (
        f"commit {digest}\n",
        f'"integrity": "sha512-{letters(rng, 86)}=="\n',
        f"datadog-agent-7.1.tgz sha256={other}\n",
        f"heroku commit: {digest}\n",
        f'id = "{uuid(rng)}"\n',
        f"ssh-rsa AAAAB3NzaC1yc2E{letters(rng, 200)} ada@host\n",
        f"-----BEGIN PUBLIC KEY-----\n{letters(rng, 64)}\n-----END PUBLIC KEY-----\n",
        f"-----BEGIN CERTIFICATE-----\n{letters(rng, 64)}\n-----END CERTIFICATE-----\n",
    ):
        assert bench.hits(text) == [], text[:30]


@pytest.mark.parametrize(
    "module", [generic, ordinary, fragments, placeholders, exact, lines, checksums]
)
def test_no_expression_of_ours_repeats_in_two_ways(module: object) -> None:
    import re._parser as parser

    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            try:
                _check_nesting(list(parser.parse(value.pattern, value.flags & re.IGNORECASE)))
            except Unsafe as failure:
                pytest.fail(f"{name}: {failure}")


@settings(max_examples=200, deadline=None)
@given(value=st.text(alphabet="aA1-_./:@$( ", min_size=100, max_size=160))
def test_judging_a_value_takes_no_time(value: str) -> None:
    started = time.perf_counter()
    generic.judge_value(value.encode(), b"password = ")
    placeholders.is_placeholder(value.encode())
    assert time.perf_counter() - started < 0.2


def test_a_named_detector_beats_a_generic_one(bench: Bench, planted: Path) -> None:
    value = plant("gl" + "pat-" + letters(Random("beats"), 20))
    (hit,) = bench.hits(f'password = "{value}"')
    assert hit.detector == "gitlab.pat"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/unit/a.py", True),
        ("src/app/login.spec.ts", True),
        ("docs/setup.md", True),
        ("src/LoginTest.java", True),
        ("src/contest.py", False),
        ("latest/app.py", False),
        ("src/documents.py", False),
    ],
)
def test_a_path_says_that_it_holds_examples(path: str, expected: bool) -> None:
    assert placeholders.in_example_path(path) is expected
