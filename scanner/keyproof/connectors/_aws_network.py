"""From where IAM policies let a key be used: conditions on ``aws:SourceIp`` and ``aws:SourceVpc``.

Two forms restrict a key: a deny of everything from elsewhere (AWS IAM User Guide, "Denies access to
AWS based on the source IP"), and allows that are all bound to addresses. Anything less is none.
"""

from __future__ import annotations

from collections.abc import Sequence

from keyproof.connectors._aws_policies import Policy, Statement
from keyproof.model.key import NetworkRestrictions

_ADDRESS = "aws:sourceip"
_ZONES = ("aws:sourcevpc", "aws:sourcevpce")
_COMPANIONS = {"aws:viaawsservice", "aws:principalisawsservice", "aws:calledvia"}
"""Keys that AWS's own examples add, so that its services may still act for the user."""
_ANYWHERE = {"0.0.0.0/0", "::/0"}


def restrictions(policies: Sequence[Policy]) -> NetworkRestrictions:
    """Return what the policies of one user together say about where its keys work."""
    statements = [statement for policy in policies for statement in policy.statements]
    places = [_denied_elsewhere(s) for s in statements if not s.allow]
    bounds = [place for place in places if place is not None]
    if not bounds and not all(policy.sound for policy in policies):
        return NetworkRestrictions(state="unknown")
    if not bounds:
        allowed = [_allowed_from(s) for s in statements if s.allow]
        if not allowed or None in allowed:
            return NetworkRestrictions(state="unrestricted")
        bounds = [place for place in allowed if place is not None]
    places_named = {place for bound in bounds for place in bound}
    zones = {place for place in places_named if place.startswith("vpc")}
    return NetworkRestrictions(
        state="restricted",
        cidrs=tuple(sorted(places_named - zones)),
        zones=tuple(sorted(zones)),
    )


def _denied_elsewhere(statement: Statement) -> frozenset[str] | None:
    """Return the places outside which the statement denies everything, if it does."""
    whole = "*" in statement.actions and not statement.except_actions
    if not whole or statement.resources != ("*",) or statement.except_resources:
        return None
    places: set[str] = set()
    for operator, tests in statement.conditions.items():
        bare = operator.removesuffix("ifexists")
        for key, values in tests.items():
            if (bare == "notipaddress" and key == _ADDRESS) or (
                bare in {"stringnotequals", "stringnotlike"} and key in _ZONES
            ):
                places.update(values)
            elif key not in _COMPANIONS:
                return None
    return frozenset(places) if places and not places & _ANYWHERE else None


def _allowed_from(statement: Statement) -> frozenset[str] | None:
    """Return the places from where alone the statement allows, if it is bound to any."""
    for operator, tests in statement.conditions.items():
        for key, values in tests.items():
            bound = (operator == "ipaddress" and key == _ADDRESS) or (
                operator in {"stringequals", "stringlike"} and key in _ZONES
            )
            if bound and values and not set(values) & _ANYWHERE:
                return frozenset(values)
    return None
