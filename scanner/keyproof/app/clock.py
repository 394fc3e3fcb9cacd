"""The system's clock; the only place that asks for the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """See ``ports.Clock``."""

    def now(self) -> datetime:
        """See ``Clock.now``."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """See ``Clock.sleep``."""
        time.sleep(seconds)
