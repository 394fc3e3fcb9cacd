"""Evaluation: keys × the whole pack on each engine, in one run. ``python benchmarks/policies.py [KEYS …]``.

Without arguments: 10,000 and 100,000 keys on both engines, with OPA's time as a multiple of ours.
``--million`` adds a million on the embedded engine, streamed; ``--scan`` adds ``keyproof scan`` as a whole
(inventory file, store, HTML report) for each number of keys.

Prints wall-clock and processor seconds (all processes, start included), verdicts a second and the
largest resident memory of this process and of the largest it started. Facts are made, not read:
what is measured is flattening, documents, engine, checks and results. No two keys are created or
used in the same second. Up to ``--at-once`` keys become one evaluation as ``keyproof scan`` holds
it; more are streamed in parts of that size.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from keyproof.connectors import file
from keyproof.engines import embedded, opa
from keyproof.model.facts import Facts
from keyproof.model.key import Evidence, Key
from keyproof.model.principal import Principal
from keyproof.model.source import Source
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.evaluate import evaluate, stream
from keyproof.ports import Engine

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = Evidence(collector="bench", api_call="none", collected_at=AS_OF)
TEAMS = 200


def facts(start: int, end: int) -> Facts:
    """Return the keys from ``start`` to ``end``, two a principal.

    A tenth is off, a third is an administrator's, a seventh has no owner.
    """
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
        keys=tuple(_key(n) for n in range(start, end)),
        principals=tuple(_principal(n) for n in range(start // 2, end // 2)),
    )


def _key(n: int) -> Key:
    return Key(
        record_id=f"key_{n:032x}",
        source="bench",
        issuer_type="bench",
        issuer_instance="one",
        credential_type="access_key",
        native_id=f"K{n}",
        name=f"key {n}",
        status="active" if n % 10 else "deactivated",
        principal_id=f"u{n // 2}",
        owner=f"team{n % TEAMS}" if n % 7 else None,
        owner_source="tag" if n % 7 else "none",
        environment=("production", "test", None)[n % 3],
        created_at=AS_OF - timedelta(days=n % 400, seconds=n),
        expiry_state="never" if n % 2 else "known",
        expires_at=None if n % 2 else AS_OF + timedelta(days=n % 800, seconds=n),
        last_used_state="known",
        last_used_at=AS_OF - timedelta(days=n % 90, seconds=n),
        scopes=tuple(f"service{i}:Get*" for i in range(n % 20)),
        scopes_known=True,
        privilege_level="admin" if n % 3 == 0 else "read",
        evidence=EVIDENCE,
    )


def _principal(n: int) -> Principal:
    return Principal(
        record_id=f"principal_{n:032x}",
        source="bench",
        issuer_type="bench",
        issuer_instance="one",
        native_id=f"u{n}",
        name=f"user {n}",
        principal_type="user",
        active=n % 50 > 0,
        console_access=n % 3 == 0,
        mfa="enabled" if n % 4 else "disabled",
        last_seen_at=AS_OF - timedelta(days=n % 300, seconds=n),
        evidence=EVIDENCE,
    )


def measure(engine: Engine, keys: int, at_once: int) -> str:
    """Evaluate once and return the row."""
    pack = policyset.load()
    limits = parameters.load(pack.policies)
    whole = facts(0, keys) if keys <= at_once else None
    started = time.perf_counter()
    found: Counter[str] = Counter()
    if whole:
        evaluation = evaluate(whole, pack, limits, engine)
        seconds = time.perf_counter() - started
        for result in evaluation.results:
            for batch in result.batches:
                found.update(decision.status for decision in batch.decisions)
    else:
        for decided in stream(_parts(keys, at_once), pack, limits, engine):
            found.update(decision.status for decision in decided.decisions)
        seconds = time.perf_counter() - started
    verdicts = sum(found.values())
    if found["error"] or verdicts < keys * len(pack.policies) / 2:
        raise SystemExit(f"{found}")
    own, child = _peak("self"), max(map(_peak, _children()), default=0)
    engine.close()  # the children's processor time counts when they are gone
    spent = os.times()
    cpu = spent.user + spent.system + spent.children_user + spent.children_system
    figures = f"{seconds:.2f} | {cpu:.2f} | {verdicts:,} | {verdicts / seconds:,.0f}"
    return f"| {engine.name} | {keys:,} | {len(pack.policies)} | {figures} | {own} + {child} |"


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def _peak(process: str) -> int:
    """Return the most memory that a process held, in MB, as Linux counts it."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _parts(keys: int, size: int) -> Iterator[Facts]:
    for start in range(0, keys, size):
        yield facts(start, min(keys, start + size))


def main() -> int:
    """Measure each engine with each number of keys."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("keys", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--engine", choices=["embedded", "opa"], action="append")
    parser.add_argument("--at-once", type=int, default=100_000)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--scan", action="store_true")
    chosen = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print("| engine | keys | policies | seconds | processor seconds | verdicts | a second | MB |")
    print("|---|---|---|---|---|---|---|---|")
    binary = shutil.which("opa", path=f"{ROOT / '.tools' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    engines = chosen.engine or ["embedded", "opa"]
    for keys in chosen.keys:
        rows = [_apart(name, keys, chosen.at_once, binary) for name in engines]
        if len(rows) > 1 and all(rows):
            ours, theirs = (float(row.split("|")[4]) for row in rows)
            print(
                f"| OPA's seconds to the embedded engine's | {keys:,} | | {theirs / ours:.1f} | | | | |"
            )
    if chosen.million:
        _apart("embedded", 1_000_000, chosen.at_once, binary)
    for keys in chosen.keys if chosen.scan else ():
        print(_scan(keys), flush=True)
    return 0


def _apart(name: str, keys: int, at_once: int, binary: str | None) -> str:
    """Measure in a process of its own, so that memory is this run's; print and return the row."""
    if name == "opa" and binary is None:
        print("no opa binary: make tools", file=sys.stderr)
        return ""
    call = f"policies.one({name!r}, {keys}, {at_once}, {binary!r})"
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); import policies; {call}"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True
    )
    print(done.stdout, end="", flush=True)
    return done.stdout


def _scan(keys: int) -> str:
    """Scan an inventory file of that many keys from end to end, and return the row."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows = (file.as_row(key) for key in facts(0, keys).keys)
        with (folder / "keys.csv").open("w", newline="") as stream:
            first = next(rows)
            writer = csv.DictWriter(stream, first)
            writer.writeheader()
            writer.writerow(first)
            writer.writerows(rows)
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "keyproof",
            "scan",
            "--file",
            "keys.csv",
            "-q",
            "-o",
            "x.html",
        ]
        homes = {"HOME": place, "XDG_DATA_HOME": place, "XDG_CACHE_HOME": place}
        settings = os.environ | homes | {"KEYPROOF_STORE": "runs.db"}
        done = subprocess.run([*command, "--exit-zero"], cwd=folder, env=settings, check=False)
        seconds = time.perf_counter() - started
    if done.returncode not in {0, 4}:
        raise SystemExit(f"the scan ended with {done.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = after.ru_maxrss // 1024
    return (
        f"| keyproof scan, store and HTML | {keys:,} | | {seconds:.2f} | {cpu:.2f} | | | {peak} |"
    )


def one(name: str, keys: int, at_once: int, binary: str | None) -> None:
    """Measure one engine and print its row."""
    if name == "embedded":
        with embedded.open_engine() as engine:
            print(measure(engine, keys, at_once), flush=True)
        return
    settings = SimpleNamespace(url=None, binary=binary, ca_file=None, bundle_revision=None)
    with opa.open_engine(settings, {}) as engine:
        print(measure(engine, keys, at_once), flush=True)


if __name__ == "__main__":
    sys.exit(main())
