"""Small, valid records for tests; every argument overrides a field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from keyproof.model.facts import Facts
from keyproof.model.key import Evidence, Key, key_record_id
from keyproof.model.leak import Leak, Occurrence, leak_record_id
from keyproof.model.principal import Principal, principal_record_id
from keyproof.model.source import Source

AS_OF = datetime(2026, 11, 1, 12, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def evidence(**changes: Any) -> Evidence:
    return Evidence(**{"collector": "test", "api_call": "list", "collected_at": AS_OF} | changes)


def key(native_id: str = "AKIDEXAMPLE", **changes: Any) -> Key:
    fields = {
        "record_id": key_record_id("test", "one", native_id),
        "source": "inventory",
        "issuer_type": "test",
        "issuer_instance": "one",
        "credential_type": "access_key",
        "native_id": native_id,
        "status": "active",
        "created_at": days_ago(10),
        "evidence": evidence(),
    }
    return Key(**fields | changes)


def principal(native_id: str = "ada", **changes: Any) -> Principal:
    fields = {
        "record_id": principal_record_id("test", "one", native_id),
        "source": "inventory",
        "issuer_type": "test",
        "issuer_instance": "one",
        "native_id": native_id,
        "principal_type": "user",
        "name": native_id,
        "evidence": evidence(),
    }
    return Principal(**fields | changes)


def occurrence(**changes: Any) -> Occurrence:
    fields = {
        "where": "blob",
        "repository": "shop",
        "path": "settings.py",
        "line": 3,
        "column": 9,
        "commit": "c" * 40,
        "author": "Ada Dev <ada@example.org>",
        "introduced_at": days_ago(30),
        "in_head": True,
        "reachable": True,
        "occurrence_id": "o1_" + "0" * 32,
    }
    return Occurrence(**fields | changes)


def leak(secret_id: str = "s1_" + "a" * 32, **changes: Any) -> Leak:
    fields = {
        "record_id": leak_record_id("repo", secret_id),
        "source": "repo",
        "secret_id": secret_id,
        "detector": "aws.access_key",
        "provider": "aws",
        "kind": "access_key",
        "named": True,
        "confidence": "high",
        "redacted": "…[40 characters]",
        "occurrences": (occurrence(),),
    }
    return Leak(**fields | changes)


def source(name: str = "inventory", **changes: Any) -> Source:
    fields = {
        "id": name,
        "connector": "file",
        "kind": "inventory",
        "instance": "one",
        "started_at": AS_OF,
        "finished_at": AS_OF,
        "complete": True,
    }
    return Source(**fields | changes)


def facts(**changes: Any) -> Facts:
    fields = {"as_of": AS_OF, "fingerprint_key_id": "k1_test", "fingerprint_key_local": False}
    return Facts(**fields | changes)
