"""When a key was last used, from a call or from the credential report. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from keyproof.connectors._aws_payload import Reading, moment
from keyproof.connectors._aws_report import USE_LAG_SECONDS
from keyproof.model.key import LastUsedDetail, LastUsedState


class LastUse(NamedTuple):
    """The fields of a key record that say when it was last used."""

    state: LastUsedState
    at: datetime | None = None
    precision: Literal["second", "report_lag"] | None = None
    lag_seconds: int | None = None
    detail: LastUsedDetail | None = None


def last_use(reading: Reading, key_id: str, now: datetime) -> LastUse:
    """Return what a reading tells of a key's last use; told by nobody, it is unknown."""
    asked, told = reading.last_used.get(key_id), reading.reported_use.get(key_id)
    if asked is not None:
        return _use(moment(asked.get("LastUsedDate")), "second", USE_LAG_SECONDS, asked)
    if told is None:
        return LastUse("unknown")
    made = reading.report.generated_at if reading.report else None
    age = max(0, int((now - made).total_seconds())) if made else None
    lag = None if age is None else age + USE_LAG_SECONDS
    detail = {"ServiceName": told.used_service, "Region": told.used_region}
    return _use(told.used_at, "report_lag", lag, detail)


def _use(
    at: datetime | None,
    precision: Literal["second", "report_lag"],
    lag: int | None,
    used: Mapping[str, Any],
) -> LastUse:
    """Return a last use as IAM tells it: without a date, the key was never used."""
    if at is None:
        return LastUse("never", lag_seconds=lag)
    words = {name: str(used[name]) for name in ("ServiceName", "Region") if used.get(name)}
    known = {name: word for name, word in words.items() if word != "N/A"}
    detail = LastUsedDetail(service=known.get("ServiceName"), region=known.get("Region"))
    return LastUse("known", at, precision, lag, detail)
