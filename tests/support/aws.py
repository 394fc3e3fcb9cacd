"""An AWS of the test's own: moto's server on a loopback port, with faults on demand.

    with moto_aws() as aws:
        aws.environment            # what a Context's environment needs
        aws.client("iam")          # a boto3 client against it
        aws.client("sts", key_id, secret)
        aws.faults.deny("iam:ListAccessKeys")

One at a time in a process (moto's state is the process's); pytest-xdist's workers each have one.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.support import needs
from tests.support.planted import plant

from keyproof.model.secret import Secret


class Faults:
    """What goes wrong, by action (``iam:ListAccessKeys``). Counts every call too."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._handlers: dict[str, Callable[[Any, Any], Any]] = {}
        self._lock = threading.Lock()

    def on(self, action: str, handler: Callable[[Any, Any], Any]) -> None:
        """Let ``handler(call, forward)`` answer an action."""
        self._handlers[action] = handler

    def clear(self) -> None:
        """Everything works again."""
        self._handlers.clear()

    def fail(self, action: str, code: str, status: int = 400, times: int | None = None) -> None:
        """Answer an action with an AWS error, ``times`` times or for ever."""
        from keyproof.app.demo.moto_call import error

        left = [times]

        def handler(call: Any, forward: Any) -> Any:
            with self._lock:
                if left[0] == 0:
                    return forward()
                left[0] = None if left[0] is None else left[0] - 1
            return error(call, status, code, f"{code} on demand")

        self.on(action, handler)

    def deny(self, action: str) -> None:
        """Refuse an action for want of a right."""
        self.fail(action, "AccessDenied", 403)

    def throttle(self, action: str, times: int | None = None) -> None:
        """Refuse an action for being called too often."""
        self.fail(action, "Throttling", 400, times)

    def replace(self, action: str, old: bytes, new: bytes) -> None:
        """Change an action's answer."""

        def handler(call: Any, forward: Any) -> Any:
            answer = forward()
            return answer._replace(body=answer.body.replace(old, new))

        self.on(action, handler)

    def __call__(self, call: Any, forward: Any) -> Any:
        with self._lock:
            self.calls[call.name] += 1
        handler = self._handlers.get(call.name)
        return handler(call, forward) if handler else forward()


class Aws(NamedTuple):
    """A running AWS: its endpoint, the environment that leads there, its state and its faults."""

    endpoint: str
    environment: Mapping[str, str]
    account: str
    faults: Faults
    server: Any

    def client(self, service: str, key_id: str | None = None, secret: str | None = None) -> Any:
        """Return a boto3 client; without a key, the operator's."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=key_id or self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=secret or self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )

    def user(self, name: str, keys: int = 0, **tags: str) -> list[tuple[str, Secret]]:
        """Make a user with access keys; return their ids and values."""
        iam = self.client("iam")
        iam.create_user(
            UserName=name, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
        )
        made = [iam.create_access_key(UserName=name)["AccessKey"] for _ in range(keys)]
        return [(key["AccessKeyId"], Secret(key["SecretAccessKey"])) for key in made]


@contextlib.contextmanager
def moto_aws(*, seed: int = 1, page_limit: int = 1000) -> Iterator[Aws]:
    """Run an empty AWS account over HTTP; every secret it hands out is planted."""
    try:
        import moto  # noqa: F401
    except ModuleNotFoundError:
        needs.missing("moto is not installed")
    from keyproof.app.demo.moto_server import MotoServer

    faults = Faults()

    def register(secret: Secret) -> None:
        plant(secret.reveal_text())

    server = MotoServer(seed=seed, page_limit=page_limit, intercept=faults, issued=register)
    with server:
        yield Aws(server.endpoint, server.environment, server.account, faults, server)
