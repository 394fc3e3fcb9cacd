"""The IAM credential report: one CSV for the whole account, the root user included. Pure.

Columns: AWS IAM User Guide, "Get credential reports for your AWS account". AWS makes a new report at
most every four hours, so what it says is up to that old.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

ROOT = "<root_account>"
USE_LAG_SECONDS = 15 * 60
"""IAM notes the first use of a key in fifteen minutes, and no second one."""
_NEEDED = ("user", "arn", "password_enabled", "mfa_active", "access_key_1_active")


class ReportKey(NamedTuple):
    """One of a user's two key slots; the report does not name the key's id."""

    slot: int
    active: bool
    changed_at: datetime | None
    used_at: datetime | None
    used_service: str | None
    used_region: str | None


class ReportRow(NamedTuple):
    """What the report says of one user; ``None`` where it says nothing that can be read."""

    user: str
    arn: str
    created_at: datetime | None
    console: bool | None
    password_used_at: datetime | None
    mfa: bool | None
    keys: tuple[ReportKey, ...]


class Report(NamedTuple):
    """The report's rows by user name; root is under :data:`ROOT`."""

    generated_at: datetime | None
    rows: Mapping[str, ReportRow]


def read_report(content: Any, generated_at: Any) -> Report | None:
    """Return the report, or ``None`` if its text is not one."""
    if not isinstance(content, bytes):
        return None
    try:
        table = list(csv.DictReader(io.StringIO(content.decode()), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    if not table or any(row.get(name) is None for row in table for name in _NEEDED):
        return None
    rows = {row["user"]: _row(row) for row in table}
    moment = generated_at if isinstance(generated_at, datetime) else None
    return Report(moment, rows)


def is_fresh(report: Report | None, now: datetime) -> bool:
    """Tell whether a report is no older than what IAM itself takes to note a use."""
    made = report.generated_at if report else None
    return made is not None and abs((now - made).total_seconds()) <= USE_LAG_SECONDS


def uses(
    report: Report, made: Mapping[str, Mapping[str, datetime | None]]
) -> Mapping[str, ReportKey]:
    """Match keys to the report's slots by the second of their making, where that is sure.

    A slot shows when its key was made *or changed*: one that was changed, or shares its second with
    another, is left out.

    Args:
        made: user name → key id → creation date.
    """
    found: dict[str, ReportKey] = {}
    for user, own in made.items():
        row = report.rows.get(user)
        seconds = {key_id: at.replace(microsecond=0) for key_id, at in own.items() if at}
        for key_id, second in seconds.items():
            slots = [key for key in row.keys if key.changed_at == second] if row else []
            if len(slots) == 1 and list(seconds.values()).count(second) == 1:
                found[key_id] = slots[0]
    return found


def _row(row: Mapping[str, str | None]) -> ReportRow:
    return ReportRow(
        user=row["user"] or "",
        arn=row["arn"] or "",
        created_at=_moment(row.get("user_creation_time")),
        console=_flag(row["password_enabled"]),
        password_used_at=_moment(row.get("password_last_used")),
        mfa=_flag(row["mfa_active"]),
        keys=tuple(key for key in (_key(row, 1), _key(row, 2)) if key),
    )


def _key(row: Mapping[str, str | None], slot: int) -> ReportKey | None:
    prefix = f"access_key_{slot}_"
    active, changed = _flag(row.get(prefix + "active")), _moment(row.get(prefix + "last_rotated"))
    if not active and changed is None:
        return None
    return ReportKey(
        slot=slot,
        active=bool(active),
        changed_at=changed,
        used_at=_moment(row.get(prefix + "last_used_date")),
        used_service=_word(row.get(prefix + "last_used_service")),
        used_region=_word(row.get(prefix + "last_used_region")),
    )


def _flag(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get((text or "").lower())


def _word(text: str | None) -> str | None:
    return None if text in {None, "", "N/A", "not_supported", "no_information"} else text


def _moment(text: str | None) -> datetime | None:
    if _word(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
