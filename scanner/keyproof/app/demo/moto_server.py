"""moto's server on a loopback port, behind a shim that mends what the demo and the tests meet.

moto keeps its state in the process: one server at a time, and starting one forgets the last.

Mended here: a deactivated, deleted or unknown access key, or a wrong signature, is refused with
AWS's error (moto lets everybody in; its enforcement mode lets inactive keys in). Temporary
credentials and the operator's are let through; policies are not enforced. For the rest see
:mod:`keyproof.app.demo.moto_iam` and :mod:`keyproof.app.demo.moto_secrets`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from keyproof.app.demo.moto_call import Answer, Call, Intercept, error, read_call
from keyproof.app.demo.moto_iam import Extras, IamMends
from keyproof.app.demo.moto_secrets import SecretsMends
from keyproof.model.secret import Secret

ACCOUNT = "123456789012"
REGION = "us-east-1"


class MotoServer:
    """A running AWS double. Use it as a context manager.

    Args:
        seed: makes the ids that AWS would draw at random repeatable.
        now: the moment that the credential report is dated with.
        page_limit: the most items that a page of a list holds, whatever was asked for.
        intercept: steps into calls (see :data:`keyproof.app.demo.moto_call.Intercept`).
        issued: is given every secret access key that the server hands out.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        now: Callable[[], datetime] | None = None,
        page_limit: int = 1000,
        intercept: Intercept | None = None,
        issued: Callable[[Secret], object] | None = None,
    ) -> None:
        self._seed = seed
        self.now = now or (lambda: datetime.now(UTC))
        self.intercept = intercept
        self.issued: Callable[[Secret], object] = issued or (lambda _: None)
        self.account = ACCOUNT
        self._operator = "AKIA" + "".join(random.Random(seed).choices("ABCDEFGHIJKLMNOP", k=16))  # noqa: S311
        self._operator_secret = Secret("".join(random.SystemRandom().choices("abcdefgh01", k=40)))
        self.extras = Extras(root_created_at=datetime(2019, 3, 4, 9, tzinfo=UTC))
        self.mends = IamMends(self.iam, self.extras, self.now, page_limit)
        self._secret_mends = SecretsMends(self.secrets)
        self._moto: Any = None
        self._server: Any = None

    def __enter__(self) -> Self:
        """Forget the last server's state and start on a free loopback port."""
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data
        from moto.moto_api._internal import mock_random
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server

        class Handler(MotoRequestHandler):
            """Writes no log."""

            def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
                """Write nothing: request lines are no part of the demo."""

        BackendDict.reset()
        reset_model_data()
        mock_random.seed(self._seed)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self._application, threaded=True, request_handler=Handler
        )
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.issued(self._operator_secret)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        """The URL that every AWS service is behind."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that lead an AWS client here, with the operator's credentials."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self._operator,
            "AWS_SECRET_ACCESS_KEY": self._operator_secret.reveal_text(),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def iam(self) -> Any:
        """Return moto's IAM state, for whoever builds an account."""
        from moto.iam.models import iam_backends

        return iam_backends[self.account]["aws"]

    def secrets(self) -> Any:
        """Return moto's Secrets Manager state, for whoever builds an account."""
        from moto.secretsmanager.models import secretsmanager_backends

        return secretsmanager_backends[self.account][REGION]

    def _application(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        call = read_call(environ)
        answer = self._forwarded(environ) if call is None else self._answer(call, environ)
        headers = [(n, v) for n, v in answer.headers if n.lower() != "content-length"]
        start_response(
            f"{answer.status} {'OK' if answer.status < 400 else 'ERROR'}",  # noqa: PLR2004
            [*headers, ("Content-Length", str(len(answer.body)))],
        )
        return [answer.body]

    def _answer(self, call: Call, environ: dict[str, Any]) -> Answer:
        def plain() -> Answer:
            return self._forwarded(environ)

        def mended() -> Answer:
            refused = self._refused(call, environ)
            if refused:
                return refused
            if call.service == "iam":
                return self.mends.answer(call, plain)
            return (
                self._secret_mends.answer(call, plain)
                if call.service == "secretsmanager"
                else plain()
            )

        answer = self.intercept(call, mended) if self.intercept else mended()
        if call.name == "iam:CreateAccessKey" and answer.status == 200:  # noqa: PLR2004
            start = answer.body.partition(b"<SecretAccessKey>")[2]
            self.issued(Secret(start.partition(b"<")[0]))
        return answer

    def _refused(self, call: Call, environ: dict[str, Any]) -> Answer | None:
        if not call.key_id.startswith("AKIA") or call.key_id == self._operator:
            return None
        key = self.iam().access_keys.get(call.key_id)
        if key is None or key.status != "Active":
            message = "The security token included in the request is invalid."
            return error(call, 403, "InvalidClientTokenId", message)
        if not _signed(call, environ, self.account):
            return error(call, 403, "SignatureDoesNotMatch", "The signature does not match.")
        return None

    def _forwarded(self, environ: dict[str, Any]) -> Answer:
        from werkzeug.test import run_wsgi_app

        chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        return Answer(int(status.split()[0]), tuple(headers.items()), b"".join(chunks))


def _signed(call: Call, environ: dict[str, Any], account: str) -> bool:
    """Tell whether a request's signature fits the secret of its key (moto's own check)."""
    from moto.iam.access_control import IAMRequest
    from werkzeug.datastructures import EnvironHeaders
    from werkzeug.exceptions import HTTPException

    headers = dict(EnvironHeaders(environ))
    request = IAMRequest(
        account_id=account,
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        data={},
        body=call.body,
        headers=headers,
        action=call.action,
    )
    try:
        request.check_signature()
    except HTTPException:
        return False
    return True
