"""Sessions and errors of AWS, over HTTP against moto's server."""

from __future__ import annotations

import socket
import sys

import pytest
from tests.support.aws import Aws, moto_aws

from keyproof.errors import ConfigError, MissingExtra, RotationError
from keyproof.transport.aws import (
    AwsError,
    AwsSession,
    AwsSettings,
    Credentials,
    stopping_for_people,
)

QUICK = AwsSettings(max_attempts=1)


@pytest.fixture(scope="module")
def server():
    with moto_aws(page_limit=2) as aws:
        aws.user("ada")
        aws.user("bea")
        aws.user("cleo")
        yield aws


@pytest.fixture
def aws(server: Aws):
    yield server
    server.faults.clear()


def list_users(aws: Aws, settings: AwsSettings = QUICK, **environment: str) -> list[str]:
    client = AwsSession(settings, dict(aws.environment) | environment).client("iam")
    return [user["UserName"] for page in client.pages("list_users") for user in page["Users"]]


def failure(aws: Aws, **environment: str) -> AwsError:
    with pytest.raises(AwsError) as caught:
        list_users(aws, **environment)
    return caught.value


def test_all_pages_are_read(aws: Aws) -> None:
    assert list_users(aws) == ["ada", "bea", "cleo"]


@pytest.mark.parametrize(
    ("code", "status", "reason", "hint"),
    [
        ("AccessDenied", 403, "access_denied", "allow iam:ListUsers"),
        ("AccessDeniedException", 400, "access_denied", "allow iam:ListUsers"),
        ("Throttling", 400, "throttled", "max_attempts"),
        ("RequestLimitExceeded", 503, "throttled", "max_attempts"),
        ("Odd", 429, "throttled", "max_attempts"),
        ("ExpiredToken", 403, "authentication", "expired"),
        ("InvalidClientTokenId", 403, "authentication", "AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", 403, "authentication", "AWS_ACCESS_KEY_ID"),
        ("ServiceFailure", 500, "unavailable", "again"),
        ("NoSuchEntity", 404, "missing_object", None),
        ("ValidationError", 400, "invalid_data", None),
    ],
)
def test_an_answer_of_aws_becomes_a_reason_and_a_hint(
    aws: Aws, code: str, status: int, reason: str, hint: str | None
) -> None:
    aws.faults.fail("iam:ListUsers", code, status)
    error = failure(aws)
    assert (error.reason, error.code, error.where) == (reason, code, "iam:ListUsers")
    assert (hint or "") in (error.hint or "")
    assert error.gone == (code == "NoSuchEntity")


def test_an_explicit_deny_is_called_one(aws: Aws) -> None:
    from keyproof.app.demo.moto_call import error as aws_error

    text = "not authorized to perform: iam:ListUsers with an explicit deny in a policy"
    aws.faults.on("iam:ListUsers", lambda call, _: aws_error(call, 403, "AccessDenied", text))
    assert "denies iam:ListUsers explicitly" in str(failure(aws).hint)


def test_throttling_is_waited_out(aws: Aws) -> None:
    aws.faults.throttle("iam:ListUsers", times=1)
    assert list_users(aws, AwsSettings(max_attempts=2)) == ["ada", "bea", "cleo"]


def test_tries_are_bounded(aws: Aws) -> None:
    aws.faults.throttle("iam:ListUsers")
    before = aws.faults.calls["iam:ListUsers"]
    with pytest.raises(AwsError):
        list_users(aws, AwsSettings(max_attempts=2))
    assert aws.faults.calls["iam:ListUsers"] - before == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"<", b"("), (b"<CreateDate>2", b"<CreateDate>x"), (b"</UserName>", b"")],
    ids=["no XML", "no date", "unclosed"],
)
def test_an_answer_that_makes_no_sense_is_invalid_data_and_never_quoted(
    aws: Aws, old: bytes, new: bytes
) -> None:
    aws.faults.replace("iam:ListUsers", old, new)
    error = failure(aws)
    assert error.reason == "invalid_data"
    assert "ada" not in f"{error} {error.hint}"


def test_a_list_that_says_there_is_more_and_not_where_is_truncated(aws: Aws) -> None:
    aws.faults.on(
        "iam:ListUsers",
        lambda call, forward: _without_marker(forward()),
    )
    error = failure(aws)
    assert (error.reason, error.where) == ("truncated", "iam:ListUsers")


def _without_marker(answer):
    head, _, rest = answer.body.partition(b"<Marker>")
    return answer._replace(body=head + rest.partition(b"</Marker>")[2])


def test_a_list_that_goes_in_a_circle_is_truncated(aws: Aws) -> None:
    pages = []

    def circle(call, forward):
        if not pages:
            pages.append(forward())
        return pages[0]

    aws.faults.on("iam:ListUsers", circle)
    assert failure(aws).reason == "truncated"


def test_nobody_listening_is_unavailable(aws: Aws) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = failure(aws, AWS_ENDPOINT_URL=url)
    assert (error.reason, "AWS_ENDPOINT_URL" in str(error.hint)) == ("unavailable", True)


def test_nobody_answering_is_a_timeout(aws: Aws) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(AwsError) as caught:
            list_users(aws, AwsSettings(max_attempts=1, timeout=0.3), AWS_ENDPOINT_URL=url)
    assert (caught.value.reason, caught.value.hint) == ("timeout", "raise 'timeout'")


def test_no_credentials_is_said_before_any_call(aws: Aws, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK" + "IA" + "Q" * 16)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody else's")
    environment = {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(tmp_path),
    }
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AwsError) as caught:
        AwsSession(QUICK, environment).client("iam").call("list_users")
    assert (caught.value.reason, caught.value.message) == (
        "authentication",
        "no usable AWS credentials",
    )


def test_a_profile_is_read_from_the_files_that_the_environment_names(aws: Aws, planted) -> None:
    (key_id, secret), *_ = aws.user("profiled", 1)
    file = planted / "credentials"
    file.write_text(
        f"[audit]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret.reveal_text()}\n"
    )
    environment = {"AWS_ENDPOINT_URL": aws.endpoint, "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    settings = AwsSettings(profile="audit", max_attempts=1)
    sts = AwsSession(settings, environment).client("sts")
    assert sts.call("get_caller_identity")["Arn"].endswith(":user/profiled")


def test_a_profile_that_does_not_exist_is_a_configuration_error(aws: Aws, tmp_path) -> None:
    with pytest.raises(ConfigError, match="profile does not exist"):
        AwsSession(AwsSettings(profile="nobody"), {"HOME": str(tmp_path)}).client("iam")


def test_a_role_is_assumed(aws: Aws) -> None:
    role = f"arn:aws:iam::{aws.account}:role/audit"
    settings = AwsSettings(assume_role=role, external_id="x1", max_attempts=1)
    sts = AwsSession(settings, aws.environment).client("sts")
    assert ":assumed-role/audit/keyproof" in sts.call("get_caller_identity")["Arn"]


def test_given_credentials_win_over_the_environment_and_the_role(aws: Aws) -> None:
    (key_id, secret), *_ = aws.user("given", 1)
    settings = AwsSettings(assume_role=f"arn:aws:iam::{aws.account}:role/audit", max_attempts=1)
    sts = AwsSession(settings, aws.environment, Credentials(key_id, secret)).client("sts")
    assert sts.call("get_caller_identity")["Arn"].endswith(":user/given")


def test_a_regional_service_needs_a_region(aws: Aws, tmp_path) -> None:
    bare = {k: v for k, v in aws.environment.items() if "REGION" not in k}
    with pytest.raises(ConfigError, match="region"):
        AwsSession(QUICK, bare | {"HOME": str(tmp_path)}).client("secretsmanager")


@pytest.mark.parametrize(
    ("code", "kind"),
    [("AccessDenied", RotationError), ("NoSuchEntity", RotationError), ("Throttling", AwsError)],
)
def test_what_no_retry_mends_stops_for_a_person(aws: Aws, code: str, kind: type) -> None:
    aws.faults.fail("iam:ListUsers", code)
    with pytest.raises(kind), stopping_for_people():
        list_users(aws)


def test_without_the_extra_the_extra_is_named(aws: Aws, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(MissingExtra, match="needs the extra 'aws'"):
        list_users(aws)


def test_the_process_own_profile_is_not_looked_at(aws: Aws, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    assert list_users(aws)[:1] == ["ada"]
    with pytest.raises(ConfigError, match="profile does not exist"):
        list_users(aws, AWS_PROFILE="nobody", HOME=str(tmp_path))
