"""Canaries: each policy's examples, decided on the real engine before a policy may decide anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from keyproof.model.policy import Decision, Example, Policy
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
    """Yield each example that does not come out as declared."""
    checker = Checker(policy)
    for example in policy.examples:
        subject, document = example_document(policy, example)
        answer = engine.evaluate(policy, document)
        (decision,) = checker.check([subject], answer)
        if problem := _problem(policy, example, decision):
            yield f"example '{example.title}' {problem}"
            if answer.error is not None:
                return  # the engine failed: the other examples would only fail again


def example_document(policy: Policy, example: Example) -> tuple[Subject, bytes]:
    """Return an example's subject and the input document it is decided from."""
    staged = stage(policy.subject, example)
    population = Population(staged.facts)
    (subjects,) = population.chunks(policy.subject, policy.needs, population.count(policy.subject))
    subject = next(s for s in subjects if s.id == staged.subject_id)
    values = {p.name: p.default for p in policy.parameters} | dict(example.params)
    return subject, input_document(policy, population.as_of_ns, values, [subject])


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
