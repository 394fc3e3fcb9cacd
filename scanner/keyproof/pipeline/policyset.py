"""Policy set: loads the shipped pack and the user's folders, and knows what was edited."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from keyproof.errors import NothingToCheck, PolicyError, UsageError
from keyproof.model.policy import Policy
from keyproof.model.record import Document, digest
from keyproof.pipeline import metadata
from keyproof.pipeline.examples import stage
from keyproof.pipeline.policy_lock import read_lock, text_digest
from keyproof.pipeline.subject_schema import field_names
from keyproof.resources import shipped

_PART = re.compile(r"^[a-z][a-z0-9_]*$")
MAXIMUM_BYTES = 1024 * 1024
"""The embedded engine refuses larger modules, so both do."""


class PolicySet(Document, frozen=True, kw_only=True):
    """The policies of a run, ordered by id, and what a reader must hear about them.

    ``digest`` is over the ids and digests of the policies that run: the pack that was applied.
    ``disabled`` are those that were found and do not run.
    """

    policies: tuple[Policy, ...]
    digest: str
    disabled: tuple[Policy, ...] = ()
    problems: tuple[str, ...] = ()

    def get(self, policy_id: str) -> Policy:
        """Return one policy.

        Raises:
            UsageError: there is none of that id; the likeliest is named.
        """
        for policy in self.policies:
            if policy.id == policy_id:
                return policy
        raise _unknown(policy_id, [policy.id for policy in self.policies])


def load(
    folders: Iterable[Path] = (),
    *,
    pack: Path | None = None,
    select: Sequence[str] = (),
    disable: Sequence[str] = (),
    instead: Collection[str] = (),
) -> PolicySet:
    """Load the shipped policies and those of the user's folders.

    Args:
        folders: the user's folders; each holds ``<folder>/<name>.rego`` like the shipped one.
        pack: the folder that stands for the shipped one: that of a bundle.
        select: ids to run; empty for all.
        disable: ids to leave out.
        instead: ids of shipped policies that the user's folders may replace.

    Raises:
        PolicyError: a policy does not fit, two have one id, or a folder cannot be read.
        UsageError: ``select`` or ``disable`` names a policy that does not exist.
        NothingToCheck: nothing is left to run.
    """
    found: dict[str, Policy] = {}
    pack = shipped("policies") if pack is None else pack
    lock = read_lock(pack)
    for folder in (pack, *folders):
        ours = folder == pack
        for policy in _folder(folder, "shipped" if ours else "user"):
            before = found.get(policy.id)
            if before is not None:
                if before.origin != "shipped" or policy.id not in instead:
                    raise _taken(policy, before)
                found[policy.id] = replace(policy, replaces=True)
                continue
            relative = Path(policy.path).relative_to(folder).as_posix()
            changed = ours and lock.get(relative) != policy.digest
            found[policy.id] = replace(policy, modified=changed) if changed else policy
    gone = [
        name for name in lock if not name.endswith("_test.rego") and not (pack / name).is_file()
    ]
    _expect_replaced(found, instead)
    problems = [f"the shipped policy {name} is missing" for name in gone]
    return narrowed(make(found.values(), problems), select=select, disable=disable)


def _expect_replaced(found: Mapping[str, Policy], instead: Collection[str]) -> None:
    for name in instead:
        if name not in found:
            raise _unknown(name, list(found))
        if not found[name].replaces:
            raise UsageError(
                f"nothing replaces '{name}': none of your folders holds a policy of that id",
                hint="see 'replace' and 'folders' below 'policies' in keyproof.yaml",
            )


def narrowed(
    every: PolicySet, *, select: Sequence[str] = (), disable: Sequence[str] = ()
) -> PolicySet:
    """Return a set that runs some of the policies of another.

    Args:
        select: ids to run; empty for all.
        disable: ids to leave out.

    Raises:
        UsageError: ``select`` or ``disable`` names a policy that does not exist.
        NothingToCheck: nothing is left to run.
    """
    found = {policy.id: policy for policy in every.policies}
    chosen = _choose(found, select, disable)
    ids = {policy.id for policy in chosen}
    left_out = [policy for policy in found.values() if policy.id not in ids]
    return make(chosen, every.problems, disabled=left_out)


def _taken(policy: Policy, before: Policy) -> PolicyError:
    hint = "give yours another folder or file name: an id is permanent"
    if before.origin == "shipped":
        hint += f"; or let it replace the shipped one: policies: {{replace: {{{policy.id}: why}}}}"
    return PolicyError(
        f"there is a policy '{policy.id}' already, in {before.path}", where=policy.path, hint=hint
    )


def of_folder(folder: Path) -> PolicySet:
    """Load the policies of one folder alone.

    Raises:
        PolicyError: a policy does not fit, or there is none.
    """
    return make(_folder(folder, "user"))


def make(
    policies: Iterable[Policy], problems: Iterable[str] = (), *, disabled: Iterable[Policy] = ()
) -> PolicySet:
    """Return a set over policies that are loaded already."""
    ordered = tuple(sorted(policies, key=_id))
    names = [[policy.id, policy.digest] for policy in ordered]
    return PolicySet(
        policies=ordered,
        digest=digest(names),
        disabled=tuple(sorted(disabled, key=_id)),
        problems=tuple(problems),
    )


def _id(policy: Policy) -> str:
    return policy.id


def _choose(
    found: Mapping[str, Policy], select: Sequence[str], disable: Sequence[str]
) -> list[Policy]:
    for name in (*select, *disable):
        if name not in found:
            raise _unknown(name, list(found))
    chosen = [
        policy
        for name, policy in found.items()
        if (not select or name in select) and name not in disable
    ]
    if not chosen:
        raise NothingToCheck(
            "there is no policy to evaluate", hint="see 'disable' and 'folders' in keyproof.yaml"
        )
    return chosen


def _unknown(name: str, known: Sequence[str]) -> UsageError:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(sorted(known))}"
    return UsageError(f"there is no policy '{name}'", hint=hint)


def _folder(folder: Path, origin: Literal["shipped", "user"]) -> list[Policy]:
    if not folder.is_dir():
        raise PolicyError("there is no such folder of policies", where=str(folder))
    files = sorted(path for path in folder.rglob("*.rego") if not path.name.endswith("_test.rego"))
    if not files and origin == "user":
        raise PolicyError("there is no .rego file in this folder of policies", where=str(folder))
    return [read(path, folder, origin) for path in files]


def read(path: Path, folder: Path, origin: Literal["shipped", "user"] = "user") -> Policy:
    """Read one policy file; its id is its path below ``folder``.

    Raises:
        PolicyError: it cannot be read, or does not fit.
    """
    name = str(path)
    parts = path.relative_to(folder).with_suffix("").parts
    if not all(_PART.match(part) for part in parts) or len(parts) < 2:  # noqa: PLR2004
        raise PolicyError(
            "a policy lies in <folder>/<name>.rego, both of a-z, 0-9 and _", where=name
        )
    module = _text(path)
    header = metadata.parse(module, name)
    policy_id = ".".join(parts)
    if header.package != f"keyproof.{policy_id}":
        raise PolicyError(
            f"the package must be keyproof.{policy_id}, as the path says",
            where=f"{name}:{header.package_line}",
        )
    custom = header.annotations.custom
    _check_needs(header)
    _check_examples(header)
    return Policy(
        id=policy_id,
        title=header.annotations.title,
        description=header.annotations.description.strip(),
        severity=custom.severity,
        subject=custom.subject,
        message=custom.message,
        remediation=custom.remediation.strip(),
        parameters=header.parameters,
        examples=custom.examples,
        needs=tuple(sorted(set(custom.needs))),
        version=custom.version,
        origin=origin,
        path=name,
        module=module,
        digest=text_digest(module.encode()),
    )


def _check_examples(header: metadata.Header) -> None:
    custom = header.annotations.custom
    for index, example in enumerate(custom.examples):
        try:
            stage(custom.subject, example)
        except (msgspec.ValidationError, TypeError, AttributeError) as failure:
            raise PolicyError(  # an example's values are public, so the message may quote them
                f"example '{example.title}': {failure}",
                where=header.document.where("custom", "examples", index),
            ) from None


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if len(data) > MAXIMUM_BYTES:
            raise PolicyError(f"larger than {MAXIMUM_BYTES} bytes", where=str(path))
        return data.decode("utf-8")
    except OSError as failure:
        raise PolicyError(f"cannot be read ({failure.strerror})", where=str(path)) from None
    except UnicodeDecodeError:
        raise PolicyError("is not UTF-8", where=str(path)) from None


def _check_needs(header: metadata.Header) -> None:
    known = field_names(header.annotations.custom.subject)
    for index, field in enumerate(header.annotations.custom.needs):
        if field not in known:
            close = difflib.get_close_matches(field, known, n=1)
            raise PolicyError(
                f"a {header.annotations.custom.subject} has no field '{field}'",
                where=header.document.where("custom", "needs", index),
                hint=f"did you mean '{close[0]}'?" if close else "see policies/schemas",
            )
