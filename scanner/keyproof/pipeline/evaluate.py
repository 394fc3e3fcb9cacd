"""Evaluate: decides every policy for every subject, on any engine, and loses none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from keyproof.model.facts import Facts
from keyproof.model.policy import (
    Batch,
    Decision,
    EffectiveParameters,
    Evaluation,
    Policy,
    PolicyResult,
)
from keyproof.model.record import canonical_json
from keyproof.pipeline.canaries import unsound
from keyproof.pipeline.decide import CHUNK, Decided, decide
from keyproof.pipeline.message import amount
from keyproof.pipeline.parameters import Parameters
from keyproof.pipeline.policyset import PolicySet
from keyproof.pipeline.subjects import Population
from keyproof.ports import Engine, Progress

_Batches = dict[str, dict[int, tuple[EffectiveParameters, list[Decision]]]]
"""By policy id and parameter set."""

_NOTEWORTHY = 20
"""Fewer subjects than this that all fail, or are all undecided, say nothing."""


def evaluate(
    facts: Facts,
    policies: PolicySet,
    parameters: Parameters,
    engine: Engine,
    *,
    unusable: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    chunk: int = CHUNK,
) -> Evaluation:
    """Return the decisions of every policy over every subject of its type.

    A policy that does not load, or whose examples do not come out as declared on this engine, is
    ``error`` for all its subjects; so is a single subject on which the engine fails.

    Args:
        unusable: what :func:`unsound` said of these policies on this engine; asked here if absent.
    """
    reasons = unsound(policies.policies, engine) if unusable is None else unusable
    population = Population(facts)
    total = sum(-(-population.count(p.subject) // chunk) for p in policies.policies)
    documents = decide(population, policies.policies, parameters, engine, reasons, chunk)
    decided = _collected(policies.policies, documents, progress, total)
    if changed := _changed(policies.policies, engine):
        decided |= _refused(changed, policies.policies, population, parameters, engine, chunk)
    results = tuple(
        _result(policy, population.count(policy.subject), list(decided[policy.id].values()))
        for policy in policies.policies
    )
    return Evaluation(
        engine=engine.name,
        pack_digest=policies.digest,
        results=results,
        problems=tuple(_problems(policies, {**reasons, **changed}, population)),
    )


def _collected(
    policies: Sequence[Policy],
    documents: Iterable[Decided],
    progress: Progress | None = None,
    total: int = 0,
) -> _Batches:
    decided: _Batches = {policy.id: {} for policy in policies}
    for number, made in enumerate(documents, start=1):
        batches = decided[made.policy.id]
        batches.setdefault(id(made.parameters), (made.parameters, []))[1].extend(made.decisions)
        if progress is not None:
            progress.step("deciding", min(number, total), total)
    return decided


def _changed(policies: Sequence[Policy], engine: Engine) -> Mapping[str, str]:
    """Return policy id → why what it decided does not count: it is not what was loaded."""
    return {problem.policy: problem.detail for problem in engine.confirm(policies)}


def _refused(
    changed: Mapping[str, str],
    policies: Sequence[Policy],
    population: Population,
    parameters: Parameters,
    engine: Engine,
    chunk: int,
) -> _Batches:
    """Return an error for every subject of the policies that changed under way."""
    chosen = [policy for policy in policies if policy.id in changed]
    documents = decide(population, chosen, parameters, engine, changed, chunk)
    return _collected(chosen, documents)


def stream(
    parts: Iterable[Facts],
    policies: PolicySet,
    parameters: Parameters,
    engine: Engine,
    *,
    chunk: int = CHUNK,
) -> Iterator[Decided]:
    """Yield the decisions over snapshots that come one after another, holding one at a time.

    The parts of one population must hold a principal together with its keys, and a leak together
    with the keys that it is: what is joined is joined within a part.

    Raises:
        EngineError: at the end, if a policy on the engine is not what was loaded.
    """
    reasons = unsound(policies.policies, engine)
    for facts in parts:
        yield from decide(Population(facts), policies.policies, parameters, engine, reasons, chunk)


def _result(
    policy: Policy, population: int, parts: list[tuple[EffectiveParameters, list[Decision]]]
) -> PolicyResult:
    batches = [  # each is in the order of the subjects' ids, as its documents were
        Batch(parameters=effective, decisions=tuple(made)) for effective, made in parts
    ]
    batches.sort(key=lambda batch: canonical_json(batch.parameters))
    return PolicyResult(
        policy=policy,
        population=population,
        batches=tuple(batches),
        notes=tuple(_notes(policy, batches)),
    )


def _notes(policy: Policy, batches: Sequence[Batch]) -> Iterator[str]:
    """Yield what a reader should look at twice: a policy that says one thing of everything."""
    if policy.modified:
        yield "was edited here: it is not the policy that ships with keyproof"
    found = Counter(decision.status for batch in batches for decision in batch.decisions)
    decided, undecided = found["fail"] + found["pass"], found["unknown"] + found["error"]
    if undecided >= _NOTEWORTHY and not decided:
        yield f"decided none of the {undecided} subjects that it applies to"
    elif decided >= _NOTEWORTHY and not found["pass"]:
        yield f"fails on all {decided} subjects that it decided"


def _problems(
    policies: PolicySet, reasons: Mapping[str, str], population: Population
) -> Iterator[str]:
    yield from policies.problems
    for policy, reason in sorted(reasons.items()):
        yield f"{policy}: {reason}"
    if population.duplicates:
        twice = amount(population.duplicates, "record")
        yield f"{twice} with the id of another; the first of each was decided"
