"""``keyproof rotate`` on the real command line, against an AWS double and a real store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.support.aws import moto_aws
from tests.support.needs import ROOT
from tests.support.rotation_project import RotationProject
from tests.support.run import Ran, isolated, keyproof

Run = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path, planted: Path) -> Iterator[RotationProject]:
    with moto_aws() as aws:
        yield RotationProject(tmp_path / "project", planted, aws)


@pytest.fixture
def run(project: RotationProject, home: Path) -> Run:
    def call(*arguments: str) -> Ran:
        return keyproof(
            "rotate", *arguments, cwd=project.folder, home=home, env=project.aws.environment
        )

    return call


def stored(run: Run, name: str) -> dict[str, object]:
    shown: dict[str, object] = json.loads(run("show", name, "--format", "json").out)
    return shown


def test_nothing_happens_before_apply_and_then_exactly_the_plan(
    project: RotationProject, run: Run
) -> None:
    billing = project.rotatable("billing")
    project.rotatable("shipping")

    status = run()
    assert status.code == 0, status.err
    assert "2 to start" in status.out
    assert "1 of 2 keys, this one active" in status.out

    planned = run("plan", "-o", "plan.json", "--only", billing.native_id)
    assert planned.code == 0, planned.err
    assert f"start  {billing.native_id} of billing" in planned.out
    assert "keyproof rotate --apply plan.json" in planned.err
    assert project.keys("billing") == {billing.native_id: True}

    done = run("--apply", "plan.json", "--by", "grace")
    assert done.code == 0, done.err
    assert done.out.startswith("closed")
    [new] = project.keys("billing")
    assert new != billing.native_id
    assert project.served("billing") == {new}
    assert len(project.keys("shipping")) == 1

    shown = run("show", billing.native_id)
    assert "by grace" in shown.out
    for state in ("creating", "verifying_new", "draining", "deactivated", "deleted"):
        assert state in shown.out
    again = run("--apply", "plan.json", "--by", "grace")
    assert again.code == 0, again.err
    assert project.keys("billing") == {new: True}


def test_a_changed_or_stale_plan_does_nothing(project: RotationProject, run: Run) -> None:
    billing = project.rotatable("billing")
    run("plan", "-o", "plan.json")
    path = project.folder / "plan.json"
    text = path.read_text()
    path.write_text(text.replace('"overlap_seconds":0', '"overlap_seconds":1'))
    changed = run("--apply", "plan.json")
    assert changed.code == 2
    assert "changed after it was saved" in changed.err

    path.write_text(text)
    store = _open(project)
    from msgspec.structs import replace

    request = replace(billing.ticket.rotation, soak_seconds=9)  # type: ignore[type-var]
    store.put_ticket(replace(billing.ticket, rotation=request))
    store.close()
    stale = run("--apply", "plan.json")
    assert stale.code == 2
    assert "asks for another rotation now" in stale.err
    assert project.keys("billing") == {billing.native_id: True}


def _open(project: RotationProject):  # type: ignore[no-untyped-def]
    from keyproof.app.store import open_store

    return open_store(project.url)


def test_more_rotations_than_allowed_are_refused(project: RotationProject, run: Run) -> None:
    project.settings = "tickets: {max_rotations: 1}\n" + project.settings
    for name in ("billing", "shipping"):
        project.rotatable(name)
    refused = run("plan", "-o", "plan.json")
    assert refused.code == 2
    assert "2 rotations, and 1 are allowed" in refused.err
    assert run("plan", "-o", "plan.json", "--only", "ticket_billing").code == 0


def test_overlap_is_waited_for_and_rollback_goes_back(project: RotationProject, run: Run) -> None:
    billing = project.rotatable("billing", overlap_seconds=3600)
    run("plan", "-o", "plan.json")
    begun = run("--apply", "plan.json")
    assert begun.code == 0, begun.err
    assert "both keys work until" in begun.out
    assert len(project.keys("billing")) == 2
    [new] = project.served("billing")
    assert new != billing.native_id

    assert run("resume").out.startswith("overlap")
    back = run("rollback", billing.native_id, "--by", "grace")
    assert back.code == 0, back.err
    assert back.out.startswith("rolling_back")
    assert project.served("billing") == {billing.native_id}
    assert project.keys("billing") == {billing.native_id: True, new: True}
    twice = run("rollback", billing.native_id)
    assert twice.code == 2
    assert "on its way back already" in twice.err


def test_full_slots_need_a_person_whose_word_is_recorded(
    project: RotationProject, run: Run
) -> None:
    billing = project.rotatable("billing")
    iam = project.aws.client("iam")
    idle = iam.create_access_key(UserName="billing")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="billing", AccessKeyId=idle, Status="Inactive")
    run("plan", "-o", "plan.json")
    stopped = run("--apply", "plan.json")
    assert stopped.code == 4
    assert f"--delete {idle}" in stopped.out
    assert run().code == 4
    assert run("resume").code == 4
    assert set(project.keys("billing")) == {billing.native_id, idle}

    done = run("confirm", billing.native_id, "--by", "grace", "--delete", idle)
    assert done.code == 0, done.err + done.out
    assert done.out.startswith("closed")
    assert idle not in project.keys("billing")
    assert f"grace confirms that {idle} may be deleted" in run("show", billing.native_id).out


def test_a_confirmation_that_nobody_asked_for_is_refused(
    project: RotationProject, run: Run
) -> None:
    billing = project.rotatable("billing", overlap_seconds=3600)
    run("plan", "-o", "plan.json")
    run("--apply", "plan.json")
    refused = run("confirm", billing.native_id)
    assert refused.code == 2
    assert "asks for no confirmation" in refused.err
    assert run("show", "r_nothing").code == 2


def test_a_leaked_key_goes_at_once(project: RotationProject, run: Run) -> None:
    billing = project.rotatable("billing", emergency=True, overlap_seconds=9999, soak_seconds=9999)
    run("plan", "-o", "plan.json")
    begun = run("--apply", "plan.json")
    assert begun.code == 0, begun.err
    assert begun.out.startswith("soak")
    assert project.keys("billing")[billing.native_id] is False
    assert billing.native_id not in project.served("billing")


def test_a_key_in_use_is_not_deactivated(project: RotationProject, run: Run) -> None:
    billing = project.rotatable("billing")

    def use_the_old_one(call: object, forward: Callable[[], object]) -> object:
        project.aws.client(
            "sts", billing.native_id, billing.value.reveal_text()
        ).get_caller_identity()
        return forward()

    project.aws.faults.on("iam:GetAccessKeyLastUsed", use_the_old_one)
    run("plan", "-o", "plan.json")
    waiting = run("--apply", "plan.json")
    assert waiting.code == 0, waiting.err
    assert waiting.out.startswith("draining")
    assert project.keys("billing")[billing.native_id] is True


def test_an_issuer_that_refuses_stops_before_anything_is_lost(
    project: RotationProject, run: Run
) -> None:
    billing = project.rotatable("billing")
    run("plan", "-o", "plan.json")
    project.aws.faults.deny("iam:CreateAccessKey")
    stopped = run("--apply", "plan.json")
    assert stopped.code == 4
    assert "iam:CreateAccessKey" in stopped.out
    assert project.served("billing") == {billing.native_id}
    project.aws.faults.clear()
    assert run("resume", billing.native_id).out.startswith("closed")


# --- kill -9 --------------------------------------------------------------------------------------

PERSISTS = 18
"""How often a rotation into two targets is recorded after its approval (checked below)."""
POINTS = (0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, PERSISTS)
"""After each state's first record; half staged, half promoted, and once not at all."""


STATES = [
    "creating",
    "created",
    "distributing",
    "distributed",
    "verifying_new",
    "overlap",
    "draining",
    "deactivating",
    "deactivated",
    "soak",
    "deleting",
    "deleted",
    "closed",
]


def _killed(
    project: RotationProject, home: Path, mode: str, points: Sequence[int]
) -> list[dict[str, object]]:
    """Rotate one user's key for each point, killed there; then resume, or roll back."""
    users = [project.rotatable(f"{mode}{point}") for point in points]
    wanted = [{"ticket": user.ticket.id, "point": p} for user, p in zip(users, points, strict=True)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "support" / "killed_rotation.py"), mode],
        input=json.dumps(wanted).encode(),
        env=isolated(home) | dict(project.aws.environment) | {"PYTHONPATH": str(ROOT)},
        cwd=project.folder,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_killed_after_each_thing_it_records_it_is_taken_up_and_closed(
    project: RotationProject, home: Path
) -> None:
    results = _killed(project, home, "resume", POINTS)
    assert [r["signal"] for r in results] == [signal.SIGKILL] * (len(POINTS) - 1) + [0]
    assert list(dict.fromkeys(r["at"] for r in results)) == STATES
    for result in results:
        user = f"resume{result['point']}"
        assert result["end"] == "closed", result
        keys = project.keys(user)
        assert list(keys.values()) == [True], result
        assert project.served(user) == set(keys), result


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_killed_anywhere_before_deletion_it_rolls_back(
    project: RotationProject, home: Path
) -> None:
    results = _killed(project, home, "rollback", (0, 3, 6, 8, 12, 14))
    assert {r["signal"] for r in results} == {signal.SIGKILL}
    for result in results:
        user = f"rollback{result['point']}"
        assert result["end"] == "rolled_back", result
        assert list(project.keys(user).values()) == [True], result
        assert project.served(user) == set(project.keys(user)), result
        assert result["old"] in project.keys(user)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize(
    "action",
    [
        "iam:CreateAccessKey",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
        "iam:UpdateAccessKey",
        "iam:DeleteAccessKey",
    ],
)
def test_killed_while_aws_acts_it_is_taken_up_and_closed(
    project: RotationProject, home: Path, action: str
) -> None:
    user = project.rotatable("billing")
    pids: list[int] = []

    def kill(call: object, forward: Callable[[], object]) -> object:
        answer = forward()
        if pids:
            os.kill(pids.pop(), signal.SIGKILL)
        return answer

    project.aws.faults.on(action, kill)
    environment = isolated(home) | dict(project.aws.environment) | {"PYTHONPATH": str(ROOT)}
    script = [sys.executable, str(ROOT / "tests" / "support" / "killed_rotation.py")]
    with subprocess.Popen(
        [*script, "start", user.ticket.id], env=environment, cwd=project.folder, stdin=-1
    ) as process:
        pids.append(process.pid)
        assert process.wait(60) == -signal.SIGKILL
    done = keyproof("rotate", "resume", cwd=project.folder, home=home, env=project.aws.environment)
    assert done.out.startswith("closed"), done.out + done.err
    assert list(project.keys("billing").values()) == [True]
    assert project.served("billing") == set(project.keys("billing"))
