"""``keyproof policies list`` and ``show``: which policies run, whose they are, with which numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keyproof.cli.options import CONFIG, SUBJECT_TYPES, TEXT_OR_JSON
from keyproof.errors import ExitCode

if TYPE_CHECKING:
    from keyproof.app.run import Rules
    from keyproof.app.settings import Loaded
    from keyproof.model.policy import Policy, SubjectType


@click.command("list")
@CONFIG
@TEXT_OR_JSON
def list_(config: Path | None, format_name: str) -> int:
    """List the policies that a scan would run, and whose they are.

    Those that are switched off stand there too. What differs from the shipped pack is said: a
    policy of yours, one that replaces a shipped one, one that was edited, one that is off or has
    another severity, with the reason, and every number that is not the default.
    """
    loaded, rules = _rules(config)
    if format_name == "json":
        import msgspec

        rows = [_row(policy, rules, loaded) for policy in _every(rules)]
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return ExitCode.OK
    width = max(len(policy.id) for policy in _every(rules))
    for policy in _every(rules):
        marks = "; ".join(_marks(policy, rules, loaded))
        row = f"{policy.id:{width}}  {policy.severity:8}  {policy.subject:9}  {policy.title}"
        click.echo(f"{row}  ({marks})" if marks else row)
    return ExitCode.OK


@click.command()
@click.argument("policy_id", metavar="ID")
@CONFIG
def show(policy_id: str, config: Path | None) -> int:
    """Print a policy's file: its METADATA, its examples and its Rego."""
    from keyproof.pipeline import policyset

    _, rules = _rules(config)
    click.echo(policyset.make(_every(rules)).get(policy_id).module, nl=False)
    return ExitCode.OK


@click.command()
@click.argument("subject", type=SUBJECT_TYPES, default="key")
def fields(subject: SubjectType) -> int:
    """Print the fields of a subject that a policy may read, and how.

    A policy names them in its 'needs'. A time t is t_ns (nanoseconds since 1970) and t_age_days, a
    nested record r is r_<field>; what is not known is null.
    """
    from keyproof.pipeline.subject_schema import field_names, subject_fields

    known = subject_fields(subject)
    width = max(map(len, field_names(subject)))
    for name in sorted(field_names(subject)):
        seen = (f"{out} ({_kind(schema)})" for out, schema in known[name].outputs.items())
        click.echo(f"{name:{width}}  {', '.join(seen)}")
    return ExitCode.OK


def _kind(schema: Mapping[str, Any]) -> str:
    """Return what a field may be, in words."""
    if "enum" in schema:
        return " ".join(str(value) for value in schema["enum"] if value is not None)
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    word = next(kind for kind in kinds if kind != "null")
    if word == "array":
        inner = schema["items"].get("properties")
        return f"list of objects: {', '.join(inner)}" if inner else "list of texts"
    return {"object": "texts by name", "string": "text"}.get(word, word)


def _rules(config: Path | None) -> tuple[Loaded, Rules]:
    from keyproof.app.run import Rules
    from keyproof.app.settings import load

    loaded = load(config, os.environ, Path.cwd())
    return loaded, Rules.load(loaded, environment=os.environ)


def _every(rules: Rules) -> tuple[Policy, ...]:
    return (*rules.pack.policies, *rules.pack.disabled)


def _marks(policy: Policy, rules: Rules, loaded: Loaded) -> Iterator[str]:
    """Yield what tells a policy from the shipped one of its name."""
    from keyproof.pipeline.pack_changes import NO_REASON, overrides, severity_change

    settings = loaded.settings.policies
    if policy.replaces:
        yield f"yours, replaces the shipped one: {settings.instead().get(policy.id) or NO_REASON}"
    elif policy.origin == "user":
        yield "yours"
    if policy.modified:
        yield "modified"
    if policy in rules.pack.disabled:
        yield f"off: {settings.off().get(policy.id) or NO_REASON}"
        return
    for sentence in (*severity_change(policy), *overrides(policy, rules.parameters)):
        yield sentence.removeprefix(f"{policy.id}: ")


def _row(policy: Policy, rules: Rules, loaded: Loaded) -> Mapping[str, Any]:
    enabled = policy in rules.pack.policies
    used = rules.parameters.effective(policy.id) if enabled else None
    settings = loaded.settings.policies
    return {
        "id": policy.id,
        "title": policy.title,
        "severity": policy.severity,
        "declared_severity": policy.declared_severity or policy.severity,
        "subject": policy.subject,
        "version": policy.version,
        "origin": policy.origin,
        "replaces": policy.replaces,
        "modified": policy.modified,
        "enabled": enabled,
        "reason": settings.off().get(policy.id) or settings.instead().get(policy.id) or None,
        "parameters": used.values if used else {},
        "parameter_origins": used.origins if used else {},
        "digest": policy.digest,
    }
