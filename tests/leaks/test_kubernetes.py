"""Secrets of Kubernetes: of what is encoded in them, secrets are found, and named by their own form."""

from __future__ import annotations

import base64
from collections.abc import Callable
from random import Random

import pytest
from tests.leaks.samples.template import ALPHABETS, letters, uuid
from tests.support.planted import github_pat, plant

from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.rules import load_rules

FIRST = (
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ntype: Opaque\ndata:\n  {name}: {value}\n"
)
SORTED = "apiVersion: v1\ndata:\n  {name}: {value}\nkind: Secret\nmetadata:\n  name: app\n"


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    folder = tmp_path_factory.mktemp("rules")
    return open_matcher(load_rules(folder), folder)


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _pem(label: str) -> str:
    body = base64.encodebytes(Random(label).randbytes(600)).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


PUBLIC: dict[str, str] = {
    "ca.crt": _pem("CERTIFICATE"),
    "tls.crt": _pem("CERTIFICATE"),
    "ca-bundle.pem": _pem("CERTIFICATE"),
    "pub.pem": _pem("PUBLIC KEY"),
    "ssh-publickey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5" + letters(Random(1), 44) + " ops@corp",
    "known_hosts": "git.corp.net ssh-rsa AAAAB3NzaC1yc2E" + letters(Random(2), 200),
    "namespace": "kube-system",
    "username": "svc-web-01",
    "db-user": "app_user_01",
    "host": "db-01.prod.svc.cluster.local",
    "url": "https://api.corp.net/v1",
    "region": "eu-central-1",
    "bucket": "corp-backups-2024",
    "clientID": letters(Random(3), 32),
    "tenant": uuid(Random(4)),
    "version": "v1.24.3-rc1",
    "created": "2026-01-01T00:00:00Z",
    "sha256": letters(Random(5), 64, ALPHABETS["h"]),
    "role": "arn:aws:iam::123456789012:role/app",
    "config.yaml": "server:\n  port: 8080\n  host: 0.0.0.0\n",
    "config.json": '{"log_level": "debug", "workers": 4}',
    "init.sql": "CREATE TABLE users (id INT, name TEXT);",
    "release": "H4sIAAAAAAAA" + letters(Random(6), 300),
}


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("form", [FIRST, SORTED])
def test_what_is_no_secret_is_not_flagged(matcher: Matcher, form: str, name: str) -> None:
    text = form.format(name=name, value=_encoded(PUBLIC[name].encode()))
    assert not [hit.detector for hit in matcher.find(text.encode())]


SECRET: dict[str, Callable[[], bytes]] = {
    "kubernetes.secret_data password": lambda: plant(letters(Random(7), 16)).encode(),
    "kubernetes.secret_data session": lambda: Random(8).randbytes(32),
    "github.pat token": lambda: github_pat("kubernetes").encode(),
    "database.url dsn": lambda: (
        b"postgres://app:%b@db.prod:5432/a" % plant(letters(Random(9), 16)).encode()
    ),
    "private_key.pem tls.key": lambda: plant(_pem("RSA PRIVATE KEY")).encode(),
}


@pytest.mark.parametrize("case", SECRET)
@pytest.mark.parametrize("form", [FIRST, SORTED])
def test_a_secret_is_named_by_its_own_form(matcher: Matcher, form: str, case: str) -> None:
    detector, name = case.split()
    text = form.format(name=name, value=plant(_encoded(SECRET[case]())))
    found = [hit.detector.removesuffix("_sorted") for hit in matcher.find(text.encode())]
    assert found == [detector]
