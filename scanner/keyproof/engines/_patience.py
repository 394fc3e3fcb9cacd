"""Patience: how long a policy may take, and how often it may take too long."""

from __future__ import annotations

import threading
from collections import Counter

_TIMES = 16


class Patience:
    """Counts timeouts by policy. The first costs the whole limit, later ones a fifth of it."""

    def __init__(self, seconds: float) -> None:
        """Take the wall-clock limit of one document."""
        self._seconds = seconds
        self._timeouts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def seconds(self, policy: str) -> float | None:
        """Return the limit of the policy's next document; ``None``: it is not evaluated again."""
        timeouts = self._timeouts[policy]
        if timeouts >= _TIMES:
            return None
        return self._seconds if not timeouts else max(self._seconds / 5, 0.5)

    def lose(self, policy: str) -> None:
        """Remember that the policy took too long."""
        with self._lock:
            self._timeouts[policy] += 1


GONE = f"the policy ran longer than its limit {_TIMES} times and was not asked again"
"""What the subjects of such a policy are told."""
