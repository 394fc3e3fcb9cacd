"""The ports: what the pipeline asks of the outside, and what an adapter must therefore be.

An adapter of the kinds Connector, Reporter, Tracker, Rotator and Target is a *module* that
satisfies the protocol here; the registry finds it by its file name. Engines and stores hold
resources and are made by their module's ``open_engine`` and ``open_store``.
"""

from __future__ import annotations

from keyproof.ports.connector import Connector
from keyproof.ports.context import Check, Clock, Context, Fingerprinter, HitCache, Progress
from keyproof.ports.engine import Answer, Engine, PolicyProblem
from keyproof.ports.reporter import Reporter
from keyproof.ports.rotator import Delivery, IssuedKey, LastUse, Rotator, Slot, Target
from keyproof.ports.store import Ledger, LifeEvent, Reconcile, Reconciled, Store, StoredFindings
from keyproof.ports.tracker import Approval, TicketState, Tracker

__all__ = [
    "Answer",
    "Approval",
    "Check",
    "Clock",
    "Connector",
    "Context",
    "Delivery",
    "Engine",
    "Fingerprinter",
    "HitCache",
    "IssuedKey",
    "LastUse",
    "Ledger",
    "LifeEvent",
    "PolicyProblem",
    "Progress",
    "Reconcile",
    "Reconciled",
    "Reporter",
    "Rotator",
    "Slot",
    "Store",
    "StoredFindings",
    "Target",
    "TicketState",
    "Tracker",
]
