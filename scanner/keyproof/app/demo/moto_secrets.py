"""What moto's Secrets Manager does otherwise than AWS, where a rotation meets it.

Observed on moto 5.2.5: a value read without a stage is that of the version written last, and
a repeated ``PutSecretValue`` overwrites a pending version instead of refusing another value.
``RotateSecret`` without a function loses the current value, so it is refused, as AWS refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keyproof.app.demo.moto_call import Answer, Call, Forward, error, json_answer


class SecretsMends:
    """Answers the Secrets Manager calls that moto gets wrong.

    Args:
        backend: returns moto's Secrets Manager backend of the account and region.
    """

    def __init__(self, backend: Callable[[], Any]) -> None:
        self._backend = backend

    def answer(self, call: Call, forward: Forward) -> Answer:
        """Answer one call of Secrets Manager, with moto behind."""
        if call.action == "GetSecretValue":
            return self._get(call, forward)
        if call.action == "PutSecretValue":
            return self._put(call, forward)
        if call.action == "RotateSecret" and not call.parameters.get("RotationLambdaARN"):
            return error(call, 400, "InvalidRequestException", "no rotation function")
        return forward()

    def _versions(self, call: Call) -> Mapping[str, Mapping[str, Any]] | None:
        name = call.parameters.get("SecretId")
        secrets = self._backend().secrets
        return secrets[name].versions if name in secrets else None

    def _get(self, call: Call, forward: Forward) -> Answer:
        parameters, versions = call.parameters, self._versions(call)
        if "VersionId" in parameters or "VersionStage" in parameters or versions is None:
            return forward()
        secret = self._backend().secrets[parameters["SecretId"]]
        for version_id, version in versions.items():
            if "AWSCURRENT" in version["version_stages"] and "secret_string" in version:
                return json_answer(
                    {
                        "ARN": secret.arn,
                        "Name": secret.name,
                        "VersionId": version_id,
                        "VersionStages": version["version_stages"],
                        "SecretString": version["secret_string"],
                        "CreatedDate": version["createdate"],
                    }
                )
        return error(call, 400, "ResourceNotFoundException", "no value for AWSCURRENT")

    def _put(self, call: Call, forward: Forward) -> Answer:
        token, versions = call.parameters.get("ClientRequestToken"), self._versions(call)
        existing = (versions or {}).get(str(token))
        if existing is None:
            return forward()
        secret = self._backend().secrets[call.parameters["SecretId"]]
        if existing.get("secret_string") != call.parameters.get("SecretString"):
            return error(call, 400, "ResourceExistsException", "the token has another value")
        return json_answer(
            {
                "ARN": secret.arn,
                "Name": secret.name,
                "VersionId": token,
                "VersionStages": existing["version_stages"],
            }
        )
