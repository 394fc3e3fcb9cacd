"""Pack changes: how the policies of a run differ from those that ship, said in whole sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keyproof.model.policy import Policy
from keyproof.pipeline.message import amount, plain
from keyproof.pipeline.parameters import Parameters
from keyproof.pipeline.policyset import PolicySet

NO_REASON = "no reason stated"
_NAMED = 5


def changes(
    pack: PolicySet, parameters: Parameters, *, off: Mapping[str, str], instead: Mapping[str, str]
) -> tuple[str, ...]:
    """Return a sentence for each difference: added, replaced, off, another severity, other numbers.

    Args:
        off: policies that the settings switch off, with the reason.
        instead: shipped policies that the user's own take the place of, with the reason.
    """
    own = [p.id for p in pack.policies if p.origin == "user" and not p.replaces]
    said = []
    if own:
        more = f" and {len(own) - _NAMED} more" if len(own) > _NAMED else ""
        noun = "policy" if len(own) == 1 else "policies"
        said.append(f"{len(own)} {noun} of your own: {', '.join(own[:_NAMED])}{more}")
    said += [
        f"{p.id} is yours, in place of the shipped one: {instead.get(p.id) or NO_REASON}"
        for p in pack.policies
        if p.replaces
    ]
    known = {policy.id for policy in pack.disabled}
    said += [
        f"{name} is switched off: {why or NO_REASON}" for name, why in off.items() if name in known
    ]
    for policy in pack.policies:
        said += severity_change(policy)
        said += overrides(policy, parameters)
    return tuple(said)


def severity_change(policy: Policy) -> Iterator[str]:
    """Yield a sentence if the severity of a policy is not what the policy itself says."""
    if policy.declared_severity:
        why = policy.severity_reason or NO_REASON
        yield f"{policy.id}: {policy.severity} instead of {policy.declared_severity}: {why}"


def overrides(policy: Policy, parameters: Parameters) -> Iterator[str]:
    """Yield a sentence for each parameter of a policy that is not what the policy itself says."""
    used = parameters.effective(policy.id)
    for parameter in policy.parameters:
        value = used.values[parameter.name]
        if value != parameter.default:
            yield (
                f"{policy.id}: {parameter.name} = {plain(value)} instead of "
                f"{plain(parameter.default)} ({used.origins[parameter.name]})"
            )
    places = parameters.narrowings(policy.id)
    if places:
        yield f"{policy.id}: other numbers for {amount(len(places), 'group')}: {', '.join(places)}"
