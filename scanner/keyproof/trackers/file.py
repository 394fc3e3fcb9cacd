"""Tickets as Markdown files in a folder: one a finding, for teams of one and for git.

The text above the marker line is keyproof's and is replaced; a person's notes below it are kept.
``state:`` in the front matter may be set to ``closed`` by hand. Whoever can write the folder can
write anything in it, so an approval is never read from a file: it is given to ``keyproof rotate``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from keyproof import yamlfile
from keyproof.errors import ConfigError, TrackerError
from keyproof.model.ticket import Ticket, TicketAction, rotation_hash
from keyproof.ports import Context, TicketState

TITLE = "Markdown files in a folder"
SHARED = False
APPROVAL = (
    "check that the plan made as shown below names the hash above; its `--apply` approves exactly"
    " that. Nothing that is written in this file approves anything."
)

MARKER = "<!-- keyproof: what stands below this line is yours and is kept -->"
_NAME = re.compile(r"f_[0-9a-f]{32}")
_FENCE = "---\n"
_CLOSED = ("closed", "done", "resolved")


class FileSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the files are. The folder is made where it is missing."""

    folder: str


SETTINGS = FileSettings


class _Stored(NamedTuple):
    """A ticket's file, taken apart."""

    fields: Mapping[str, object]
    text: str
    notes: str


def find(settings: FileSettings, context: Context) -> Mapping[str, str]:
    """See ``Tracker.find``; a file's external id is its name."""
    folder = Path(settings.folder)
    try:
        names = sorted(path.name for path in folder.glob("f_*.md"))
    except OSError as error:
        raise _unusable(folder, error) from None
    return {
        stem: f"{stem}.md" for name in names if _NAME.fullmatch(stem := name.removesuffix(".md"))
    }


def apply(settings: FileSettings, context: Context, action: TicketAction) -> TicketState:
    """See ``Tracker.apply``. A file that was deleted is written again."""
    path = _path(settings, action.finding_id)
    before = _read(path)
    closing = action.action == "close"
    fields: dict[str, object] = {
        "finding": action.finding_id,
        "state": "closed" if closing else "open",
        "severity": action.severity,
        "title": action.title,
        "reason": action.reason,
        "rotation": rotation_hash(action.rotation) if action.rotation else None,
    }
    if closing and before:
        fields["rotation"] = before.fields.get("rotation")
    text = f"# {action.title}\n\n{action.body.strip()}\n"
    if closing:
        was = _without_closing(before.text) if before else f"# {action.title}\n"
        text = f"{was.rstrip()}\n\n{_closing(action)}\n"
    _write(path, _Stored(fields, text, before.notes if before else "\n"))
    return TicketState(
        external_id=path.name, open=not closing, url=path.resolve().as_uri(), approval=None
    )


def sync(
    settings: FileSettings, context: Context, tickets: Iterable[Ticket]
) -> Iterator[TicketState]:
    """See ``Tracker.sync``; the state is the front matter's, an approval is never in it."""
    for ticket in tickets:
        path = _path(settings, ticket.finding_id)
        stored = _read(path)
        state = str(stored.fields.get("state", "open")).lower() if stored else "closed"
        yield TicketState(
            external_id=path.name,
            open=state not in _CLOSED,
            url=path.resolve().as_uri() if stored else None,
            approval=None,
            note=None if stored else "the file is gone",
        )


def _path(settings: FileSettings, finding_id: str) -> Path:
    if not _NAME.fullmatch(finding_id):  # a plan is a file that people pass around
        raise TrackerError("the finding's id is none that keyproof makes", hint="plan again")
    return Path(settings.folder) / f"{finding_id}.md"


def _closing(action: TicketAction) -> str:
    return f"**Closed.** {action.body.strip()}"


def _without_closing(text: str) -> str:
    """Return the text without the closing line that an earlier close, killed or not, has left."""
    kept = [line for line in text.splitlines() if not line.startswith("**Closed.** ")]
    return "\n".join(kept)


def _read(path: Path) -> _Stored | None:
    """Take a ticket's file apart; ``None`` where there is none.

    Raises:
        TrackerError: it cannot be read, or is no ticket; it is left as it is.
    """
    try:
        content = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise TrackerError("the file is not UTF-8", where=str(path), hint="mend it") from None
    except OSError as error:
        raise _unusable(path, error) from None
    head, fence, rest = content.removeprefix(_FENCE).partition(f"\n{_FENCE}")
    if not content.startswith(_FENCE) or not fence:
        raise TrackerError(
            "the file is no ticket: its front matter (between two lines '---') is missing",
            where=str(path),
            hint="mend it, or move it away: keyproof then writes a new one",
        )
    try:
        fields = yamlfile.parse(head, str(path)).data
    except ConfigError as error:
        raise TrackerError(error.message, where=error.where, hint="mend the file") from None
    if not isinstance(fields, dict):
        raise TrackerError("the front matter holds no fields", where=str(path), hint="mend it")
    lines = rest.split("\n")
    if MARKER not in lines:
        return _Stored(fields, "", f"\n{rest}")  # nobody can tell whose it is: keep all of it
    cut = lines.index(MARKER)
    return _Stored(fields, "\n".join(lines[:cut]), "\n".join(["", *lines[cut + 1 :]]))


def _write(path: Path, ticket: _Stored) -> None:
    """Replace a ticket's file in one step, so that no reader ever sees half of one."""
    fields = (
        f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in ticket.fields.items()
    )
    head = "".join(f"{field}\n" for field in fields)
    content = f"{_FENCE}{head}{_FENCE}\n{ticket.text.strip()}\n\n{MARKER}{ticket.notes}"
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> TrackerError:
    return TrackerError(
        f"the ticket cannot be read or written ({error.strerror})",
        where=str(path),
        hint="check the folder in the tracker's settings",
    )
