"""Alike: subjects of which a policy sees the same need one evaluation, not one each.

A decision rests on the fields that the policy ``needs``; the id only names it. Where a module's
text shows that the id is used for nothing else, subjects that differ in nothing but their id are
evaluated once, and the verdict, with the same evidence, is given to each of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from keyproof.model.record import canonical_json
from keyproof.ports import Answer

REMEMBERED = 2_000
"""Verdicts that are kept for later documents, for each policy and parameter set."""

_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|#.*')
_NAMING = re.compile(r"\bid := [a-z_]+\.id$|\bdecisions\[id\]", re.MULTILINE)
_ID = re.compile(r"\bid\b")


def names_only(module: str) -> bool:
    """Tell whether a module uses the id for nothing but ``decisions[id]``.

    Raw strings hide what is inside them, so a module that has one is not looked into.
    """
    text = _COMMENT.sub(lambda found: found[1] or "", module)
    code = "\n".join(line.rstrip() for line in text.splitlines())
    return "`" not in code and not _ID.search(_NAMING.sub("", code))


def grouped(contents: Sequence[bytes], rows: Sequence[int]) -> Sequence[int]:
    """Return the first row of each content."""
    first: dict[bytes, int] = {}
    for row in rows:
        first.setdefault(contents[row], row)
    return list(first.values())


def shows(answer: Answer, subject_id: str) -> bool:
    """Tell whether a decision says its subject's id, against what the text promised."""
    return canonical_json(subject_id)[1:-1] in bytes(answer.decisions.get(subject_id, b""))
