"""The demo's git repository: years of commits by several people, and secrets where people put them.

It is written through ``git fast-import``, so that two hundred commits cost a fraction of a second;
the stash is made by git itself. Every value is made at run time.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from keyproof.app.demo.sources import SERVICES, module_text, readme_text
from keyproof.model.secret import Secret

AUTHORS = (
    ("Amara Okafor", "amara@example.org"),
    ("Bjarne Lund", "bjarne@example.org"),
    ("Chiara Conti", "chiara@example.org"),
    ("Deniz Kaya", "deniz@example.org"),
    ("Emeka Obi", "emeka@example.org"),
)
COMMITS = 160
SPAN_DAYS = 700


class DemoSecrets(NamedTuple):
    """The values that the history will hold. Lines, because a secret is rarely alone on one."""

    aws_key_id: str
    aws_secret: Secret
    github_token: Secret
    stripe_key: Secret
    gateway_key: Secret
    database_password: Secret


class _Change(NamedTuple):
    message: str
    files: Mapping[str, bytes]
    branch: str = "main"
    merges: str | None = None


class _Commit(NamedTuple):
    when: datetime
    author: tuple[str, str]
    change: _Change


def build(folder: Path, as_of: datetime, secrets: DemoSecrets, seed: int = 7) -> None:
    """Make the repository in ``folder`` (which must not exist yet).

    Raises:
        subprocess.CalledProcessError: git refused; its message holds no content.
    """
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "config", "user.name", AUTHORS[0][0])
    _git(folder, "config", "user.email", AUTHORS[0][1])
    stream = b"".join(_fast_import(_history(as_of, secrets, random.Random(seed))))  # noqa: S311
    _git(folder, "fast-import", "--quiet", "--done", given=stream)
    _git(folder, "reset", "--quiet", "--hard", "main")
    _stash(folder, secrets.stripe_key, as_of - timedelta(days=41))


def _history(as_of: datetime, secrets: DemoSecrets, chance: random.Random) -> Iterator[_Commit]:
    start = as_of - timedelta(days=SPAN_DAYS)
    special = dict(_events(secrets))
    first = _Change("Start the shop", {"README.md": readme_text().encode()})
    yield _Commit(start, AUTHORS[0], first)
    for number in range(1, COMMITS):
        when = start + timedelta(days=SPAN_DAYS * number / COMMITS, hours=chance.randint(0, 5))
        author = AUTHORS[chance.randrange(len(AUTHORS))]
        if number in special:
            yield _Commit(when, author, special[number])
            continue
        service = SERVICES[chance.randrange(len(SERVICES))]
        revision = number // len(SERVICES) + 1
        path = f"services/{service}/{chance.choice(('api', 'model', 'worker', 'settings'))}.py"
        text = module_text(service, path, revision, chance)
        message = chance.choice(("Tidy", "Extend", "Fix", "Speed up", "Test")) + f" {service}"
        yield _Commit(when, author, _Change(message, {path: text.encode()}))


def _events(secrets: DemoSecrets) -> Iterator[tuple[int, _Change]]:
    """Yield the commits in which somebody leaks a secret, or thinks that removing it is enough."""
    secret = secrets.aws_secret.reveal()
    variables = (
        b'region     = "eu-central-1"\n'
        b'aws_access_key_id     = "' + secrets.aws_key_id.encode() + b'"\n'
        b'aws_secret_access_key = "' + secret + b'"\n'
    )
    path = "deploy/production.tfvars"
    yield 46, _Change("Deploy from the new account", {path: variables})
    yield 49, _Change("Remove credentials", {path: b'region = "eu-central-1"\n'})
    release = b'#!/bin/sh\nset -eu\ngh release create "$1" --generate-notes\n'
    with_token = release.replace(b"gh ", b"GH_TOKEN=" + secrets.github_token.reveal() + b" gh ", 1)
    script = "ci/release.sh"
    yield 80, _Change("Release script", {script: release}, branch="release")
    yield 82, _Change("Merge branch 'release'", {script: with_token}, merges="release")
    yield 83, _Change("Take the token from the environment", {script: release})
    client = (
        b"import httpx\n\n\ndef quote(symbol: str) -> dict:\n"
        b'    headers = {"X-API-Key": "' + secrets.gateway_key.reveal() + b'"}\n'
        b'    return httpx.get(f"https://gateway.example.org/quotes/{symbol}", headers=headers).json()\n'
    )
    yield (
        118,
        _Change("Quotes through the gateway", {"services/quotes/client.py": client}),
    )
    compose = (
        b"services:\n  orders:\n    image: registry.example.org/orders:14\n    environment:\n"
        b"      DATABASE_URL: postgresql://orders:"
        + secrets.database_password.reveal()
        + b"@db.example.org:5432/orders\n"
    )
    yield (
        131,
        _Change("Compose file for the night shift", {"compose.yaml": compose}),
    )


def _fast_import(commits: Iterator[_Commit]) -> Iterator[bytes]:
    marks: dict[str, int] = {}
    for mark, (when, author, change) in enumerate(commits, start=1):
        who = f"{author[0]} <{author[1]}> {int(when.timestamp())} +0000".encode()
        message = change.message.encode() + b"\n"
        yield b"commit refs/heads/%s\nmark :%d\n" % (change.branch.encode(), mark)
        yield b"author %s\ncommitter %s\ndata %d\n%s" % (who, who, len(message), message)
        parent = marks.get(change.branch, marks.get("main"))
        if parent is not None:
            yield b"from :%d\n" % parent
        if change.merges:
            yield b"merge :%d\n" % marks[change.merges]
        for path, content in change.files.items():
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)
        marks[change.branch] = mark
    yield b"done\n"


def _stash(folder: Path, stripe_key: Secret, when: datetime) -> None:
    """Leave an experiment in the stash, as people do."""
    settings = folder / "services" / "payments" / "settings.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    before = settings.read_bytes() if settings.exists() else b""
    settings.write_bytes(before + b'\nSTRIPE_SECRET_KEY = "' + stripe_key.reveal() + b'"\n')
    _git(folder, "add", "--all")
    stamp = when.isoformat()
    dates = {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
    _git(folder, "stash", "push", "--quiet", "--message", "try live payments", extra=dates)


def _git(
    folder: Path,
    *arguments: str,
    given: bytes | None = None,
    extra: Mapping[str, str] | None = None,
) -> None:
    """Run git here, deaf to the developer's own configuration."""
    environment = (
        {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        | dict(extra or {})
    )
    subprocess.run(
        ["git", *arguments],
        cwd=folder,
        input=given,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
