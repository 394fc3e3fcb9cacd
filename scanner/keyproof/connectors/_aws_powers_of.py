"""What one IAM user's policies say together: inline, attached, through groups, within its boundary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keyproof.connectors._aws_network import restrictions
from keyproof.connectors._aws_payload import Reading, attached, boundary_arn, dicts
from keyproof.connectors._aws_policies import UNREAD, Policy, parse
from keyproof.connectors._aws_powers import Powers, powers
from keyproof.model.key import NetworkRestrictions

NOTHING_READ = Powers("unknown", None, None, None, ())


class UserPolicies(NamedTuple):
    """The policies that apply to a user, by the names people know them by."""

    policies: tuple[Policy, ...]
    names: tuple[str, ...]
    native: tuple[str, ...]
    boundary: str | None
    known: bool

    @property
    def sound(self) -> bool:
        """Tell whether all of it was read and understood."""
        return self.known and all(policy.sound for policy in self.policies)

    def limit(self, reading: Reading) -> Policy | None:
        """Return the boundary's document; one that could not be read limits nothing for certain."""
        return reading.policies.get(self.boundary, UNREAD) if self.boundary else None


class PolicyBook:
    """The inline policies of users and groups, parsed once each."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._groups = {
            name: _own(name, group, "GroupPolicyList", "group", reading)
            for name, group in reading.groups.items()
        }

    def of(self, name: str) -> UserPolicies:
        """Return what applies to one user."""
        reading, user = self._reading, self._reading.users[name]
        held = [_own(name, user, "UserPolicyList", "user", reading)]
        groups = user.get("GroupList")
        held += [
            self._groups.get(group, [(f"group:{group}", f"group/{group}", UNREAD)])
            for group in (groups if isinstance(groups, list) else [])
            if isinstance(group, str)
        ]
        entries = sorted({entry[1]: entry for own in held for entry in own}.items())
        return UserPolicies(
            policies=tuple(entry[2] for _, entry in entries),
            names=tuple(sorted({entry[0] for _, entry in entries})),
            native=tuple(native for native, _ in entries),
            boundary=boundary_arn(user),
            known=name not in reading.undetailed,
        )

    def powers(self, held: UserPolicies, service: str | None = None) -> Powers:
        """Return the powers of a credential with these policies."""
        if not held.known:
            return NOTHING_READ
        return powers(held.policies, held.limit(self._reading), service)

    def network(self, held: UserPolicies) -> NetworkRestrictions:
        """Return from where a credential with these policies works."""
        return restrictions(held.policies) if held.known else NetworkRestrictions(state="unknown")


def unknown_powers(held: UserPolicies, found: Powers, network: NetworkRestrictions) -> set[str]:
    """Return the fields that policies which were not read leave unknown."""
    unknown = {
        name
        for name, value in (
            ("privilege_level", None if found.level == "unknown" else found.level),
            ("can_manage_iam", found.can_manage_iam),
            ("wildcard_action", found.wildcard_action),
            ("wildcard_resource", found.wildcard_resource),
            ("network_restrictions", None if network.state == "unknown" else network.state),
        )
        if value is None
    }
    return unknown if held.sound else unknown | {"resource_scope"}


def _own(
    name: str, entity: Mapping[str, Any], member: str, kind: str, reading: Reading
) -> list[tuple[str, str, Policy]]:
    inline = [
        (
            f"inline:{policy.get('PolicyName')}",
            f"{kind}/{name}/{policy.get('PolicyName')}",
            parse(policy.get("PolicyDocument")),
        )
        for policy in dicts(entity, member)
    ]
    return inline + [
        (arn.rpartition("/")[2], arn, reading.policies.get(arn, UNREAD)) for arn in attached(entity)
    ]
