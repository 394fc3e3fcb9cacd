"""Evaluate: decides every policy for every subject, on any engine, and loses none of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from keyproof.model.facts import Facts
from keyproof.model.policy import (
    Batch,
    Decision,
    EffectiveParameters,
    Evaluation,
    Policy,
    PolicyResult,
    SubjectType,
)
from keyproof.model.record import canonical_json
from keyproof.pipeline.canaries import input_document, unsound
from keyproof.pipeline.parameters import Parameters
from keyproof.pipeline.policyset import PolicySet
from keyproof.pipeline.subjects import Population, Subject
from keyproof.pipeline.verdicts import Checker
from keyproof.ports import Answer, Engine, Progress

CHUNK = 1000
"""Subjects a document: larger ones are no faster, and a fault costs more to find."""

_FAILURES = 64
"""After so many failed documents a policy is not asked again: its other subjects are errors."""

_NOTEWORTHY = 20
"""Fewer decided subjects than this all failing, or none, says nothing."""

_TYPES: tuple[SubjectType, ...] = ("key", "principal", "leak", "source")


def evaluate(
    facts: Facts,
    policies: PolicySet,
    parameters: Parameters,
    engine: Engine,
    *,
    progress: Progress | None = None,
    chunk: int = CHUNK,
) -> Evaluation:
    """Return the decisions of every policy over every subject of its type.

    A policy that does not load, or whose examples do not come out as declared on this engine, is
    ``error`` for all its subjects; so is a single subject on which the engine fails.
    """
    reasons = unsound(policies.policies, engine)
    population = Population(facts)
    runs = {p.id: _Run(p, engine, population.as_of_ns) for p in policies.policies}
    work = _tasks(population, policies.policies, parameters, chunk)
    total = sum(-(-population.count(p.subject) // chunk) for p in policies.policies)
    decided: dict[str, dict[int, tuple[EffectiveParameters, list[Decision]]]] = {
        policy.id: {} for policy in policies.policies
    }
    for number, (task, decisions) in enumerate(_decide(work, runs, reasons, engine.width), start=1):
        batches = decided[task.policy.id]
        batches.setdefault(id(task.parameters), (task.parameters, []))[1].extend(decisions)
        if progress is not None:
            progress.step("deciding", min(number, total), total)
    results = tuple(
        _result(policy, population.count(policy.subject), list(decided[policy.id].values()))
        for policy in policies.policies
    )
    return Evaluation(
        engine=engine.name,
        pack_digest=policies.digest,
        results=results,
        problems=tuple(_problems(policies, reasons, population)),
    )


class _Task(NamedTuple):
    """One document: some subjects under one policy and one parameter set."""

    policy: Policy
    parameters: EffectiveParameters
    subjects: Sequence[Subject]


def _tasks(
    population: Population, policies: Sequence[Policy], parameters: Parameters, chunk: int
) -> Iterator[_Task]:
    """Yield the documents of a run; records are made flat once for all policies of their type."""
    for kind in _TYPES:
        chosen = [policy for policy in policies if policy.subject == kind]
        if not chosen:
            continue
        needs = {need for policy in chosen for need in policy.needs}
        for subjects in population.chunks(kind, needs, chunk):
            for policy in chosen:
                for effective, part in _by_parameters(policy, subjects, parameters):
                    yield _Task(policy, effective, part)


def _by_parameters(
    policy: Policy, subjects: Sequence[Subject], parameters: Parameters
) -> Iterator[tuple[EffectiveParameters, Sequence[Subject]]]:
    if not parameters.narrowed(policy.id):
        yield parameters.effective(policy.id), subjects
        return
    parts: dict[int, tuple[EffectiveParameters, list[Subject]]] = {}
    for subject in subjects:
        effective = parameters.effective(policy.id, subject.environment, subject.owner)
        parts.setdefault(id(effective), (effective, []))[1].append(subject)
    yield from parts.values()


class _Run:
    """One policy on one engine, with what remains of the patience for its failures."""

    def __init__(self, policy: Policy, engine: Engine, as_of_ns: int) -> None:
        self.checker = Checker(policy)
        self._policy = policy
        self._engine = engine
        self._as_of_ns = as_of_ns
        self._failures = 0

    def decide(self, task: _Task) -> list[Decision]:
        """Return the decisions of a document; where the engine fails on it, of its halves."""
        return self._part(task.parameters, task.subjects)

    def _part(self, parameters: EffectiveParameters, subjects: Sequence[Subject]) -> list[Decision]:
        if self._failures >= _FAILURES:
            reason = f"the policy failed {_FAILURES} times and was not asked again"
            return self.checker.errors(subjects, reason)
        document = input_document(self._policy, self._as_of_ns, parameters.values, subjects)
        answer: Answer = self._engine.evaluate(self._policy, document)
        if answer.error is None or len(subjects) == 1:
            self._failures += answer.error is not None
            return self.checker.check(subjects, answer)
        self._failures += 1
        half = len(subjects) // 2
        first = self._part(parameters, subjects[:half])
        return first + self._part(parameters, subjects[half:])


def _decide(
    work: Iterator[_Task], runs: Mapping[str, _Run], reasons: Mapping[str, str], width: int
) -> Iterator[tuple[_Task, list[Decision]]]:
    """Yield every task with its decisions, in order; as many at once as the engine can take."""
    with ThreadPoolExecutor(max_workers=width) as pool:
        waiting: deque[tuple[_Task, Future[list[Decision]]]] = deque()
        for task in work:
            run = runs[task.policy.id]
            if task.policy.id in reasons:
                yield task, run.checker.errors(task.subjects, reasons[task.policy.id])
                continue
            waiting.append((task, pool.submit(run.decide, task)))
            if len(waiting) > 2 * width:
                done, future = waiting.popleft()
                yield done, future.result()
        for done, future in waiting:
            yield done, future.result()


def _result(
    policy: Policy, population: int, parts: list[tuple[EffectiveParameters, list[Decision]]]
) -> PolicyResult:
    batches = [
        Batch(parameters=effective, decisions=tuple(sorted(made, key=lambda d: d.subject_id)))
        for effective, made in parts
    ]
    batches.sort(key=lambda batch: canonical_json(batch.parameters))
    return PolicyResult(
        policy=policy,
        population=population,
        batches=tuple(batches),
        notes=tuple(_notes(policy, batches, population)),
    )


def _notes(policy: Policy, batches: Sequence[Batch], population: int) -> Iterator[str]:
    """Yield what a reader should look at twice: a policy that says one thing of everything."""
    if policy.modified:
        yield "was edited here: it is not the policy that ships with keyproof"
    statuses = [decision.status for batch in batches for decision in batch.decisions]
    failed, passed = statuses.count("fail"), statuses.count("pass")
    if population >= _NOTEWORTHY and failed + passed == 0:
        yield f"decided none of {population} subjects: all are unknown, skipped or errors"
    elif failed + passed >= _NOTEWORTHY and not passed:
        yield f"fails on all {failed} subjects that it decided"
    elif failed + passed >= _NOTEWORTHY and not failed:
        yield f"fails on none of {passed} subjects that it decided"


def _problems(
    policies: PolicySet, reasons: Mapping[str, str], population: Population
) -> Iterator[str]:
    yield from policies.problems
    for policy, reason in sorted(reasons.items()):
        yield f"{policy}: {reason}"
    if population.duplicates:
        yield f"{population.duplicates} records have the id of another; the first of each was decided"
