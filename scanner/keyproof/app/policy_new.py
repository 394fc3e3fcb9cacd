"""New policies: writes a complete policy with its tests, to be edited into one of the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from keyproof.errors import UsageError
from keyproof.model.policy import Policy, SubjectType

GROUPS: Mapping[str, SubjectType] = {
    "keys": "key",
    "principals": "principal",
    "leaks": "leak",
    "sources": "source",
    "waivers": "waiver",
}
"""The folder that says of itself what its policies decide."""

_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class _Start(NamedTuple):
    """What a new policy compares until it is edited: a field, its type, a denied and a fine value."""

    field: str
    kind: str
    denied: str
    fine: str


_STARTS: Mapping[SubjectType, _Start] = {
    "key": _Start("environment", "string", '"test"', '"production"'),
    "principal": _Start("environment", "string", '"test"', '"production"'),
    "leak": _Start("provider", "string", '"github"', '"aws"'),
    "source": _Start("listed", "integer", "0", "10"),
    "waiver": _Start("policy", "string", '"leaks.active_key"', '"keys.max_age"'),
}

_POLICY = """\
# METADATA
# title: No @SUBJECT@ has a denied @FIELD@
# description: Say here why this matters; it is printed in every report.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: @SUBJECT@
#   needs: [@FIELD@]
#   params:
#     denied:
#       description: Values that no @SUBJECT@ may have.
#       type: array
#       minItems: 1
#       items: {type: @KIND@}
#       default: [@DENIED@]
#       source: say here whose values these are
#   message: "@FIELD@: {found}"
#   remediation: Say here what whoever gets a ticket has to do.
#   examples:
#     - title: a value that is fine
#       status: pass
#       subject: {@FIELD@: @FINE@}
#     - title: a denied value
#       status: fail
#       subject: {@FIELD@: @DENIED@}
#     - title: a value that could not be read
#       status: unknown
#       subject: {@UNREAD@missing_fields: [@FIELD@]}
package keyproof.@ID@

verdict := {true: "fail", false: "pass"}

denied := {value | some value in input.params.denied}

# every subject gets exactly one decision; one without is an error
decisions[id] := d if {
	some @SUBJECT@ in input.subjects
	id := @SUBJECT@.id
	d := decision(@SUBJECT@.@FIELD@)
}

decision(found) := {"status": "unknown", "reason": "the @SUBJECT@'s @FIELD@ is not known"} if found == null

decision(found) := {"status": status, "evidence": {"found": found}} if {
	found != null
	count(denied) > 0
	status := verdict[found in denied]
}
"""

_TEST = """\
package keyproof.@ID@_test

import data.keyproof.@ID@

check(found) := d if {
	subject := {"id": "one", "missing_fields": [], "@FIELD@": found}
	d := @NAME@.decisions.one with input as {"as_of_ns": 0, "params": {"denied": [@DENIED@]}, "subjects": [subject]}
}

test_fine_passes if check(@FINE@) == {"status": "pass", "evidence": {"found": @FINE@}}

test_denied_fails if check(@DENIED@).status == "fail"

test_unread_is_unknown if check(null).status == "unknown"
"""


def write_new(policy_id: str, folder: Path, subject: SubjectType | None = None) -> tuple[Path, ...]:
    """Write ``GROUP/NAME.rego`` and ``GROUP/NAME_test.rego`` below a folder, and return both.

    Args:
        policy_id: ``GROUP.NAME``; it is permanent once findings carry it.
        subject: what is decided; by default what the group's name says, else ``key``.

    Raises:
        UsageError: the id is no id, or one of the files is there already.
    """
    if not _ID.fullmatch(policy_id):
        raise UsageError(
            f"'{policy_id}' is no policy id",
            hint="GROUP.NAME in lower case, as in keys.named_well",
        )
    group, name = policy_id.split(".")
    kind = subject or GROUPS.get(group, "key")
    files = {
        folder / group / f"{name}.rego": _POLICY,
        folder / group / f"{name}_test.rego": _TEST,
    }
    for path in files:
        if path.exists():
            raise UsageError(f"{path} is there already", hint="choose another name, or edit it")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(text, policy_id, kind), encoding="utf-8")
    return tuple(files)


def left_as_written(policy: Policy) -> Iterator[str]:
    """Yield which texts of a policy are still those that :func:`write_new` put there."""
    begin = "say here "
    texts = {"description": [policy.description], "remediation": [policy.remediation]}
    texts["sources of parameters"] = [parameter.source for parameter in policy.parameters]
    for name, said in texts.items():
        if any(text.casefold().startswith(begin) for text in said):
            yield f"words of the {name}"


def _filled(text: str, policy_id: str, kind: SubjectType) -> str:
    start = _STARTS[kind]
    words = {
        "ID": policy_id,
        "NAME": policy_id.split(".")[1],
        "SUBJECT": kind,
        "FIELD": start.field,
        "KIND": start.kind,
        "DENIED": start.denied,
        "FINE": start.fine,
        "UNREAD": "" if kind == "source" else f"{start.field}: {start.fine}, ",
    }
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text
