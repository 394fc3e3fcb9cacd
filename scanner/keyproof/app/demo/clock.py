"""A declared simulated clock: it starts at a given moment, and waiting moves it on at once."""

from __future__ import annotations

from datetime import datetime, timedelta


class SimulatedClock:
    """See ``ports.Clock``. Only the demo uses it, and says so on the screen."""

    def __init__(self, start: datetime) -> None:
        """Start at ``start`` (UTC)."""
        self._now = start

    def now(self) -> datetime:
        """See ``Clock.now``."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """See ``Clock.sleep``; returns at once, later."""
        self._now += timedelta(seconds=seconds)
