"""Measures the inventory of an AWS account: 500 users with 667 keys on moto's server, over HTTP.

    .venv/bin/python benchmarks/aws_inventory.py [USERS …]

The server runs in a process of its own, as AWS would. Printed, never asserted: wall time of
``collect`` from an imported module, calls made, and what one bare call of the server costs, which
bounds the rest. Every third user has two keys; every fifth is an administrator through a group.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from multiprocessing.connection import Connection

from keyproof.app.clock import SystemClock
from keyproof.app.demo.moto_server import REGION, MotoServer
from keyproof.app.wiring import make_context
from keyproof.connectors import aws_iam
from keyproof.identity import KeyedFingerprinter
from keyproof.model.key import Key
from keyproof.model.source import Gap, Source
from keyproof.transport.aws import AwsSession

PROBES = 200


def serve(pipe: Connection, users: int) -> None:
    """Fill an account, say where it is, and serve until told to stop."""
    with MotoServer() as server:
        _fill(server, users)
        pipe.send(dict(server.environment))
        pipe.recv()


def _fill(server: MotoServer, users: int) -> None:
    iam = server.iam()
    allow = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"%s","Resource":"*"}]}'
    iam.create_group("admins")
    iam.put_group_policy("admins", "all", allow % "*")
    iam.create_policy("", "/", allow % "s3:GetObject", "read", [])
    arn = next(iter(iam.managed_policies))
    for number in range(users):
        name = f"user-{number:05d}"
        iam.create_user(REGION, name, "/", [{"Key": "owner", "Value": f"team-{number % 7}"}])
        iam.attach_user_policy(arn, name)
        if number % 5 == 0:
            iam.add_user_to_group("admins", name)
        for _ in range(2 if number % 3 == 0 else 1):
            iam.create_access_key(name)


def measure(users: int) -> None:
    """Collect once from a fresh server and print the figures."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=serve, args=(there, users))
    child.start()
    environment = here.recv()
    try:
        _report(users, environment)
    finally:
        here.send("stop")
        child.join()


def _report(users: int, environment: dict[str, str]) -> None:
    settings = aws_iam.SETTINGS()
    fingerprinter = KeyedFingerprinter(os.urandom(32), local=True)
    context = make_context("aws", environment, fingerprinter, SystemClock())
    started = time.perf_counter()
    records = list(aws_iam.collect(settings, context))
    took = time.perf_counter() - started
    keys = sum(isinstance(record, Key) for record in records)
    gaps = sum(isinstance(record, Gap) for record in records)
    source = next(record for record in records if isinstance(record, Source))
    client = AwsSession(settings, environment).client("iam")
    started = time.perf_counter()
    for _ in range(PROBES):
        client.call("list_access_keys", UserName="user-00000")
    bare = (time.perf_counter() - started) / PROBES
    print(
        f"{users} users, {keys} keys (listed {source.listed}), {gaps} gaps: {took:.2f} s; "
        f"one bare call {bare * 1000:.1f} ms, {users + keys} of them {bare * (users + keys):.2f} s"
    )


if __name__ == "__main__":
    for size in [int(argument) for argument in sys.argv[1:]] or [500]:
        measure(size)
