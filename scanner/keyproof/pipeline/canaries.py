"""Canaries: each policy's examples, decided on the real engine before a policy may decide anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from keyproof.model.policy import Decision, Example, Policy
from keyproof.model.record import canonical_json
from keyproof.pipeline.examples import stage
from keyproof.pipeline.message import message_fields, message_of
from keyproof.pipeline.sheet import Sheet
from keyproof.pipeline.subjects import Population, Subject
from keyproof.pipeline.verdicts import Checker
from keyproof.ports import Engine


def unsound(policies: Sequence[Policy], engine: Engine) -> Mapping[str, str]:
    """Return policy id → why it may not decide: it does not load, or an example comes out wrong."""
    found: dict[str, str] = {}
    for problem in engine.check(policies):
        where = f" ({problem.where})" if problem.where else ""
        found.setdefault(problem.policy, f"the policy cannot be used: {problem.detail}{where}")
    loaded = [policy for policy in policies if policy.id not in found]
    with ThreadPoolExecutor(engine.width) as threads:
        first = threads.map(lambda policy: next(wrong_examples(policy, engine), None), loaded)
        for policy, wrong in zip(loaded, first, strict=True):
            if wrong:
                found[policy.id] = f"the policy is not sound: {wrong}"
    return found


def wrong_examples(policy: Policy, engine: Engine) -> Iterator[str]:
    """Yield each example that does not come out as declared.

    Examples of one moment and one parameter set are decided together, as a run's subjects are; where
    the engine fails on them, one after the other, to say on which.
    """
    checker = Checker(policy)
    decided: dict[int, tuple[Decision, str | None]] = {}
    posed = [_posed(policy, number) for number in range(len(policy.examples))]
    for group in _together(posed):
        decided |= _decided(policy, engine, checker, group)
    for number in sorted(decided):
        decision, failure = decided[number]
        example = policy.examples[number]
        if problem := _problem(policy, example, decision):
            yield f"example '{example.title}' {problem}"
            if failure is not None:
                return  # the engine failed: the other examples would only fail again


class _Posed(NamedTuple):
    """An example as a subject, under a moment and a parameter set."""

    number: int
    subject: Subject
    as_of_ns: int
    values: Mapping[str, Any]


def _posed(policy: Policy, number: int) -> _Posed:
    example = policy.examples[number]
    staged = stage(policy.subject, example)
    population = Population(staged.facts)
    (subjects,) = population.chunks(policy.subject, policy.needs, population.count(policy.subject))
    subject = next(s for s in subjects if s.id == staged.subject_id)
    values = {p.name: p.default for p in policy.parameters} | dict(example.params)
    return _Posed(number, subject, population.as_of_ns, values)


def _together(posed: Sequence[_Posed]) -> Sequence[Sequence[_Posed]]:
    groups: dict[tuple[int, bytes], list[_Posed]] = {}
    for one in posed:
        groups.setdefault((one.as_of_ns, canonical_json(one.values)), []).append(one)
    return [*groups.values()]


def _decided(
    policy: Policy, engine: Engine, checker: Checker, group: Sequence[_Posed]
) -> Mapping[int, tuple[Decision, str | None]]:
    """Return example → decision, and the engine's failure; after one alone, no other is asked for."""
    subjects = [_numbered(one.subject, one.number) for one in group]
    document = input_document(policy, group[0].as_of_ns, group[0].values, subjects)
    answer = engine.evaluate(policy, document)
    if answer.error is None or len(group) == 1:
        made = checker.check(subjects, answer)
        return {
            one.number: (decision, answer.error) for one, decision in zip(group, made, strict=True)
        }
    found: dict[int, tuple[Decision, str | None]] = {}
    for one in group:
        found |= _decided(policy, engine, checker, [one])
        if found[one.number][1] is not None:
            break
    return found


def _numbered(subject: Subject, number: int) -> Subject:
    """Return a subject under an id of its own, for every example has the same."""
    name = f"{subject.id}.{number}"
    return subject._replace(id=name, flat={**subject.flat, "id": name})


def example_document(policy: Policy, example: Example) -> tuple[Subject, bytes]:
    """Return an example's subject and the input document it is decided from."""
    posed = _posed(policy, policy.examples.index(example))
    document = input_document(policy, posed.as_of_ns, posed.values, [posed.subject])
    return posed.subject, document


def input_document(
    policy: Policy, as_of_ns: int, values: Mapping[str, Any], subjects: Sequence[Subject]
) -> bytes:
    """Return a policy's canonical input: exactly the fields that it needs, of these subjects."""
    sheet = Sheet(policy.subject, subjects)
    return sheet.document(policy, as_of_ns, values, range(len(subjects)))


def _problem(policy: Policy, example: Example, decision: Decision) -> str | None:
    if decision.status != example.status:
        why = f": {decision.reason}" if decision.status == "error" and decision.reason else ""
        return f"is {decision.status}, declared {example.status}{why}"
    if decision.status != "fail":
        return None
    known = {p.name for p in policy.parameters} | set(decision.evidence)
    if strange := sorted(message_fields(policy.message) - known):
        return f"leaves '{strange[0]}' of the message open"
    message_of(policy.message, policy.title)(decision, example.params)
    return None
