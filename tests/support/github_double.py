"""A hand-written double of GitHub's REST API for issues, with state, from the public documents.

"REST API endpoints for issues", "… for issue comments", "… for labels", "… for issue events" and
"Rate limits for the REST API" say what it does: lists by label in pages with a ``Link`` header,
labels dropped without a word where a token may not set them, a ``labeled`` event with actor and
time for each label, 404 for what is not there, 410 for what was deleted, 304 for a known ETag,
403 or 429 with ``retry-after`` or ``x-ratelimit-reset``. Time is a test's clock.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import unquote

from tests.support.adapter_context import StillClock
from tests.support.http_double import Reply, Request

REPOSITORY = "octo/ops"


class GithubDouble:
    """One repository. ``tokens`` maps a token to the account that it is of."""

    def __init__(self, clock: StillClock, tokens: dict[str, str]) -> None:
        self.clock = clock
        self.tokens = tokens
        self.url = ""
        self.issues: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.events: dict[int, list[dict[str, Any]]] = {}
        self.deleted: set[int] = set()
        self.may_label = True
        self.page_size = 100
        self.before: list[Reply] = []
        self.lost: list[str] = []
        self._next_id = 1000

    def __call__(self, request: Request) -> Reply:
        if self.before:
            return self.before.pop(0)
        login = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if login is None:
            return Reply(401, {"message": "Bad credentials"})
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.headers["x-github-api-version"]
        reply = self._route(request, login)
        if request.method in self.lost:
            self.lost.remove(request.method)
            return Reply(vanish=True)
        tag = f'"{hashlib.sha256(json.dumps(reply.body).encode()).hexdigest()}"'
        if reply.status == 200 and request.headers.get("if-none-match") == tag:
            return Reply(304, b"", {"ETag": tag})
        return reply._replace(headers={**reply.headers, "ETag": tag})

    def writes(self, server: Any) -> list[str]:
        """Return what was changed, as ``METHOD path``, and forget it."""
        done = [f"{r.method} {r.path}" for r in server.requests if r.method != "GET"]
        server.requests.clear()
        return [line.replace(f"/repos/{REPOSITORY}", "") for line in done]

    # What people do in the browser, in a test's words.

    def label(self, number: int, name: str, login: str | None) -> None:
        self.clock.sleep(60)
        self._label(number, name, login)

    def unlabel(self, number: int, name: str, login: str) -> None:
        self.clock.sleep(60)
        issue = self.issues[number]
        issue["labels"] = [label for label in issue["labels"] if label["name"] != name]
        self._event(number, "unlabeled", login, name)

    def say(self, number: int, login: str, body: str) -> dict[str, Any]:
        self.clock.sleep(60)
        return self._comment(number, login, body)

    def edit_comment(self, comment: dict[str, Any], body: str) -> None:
        self.clock.sleep(60)
        comment.update(body=body, updated_at=self._now())

    # The API.

    def _route(self, request: Request, login: str) -> Reply:
        if request.path == "/user":
            return Reply(200, {"login": login})
        match = re.fullmatch(r"/repos/([^/]+/[^/]+)/issues(?:/([0-9]+))?(/.*)?", request.path)
        if not match or match[1].lower() != REPOSITORY:
            return Reply(404, {"message": "Not Found"})
        if match[2] is None:
            return self._create(request, login) if request.method == "POST" else self._list(request)
        number, rest = int(match[2]), match[3] or ""
        if number in self.deleted:
            return Reply(410, {"message": "This issue was deleted"})
        if number not in self.issues:
            return Reply(404, {"message": "Not Found"})
        return self._of_issue(request, login, number, rest)

    def _of_issue(self, request: Request, login: str, number: int, rest: str) -> Reply:
        issue, method = self.issues[number], request.method
        if rest == "" and method == "GET":
            return Reply(200, issue)
        if rest == "" and method == "PATCH":
            fields = request.json()
            if fields.get("state", issue["state"]) != issue["state"]:
                self._event(number, "closed" if issue["state"] == "open" else "reopened", login)
            issue.update({k: v for k, v in fields.items() if k in {"title", "body", "state"}})
            return Reply(200, issue)
        if rest == "/comments" and method == "POST":
            return Reply(201, self._comment(number, login, request.json()["body"]))
        if rest == "/comments":
            return self._paged(request, self.comments[number])
        if rest == "/events":
            return self._paged(request, self.events[number])
        if rest == "/labels" and method == "POST":
            for name in request.json()["labels"]:
                self._label(number, name, login)
            return Reply(200, issue["labels"])
        if rest.startswith("/labels/") and method == "DELETE":
            name = unquote(rest.removeprefix("/labels/"))
            if name not in {label["name"] for label in issue["labels"]}:
                return Reply(404, {"message": "Label does not exist"})
            issue["labels"] = [label for label in issue["labels"] if label["name"] != name]
            self._event(number, "unlabeled", login, name)
            return Reply(200, issue["labels"])
        return Reply(404, {"message": "Not Found"})

    def _create(self, request: Request, login: str) -> Reply:
        fields = request.json()
        if not fields.get("title") or len(fields.get("body", "")) > 65536:
            return Reply(422, {"message": "Validation Failed"})
        number = len(self.issues) + len(self.deleted) + 1
        self.issues[number] = {
            "number": number,
            "title": fields["title"],
            "body": fields.get("body"),
            "state": "open",
            "html_url": f"https://github.example/{REPOSITORY}/issues/{number}",
            "repository_url": f"{self.url}/repos/{REPOSITORY}",
            "user": {"login": login},
            "labels": [],
            "created_at": self._now(),
        }
        self.comments[number], self.events[number] = [], []
        if self.may_label:
            for name in fields.get("labels", []):
                self._label(number, name, login)
        return Reply(201, self.issues[number])

    def _list(self, request: Request) -> Reply:
        query = request.query
        wanted = {name.casefold() for name in query.get("labels", "").split(",") if name}
        state = query.get("state", "open")
        found = [
            issue
            for number, issue in sorted(self.issues.items())
            if number not in self.deleted
            and wanted <= {label["name"].casefold() for label in issue["labels"]}
            and state in {"all", issue["state"]}
        ]
        return self._paged(request, found if query.get("direction") == "asc" else found[::-1])

    def _paged(self, request: Request, everything: list[Any]) -> Reply:
        size = min(int(request.query.get("per_page", "30")), 100, self.page_size)
        page = int(request.query.get("page", "1"))
        shown = everything[(page - 1) * size : page * size]
        if page * size >= len(everything):
            return Reply(200, shown)
        kept = "&".join(p for p in request.raw_query.split("&") if not p.startswith("page="))
        target = f"{self.url}{request.path}?{kept}&page={page + 1}"
        return Reply(200, shown, {"Link": f'<{target}>; rel="next", <{target}>; rel="last"'})

    def _label(self, number: int, name: str, login: str | None) -> None:
        labels = self.issues[number]["labels"]
        if name.casefold() not in {label["name"].casefold() for label in labels}:
            labels.append({"name": name, "color": "ededed"})
            self._event(number, "labeled", login, name)

    def _event(self, number: int, kind: str, login: str | None, label: str | None = None) -> None:
        event = {
            "id": self._id(),
            "event": kind,
            "actor": {"login": login} if login else None,
            "created_at": self._now(),
        }
        self.events[number].append(event | ({"label": {"name": label}} if label else {}))

    def _comment(self, number: int, login: str, body: str) -> dict[str, Any]:
        moment = self._now()
        made = {"id": self._id(), "user": {"login": login}, "body": body}
        self.comments[number].append(made | {"created_at": moment, "updated_at": moment})
        return self.comments[number][-1]

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
