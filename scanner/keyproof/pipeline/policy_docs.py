"""Policy documents: renders a pack's METADATA as Markdown pages, parameter file and schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from keyproof.model.finding import Control
from keyproof.model.policy import SEVERITIES, SUBJECT_TYPES, Parameter, Policy, SubjectType
from keyproof.pipeline.subject_schema import json_schema

SUBJECTS: tuple[SubjectType, ...] = tuple(sorted(SUBJECT_TYPES))
_NOTICE = "<!-- Written by `keyproof policies docs`; edit the policy's METADATA instead. -->"


def pages(
    policies: Sequence[Policy],
    controls: Mapping[str, Sequence[Control]],
    folder: str = "../../policies",
) -> Mapping[str, str]:
    """Return file name → Markdown: one page a policy, and ``README.md`` with the list.

    Args:
        folder: that of the policies, as a link from a page names it.
    """
    made = {f"{p.id}.md": _page(p, controls.get(p.id, ()), folder) for p in policies}
    return {"README.md": _index(policies), **made}


def params_file(policies: Sequence[Policy]) -> str:
    """Return the pack's ``params.yaml``: every parameter with its default and whose number it is."""
    lines = [
        "# The limits that the shipped policies compare with, and whose numbers they are.",
        "# Copy what you change into a file of your own and name it in keyproof.yaml:",
        "#   policies: {params: params.yaml}",
        "# There, 'environments:' and 'owners:' narrow a value to some keys, the narrowest wins:",
        "#   environments: {production: {keys.max_age: {days: 30}}}",
        "#   owners: {payments: {keys.max_age: {days: 14}}}",
    ]
    for policy in policies:
        if policy.parameters:
            lines += ["", f"{policy.id}:"]
        for parameter in policy.parameters:
            value = {"value": parameter.default, "source": parameter.source}
            lines += [f"  # {parameter.description}", f"  {parameter.name}: {json.dumps(value)}"]
    return "\n".join(lines) + "\n"


def schema_file(subject: SubjectType) -> str:
    """Return the text of ``schemas/<subject>.json``."""
    return json.dumps(json_schema(subject), indent=1) + "\n"


def allowed(parameter: Parameter) -> str:
    """Return what a parameter may be, for people."""
    schema = parameter.schema
    if schema["type"] == "array":
        inner = schema["items"]
        choice = ", ".join(map(str, inner.get("enum", ()))) or f"any {inner['type']}"
        return f"a list of: {choice}"
    if "enum" in schema:
        return "one of: " + ", ".join(map(str, schema["enum"]))
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f" from {low}" * (low is not None) + f" to {high}" * (high is not None)
    return f"{schema['type']}{bounds}"


def spoken(value: Any) -> str:
    """Return a parameter's value for people."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nothing"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _index(policies: Sequence[Policy]) -> str:
    lines = [
        "# Policies",
        "",
        _NOTICE,
        "",
        "Each decides one kind of subject: `pass`, `fail`, `unknown` where something that it needs",
        "is not known, `skip` where it does not apply. Limits are parameters: `policies/params.yaml`.",
        "",
        "| policy | severity | subject | what must hold |",
        "|---|---|---|---|",
    ]
    ordered = sorted(policies, key=lambda p: (-SEVERITIES.index(p.severity), p.id))
    lines += [f"| [{p.id}]({p.id}.md) | {p.severity} | {p.subject} | {p.title} |" for p in ordered]
    return "\n".join(lines) + "\n"


def _page(policy: Policy, controls: Sequence[Control], folder: str) -> str:
    parts = f"{PurePosixPath(*policy.id.split('.'))}.rego"
    file = f"{PurePosixPath(folder).name}/{parts}"
    kind = f"Severity **{policy.severity}** · subject **{policy.subject}**"
    lines = [
        f"# {policy.id}: {policy.title}",
        "",
        _NOTICE,
        "",
        policy.description,
        "",
        f"{kind} · version {policy.version} · [`{file}`]({folder}/{parts})",
        "",
        f"It reads: {', '.join(f'`{need}`' for need in policy.needs)}.",
        "",
        *_parameters(policy),
        "## How to mend a finding",
        "",
        policy.remediation,
        "",
        "## Examples",
        "",
        "Run on the engine at the start of every scan; a policy that decides one otherwise is not used.",
        "",
        "| example | verdict |",
        "|---|---|",
        *(f"| {example.title} | {example.status} |" for example in policy.examples),
        *_controls(controls),
    ]
    return "\n".join(lines) + "\n"


def _parameters(policy: Policy) -> Iterator[str]:
    if not policy.parameters:
        return
    yield from ("## Parameters", "", "| name | default | whose number | allowed | meaning |")
    yield "|---|---|---|---|---|"
    for p in policy.parameters:
        yield f"| `{p.name}` | {spoken(p.default)} | {p.source} | {allowed(p)} | {p.description} |"
    yield ""


def _controls(controls: Sequence[Control]) -> Iterator[str]:
    if not controls:
        return
    yield from ("", "## Evidence for", "", "| framework | version | criterion | strength | why |")
    yield "|---|---|---|---|---|"
    for c in controls:
        yield f"| {c.framework} | {c.version} | {c.id} | {c.strength} | {c.reason} |"
