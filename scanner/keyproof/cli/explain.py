"""``keyproof explain``: what a policy or a finding means, in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keyproof.cli.options import CONFIG
from keyproof.errors import ExitCode, MissingExtra, UsageError

if TYPE_CHECKING:
    from keyproof.app.policy_trace import Trace
    from keyproof.app.run import Rules
    from keyproof.app.settings import Loaded
    from keyproof.model.facts import Facts
    from keyproof.model.finding import Finding
    from keyproof.model.policy import Policy
    from keyproof.model.report import Report


@click.command()
@click.argument("name", metavar="POLICY|FINDING")
@click.argument("subject", required=False)
@CONFIG
@click.option("--run", metavar="FILE", help="The saved run that a finding is in.")
@click.option(
    "--inventory", type=click.Path(path_type=Path),
    help="What 'keyproof inventory --format jsonl' wrote, for a run whose records are gone.",
)  # fmt: skip
def explain(
    name: str, subject: str | None, config: Path | None, run: str | None, inventory: Path | None
) -> int:
    """Say what a policy demands, why, by whose numbers, and how to mend what it finds.

    With the id of a finding (f_…), or a policy and the name of a subject, say what was decided, on
    what evidence, and by which lines of the policy.

    \b
        keyproof explain keys.max_age
        keyproof explain keys.max_age "market maker"
    """
    from keyproof.app.run import Rules
    from keyproof.app.settings import load

    loaded = load(config, os.environ, Path.cwd())
    if subject is not None or name.startswith("f_"):
        finding, report = _finding(name, subject, run, config)
        for line in (
            *_of_finding(finding, report),
            *_traced(finding, _facts(report, loaded, inventory), Rules.load(loaded)),
        ):
            click.echo(line)
        return ExitCode.OK
    rules = Rules.load(loaded)
    from keyproof.pipeline import policyset

    policy = policyset.make([*rules.pack.policies, *rules.pack.disabled]).get(name)
    for line in _of_policy(policy, rules):
        click.echo(line)
    return ExitCode.OK


def _finding(
    name: str, subject: str | None, run: str | None, config: Path | None
) -> tuple[Finding, Report]:
    from keyproof.cli import report

    found = report.saved(run) if run else report.last(config)
    meant = [finding for finding in found.findings if _is_meant(finding, name, subject)]
    if len(meant) == 1:
        return meant[0], found
    of = name if subject is None else f"{name} on {subject}"
    if meant:
        ids = ", ".join(finding.id for finding in meant)
        raise UsageError(f"'{of}' is more than one finding", hint=f"say which: {ids}")
    raise UsageError(
        f"there is no finding '{of}' in that run",
        hint="'keyproof report --format csv' lists the findings of the last run, their ids first",
    )


def _is_meant(finding: Finding, name: str, subject: str | None) -> bool:
    if subject is None:
        return finding.id == name
    of = finding.subject
    return finding.policy == name and subject in {of.name, of.id, of.native_id}


def _of_policy(policy: Policy, rules: Rules) -> Iterator[str]:
    from keyproof.pipeline.pack_changes import severity_change
    from keyproof.pipeline.policy_docs import allowed, spoken

    yield f"{policy.id}  {policy.title}"
    yield f"severity {policy.severity}, decides each {policy.subject}, version {policy.version}"
    for sentence in severity_change(policy):
        yield f"severity {sentence.removeprefix(f'{policy.id}: ')}"
    if policy in rules.pack.disabled:
        yield "disabled in the settings: it does not run"
    if policy.replaces:
        yield "yours: it stands in the place of the shipped policy"
    if policy.modified:
        yield "modified: the file is not the one that ships with keyproof"
    yield from ("", policy.description, "", f"It reads: {', '.join(policy.needs)}")
    runs = policy in rules.pack.policies
    effective = rules.parameters.effective(policy.id) if runs else None
    for parameter in policy.parameters:
        value = effective.values[parameter.name] if effective else parameter.default
        origin = effective.origins[parameter.name] if effective else parameter.source
        yield from ("", f"{parameter.name} = {spoken(value)}   ({origin})")
        yield f"    {parameter.description} Allowed: {allowed(parameter)}."
    yield from ("", "How to mend a finding:", f"    {policy.remediation}")
    controls = rules.crosswalk.controls(policy.id)
    if controls:
        yield from ("", "Gives evidence for:")
    for c in controls:
        yield f"    {c.framework} {c.version}  {c.id}  {c.strength}: {c.reason}"


def _of_finding(finding: Finding, report: Report) -> Iterator[str]:
    from keyproof.pipeline.policy_docs import spoken

    declared = next((p.declared_severity for p in report.policies if p.id == finding.policy), None)
    graded = f" (the policy says {declared})" if declared not in {None, finding.severity} else ""
    yield f"{finding.id}  {finding.status}  {finding.severity}{graded}"
    yield f"{finding.policy}  {finding.policy_title}"
    subject = finding.subject
    yield f"{subject.type} {subject.name}  ({subject.id}, source {subject.source})"
    yield from ("", finding.message)
    if finding.reason:
        yield f"because {finding.reason}"
    yield from ("", "Compared:") if finding.evidence else ()
    for name, value in sorted(finding.evidence.items()):
        yield f"    {name} = {spoken(value)}"
    yield from ("", "Parameters:") if finding.parameters else ()
    for name, value in sorted(finding.parameters.items()):
        origin = finding.parameter_origins.get(name, "origin not recorded")
        yield f"    {name} = {spoken(value)}   ({origin})"
    yield from _over_time(finding)
    yield from ("", "How to mend it:", f"    {finding.remediation}")
    yield from ("", "Gives evidence for:") if finding.controls else ()
    for c in finding.controls:
        yield f"    {c.framework} {c.version}  {c.id}  {c.strength}: {c.reason}"


def _over_time(finding: Finding) -> Iterator[str]:
    """Tell who accepted a finding, since when it is known, and until when it is to be mended."""
    from keyproof.pipeline.message import amount

    if waiver := finding.waiver:
        yield from ("", f"Waived until {waiver.expires_on}: {waiver.reason}")
        yield f"    asked for by {waiver.requester}, approved by {waiver.approver}"
        yield f"    the approval is {waiver.approval}: {waiver.approval_basis}"
    if history := finding.history:
        yield from (
            "",
            f"{history.state.capitalize()}, first seen {history.first_seen_at:%Y-%m-%d}",
        )
        if history.due_at:
            yield f"    to be mended by {history.due_at:%Y-%m-%d}"
        if history.resolved_at:
            yield f"    resolved {history.resolved_at:%Y-%m-%d}"
        if history.reopened:
            yield f"    reopened {amount(history.reopened, 'time')}"


def _facts(report: Report, loaded: Loaded, inventory: Path | None) -> Facts:
    """Return the facts of a run: those that were kept, else what it holds and the inventory."""
    from keyproof.app.facts_kept import kept
    from keyproof.app.policy_trace import of_run, read_inventory

    if inventory:
        return of_run(report, read_inventory(inventory))
    return kept(loaded.state_folder(os.environ), report.facts_digest) or of_run(report)


def _traced(finding: Finding, facts: Facts, rules: Rules) -> Iterator[str]:
    """Decide the finding's record anew and tell its fields and the policy's lines."""
    from keyproof.app.policy_trace import trace

    every = (*rules.pack.policies, *rules.pack.disabled)
    policy = next((policy for policy in every if policy.id == finding.policy), None)
    if policy is None:
        yield from ("", "The policy is not among those of the settings: its lines are not shown.")
        return
    try:
        traced = trace(policy, finding, facts)
    except MissingExtra as missing:
        yield from ("", f"The lines that decided it are not shown: {missing}")
        return
    if traced is None:
        yield from (
            "",
            "The record itself is kept for the last whole run of this project alone. To see its",
        )
        yield "fields and the lines that decided it: scan again, or run keyproof inventory -o"
        yield "keys.jsonl and add --inventory keys.jsonl here."
        return
    yield from ("", "The record, as the policy sees it:")
    for name, value in traced.fields.items():
        yield f"    {name} = {_told(value)}"
    yield from ("", f"Decided again: {_verdict(finding, policy, traced)}")
    yield from (f"Lines of {policy.id} that were reached:",) if traced.lines else ()
    for number, text in traced.lines:
        yield f"    {number:4d}  {text.expandtabs(4)}"


def _verdict(finding: Finding, policy: Policy, traced: Trace) -> str:
    if traced.error:
        return f"the policy could not ({traced.error})"
    if traced.agrees:
        return f"the same, {'fail' if finding.status == 'waived' else finding.status}"
    if policy.digest != finding.policy_digest:
        return "otherwise; the policy was edited since that run"
    return "otherwise; the record changed since that run"


def _told(value: Any) -> str:
    import json

    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return (
        {None: "not known", True: "yes", False: "no"}[value]
        if value is None or isinstance(value, bool)
        else str(value)
    )
