"""``keyproof explain``: what a policy or a finding means, in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyproof.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from keyproof.app.run import Rules
    from keyproof.model.finding import Finding
    from keyproof.model.policy import Policy


@click.command()
@click.argument("name", metavar="POLICY|FINDING")
@click.option("--config", type=click.Path(path_type=Path), help="The settings file.")
@click.option("--run", metavar="FILE", help="The saved run that a finding is in.")
def explain(name: str, config: Path | None, run: str | None) -> int:
    """Say what a policy demands, why, by whose numbers, and how to mend what it finds.

    With the id of a finding (f_…), say what was decided about which subject, and on what evidence.
    """
    from keyproof.app.run import Rules
    from keyproof.app.settings import load

    loaded = load(config, os.environ, Path.cwd())
    if name.startswith("f_"):
        finding = _finding(name, run, config)
        for line in _of_finding(finding):
            click.echo(line)
        return ExitCode.OK
    rules = Rules.load(loaded)
    from keyproof.pipeline import policyset

    policy = policyset.make([*rules.pack.policies, *rules.pack.disabled]).get(name)
    for line in _of_policy(policy, rules):
        click.echo(line)
    return ExitCode.OK


def _finding(name: str, run: str | None, config: Path | None) -> Finding:
    from keyproof.cli import report

    found = report.saved(run) if run else report.last(config)
    for finding in found.findings:
        if finding.id == name:
            return finding
    raise UsageError(
        f"there is no finding '{name}' in that run",
        hint="'keyproof report --format json' lists the findings of the last run",
    )


def _of_policy(policy: Policy, rules: Rules) -> Iterator[str]:
    from keyproof.pipeline.policy_docs import allowed, spoken

    yield f"{policy.id}  {policy.title}"
    yield f"severity {policy.severity}, decides each {policy.subject}, version {policy.version}"
    if policy in rules.pack.disabled:
        yield "disabled in the settings: it does not run"
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


def _of_finding(finding: Finding) -> Iterator[str]:
    from keyproof.pipeline.policy_docs import spoken

    yield f"{finding.id}  {finding.status}  {finding.severity}"
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
    if finding.waiver:
        yield from ("", f"Waived until {finding.waiver.expires_on}: {finding.waiver.reason}")
    yield from ("", "How to mend it:", f"    {finding.remediation}")
