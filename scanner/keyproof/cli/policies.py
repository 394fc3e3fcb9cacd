"""``keyproof policies``: list, show, test, check and document policies; lock and sign a pack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyproof.cli.options import CONFIG, SUBJECT_TYPES
from keyproof.cli.policies_list import fields, list_, show
from keyproof.cli.policies_signed import bundle, sign, verify
from keyproof.cli.policies_tested import coverage, test
from keyproof.cli.terminal import note
from keyproof.errors import ExitCode

if TYPE_CHECKING:
    from keyproof.app.settings import Loaded
    from keyproof.model.policy import SubjectType
    from keyproof.pipeline.policyset import PolicySet
    from keyproof.ports import Engine

_FOLDER = click.argument("folder", required=False, type=click.Path(path_type=Path))


@click.group()
def policies() -> None:
    """List, show, test and check policies."""


@policies.command()
@click.argument("policy_id", metavar="GROUP.NAME")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("policies"), show_default=True,
    help="The folder of your own policies.",
)  # fmt: skip
@click.option(
    "--subject", type=SUBJECT_TYPES,
    help="What it decides; by default what the group's name says, else a key.",
)  # fmt: skip
@CONFIG
def new(policy_id: str, folder: Path, subject: SubjectType | None, config: Path | None) -> int:
    """Write a policy of your own with its tests, ready to be edited."""
    from keyproof.app.policy_new import write_new
    from keyproof.errors import UsageError

    if any(policy.id == policy_id for policy in _every(_pack(_settings(config))).policies):
        raise UsageError(f"there is a policy '{policy_id}' already", hint="choose another name")
    for path in write_new(policy_id, folder, subject):
        click.echo(path)
    note("the fields that it may name in 'needs': keyproof policies fields")
    note(f"edit both, then: keyproof policies check {folder}; keyproof policies test {folder}")
    note(f"a scan runs it once keyproof.yaml says: policies: {{folders: [{folder}]}}")
    return ExitCode.OK


@policies.command()
@_FOLDER
@CONFIG
def check(folder: Path | None, config: Path | None) -> int:
    """Load, lint and try policies on the engine.

    METADATA, portable Rego and every example are checked, of the policies in FOLDER, else of those
    that a scan would run.
    """
    from keyproof.app.policy_new import left_as_written
    from keyproof.pipeline.canaries import wrong_examples
    from keyproof.pipeline.message import amount

    loaded = _settings(config)
    pack = _of_folder(folder) if folder else _pack(loaded)
    engine = _engine(loaded)
    try:
        problems = [f"{p.where or p.policy}: {p.detail}" for p in engine.check(pack.policies)]
        if not problems:
            problems = [
                f"{policy.path}: {wrong}"
                for policy in pack.policies
                for wrong in wrong_examples(policy, engine)
            ]
        name = engine.name
    finally:
        engine.close()
    for problem in (*pack.problems, *problems):
        click.echo(problem)
    examples = sum(len(policy.examples) for policy in pack.policies)
    of = "policy" if len(pack.policies) == 1 else "policies"
    wrong = amount(len(problems), "problem")
    note(f"{len(pack.policies)} {of}, {examples} examples, {wrong} on {name}")
    for policy in pack.policies:
        for words in left_as_written(policy):
            note(f"{policy.path}: the {words} still say what 'policies new' wrote")
    return ExitCode.USAGE if problems else ExitCode.OK


@policies.command()
@_FOLDER
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("docs/policies"),
    show_default=True, help="The folder to write.",
)  # fmt: skip
def docs(folder: Path | None, output: Path) -> int:
    """Write a Markdown page for each policy.

    Of FOLDER, else of the shipped pack.
    """
    from keyproof.pipeline import controls, policyset
    from keyproof.pipeline.policy_docs import pages
    from keyproof.resources import shipped

    pack = _of_folder(folder) if folder else policyset.load()
    ids = [policy.id for policy in pack.policies]
    crosswalk = controls.load([shipped("reports") / "frameworks"], policies=ids)
    mapped = {policy: crosswalk.controls(policy) for policy in ids}
    output.mkdir(parents=True, exist_ok=True)
    link = Path(os.path.relpath(folder, output)).as_posix() if folder else "../../policies"
    for name, text in pages(pack.policies, mapped, link).items():
        (output / name).write_text(text, encoding="utf-8")
    note(f"{len(ids)} policies written to {output}")
    return ExitCode.OK


@policies.command()
@_FOLDER
def lock(folder: Path | None) -> int:
    """Write a pack's .manifest, params.yaml and schemas anew.

    The pack is FOLDER, else the shipped one. Afterwards an edit of a policy shows as 'modified' in
    every report.
    """
    from keyproof.pipeline.policy_docs import SUBJECTS, params_file, schema_file
    from keyproof.pipeline.policy_lock import FILE_NAME, render_lock
    from keyproof.resources import shipped

    target = folder or shipped("policies")
    pack = _of_folder(target)
    (target / "schemas").mkdir(exist_ok=True)
    for subject in SUBJECTS:
        (target / "schemas" / f"{subject}.json").write_text(schema_file(subject), encoding="utf-8")
    (target / "params.yaml").write_text(params_file(pack.policies), encoding="utf-8")
    (target / FILE_NAME).write_text(render_lock(target), encoding="utf-8")
    note(f"{len(pack.policies)} policies locked in {target}")
    return ExitCode.OK


for command in (list_, show, fields, test, coverage, bundle, sign, verify):
    policies.add_command(command)


def _settings(config: Path | None) -> Loaded:
    from keyproof.app.settings import load

    return load(config, os.environ, Path.cwd())


def _pack(loaded: Loaded) -> PolicySet:
    from keyproof.app.packs import load_policies

    return load_policies(loaded, disable=tuple(loaded.settings.policies.off()))


def _every(pack: PolicySet) -> PolicySet:
    from keyproof.pipeline import policyset

    return policyset.make([*pack.policies, *pack.disabled])


def _of_folder(folder: Path) -> PolicySet:
    from keyproof.pipeline import policyset

    return policyset.of_folder(folder)


def _engine(loaded: Loaded) -> Engine:
    from keyproof.app.run import open_engine

    return open_engine(loaded, os.environ)
