"""AWS sessions and calls: the one home of botocore, which boto3 brings (extra ``aws``).

Credentials come from the context's environment (``AWS_ACCESS_KEY_ID``, …), else from the profile
and the other sources that botocore knows. Whatever fails is an :class:`AwsError`, which names the
IAM action; nothing of a request, an answer or a credential is in its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from keyproof.errors import MissingExtra
from keyproof.model.secret import Secret
from keyproof.transport._aws_errors import AwsError, failed, failures, stopping_for_people

__all__ = [
    "AwsClient",
    "AwsError",
    "AwsSession",
    "AwsSettings",
    "Credentials",
    "stopping_for_people",
]

DEFAULT_REGION = "us-east-1"
MAXIMUM_PAGES = 10_000


class AwsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reach AWS. No secret: credentials come from the environment or the profile.

    Attributes:
        assume_role: ARN of the role to read as; ``external_id`` goes with it.
        retries: botocore's retry mode; ``adaptive`` slows all calls down when AWS throttles.
        max_attempts: tries of one call, the first one included.
        timeout: seconds to wait for an answer.
        concurrency: calls at the same time.
        endpoint: URL that every service is behind, in place of AWS's own (a local AWS double).
    """

    profile: str | None = None
    region: str | None = None
    assume_role: str | None = None
    external_id: str | None = None
    retries: Literal["standard", "adaptive"] = "standard"
    max_attempts: int = 5
    timeout: float = 20.0
    concurrency: int = 8
    endpoint: str | None = None


class Credentials(msgspec.Struct, frozen=True):
    """An access key to call AWS with, other than the environment's."""

    key_id: str
    secret: Secret


class AwsSession:
    """A botocore session under given settings and environment.

    Args:
        environment: where variables are looked up; the process's own are not read.
        credentials: call with these alone (to prove that a new key works).
    """

    def __init__(
        self,
        settings: AwsSettings,
        environment: Mapping[str, str],
        credentials: Credentials | None = None,
    ) -> None:
        try:
            from botocore.session import Session
        except ModuleNotFoundError:
            raise MissingExtra("aws", "reading AWS") from None

        self._settings = settings
        self._environment = environment
        named = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE")
        profile = settings.profile or named
        self._session: Any = Session(profile=profile)
        self._configure(profile)
        try:
            self._set_credentials(credentials)
        except failures() as error:
            raise failed("aws credentials", error) from None

    def _configure(self, profile: str | None) -> None:
        home = Path(self._environment.get("HOME") or Path.home())
        for name, variable, file in (
            ("config_file", "AWS_CONFIG_FILE", "config"),
            ("credentials_file", "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ):
            path = self._environment.get(variable) or str(home / ".aws" / file)
            self._session.set_config_variable(name, path)
        if profile is None:
            self._session.get_component("config_store").set_config_variable("profile", None)

    def _set_credentials(self, given: Credentials | None) -> None:
        key_id = self._environment.get("AWS_ACCESS_KEY_ID")
        secret = self._environment.get("AWS_SECRET_ACCESS_KEY")
        if given:
            self._session.set_credentials(given.key_id, given.secret.reveal_text())
        elif key_id and secret and not self._settings.profile:
            token = self._environment.get("AWS_SESSION_TOKEN") or None
            self._session.set_credentials(key_id, secret, token)
        else:
            self._session.get_component("credential_provider").remove("env")
        if self._settings.assume_role and not given:
            self._assume(self._settings.assume_role)

    def _assume(self, role: str) -> None:
        from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

        own = self._session.get_credentials()
        if own is None:
            from botocore.exceptions import NoCredentialsError

            raise NoCredentialsError
        extra = {"RoleSessionName": "keyproof"}
        if self._settings.external_id:
            extra["ExternalId"] = self._settings.external_id

        def creator(service: str, **keywords: Any) -> Any:
            return self._make_client(service, **keywords)

        fetcher = AssumeRoleCredentialFetcher(creator, own, role, extra_args=extra)
        self._session._credentials = DeferredRefreshableCredentials(  # noqa: SLF001
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )

    @property
    def region(self) -> str | None:
        """The region of the settings, else of the environment, else of the profile."""
        environment = self._environment
        named = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
        if self._settings.region or named:
            return self._settings.region or named
        try:
            configured = self._session.get_scoped_config().get("region")
        except failures() as error:
            raise failed("aws profile", error) from None
        return str(configured) if configured else None

    def client(self, service: str) -> AwsClient:
        """Return a client; IAM and STS need no region, others do.

        Raises:
            AwsError: there are no usable credentials.
            ConfigError: no region, or a profile that does not exist.
        """
        try:
            made = self._make_client(service)
        except failures() as error:
            raise failed(f"{service} client", error) from None
        return AwsClient(made, service)

    def _make_client(self, service: str, **keywords: Any) -> Any:
        from botocore.config import Config

        specific = "AWS_ENDPOINT_URL_" + service.replace("-", "_").upper()
        if service == "secretsmanager":
            specific = "AWS_ENDPOINT_URL_SECRETS_MANAGER"
        endpoint = (
            self._settings.endpoint
            or self._environment.get(specific)
            or self._environment.get("AWS_ENDPOINT_URL")
        )
        config = Config(
            retries={
                "mode": self._settings.retries,
                "total_max_attempts": max(1, self._settings.max_attempts),
            },
            connect_timeout=min(10.0, self._settings.timeout),
            read_timeout=self._settings.timeout,
            max_pool_connections=max(1, self._settings.concurrency),
            user_agent_extra="keyproof",
            proxies={} if endpoint and _loopback(endpoint) else None,
        )
        region = self.region or (None if service == "secretsmanager" else DEFAULT_REGION)
        keywords.setdefault("region_name", region)
        return self._session.create_client(
            service, endpoint_url=endpoint or None, config=config, **keywords
        )


class AwsClient:
    """Calls one service. Safe to share between threads."""

    def __init__(self, client: Any, service: str) -> None:
        self._client = client
        self._service = service

    def name(self, operation: str) -> str:
        """Return the action of an operation as IAM policies name it (``iam:ListUsers``)."""
        return f"{self._service}:{self._client.meta.method_to_api_mapping[operation]}"

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Call ``operation`` (``list_users``) and return botocore's parsed answer.

        Raises:
            AwsError: it failed after all retries.
        """
        try:
            answer = getattr(self._client, operation)(**parameters)
        except failures() as error:
            raise failed(self.name(operation), error) from None
        if not isinstance(answer, Mapping):
            call = self.name(operation)
            msg = f"the answer to {call} cannot be read"
            raise AwsError(msg, reason="invalid_data", where=call)
        return answer

    def pages(self, operation: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of an operation that pages by ``Marker``.

        Raises:
            AwsError: a page failed, or the list was cut: a page says that there is more without
                saying where, or sends the reader in a circle. Pages before it were yielded.
        """
        call, seen = self.name(operation), set[str]()
        while True:
            page = self.call(operation, **parameters)
            yield page
            if not page.get("IsTruncated"):
                return
            marker = page.get("Marker")
            if not marker or marker in seen or len(seen) >= MAXIMUM_PAGES:
                how = "repeats its marker" if marker in seen else "gives no marker for the rest"
                raise AwsError(
                    f"the list of {call} is cut: a page {how}", reason="truncated", where=call
                )
            seen.add(marker)
            parameters["Marker"] = marker


def _loopback(endpoint: str) -> bool:
    host = endpoint.partition("://")[2].partition("/")[0].rpartition(":")[0]
    return host in {"127.0.0.1", "localhost", "[::1]"}
