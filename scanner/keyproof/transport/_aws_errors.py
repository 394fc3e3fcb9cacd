"""What botocore raises, said in keyproof's words: reason, the exact action, and what to do.

No text of AWS's or of botocore's is repeated: they quote requests, responses and credentials' paths.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from keyproof.errors import ConfigError, KeyproofError, RotationError, SourceError

_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"}
)
_AUTHENTICATION = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "AuthFailure",
        "OptInRequired",
        "RequestExpired",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
        "429",
    }
)
GONE = frozenset({"NoSuchEntity", "ResourceNotFoundException"})
"""The error codes by which IAM and Secrets Manager say that something is not there."""


class AwsError(SourceError):
    """A call of AWS failed.

    Args:
        code: AWS's error code where it gave one (``NoSuchEntity``), else ``None``.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        hint: str | None = None,
        where: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, reason=reason, hint=hint, where=where)
        self.code = code

    @property
    def gone(self) -> bool:
        """Tell whether AWS says that what was named is not there."""
        return self.code in GONE


def refused(call: str, response: Any) -> AwsError:
    """Return the error for an answer in which AWS refuses ``call`` (``iam:ListUsers``).

    Args:
        response: botocore's parsed error response.
    """
    error = response.get("Error") or {}
    code, text = str(error.get("Code") or ""), str(error.get("Message") or "")
    status = (response.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0
    if code in _DENIED:
        return AwsError(
            f"AWS refused {call}",
            reason="access_denied",
            hint=_grant(call, text),
            where=call,
            code=code,
        )
    if code in _EXPIRED:
        hint = "the credentials have expired: sign in again, or give a fresh session token"
        return AwsError(
            "the session has expired", reason="authentication", hint=hint, where=call, code=code
        )
    if code in _AUTHENTICATION:
        hint = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or 'profile', and the clock"
        return AwsError(
            "AWS does not accept the credentials",
            reason="authentication",
            hint=hint,
            where=call,
            code=code,
        )
    if code in _THROTTLED or status == 429:  # noqa: PLR2004
        hint = "raise 'max_attempts', lower 'concurrency', or set 'retries: adaptive'"
        return AwsError(
            f"AWS throttled {call}", reason="throttled", hint=hint, where=call, code=code
        )
    if status >= 500:  # noqa: PLR2004
        return AwsError(
            f"AWS could not answer {call} (status {status})",
            reason="unavailable",
            hint="try again later",
            where=call,
            code=code,
        )
    reason = "missing_object" if code in GONE else "invalid_data"
    return AwsError(f"AWS answered {call} with an error", reason=reason, where=call, code=code)


def _grant(call: str, text: str) -> str:
    if "KMS" in text:
        return "allow kms:Decrypt and kms:GenerateDataKey on the secret's key"
    if "explicit deny" in text:
        return f"a policy, boundary or service control policy denies {call} explicitly"
    return f"allow {call} to the identity that keyproof runs as"


def failures() -> tuple[type[Exception], ...]:
    """Return what a call through botocore raises, its parsers' stray standard errors included.

    Evaluated in an ``except`` clause, so that botocore is not imported before something failed.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    stray = (ValueError, LookupError, TypeError, AttributeError, OSError)
    return (BotoCoreError, ClientError, ResponseParserError, *stray)


def failed(call: str, error: Exception) -> KeyproofError:
    """Return the error for a call that botocore could not complete."""
    from botocore import exceptions as b

    if isinstance(error, b.ClientError):
        return refused(call, error.response)
    if isinstance(error, b.NoRegionError):
        return ConfigError("no AWS region", hint="set 'region', or AWS_REGION", where=call)
    if isinstance(error, b.ProfileNotFound):
        return ConfigError(
            "the AWS profile does not exist", hint="see 'aws configure list-profiles'", where=call
        )
    if isinstance(error, b.ParamValidationError):
        return AwsError("botocore refused the parameters", reason="invalid_data", where=call)
    if isinstance(error, b.ReadTimeoutError | b.ConnectTimeoutError):
        return AwsError(
            "AWS did not answer in time", reason="timeout", hint="raise 'timeout'", where=call
        )
    if isinstance(error, b.HTTPClientError | b.ConnectionError):
        return AwsError(
            "AWS could not be reached",
            reason="unavailable",
            hint="check the network, the proxy and AWS_ENDPOINT_URL",
            where=call,
        )
    if isinstance(error, _credential_errors(b)):
        return AwsError(
            "no usable AWS credentials",
            reason="authentication",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or 'profile'",
            where=call,
        )
    return AwsError(f"the answer to {call} cannot be read", reason="invalid_data", where=call)


def _credential_errors(b: Any) -> tuple[type[Exception], ...]:
    return (
        b.NoCredentialsError,
        b.PartialCredentialsError,
        b.CredentialRetrievalError,
        b.TokenRetrievalError,
        b.NoAuthTokenError,
        b.SSOError,
        b.MetadataRetrievalError,
        b.RefreshWithMFAUnsupportedError,
    )


@contextlib.contextmanager
def stopping_for_people() -> Iterator[None]:
    """Turn the errors of AWS that no retry mends into the one that stops a rotation for a person.

    Raises:
        RotationError: AWS refused, does not know the caller, or what was named is not there.
        AwsError: anything else; the call may be tried again.
    """
    try:
        yield
    except AwsError as error:
        if error.reason in {"access_denied", "authentication", "missing_object"}:
            raise RotationError(error.message, hint=error.hint, where=error.where) from None
        raise
