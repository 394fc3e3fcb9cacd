"""Evaluation: keys × policies on each engine, in one run. ``python benchmarks/policies.py [KEYS …]``.

Prints wall-clock and processor seconds (all processes, start included), verdicts a second and the
largest resident memory of this process. Facts are made, not read: what is measured is flattening, documents, engine,
checks and results.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from msgspec.structs import replace

from keyproof.engines import embedded, opa
from keyproof.model.facts import Facts
from keyproof.model.key import Evidence, Key
from keyproof.model.policy import Policy
from keyproof.model.source import Source
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.evaluate import evaluate
from keyproof.ports import Engine

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent


def facts(number: int) -> Facts:
    """Return ``number`` keys, of which a tenth is off and a third is an administrator's."""
    evidence = Evidence(collector="bench", api_call="none", collected_at=AS_OF)
    keys = tuple(
        Key(
            record_id=f"key_{n:032x}",
            source="bench",
            issuer_type="bench",
            issuer_instance="one",
            credential_type="access_key",
            native_id=f"K{n}",
            status="active" if n % 10 else "deactivated",
            principal_id=f"u{n // 2}",
            owner=f"team{n % 20}" if n % 7 else None,
            owner_source="tag" if n % 7 else "none",
            created_at=AS_OF - timedelta(days=n % 400),
            expiry_state="never" if n % 2 else "known",
            expires_at=None if n % 2 else AS_OF + timedelta(days=n % 800),
            last_used_state="known",
            last_used_at=AS_OF - timedelta(days=n % 90),
            scopes=tuple(f"service{i}:Get*" for i in range(20)),
            scopes_known=True,
            privilege_level="admin" if n % 3 == 0 else "read",
            evidence=evidence,
        )
        for n in range(number)
    )
    source = Source(
        id="bench",
        connector="bench",
        kind="inventory",
        instance="one",
        started_at=AS_OF,
        finished_at=AS_OF,
        complete=True,
    )
    return Facts(
        as_of=AS_OF,
        fingerprint_key_id="k1_bench",
        fingerprint_key_local=True,
        sources=(source,),
        keys=keys,
    )


def pack(number: int) -> policyset.PolicySet:
    """Return ``number`` policies over keys: the shipped ones, repeated under other names."""
    shipped = [p for p in policyset.load().policies if p.subject == "key"]
    made = []
    for n in range(number):
        policy = shipped[n % len(shipped)]
        made.append(policy if n < len(shipped) else _renamed(policy, n // len(shipped)))
    return policyset.make(made)


def _renamed(policy: Policy, number: int) -> Policy:
    name = f"{policy.id}_{number}"
    module = policy.module.replace(f"package {policy.package}", f"package keyproof.{name}")
    return replace(policy, id=name, module=module, digest=f"{policy.digest}:{number}")


def measure(engine: Engine, keys: int, policies: int) -> str:
    """Evaluate once and return the row."""
    given, chosen = facts(keys), pack(policies)
    limits = parameters.load(chosen.policies)
    started = time.perf_counter()
    evaluation = evaluate(given, chosen, limits, engine)
    seconds = time.perf_counter() - started
    verdicts = sum(len(b.decisions) for r in evaluation.results for b in r.batches)
    errors = sum(
        d.status == "error" for r in evaluation.results for b in r.batches for d in b.decisions
    )
    if errors or verdicts != keys * policies:
        raise SystemExit(f"{errors} errors, {verdicts} verdicts: {evaluation.problems}")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    engine.close()  # the children's processor time counts when they are gone
    spent = os.times()
    cpu = spent.user + spent.system + spent.children_user + spent.children_system
    figures = f"{seconds:.2f} | {cpu:.2f} | {verdicts / seconds:,.0f} | {own}"
    return f"| {engine.name} | {keys:,} | {policies} | {figures} |"


def main() -> int:
    """Measure each engine with each number of keys."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("keys", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--policies", type=int, default=10)
    parser.add_argument("--engine", choices=["embedded", "opa"], action="append")
    chosen = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(
        "| engine | keys | policies | seconds | processor seconds | verdicts/s | MB (this process) |"
    )
    print("|---|---|---|---|---|---|---|")
    binary = shutil.which("opa", path=f"{ROOT / '.tools' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    for keys in chosen.keys:
        for name in chosen.engine or ("embedded", "opa"):
            if name == "opa" and binary is None:
                print("no opa binary: make tools", file=sys.stderr)
                continue
            # a process of its own, so that memory is this run's
            code = f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); import policies; policies.one({name!r}, {keys}, {chosen.policies}, {binary!r})"
            subprocess.run([sys.executable, "-c", code], check=True)
    return 0


def one(name: str, keys: int, policies: int, binary: str | None) -> None:
    """Measure one engine and print its row."""
    if name == "embedded":
        with embedded.open_engine() as engine:
            print(measure(engine, keys, policies), flush=True)
        return
    settings = SimpleNamespace(url=None, binary=binary, ca_file=None, bundle_revision=None)
    with opa.open_engine(settings, {}) as engine:
        print(measure(engine, keys, policies), flush=True)


if __name__ == "__main__":
    sys.exit(main())
