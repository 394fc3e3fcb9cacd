"""Parameters: the numbers that policies compare with, and whose numbers they are.

Later layers win: a policy's own default, ``policies/params.yaml``, the user's file, then in both
files ``environments:`` and ``owners:``. A value is plain, or ``{value: …, source: …}`` where a
reader should be told whose number it is.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keyproof import yamlfile
from keyproof.errors import PolicyError
from keyproof.model.policy import EffectiveParameters, Parameter, Policy
from keyproof.pipeline.parameter_schema import value_problem
from keyproof.resources import shipped

FILE_NAME = "params.yaml"
_NARROWED = ("environments", "owners")


class _Value(NamedTuple):
    value: Any
    origin: str


_Layer = Mapping[str, Mapping[str, _Value]]
"""Policy id → parameter → value."""


class Parameters:
    """The effective parameters of every policy, by environment and owner."""

    def __init__(
        self,
        policies: Sequence[Policy],
        general: Sequence[_Layer],
        environments: Mapping[str, Sequence[_Layer]],
        owners: Mapping[str, Sequence[_Layer]],
    ) -> None:
        """Keep validated layers; use :func:`load`."""
        self._policies = {policy.id: policy for policy in policies}
        self._general = general
        self._environments = environments
        self._owners = owners
        self._made: dict[tuple[str, str | None, str | None], EffectiveParameters] = {}

    def effective(
        self, policy: str, environment: str | None = None, owner: str | None = None
    ) -> EffectiveParameters:
        """Return the parameter set for a subject; equal sets are the same object."""
        key = (
            policy,
            environment if self._narrows(self._environments, environment, policy) else None,
            owner if self._narrows(self._owners, owner, policy) else None,
        )
        if key not in self._made:
            self._made[key] = self._make(*key)
        return self._made[key]

    def narrowed(self, policy: str) -> bool:
        """Tell whether environment or owner make a difference to a policy."""
        everywhere = (*self._environments.values(), *self._owners.values())
        return any(policy in layer for layers in everywhere for layer in layers)

    def narrowings(self, policy: str) -> tuple[str, ...]:
        """Return the environments and owners for which a policy has numbers of their own."""
        found = {
            name
            for layers in (self._environments, self._owners)
            for name, each in layers.items()
            if any(policy in layer for layer in each)
        }
        return tuple(sorted(found))

    def _narrows(
        self, layers: Mapping[str, Sequence[_Layer]], name: str | None, policy: str
    ) -> bool:
        return name is not None and any(policy in layer for layer in layers.get(name, ()))

    def _make(self, policy: str, environment: str | None, owner: str | None) -> EffectiveParameters:
        found = {p.name: _Value(p.default, p.source) for p in self._policies[policy].parameters}
        layers = (
            *self._general,
            *self._environments.get(environment or "", ()),
            *self._owners.get(owner or "", ()),
        )
        for layer in layers:
            found.update(layer.get(policy, {}))
        return EffectiveParameters(
            policy=policy,
            values={name: value.value for name, value in sorted(found.items())},
            origins={name: value.origin for name, value in sorted(found.items())},
        )


def load(
    policies: Sequence[Policy],
    files: Sequence[Path] = (),
    *,
    known: Sequence[Policy] = (),
    pack: Path | None = None,
) -> Parameters:
    """Read the pack's ``params.yaml``, then the user's files over it.

    Args:
        policies: the policies that will run.
        files: the user's files, later ones over earlier ones.
        known: further policies that a file may name (those that are disabled).
        pack: the folder that stands for that of the shipped policies: that of a bundle.

    Raises:
        PolicyError: a file names a policy or parameter that does not exist, or a value does not fit.
        ConfigError: a file cannot be read, or is not YAML.
    """
    by_id = {policy.id: policy for policy in (*known, *policies)}
    general: list[_Layer] = []
    narrowed: dict[str, dict[str, list[_Layer]]] = {word: {} for word in _NARROWED}
    shipped_file = (shipped("policies") if pack is None else pack) / FILE_NAME
    for path in (*([shipped_file] if shipped_file.is_file() else []), *files):
        document = yamlfile.load(path)
        _mapping(document)
        plain = [name for name in document.data if name not in _NARROWED]
        if path == shipped_file:  # it names the whole pack, of which some may not be loaded
            plain = [name for name in plain if name in by_id]
        general.append(_layer(document, by_id, plain))
        for word in _NARROWED:
            for name in _mapping(document, word) if word in document.data else ():
                ids = list(_mapping(document, word, name))
                layer = _layer(document, by_id, ids, word, name)
                narrowed[word].setdefault(str(name), []).append(layer)
    return Parameters(policies, general, narrowed["environments"], narrowed["owners"])


def _mapping(document: yamlfile.Document, *path: str | int) -> Mapping[Any, Any]:
    value = document.data
    for part in path:
        value = value[part]
    if not isinstance(value, dict):
        raise PolicyError("must be a mapping", where=document.where(*path))
    return value


def _layer(
    document: yamlfile.Document,
    policies: Mapping[str, Policy],
    ids: Sequence[str],
    *path: str,
) -> _Layer:
    layer: dict[str, dict[str, _Value]] = {}
    for policy_id in ids:
        policy = policies.get(policy_id)
        if policy is None:
            close = difflib.get_close_matches(str(policy_id), [*policies, *_NARROWED], n=1)
            raise PolicyError(
                f"there is no policy '{policy_id}'",
                where=document.where(*path, policy_id),
                hint=f"did you mean '{close[0]}'?" if close else None,
            )
        layer[policy_id] = dict(_values(document, policy, *path, policy_id))
    return layer


def _values(
    document: yamlfile.Document, policy: Policy, *path: str
) -> Iterator[tuple[str, _Value]]:
    parameters = {parameter.name: parameter for parameter in policy.parameters}
    for name, given in _mapping(document, *path).items():
        where = document.where(*path, name)
        if name not in parameters:
            close = difflib.get_close_matches(str(name), parameters, n=1)
            raise PolicyError(
                f"{policy.id} has no parameter '{name}'",
                where=where,
                hint=f"did you mean '{close[0]}'?" if close else None,
            )
        narrowed = f" ({path[0].removesuffix('s')} {path[1]})" if path[0] in _NARROWED else ""
        yield name, _value(given, parameters[name], where, narrowed)


def _value(given: Any, parameter: Parameter, where: str, narrowed: str) -> _Value:
    source = None
    if isinstance(given, dict):
        if set(given) != {"value", "source"} or not isinstance(given["source"], str):
            raise PolicyError("write the value, or {value: …, source: …}", where=where)
        given, source = given["value"], given["source"]
    if problem := value_problem(given, parameter.schema):
        raise PolicyError(f"'{parameter.name}' {problem}", where=where)
    # without its folder: equal files give equal findings on every machine
    return _Value(given, f"{source or Path(where).name}{narrowed}")
