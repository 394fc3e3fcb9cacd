"""Engine: evaluates policies; its verdicts are checked by the host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from keyproof.model.policy import Policy


class PolicyProblem(NamedTuple):
    """Why a policy cannot be used; its subjects become ``error``."""

    policy: str
    detail: str
    where: str | None = None


class Answer(NamedTuple):
    """What an engine said of one document, or the error instead.

    ``decisions`` is the canonical JSON of each decision by subject id. ``error`` is
    redacted: a class and a place, nothing of what was evaluated.
    """

    decisions: Mapping[str, bytes]
    error: str | None = None


class Engine(Protocol):
    """A loaded policy engine. Verdicts are checked by the host, never by the engine."""

    @property
    def name(self) -> str:
        """Name and version, as reports print it."""
        ...

    @property
    def width(self) -> int:
        """How many documents are evaluated at once when as many threads ask."""
        ...

    def check(self, policies: Sequence[Policy]) -> Sequence[PolicyProblem]:
        """Load each policy alone, and return those that will not load."""
        ...

    def evaluate(self, policy: Policy, document: bytes) -> Answer:
        """Evaluate ``decisions`` of one policy over one canonical JSON input document."""
        ...

    def confirm(self, policies: Sequence[Policy]) -> Sequence[PolicyProblem]:
        """Return those that are not what was loaded any more: their decisions do not count."""
        ...

    def close(self) -> None:
        """Release processes, connections and uploaded modules."""
        ...
