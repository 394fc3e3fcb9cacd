"""The ports: what the pipeline asks of the outside, and what an adapter must therefore be.

An adapter of the kinds Connector, Reporter, Tracker, Rotator and Target is a *module* that
satisfies the protocol here; the registry finds it by its file name. Engines and stores hold
resources and are made by their module's ``open``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import IO, Any, NamedTuple, Protocol

from keyproof.model.facts import Facts, Record
from keyproof.model.finding import Finding
from keyproof.model.policy import Policy
from keyproof.model.report import Report
from keyproof.model.rotation import Rotation
from keyproof.model.secret import Secret
from keyproof.model.ticket import RotationRequest, Ticket, TicketAction


class Clock(Protocol):
    """Where time comes from: the system, or a declared simulation."""

    def now(self) -> datetime:
        """Return the moment, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a simulated clock moves on instead."""
        ...


class Progress(Protocol):
    """Where long work reports how far it is. Library users pass nothing."""

    def step(self, what: str, done: int = 0, total: int | None = None) -> None:
        """Say what is being done, and how much of how much."""
        ...


class Fingerprinter(Protocol):
    """Turns a secret into what may leave: see :mod:`keyproof.identity`."""

    @property
    def key_id(self) -> str:
        """The id of the keying material, printed beside every secret id."""
        ...

    def secret_id(self, secret: Secret) -> str:
        """Return the keyed id of a secret (``s1_…``)."""
        ...

    def occurrence_id(self, secret_id: str, context: str, nth: int) -> str:
        """Return the keyed id of one occurrence (``o1_…``)."""
        ...


class HitCache(Protocol):
    """Remembers what was found in an object, so that a second scan reads only new ones."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return the stored entries among ``keys``."""
        ...

    def put(self, entries: Mapping[str, bytes]) -> None:
        """Store entries; failure to store is never an error."""
        ...


class Context(NamedTuple):
    """What a connector is given besides its settings."""

    source: str
    clock: Clock
    progress: Progress
    fingerprinter: Fingerprinter
    environment: Mapping[str, str]
    cache: HitCache | None = None


class Check(NamedTuple):
    """One line of ``keyproof doctor``: what was tried, how it went, how to mend it."""

    name: str
    ok: bool | None
    detail: str
    hint: str | None = None


class Connector(Protocol):
    """A module in ``connectors/``: reads one kind of source.

    ``SETTINGS`` is a msgspec struct (unknown fields forbidden) without secrets: credentials come
    from ``context.environment``. ``SCOPES`` are the least read rights it needs.
    """

    TITLE: str
    SETTINGS: type[Any]
    SCOPES: tuple[str, ...]

    def collect(self, settings: Any, context: Context) -> Iterator[Record]:
        """Yield the source's records; exactly one Source, last; a Gap for each thing unread."""
        ...

    def check(self, settings: Any, context: Context) -> Iterator[Check]:
        """Try each needed right, read-only."""
        ...


class PolicyProblem(NamedTuple):
    """Why a policy cannot be used; its subjects become ``error``."""

    policy: str
    detail: str
    where: str | None = None


class Answer(NamedTuple):
    """What an engine said of one chunk: raw decisions by subject id, or the error instead."""

    decisions: Mapping[str, Any]
    error: str | None = None


class Engine(Protocol):
    """A loaded policy engine. Verdicts are checked by the host, never by the engine."""

    @property
    def name(self) -> str:
        """Name and version, as reports print it."""
        ...

    def check(self, policies: Sequence[Policy]) -> Sequence[PolicyProblem]:
        """Load each policy alone, and return those that will not load."""
        ...

    def evaluate(self, policy: Policy, document: bytes) -> Answer:
        """Evaluate ``decisions`` of one policy over one canonical JSON input document."""
        ...

    def close(self) -> None:
        """Release processes, connections and uploaded modules."""
        ...


class Reporter(Protocol):
    """A module in ``reporters/``: renders a report in one format."""

    TITLE: str
    SUFFIX: str
    BINARY: bool

    def render(self, report: Report, stream: IO[Any]) -> None:
        """Write the report; text streams unless ``BINARY``."""
        ...


class Approval(NamedTuple):
    """Somebody's approval of a rotation, as re-read from the ticket system."""

    by: str
    at: datetime
    plan_hash: str


class TicketState(NamedTuple):
    """A ticket as its system shows it now."""

    external_id: str
    open: bool
    url: str | None
    approval: Approval | None
    note: str | None = None


class Tracker(Protocol):
    """A module in ``trackers/``: one ticket system. ``SHARED`` ones need a shared identity key."""

    TITLE: str
    SETTINGS: type[Any]
    SHARED: bool

    def find(self, settings: Any, context: Context) -> Mapping[str, str]:
        """Return finding id → external id of every ticket of ours that exists, open or closed."""
        ...

    def apply(self, settings: Any, context: Context, action: TicketAction) -> TicketState:
        """Do one action. Doing it again changes nothing."""
        ...

    def sync(
        self, settings: Any, context: Context, tickets: Iterable[Ticket]
    ) -> Iterator[TicketState]:
        """Re-read the tickets' state and approvals from the system itself."""
        ...


class LastUse(NamedTuple):
    """What the issuer says of a key's last use now."""

    state: str
    at: datetime | None


class IssuedKey(NamedTuple):
    """A key just made: its public id and its value, which goes to the targets and nowhere else."""

    native_id: str
    value: Secret


class Slot(NamedTuple):
    """One existing key of a principal, as a rotator lists it."""

    native_id: str
    active: bool
    created_at: datetime | None


class Rotator(Protocol):
    """A module in ``rotators/``: the driver for one issuer.

    Every call may be repeated. Errors: :class:`keyproof.errors.RotationError` where only a person
    can go on, :class:`keyproof.errors.SourceError` where the call may be tried again.
    """

    TITLE: str
    SETTINGS: type[Any]
    MAX_KEYS: int

    def slots(self, settings: Any, context: Context, request: RotationRequest) -> Sequence[Slot]:
        """List the principal's keys."""
        ...

    def create(self, settings: Any, context: Context, request: RotationRequest) -> IssuedKey:
        """Make a new key for the principal."""
        ...

    def verify(
        self, settings: Any, context: Context, request: RotationRequest, key: IssuedKey
    ) -> bool:
        """Tell whether the new key authenticates as the expected principal."""
        ...

    def last_use(self, settings: Any, context: Context, native_id: str) -> LastUse:
        """Return the last use of a key, by the issuer's clock."""
        ...

    def set_active(
        self,
        settings: Any,
        context: Context,
        request: RotationRequest,
        native_id: str,
        *,
        active: bool,
    ) -> None:
        """Deactivate or reactivate a key."""
        ...

    def delete(
        self, settings: Any, context: Context, request: RotationRequest, native_id: str
    ) -> None:
        """Delete a key; one that is gone already is no error."""
        ...


class Delivery(NamedTuple):
    """Which version a target holds after a write, and which it held before."""

    version: str
    previous_version: str | None


class Target(Protocol):
    """A module in ``targets/``: a place where the new key is put.

    ``token`` makes ``stage`` repeatable: the same token never makes a second version.
    """

    TITLE: str
    SETTINGS: type[Any]

    def stage(self, settings: Any, context: Context, key: IssuedKey, token: str) -> Delivery:
        """Write the new key where consumers do not read it yet, if the place can do that."""
        ...

    def read_staged(self, settings: Any, context: Context, version: str) -> IssuedKey | None:
        """Read a staged or current version back (resume after a crash); ``None`` if absent."""
        ...

    def promote(self, settings: Any, context: Context, delivery: Delivery) -> None:
        """Make the staged version the one that consumers read."""
        ...

    def restore(self, settings: Any, context: Context, delivery: Delivery) -> None:
        """Make the previous version current again."""
        ...


class StoredFindings(NamedTuple):
    """What recording a run's findings returned: the same findings with their history."""

    findings: tuple[Finding, ...]
    resolved: tuple[str, ...]
    reopened: tuple[str, ...]


class Store(Protocol):
    """Keeps the nouns. Every method is one transaction."""

    def record_run(
        self, report: Report, *, resolvable_sources: frozenset[str], sla_days: Mapping[str, int]
    ) -> StoredFindings:
        """Record a run; resolve what passed, or left a population that was read whole."""
        ...

    def open_findings(self) -> Sequence[Finding]:
        """Return the findings that are open now."""
        ...

    def last_report(self) -> Report | None:
        """Return the newest whole run's report."""
        ...

    def tickets(self) -> Sequence[Ticket]:
        """Return all tickets."""
        ...

    def put_ticket(self, ticket: Ticket) -> None:
        """Insert or replace a ticket, by its finding and tracker."""
        ...

    def start_rotation(self, rotation: Rotation) -> bool:
        """Insert a rotation; false if the key already has one that is not at its end."""
        ...

    def update_rotation(self, rotation: Rotation) -> None:
        """Compare-and-set: ``rotation.version`` must be one above the stored one.

        Raises:
            keyproof.errors.StoreError: another process was faster.
        """
        ...

    def rotation(self, rotation_id: str) -> Rotation | None:
        """Return one rotation."""
        ...

    def rotations(self, *, unfinished: bool = False) -> Sequence[Rotation]:
        """Return rotations, oldest first."""
        ...

    def lease(self, name: str, seconds: int) -> AbstractContextManager[bool]:
        """Hold a named lease while the block runs; yields false if somebody else has it."""
        ...

    def close(self) -> None:
        """Release the database."""
        ...


Collect = Callable[[Sequence[Any]], Facts]
"""Gathers facts from configured sources (see ``pipeline.collect``)."""
