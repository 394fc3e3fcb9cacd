"""Controls: the crosswalk from policies to the criteria of frameworks, each with its version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal

from keyproof import yamlfile
from keyproof.errors import ConfigError, UsageError
from keyproof.model.finding import Control
from keyproof.model.record import Document


class Mapped(Document, frozen=True, kw_only=True):
    """One line of the crosswalk: a policy gives evidence for a criterion, this strong, because."""

    criterion: str
    strength: Literal["direct", "supporting", "proxy"]
    reason: str


class Framework(Document, frozen=True, kw_only=True):
    """One version of one framework.

    ``criteria`` are ids with titles in our own words; ``default`` is false for one that is printed
    only when it is asked for (a proposal, a rule that binds few). ``rank`` orders frameworks in
    reports, smallest first.
    """

    id: str
    title: str
    version: str
    source: str
    note: str = ""
    default: bool = True
    rank: int = 100
    criteria: Mapping[str, str]
    policies: Mapping[str, tuple[Mapped, ...]]


class Crosswalk(Document, frozen=True, kw_only=True):
    """All frameworks in use, in the order of reports, and what a reader must hear about them."""

    frameworks: tuple[Framework, ...] = ()
    problems: tuple[str, ...] = ()

    def controls(self, policy: str) -> tuple[Control, ...]:
        """Return the criteria that a policy gives evidence for, over all frameworks."""
        return tuple(
            Control(
                framework=framework.id,
                version=framework.version,
                id=mapped.criterion,
                strength=mapped.strength,
                reason=mapped.reason,
            )
            for framework in self.frameworks
            for mapped in framework.policies.get(policy, ())
        )


def load(
    folders: Sequence[Path], *, policies: Collection[str], only: Collection[str] = ()
) -> Crosswalk:
    """Read every ``*.yaml`` of the folders.

    Args:
        policies: every policy id that exists; another id is tolerated, and named as a problem.
        only: ids of the frameworks to use; empty for those that are on by default.

    Raises:
        ConfigError: a file does not fit, names a criterion twice or one that it does not list, or
            two files have the same framework and version.
        UsageError: ``only`` names a framework that does not exist.
    """
    found: dict[str, Framework] = {}
    problems: list[str] = []
    for path in sorted(p for folder in folders for p in folder.glob("*.yaml")):
        document = yamlfile.load(path)
        framework = _framework(document)
        _check(document, framework)
        if framework.id in found:
            message = f"the framework '{framework.id}' is defined twice"
            raise ConfigError(message, where=document.where("id"))
        found[framework.id] = framework
        problems += [
            f"{document.where('policies', policy)}: there is no policy '{policy}'"
            for policy in framework.policies
            if policy not in policies
        ]
    for name in only:
        if name not in found:
            raise UsageError(
                f"there is no framework '{name}'", hint=f"there are: {', '.join(sorted(found))}"
            )
    chosen = sorted(
        (f for name, f in found.items() if (name in only if only else f.default)),
        key=lambda framework: (framework.rank, framework.id),
    )
    return Crosswalk(frameworks=tuple(chosen), problems=tuple(problems))


def _framework(document: yamlfile.Document) -> Framework:
    try:
        return document.convert(Framework)
    except ConfigError:
        _check_lines(document)
        raise


def _check_lines(document: yamlfile.Document) -> None:
    """Find the line that does not fit: of the whole, the schema's errors name only the section."""
    policies = document.data.get("policies") if isinstance(document.data, dict) else None
    for policy, lines in policies.items() if isinstance(policies, dict) else ():
        for index in range(len(lines) if isinstance(lines, list) else 0):
            document.convert(Mapped, "policies", policy, index)


def _check(document: yamlfile.Document, framework: Framework) -> None:
    used: set[str] = set()
    for policy, lines in framework.policies.items():
        seen: set[str] = set()
        for index, mapped in enumerate(lines):
            where = document.where("policies", policy, index)
            if mapped.criterion not in framework.criteria:
                raise ConfigError(f"'{mapped.criterion}' is not among the criteria", where=where)
            if mapped.criterion in seen:
                raise ConfigError(f"'{policy}' names '{mapped.criterion}' twice", where=where)
            if not mapped.reason.strip():
                raise ConfigError("the reason is empty", where=where)
            seen.add(mapped.criterion)
        used |= seen
    for criterion in framework.criteria:
        if criterion not in used:
            where = document.where("criteria", criterion)
            raise ConfigError(f"no policy gives evidence for '{criterion}'", where=where)


def policies_by_criterion(framework: Framework) -> Mapping[str, tuple[str, ...]]:
    """Return criterion → policies, criteria in the order of the file."""
    policies: dict[str, list[str]] = defaultdict(list)
    for policy, lines in framework.policies.items():
        for mapped in lines:
            policies[mapped.criterion].append(policy)
    return {criterion: tuple(sorted(policies[criterion])) for criterion in framework.criteria}
