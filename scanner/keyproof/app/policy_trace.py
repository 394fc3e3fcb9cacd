"""Traces: decides one finding's record anew, and shows which lines of its policy were reached."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from keyproof.engines import embedded
from keyproof.errors import UsageError
from keyproof.model.facts import Facts
from keyproof.model.finding import Finding
from keyproof.model.key import Key
from keyproof.model.policy import Policy
from keyproof.model.principal import Principal
from keyproof.model.report import Report
from keyproof.pipeline.canaries import input_document
from keyproof.pipeline.subject_schema import outputs_of
from keyproof.pipeline.subjects import Population, Subject

_PACKAGE = "keyproof_trace_test"
_RULE = "test_same_verdict"


class Trace(NamedTuple):
    """One record as its policy saw it, and what the policy did with it.

    Attributes:
        fields: the flat fields that the policy reads, by name.
        agrees: the policy gives the verdict that the run recorded.
        lines: the lines of the policy that were reached, with their numbers from 1.
        error: why the policy could not decide, if it could not.
    """

    fields: Mapping[str, Any]
    agrees: bool
    lines: Sequence[tuple[int, str]]
    error: str | None


def read_inventory(path: Path) -> tuple[Key | Principal, ...]:
    """Read the records that ``keyproof inventory --format jsonl`` wrote.

    Raises:
        UsageError: the file cannot be read, or a line is no record; what it holds is not quoted.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"cannot read {path} ({error.strerror})") from None
    made: list[Key | Principal] = []
    for number, line in enumerate(lines, start=1):
        try:
            made.append(msgspec.json.decode(line, type=Key | Principal))
        except msgspec.MsgspecError:
            raise UsageError(
                f"{path}:{number}: this is no record",
                hint="the file must be what 'keyproof inventory --format jsonl' wrote",
            ) from None
    return tuple(made)


def of_run(report: Report, records: Iterable[Key | Principal] = ()) -> Facts:
    """Return the facts that a saved run still holds, with the records of an inventory.

    A run keeps leaks, sources and gaps, but neither keys nor principals nor waivers.
    """
    known = list(records)
    return Facts(
        as_of=report.as_of,
        fingerprint_key_id=report.fingerprint_key_id,
        fingerprint_key_local=report.fingerprint_key_local,
        sources=report.sources,
        gaps=report.gaps,
        leaks=report.leaks,
        keys=tuple(record for record in known if isinstance(record, Key)),
        principals=tuple(record for record in known if isinstance(record, Principal)),
    )


def trace(policy: Policy, finding: Finding, facts: Facts) -> Trace | None:
    """Decide a finding's record again, under the parameters of then and at the time of then.

    Returns:
        ``None`` where the facts do not hold the record.

    Raises:
        MissingExtra: regorus is not installed.
    """
    population = Population(facts)
    size = max(1, population.count(policy.subject))
    for subjects in population.chunks(policy.subject, policy.needs, size):
        for subject in subjects:
            if subject.id == finding.subject.id:
                return _traced(policy, finding, subject, population.as_of_ns)
    return None


def _traced(policy: Policy, finding: Finding, subject: Subject, as_of_ns: int) -> Trace:
    document = input_document(policy, as_of_ns, finding.parameters, [subject]).decode()
    # a waiver is applied by the host: the policy itself said that it fails
    status = "fail" if finding.status == "waived" else finding.status
    test = (
        f"package {_PACKAGE}\n\n{_RULE} if {{\n"
        f"\td := data.{policy.package}.decisions[{json.dumps(subject.id)}] with input as {document}\n"
        f"\td.status == {json.dumps(status)}\n}}\n"
    )
    with embedded.open_engine(workers=1) as engine:
        modules = [(policy.path, policy.module), (f"{_PACKAGE}.rego", test)]
        (outcome,) = engine.test(modules, [(_PACKAGE, _RULE)])
    reached = outcome.lines.get(policy.path, (frozenset(), frozenset()))[0]
    text = policy.module.splitlines()
    names = outputs_of(policy.subject, policy.needs)
    return Trace(
        fields={name: subject.flat[name] for name in names},
        agrees=outcome.passed,
        lines=[(number, text[number - 1]) for number in sorted(reached)],
        error=outcome.error,
    )
