"""One call for each of many: bounded threads, and an end where nothing but refusals comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from keyproof.ports import Progress
from keyproof.transport.aws import AwsClient, AwsError

GIVE_UP_AFTER = 10
"""So many failures in a row, and no call of the kind ever answered: the rest is not tried."""


class Answers(NamedTuple):
    """What came back, and what failed, each by what was asked for."""

    given: Mapping[str, Any]
    failed: Mapping[str, AwsError]


class Problem(NamedTuple):
    """A call that failed: what it leaves unknown, of which users and keys (by name and id)."""

    error: AwsError
    fields: tuple[str, ...]
    users: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    asked: int | None = None


class Caller:
    """Makes the calls of one reading and remembers which it made.

    Args:
        workers: calls at the same time.
    """

    def __init__(self, iam: AwsClient, workers: int, progress: Progress) -> None:
        self.iam = iam
        self.made: set[str] = set()
        self._workers = max(1, workers)
        self._progress = progress

    def one(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one call. Raises: AwsError."""
        self.made.add(self.iam.name(operation))
        return self.iam.call(operation, **parameters)

    def pages(self, operation: str, **parameters: Any) -> tuple[list[Any], AwsError | None]:
        """Return all pages that could be read, and what stopped the reading, if anything did."""
        self.made.add(self.iam.name(operation))
        pages: list[Any] = []
        try:
            for page in self.iam.pages(operation, **parameters):
                pages.append(page)
                self._progress.step(self.iam.name(operation), len(pages))
        except AwsError as error:
            return pages, error
        return pages, None

    def each(
        self, operation: str, values: Iterable[str], ask: Callable[[AwsClient, str], Any]
    ) -> Answers:
        """Ask for each value, in threads. ``ask`` raises AwsError where it fails."""
        name, wanted = self.iam.name(operation), sorted(set(values))
        given: dict[str, Any] = {}
        failed: dict[str, AwsError] = {}
        if not wanted:
            return Answers(given, failed)
        self.made.add(name)
        lock, hopeless = threading.Lock(), list[AwsError]()

        def work(value: str) -> None:
            error: AwsError | None = hopeless[0] if hopeless else None
            try:
                answer = None if error else ask(self.iam, value)
            except AwsError as raised:
                error = raised
            with lock:
                if error is None:
                    given[value] = answer
                else:
                    failed[value] = error
                    if not given and len(failed) >= GIVE_UP_AFTER and not error.gone:
                        hopeless.append(error)
                self._progress.step(name, len(given) + len(failed), len(wanted))

        with ThreadPoolExecutor(self._workers, thread_name_prefix="aws") as pool:
            list(pool.map(work, wanted))
        return Answers(given, failed)


def identity(sts: AwsClient) -> tuple[str, str]:
    """Return the account's number and the ARN that keyproof reads as.

    Raises:
        AwsError: nobody can be asked, so nothing can be read.
    """
    answer = sts.call("get_caller_identity")
    account, arn = answer.get("Account"), answer.get("Arn")
    if not isinstance(account, str) or not account:
        call = sts.name("get_caller_identity")
        msg = "AWS does not say which account this is"
        raise AwsError(msg, reason="invalid_data", where=call)
    return account, str(arn)


def problems(
    failed: Mapping[str, AwsError], fields: tuple[str, ...], *, of_keys: bool = False
) -> list[Problem]:
    """Gather failures into one problem for each reason."""
    reasons = sorted({error.reason for error in failed.values()})
    gathered = []
    for reason in reasons:
        touched = tuple(value for value, error in failed.items() if error.reason == reason)
        first = failed[min(touched)]
        touched = tuple(sorted(touched))
        gathered.append(
            Problem(
                first, fields, () if of_keys else touched, touched if of_keys else (), len(touched)
            )
        )
    return gathered
