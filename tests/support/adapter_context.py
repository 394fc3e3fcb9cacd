"""What a test gives an adapter: a clock that stands still, silent progress, a fixed identity key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from keyproof.app.wiring import make_context
from keyproof.identity import KeyedFingerprinter
from keyproof.ports import Context

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class StillClock:
    """Stands at a moment and moves only by its own sleeps, which it keeps."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.moment += timedelta(seconds=seconds)


def fingerprinter() -> KeyedFingerprinter:
    """Return a fingerprinter under a key that is the same in every test."""
    return KeyedFingerprinter(b"a key for tests, nobody's", local=False)


def adapter_context(
    environment: Mapping[str, str] = {}, *, source: str = "here", clock: StillClock | None = None
) -> Context:
    """Return a context whose clock stands at noon."""
    return make_context(source, environment, fingerprinter(), clock or StillClock())
