"""Decide: one document after another, as many at once as the engine takes.

A document that the engine fails on is halved until only the subjects that it fails on are errors.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from keyproof.model.policy import SUBJECT_TYPES, Decision, EffectiveParameters, Policy
from keyproof.pipeline.alike import REMEMBERED, grouped, names_only, shows
from keyproof.pipeline.parameters import Parameters
from keyproof.pipeline.sheet import Sheet
from keyproof.pipeline.subjects import Population
from keyproof.pipeline.verdicts import Checker
from keyproof.ports import Engine

CHUNK = 1000
"""Subjects a document: larger ones are no faster, and a fault costs more to find."""

_FAILURES = 64
"""After so many failed documents a policy is not asked again: its other subjects are errors."""

_HOPELESS = 3
"""After so many documents of subjects that all differ, alike ones are not looked for."""

_AHEAD = 2
"""Threads beyond the engine's width: they write and check documents while it is busy with others."""


class Decided(NamedTuple):
    """The decisions of some subjects under one policy and one parameter set, in their order."""

    policy: Policy
    parameters: EffectiveParameters
    decisions: Sequence[Decision]


class _Task(NamedTuple):
    """One document: some rows of a sheet under one policy and one parameter set."""

    policy: Policy
    parameters: EffectiveParameters
    sheet: Sheet
    rows: Sequence[int]


def decide(
    population: Population,
    policies: Sequence[Policy],
    parameters: Parameters,
    engine: Engine,
    unusable: Mapping[str, str],
    chunk: int = CHUNK,
) -> Iterator[Decided]:
    """Yield every decision of every policy, documents in order; at most a few are held.

    Args:
        unusable: policy id → why it may not decide; its subjects are errors.
        chunk: subjects a document.
    """
    runs = {policy.id: _Run(policy, engine, population.as_of_ns) for policy in policies}
    with ThreadPoolExecutor(max_workers=engine.width + _AHEAD) as pool:
        waiting: deque[tuple[_Task, Future[Sequence[Decision]]]] = deque()
        for task in _tasks(population, policies, parameters, chunk):
            run = runs[task.policy.id]
            if task.policy.id in unusable:
                waiting.append((task, pool.submit(run.refuse, task, unusable[task.policy.id])))
            else:
                waiting.append((task, pool.submit(run.decide, task)))
            if len(waiting) > 2 * (engine.width + _AHEAD):
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())


def _done(task: _Task, future: Future[Sequence[Decision]]) -> Decided:
    return Decided(task.policy, task.parameters, future.result())


def _tasks(
    population: Population, policies: Sequence[Policy], parameters: Parameters, chunk: int
) -> Iterator[_Task]:
    """Yield the documents of a run; records are made flat once for all policies of their type."""
    for kind in SUBJECT_TYPES:
        chosen = [policy for policy in policies if policy.subject == kind]
        if not chosen:
            continue
        needs = {need for policy in chosen for need in policy.needs}
        for subjects in population.chunks(kind, needs, chunk):
            sheet = Sheet(kind, subjects)
            for policy in chosen:
                for effective, rows in _by_parameters(policy, sheet, parameters):
                    yield _Task(policy, effective, sheet, rows)


def _by_parameters(
    policy: Policy, sheet: Sheet, parameters: Parameters
) -> Iterable[tuple[EffectiveParameters, Sequence[int]]]:
    if not parameters.narrowed(policy.id):
        return [(parameters.effective(policy.id), range(len(sheet.subjects)))]
    parts: dict[int, tuple[EffectiveParameters, list[int]]] = {}
    for row, subject in enumerate(sheet.subjects):
        effective = parameters.effective(policy.id, subject.environment, subject.owner)
        parts.setdefault(id(effective), (effective, []))[1].append(row)
    return parts.values()


class _Run:
    """One policy on one engine, with what remains of the patience for its failures."""

    def __init__(self, policy: Policy, engine: Engine, as_of_ns: int) -> None:
        self._policy = policy
        self._engine = engine
        self._as_of_ns = as_of_ns
        self._checker = Checker(policy)
        self._failures = 0
        self._grouping = names_only(policy.module)
        self._differing = 0
        self._known: dict[int, dict[bytes, Decision]] = {}

    def refuse(self, task: _Task, reason: str) -> Sequence[Decision]:
        """Return an error for each subject of a document."""
        return self._errors(task, task.rows, reason)

    def decide(self, task: _Task) -> Sequence[Decision]:
        """Return the decisions of a document; where the engine fails on it, of its halves."""
        unfit = task.sheet.unfit(self._policy)
        if unfit.keys().isdisjoint(task.rows):
            return self._rows(task, task.rows)
        fitting = [row for row in task.rows if row not in unfit]
        made = dict(zip(fitting, self._rows(task, fitting), strict=True))
        for row in unfit.keys() & {*task.rows}:
            reason = f"the record holds something else than its schema says: {unfit[row]}"
            (made[row],) = self._errors(task, [row], reason)
        return [made[row] for row in task.rows]

    def _rows(self, task: _Task, rows: Sequence[int]) -> Sequence[Decision]:
        """Return the decisions of some rows, asking once for those that are alike."""
        if not self._grouping or not rows:
            return self._part(task, rows)
        contents = task.sheet.contents(self._policy)
        known = self._known.setdefault(id(task.parameters), {})
        first = [row for row in grouped(contents, rows) if contents[row] not in known]
        if len(first) == len(rows):
            self._differing += 1
            self._grouping = self._differing < _HOPELESS
        made = dict(zip((contents[row] for row in first), self._part(task, first), strict=True))
        if not self._grouping:
            return self._part(task, rows) if len(first) < len(rows) else list(made.values())
        decisions = [
            _of(task, row, made.get(contents[row]) or known[contents[row]]) for row in rows
        ]
        if len(known) < REMEMBERED:
            known.update((text, d) for text, d in made.items() if d.status != "error")
        return decisions

    def _part(self, task: _Task, rows: Sequence[int]) -> Sequence[Decision]:
        if not rows:
            return []
        if self._failures >= _FAILURES:
            reason = f"the policy failed {_FAILURES} times and was not asked again"
            return self._errors(task, rows, reason)
        values = task.parameters.values
        document = task.sheet.document(self._policy, self._as_of_ns, values, rows)
        answer = self._engine.evaluate(self._policy, document)
        if answer.error is None or len(rows) == 1:
            self._failures += answer.error is not None
            subjects = [task.sheet.subjects[row] for row in rows]
            if self._grouping and any(shows(answer, subject.id) for subject in subjects):
                self._grouping = False
            return self._checker.check(subjects, answer)
        self._failures += 1
        half = len(rows) // 2
        return [*self._part(task, rows[:half]), *self._part(task, rows[half:])]

    def _errors(self, task: _Task, rows: Sequence[int], reason: str) -> Sequence[Decision]:
        return self._checker.errors([task.sheet.subjects[row] for row in rows], reason)


def _of(task: _Task, row: int, decision: Decision) -> Decision:
    """Return a decision as that of another subject."""
    return Decision(
        policy=decision.policy,
        subject_id=task.sheet.subjects[row].id,
        status=decision.status,
        evidence=decision.evidence,
        reason=decision.reason,
    )
