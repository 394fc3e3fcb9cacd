"""IAM policy documents, read into statements: pure, and never an exception.

Grammar: AWS IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

_OWN = "${aws:username}"


class Statement(NamedTuple):
    """One statement; patterns of actions are in lower case, as IAM compares them."""

    allow: bool
    actions: tuple[str, ...]
    except_actions: bool
    resources: tuple[str, ...]
    except_resources: bool
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]

    @property
    def every_resource(self) -> bool:
        """Tell whether the statement covers (nearly) every resource."""
        return self.except_resources or "*" in self.resources

    @property
    def own_only(self) -> bool:
        """Tell whether it covers nothing but what belongs to the user who asks."""
        return (
            bool(self.resources)
            and not self.except_resources
            and all(_OWN in resource for resource in self.resources)
        )


class Policy(NamedTuple):
    """A document's statements; ``sound`` is false where a part of it could not be understood.

    ``read_only`` is the issuer's word for it: AWS keeps such policies free of anything else.
    """

    statements: tuple[Statement, ...] = ()
    sound: bool = True
    read_only: bool = False


UNREAD = Policy(sound=False)
"""A policy that exists and could not be read."""


def parse(document: Any, *, arn: str = "") -> Policy:
    """Return the statements of a document: a mapping, or JSON text, URL-encoded or not.

    Args:
        arn: the managed policy's ARN; AWS's own read-only policies are known by theirs.
    """
    if isinstance(document, str):
        try:
            document = json.loads(unquote(document))
        except (ValueError, RecursionError):
            return UNREAD
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list):
        return UNREAD
    read = [_statement(statement) for statement in statements]
    return Policy(tuple(s for s in read if s), all(read), _read_only(arn))


def _read_only(arn: str) -> bool:
    owner, _, name = arn.partition(":policy/")
    name = name.rpartition("/")[2]
    return owner.endswith(":iam::aws") and (
        name.endswith(("ReadOnlyAccess", "ReadOnly")) or name in {"SecurityAudit", "ViewOnlyAccess"}
    )


def _statement(raw: Any) -> Statement | None:
    if not isinstance(raw, Mapping) or raw.get("Effect") not in {"Allow", "Deny"}:
        return None
    actions, resources = (
        _one_of(raw, "Action", "NotAction"),
        _one_of(raw, "Resource", "NotResource"),
    )
    conditions = _conditions(raw.get("Condition", {}))
    if actions is None or resources is None or conditions is None:
        return None
    return Statement(
        raw["Effect"] == "Allow",
        tuple(action.lower() for action in actions[0]),
        actions[1],
        resources[0],
        resources[1],
        conditions,
    )


def _one_of(
    raw: Mapping[str, Any], plain: str, negated: str
) -> tuple[tuple[str, ...], bool] | None:
    if (plain in raw) == (negated in raw):
        return None
    values = _strings(raw[negated] if negated in raw else raw[plain])
    return None if values is None else (values, negated in raw)


def _strings(value: Any) -> tuple[str, ...] | None:
    values = [value] if isinstance(value, str) else value
    if isinstance(values, list) and all(isinstance(item, str) for item in values):
        return tuple(values)
    return None


def _conditions(raw: Any) -> Mapping[str, Mapping[str, tuple[str, ...]]] | None:
    if not isinstance(raw, Mapping):
        return None
    read: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for operator, tests in raw.items():
        if not isinstance(tests, Mapping):
            return None
        read[str(operator).lower()] = {
            str(key).lower(): tuple(map(str, value if isinstance(value, list) else [value]))
            for key, value in tests.items()
        }
    return read
