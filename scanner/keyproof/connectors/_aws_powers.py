"""What IAM policies let a key do: an upper bound, pure, never an exception.

An allow under a condition counts as an allow; a deny counts only where it is unconditional and
covers every resource. So the powers computed here are never less than the real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from keyproof.connectors._aws_policies import Policy, Statement
from keyproof.model.key import PrivilegeLevel

LEVELS: tuple[PrivilegeLevel, ...] = ("none", "read", "write", "admin")

_READING = tuple(
    "batchcheck batchdescribe batchdetect batchget batchread compare contains count "  # noqa: SIM905
    "describe detect discover download estimate evaluate filterlog get head list lookup "
    "partiqlselect preview probe query read retrieve sample scan search select simulate "
    "startlivetail startquery stoplivetail stopquery test validate verify view".split()
)
_REPORTS = ("iam:generate", "codecommit:gitpull")
_MANAGES_IAM = tuple(
    "iam:createaccesskey iam:createloginprofile iam:updateloginprofile "  # noqa: SIM905
    "iam:addusertogroup iam:attachgrouppolicy iam:attachrolepolicy iam:attachuserpolicy "
    "iam:createpolicyversion iam:createuser iam:deleteuserpermissionsboundary "
    "iam:putgrouppolicy iam:putrolepolicy iam:putuserpolicy iam:setdefaultpolicyversion "
    "iam:updateassumerolepolicy".split()
)
_OWN_CREDENTIALS = 3
"""The first three only renew credentials: on the user's own self they hand out no right."""


class Powers(NamedTuple):
    """What policies allow together; ``None`` and ``unknown``: an unread policy may say more."""

    level: PrivilegeLevel
    can_manage_iam: bool | None
    wildcard_action: bool | None
    wildcard_resource: bool | None
    resources: tuple[str, ...]


def powers(
    policies: Sequence[Policy], boundary: Policy | None = None, service: str | None = None
) -> Powers:
    """Return what ``policies`` allow together, within ``boundary``.

    Args:
        boundary: the permissions boundary; it never adds, it only limits.
        service: count only the actions of this service (``bedrock``), for a credential that no
            other service accepts.
    """
    granted = _granted(policies, service)
    if boundary is None:
        return granted
    limit = _granted([boundary], service)
    return Powers(
        _least(granted.level, limit.level),
        _both(granted.can_manage_iam, limit.can_manage_iam),
        _both(granted.wildcard_action, limit.wildcard_action),
        _both(granted.wildcard_resource, limit.wildcard_resource),
        granted.resources,
    )


def _granted(policies: Sequence[Policy], service: str | None) -> Powers:
    sound = all(policy.sound for policy in policies)
    denied = tuple(
        action
        for policy in policies
        for statement in policy.statements
        if not statement.allow
        and not statement.conditions
        and not statement.except_actions
        and statement.resources == ("*",)
        and not statement.except_resources
        for action in statement.actions
    )
    grants = [
        _grant(statement, _allowed(statement, denied, service), denied, read_only=policy.read_only)
        for policy in policies
        for statement in policy.statements
        if statement.allow
    ]
    strongest = max((grant.level for grant in grants), default=0)
    manages = any(grant.manages_iam for grant in grants)
    wildcard = any(grant.wildcard for grant in grants)
    broad = any(grant.broad for grant in grants)
    resources = {resource for grant in grants for resource in grant.resources}
    admin = LEVELS[strongest] == "admin"
    return Powers(
        LEVELS[strongest] if sound or admin else "unknown",
        manages or (False if sound else None),
        wildcard or (False if sound else None),
        broad or (False if sound else None),
        tuple(sorted(resources)),
    )


def _allowed(statement: Statement, denied: Sequence[str], service: str | None) -> tuple[str, ...]:
    """Return the action patterns that a statement allows; all but a few is ``*``."""
    patterns = ("*",) if statement.except_actions else statement.actions
    kept: Iterable[str] = (p for p in patterns if not any(_covers(d, p) for d in denied))
    if service:
        kept = (_within(pattern, service) for pattern in kept)
    return tuple(pattern for pattern in kept if pattern)


def _within(pattern: str, service: str) -> str:
    if _is_all(pattern):
        return f"{service}:*"
    return pattern if pattern.partition(":")[0] == service else ""


class _Grant(NamedTuple):
    level: int
    manages_iam: bool = False
    wildcard: bool = False
    broad: bool = False
    resources: tuple[str, ...] = ()


def _grant(
    statement: Statement, actions: Sequence[str], denied: Sequence[str], *, read_only: bool
) -> _Grant:
    """Weigh what one statement allows."""
    if not actions:
        return _Grant(0)
    reads = read_only or all(map(_reads, actions))
    manages = not read_only and _manages_iam(statement, actions, denied)
    everything = not statement.except_actions and not denied and any(map(_is_all, actions))
    admin = manages if statement.own_only else statement.every_resource and (everything or manages)
    return _Grant(
        level=LEVELS.index("admin" if admin else "read" if reads else "write"),
        manages_iam=manages,
        wildcard=not read_only and any(_is_all(a) or a.endswith(":*") for a in actions),
        broad=statement.every_resource and not reads,
        resources=("*",) if statement.except_resources else statement.resources,
    )


def _manages_iam(statement: Statement, actions: Sequence[str], denied: Sequence[str]) -> bool:
    """Tell whether a statement lets its user hand out rights, to others or beyond its own."""
    near = [
        pattern for pattern in actions if pattern.startswith(("iam:", "*", "i*", "i?", "ia", "?"))
    ]
    excepted = statement.actions if statement.except_actions else ()
    return any(
        any(_covers(pattern, action) for pattern in near)
        and not any(_covers(pattern, action) for pattern in (*denied, *excepted))
        for action in (_MANAGES_IAM[_OWN_CREDENTIALS:] if statement.own_only else _MANAGES_IAM)
    )


def _is_all(action: str) -> bool:
    return action.strip("*") in {"", ":"}


def _reads(action: str) -> bool:
    """Tell whether a pattern matches nothing but reading: its fixed part starts with such a verb."""
    verb = action.partition(":")[2].partition("*")[0].partition("?")[0]
    for before in ("admin", "eshttp"):
        verb = verb.removeprefix(before)
    return verb.startswith(_READING) or action.startswith(_REPORTS)


def _covers(pattern: str, action: str) -> bool:
    """Tell whether every action that ``action`` (itself a pattern) matches, ``pattern`` does too.

    ``*`` in ``action`` is compared as a letter that only a ``*`` of ``pattern`` covers: sound.
    """
    if "*" not in pattern[:-1] and "?" not in pattern:
        return action.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == action
    rows = [True] + [False] * len(action)
    for letter in pattern:
        before = rows
        if letter == "*":
            rows = [before[0]]
            for index in range(1, len(before)):
                rows.append(before[index] or rows[-1])
        else:
            rows = [False] + [
                before[index]
                and (action[index] == letter or (letter == "?" and action[index] != "*"))
                for index in range(len(action))
            ]
    return rows[-1]


def _least(one: PrivilegeLevel, other: PrivilegeLevel) -> PrivilegeLevel:
    if "none" in {one, other}:
        return "none"
    if "unknown" in {one, other}:
        return "unknown"
    return min(one, other, key=LEVELS.index)


def _both(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001
    if one is False or other is False:
        return False
    return None if one is None or other is None else True
