"""GitHub's REST API for issues, as far as tickets need it (docs.github.com/rest/issues)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import quote

import msgspec

from keyproof.errors import SourceError, TrackerError
from keyproof.model.record import UtcTime
from keyproof.model.secret import Secret
from keyproof.ports import Context
from keyproof.transport.http import Answer, HttpClient, HttpSettings, credential

T = TypeVar("T")
_GONE = frozenset({404, 410})
_NUMBER = re.compile(r"[0-9]{1,15}")
_WRITE_PAUSE_SECONDS = 0.8
"""GitHub allows about 80 requests a minute that create content ("Rate limits for the REST API")."""


class GithubSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which repository gets the issues, and who may approve.

    Attributes:
        repository: ``owner/name``.
        token_variable: the environment variable with a token that may write issues.
        base_url: ``https://HOST/api/v3`` for GitHub Enterprise Server.
        label: marks our issues; it is how they are listed.
        approval_label: whoever of ``approvers`` sets it approves the rotation that the issue shows.
        approvers: logins; with none, nothing can be approved here.
        login: the token's own account; needed for a GitHub App only (``name[bot]``).
        accounts: accounts under which keyproof opened issues before.
    """

    repository: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$")]
    token_variable: str = "GITHUB_TOKEN"  # noqa: S105
    base_url: str = "https://api.github.com"
    label: str = "keyproof"
    approval_label: str = "keyproof:approved"
    approvers: tuple[str, ...] = ()
    login: str | None = None
    accounts: tuple[str, ...] = ()
    http: HttpSettings = HttpSettings()


class User(msgspec.Struct, frozen=True):
    """Somebody; GitHub gives none for an account that was deleted."""

    login: str


class Label(msgspec.Struct, frozen=True):
    """A label by its name, which has no case."""

    name: str


class Issue(msgspec.Struct, frozen=True):
    """One issue. Pull requests come in the same lists, with ``pull_request``."""

    number: int
    title: str
    state: str
    html_url: str
    repository_url: str
    body: str | None = None
    user: User | None = None
    labels: tuple[Label | str, ...] = ()
    pull_request: Any = None

    def labelled(self, name: str) -> bool:
        """Tell whether the issue carries a label."""
        names = (label if isinstance(label, str) else label.name for label in self.labels)
        return name.casefold() in {label.casefold() for label in names}


class Comment(msgspec.Struct, frozen=True):
    """One comment; ``updated_at`` moves when anybody edits it."""

    id: int
    created_at: UtcTime
    updated_at: UtcTime
    body: str | None = None
    user: User | None = None


class Event(msgspec.Struct, frozen=True):
    """Something that happened to an issue: ``labeled``, ``unlabeled`` and much else."""

    event: str
    created_at: datetime
    actor: User | None = None
    label: Label | None = None


class Repository:
    """One repository's issues. Use it as a context manager; every error is a TrackerError."""

    def __init__(self, settings: GithubSettings, context: Context) -> None:
        """Prepare the connection.

        Raises:
            TrackerError: the token is missing.
        """
        self.settings = settings
        self._path = f"/repos/{settings.repository}/issues"
        with explained():
            token = credential(context.environment, settings.token_variable)
        self._clock = context.clock
        self._client = HttpClient(
            settings.base_url,
            context.clock,
            settings.http,
            headers={
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            secret_headers={"Authorization": Secret(b"Bearer " + token.reveal())},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._client.close()

    def own_logins(self) -> frozenset[str]:
        """Return the accounts that are keyproof's own, in lower case."""
        login = self.settings.login
        if login is None:
            with explained("a GitHub App's token names no account: set 'login' to name[bot]"):
                login = self._client.get("/user", kind=User).login
        return frozenset(name.casefold() for name in (login, *self.settings.accounts))

    def issues(self) -> Iterator[Issue]:
        """Yield every issue that carries our label, open or closed, oldest first."""
        query = {
            "labels": self.settings.label,
            "state": "all",
            "sort": "created",
            "direction": "asc",
            "per_page": "100",
        }
        for issue in self._listed(self._path, query, Issue):
            if issue.pull_request is None:
                yield issue

    def issue(self, number: str) -> Issue | None:
        """Return one issue; ``None`` where it is gone, or the token may not see it."""
        with explained():
            answer = self._client.request("GET", self._at(number), accept=_GONE)
            return None if answer.status in _GONE else answer.json(Issue)

    def comments(self, number: str) -> list[Comment]:
        """Return all comments of an issue, oldest first."""
        return list(self._listed(f"{self._at(number)}/comments", {"per_page": "100"}, Comment))

    def events(self, number: str) -> list[Event]:
        """Return all events of an issue, oldest first."""
        return list(self._listed(f"{self._at(number)}/events", {"per_page": "100"}, Event))

    def create(self, title: str, body: str) -> Issue:
        """Open an issue. Sent once: a lost answer is found again by its marker.

        Raises:
            TrackerError: GitHub dropped the label, as it does where the token may not set any.
        """
        fields = {"title": title, "body": body, "labels": [self.settings.label]}
        made: Issue = self._write("POST", self._path, fields, idempotent=False).json(Issue)
        if not made.labelled(self.settings.label):
            raise TrackerError(
                f"issue {made.number} was opened, but the token may not label it",
                hint="give the token write access to issues, and label it by hand",
            )
        return made

    def edit(self, number: str, fields: Mapping[str, str]) -> Issue:
        """Change an issue's title, body or state."""
        edited: Issue = self._write("PATCH", self._at(number), fields).json(Issue)
        return edited

    def comment(self, number: str, body: str) -> None:
        """Add a comment. Sent once."""
        self._write("POST", f"{self._at(number)}/comments", {"body": body}, idempotent=False)

    def add_label(self, number: str, name: str) -> None:
        """Set a label."""
        self._write("POST", f"{self._at(number)}/labels", {"labels": [name]})

    def remove_label(self, number: str, name: str) -> None:
        """Take a label off; one that is not there is no error."""
        path = f"{self._at(number)}/labels/{quote(name, safe='')}"
        self._write("DELETE", path, accept=_GONE)

    def here(self, issue: Issue) -> bool:
        """Tell whether an issue still lies in this repository: an answer may come from another."""
        return issue.repository_url.casefold().endswith(
            f"/repos/{self.settings.repository}".casefold()
        )

    def _at(self, number: str) -> str:
        if not _NUMBER.fullmatch(number):  # a plan is a file that people pass around
            raise TrackerError("the ticket's number is none", hint="plan again")
        return f"{self._path}/{number}"

    def _write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        idempotent: bool = True,
        accept: frozenset[int] = frozenset(),
    ) -> Answer:
        self._clock.sleep(_WRITE_PAUSE_SECONDS)
        with explained():
            return self._client.request(
                method, path, body=body, idempotent=idempotent, accept=accept
            )

    def _listed(self, path: str, query: Mapping[str, str], kind: type[T]) -> Iterator[T]:
        with explained():
            for page in self._client.pages(path, query):
                yield from page.json(list[kind])  # type: ignore[valid-type]


@contextlib.contextmanager
def explained(hint: str | None = None) -> Iterator[None]:
    """Turn what the HTTP home raises into a TrackerError."""
    try:
        yield
    except SourceError as error:
        raise TrackerError(error.message, hint=hint or error.hint, where=error.where) from None
