"""Builds what adapters are given."""

from __future__ import annotations

from collections.abc import Mapping

from keyproof.ports import Clock, Context, Fingerprinter, HitCache, Progress


class Silent:
    """A progress that says nothing. See ``ports.Progress``."""

    def step(self, what: str, done: int = 0, total: int | None = None) -> None:
        """See ``Progress.step``."""


def make_context(
    source: str,
    environment: Mapping[str, str],
    fingerprinter: Fingerprinter,
    clock: Clock,
    progress: Progress | None = None,
    cache: HitCache | None = None,
) -> Context:
    """Return the context of one source, tracker, rotator or target."""
    return Context(
        source=source,
        clock=clock,
        progress=progress or Silent(),
        fingerprinter=fingerprinter,
        environment=environment,
        cache=cache,
    )
