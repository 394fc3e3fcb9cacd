"""Listed: the rules of a YAML file that holds a list of them.

They are read one by one: a rule that cannot be translated is refused with its line, and hides no
other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from keyproof import yamlfile
from keyproof.leaks.imports._rule import Reading, Refusal, Rule, Untranslatable

Read = Callable[[Mapping[str, Any], str, list[str]], Iterable[Rule]]
"""Takes an item of the list, its ``file:line``, and the notes that it adds to for the reader."""


class Form(NamedTuple):
    """Where the list stands, what rules are called behind, and which field of theirs says that."""

    field: str
    prefix: str
    id: str


def is_yaml_with(field: str, name: str, text: str) -> bool:
    """Tell whether a file is YAML with ``field`` at its top."""
    stands = re.search(rf"^{field}\s*:", text, re.MULTILINE) is not None
    return name.endswith((".yml", ".yaml")) and stands


def read_listed(text: str, name: str, form: Form, read: Read) -> Reading:
    """Read a file of rules.

    Raises:
        ConfigError: it is no YAML.
    """
    document = yamlfile.parse(text, name)
    rules: list[Rule] = []
    refusals: list[Refusal] = []
    notes: list[str] = []
    listed = document.data.get(form.field) if isinstance(document.data, dict) else None
    for index, raw in enumerate(listed if isinstance(listed, list) else []):
        where = document.where(form.field, index)
        label = f"{form.prefix}:{raw.get(form.id, '')}" if isinstance(raw, dict) else ""
        try:
            rules += read(raw, where, notes)
        except Untranslatable as failure:
            refusals.append(Refusal(where, label, str(failure)))
        except (TypeError, ValueError, AttributeError):
            refusals.append(Refusal(where, label, "a field has a value of the wrong kind"))
    if not rules and not refusals:
        refusals.append(Refusal(f"{name}:1", "", "it holds no rule"))
    return Reading(tuple(rules), tuple(refusals), tuple(notes))
