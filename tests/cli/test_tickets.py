"""``keyproof tickets`` from plan to close, on the real command line and a real store."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.support.run import Ran, isolated, keyproof
from tests.support.runs import SLA, day, finding, report

from keyproof.app.store import open_store
from keyproof.model.finding import Finding
from keyproof.model.report import Report
from keyproof.reporters import run as saved_run

Run = Callable[..., Ran]

SETTINGS = """\
store: state/keyproof.db
trackers:
  desk: {tracker: file, folder: tickets}
rotations:
  - {source: aws, rotator: aws_iam, targets: [vault]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "keyproof.yaml").write_text(SETTINGS)
    return folder


@pytest.fixture
def run(project: Path, home: Path) -> Run:
    def call(*arguments: str, cwd: Path = project) -> Ran:
        return keyproof("tickets", *arguments, cwd=cwd, home=home)

    return call


def _record(project: Path, number: float, findings: Iterable[Finding]) -> Report:
    made = report(day(number), findings)
    store = open_store(f"sqlite:///{project}/state/keyproof.db")
    store.record_run(made, resolvable_sources=frozenset({"aws"}), sla_days=SLA)
    store.close()
    return made


def _files(project: Path) -> list[str]:
    return sorted(path.name for path in (project / "tickets").glob("*"))


def test_nothing_is_done_before_apply_and_then_exactly_the_plan(project: Path, run: Run) -> None:
    _record(project, 0, [finding(), finding(key="k2"), finding(key="k3", severity="low")])
    planned = run("-o", "plan.json")
    assert planned.code == 0
    assert planned.out.splitlines()[0] == "open    high      Key too old: k1 of deploy  [rotation]"
    assert "desk: 2 to open, 0 to update, 0 to close   plan sha256:" in planned.out
    assert "keyproof tickets --apply plan.json" in planned.err
    assert not (project / "tickets").exists()

    applied = run("--apply", "plan.json")
    assert applied.code == 0, applied.err
    assert _files(project) == sorted(f"{finding(key=k).id}.md" for k in ("k1", "k2"))
    assert len(applied.out.splitlines()) == 2
    assert "2 of 2 actions are done and recorded" in applied.err

    listed = run("list", "--format", "json")
    tickets = [json.loads(line) for line in listed.out.splitlines()]
    assert [(t["state"], t["tracker"]) for t in tickets] == [("open", "desk")] * 2
    assert all(t["rotation"]["rotator"] == "aws_iam" and t["plan_hash"] for t in tickets)

    again = run()
    assert (again.code, "nothing to do" in again.err) == (0, True)


def test_what_a_whole_scan_no_longer_finds_is_closed(project: Path, run: Run) -> None:
    _record(project, 0, [finding()])
    run("-o", "plan.json")
    run("--apply", "plan.json")
    _record(project, 1, [finding("unknown")])
    assert "0 to close" in run().out
    _record(project, 2, [finding("pass")])
    assert "0 to open, 0 to update, 1 to close" in run("-o", "close.json").out
    assert run("--apply", "close.json").code == 0
    text = (project / "tickets" / f"{finding().id}.md").read_text()
    assert 'state: "closed"' in text
    assert "resolved, as a whole scan of 2026-03-03 shows" in text
    assert run("list").out.startswith("closed")


def test_a_plan_without_a_file_name_is_kept_in_the_data_folder(
    project: Path, run: Run, home: Path
) -> None:
    _record(project, 0, [finding()])
    done = run()
    [path] = (home / "data" / "keyproof" / "plans").iterdir()
    assert str(path) in done.err
    assert sorted(p.name for p in project.iterdir()) == ["keyproof.yaml", "state"]
    assert run("--apply", str(path)).code == 0


def test_the_plan_may_go_to_stdout_and_nothing_else_does(project: Path, run: Run) -> None:
    _record(project, 0, [finding()])
    done = run("-o", "-")
    saved = json.loads(done.out)
    assert saved["schema"] == "keyproof/ticket-plan/v1"
    assert [action["action"] for action in saved["plan"]["actions"]] == ["open"]


def test_a_plan_that_was_changed_is_refused(project: Path, run: Run) -> None:
    _record(project, 0, [finding()])
    run("-o", "plan.json")
    path = project / "plan.json"
    saved = json.loads(path.read_text())
    saved["plan"]["actions"][0]["title"] = "Nothing to see"
    path.write_text(json.dumps(saved))
    done = run("--apply", "plan.json")
    assert done.code == 2
    assert "changed after it was saved" in done.err
    path.write_text("{}")
    done = run("--apply", "plan.json")
    assert (done.code, "no ticket plan" in done.err) == (2, True)
    assert run("--apply", "missing.json").code == 2
    assert not (project / "tickets").exists()


def test_a_plan_is_stale_once_a_newer_run_was_recorded(project: Path, run: Run) -> None:
    _record(project, 0, [finding()])
    run("-o", "plan.json")
    _record(project, 100_000, [finding("pass")])
    done = run("--apply", "plan.json")
    assert (done.code, "stale" in done.err) == (2, True)
    assert not (project / "tickets").exists()


def test_a_saved_run_is_planned_from_without_a_store_of_its_own(project: Path, run: Run) -> None:
    stream = io.StringIO()
    saved_run.render(report(day(0), [finding(), finding("pass", key="k2")]), stream)
    (project / "run.json").write_text(stream.getvalue())
    done = run("--run", "run.json", "-o", "plan.json")
    assert done.code == 0, done.err
    assert "1 to open" in done.out
    assert run("--apply", "plan.json").code == 0
    assert run("--run", "gone.json").code == 2


def test_sync_reads_what_people_did_in_the_tracker(project: Path, run: Run) -> None:
    _record(project, 0, [finding(), finding(key="k2")])
    run("-o", "plan.json")
    run("--apply", "plan.json")
    path = project / "tickets" / f"{finding().id}.md"
    path.write_text(path.read_text().replace('state: "open"', "state: closed"))
    (project / "tickets" / f"{finding(key='k2').id}.md").unlink()
    done = run("sync", "--tracker", "desk")
    assert done.code == 0
    assert f"{path.as_uri()}: closed" in done.err
    assert "closed (the file is gone)" in done.err
    assert "2 tickets read again, 0 approved for rotation" in done.err
    assert [line.split()[0] for line in done.out.splitlines()] == ["closed", "closed"]
    assert "2 to open" in run().out, "they fail still"


def test_paths_of_the_settings_are_relative_to_their_file(
    project: Path, run: Run, tmp_path: Path
) -> None:
    _record(project, 0, [finding()])
    config = ("--config", str(project / "keyproof.yaml"))
    assert run(*config, "-o", "plan.json", cwd=tmp_path).code == 0
    assert run(*config, "--apply", "plan.json", cwd=tmp_path).code == 0
    assert _files(project) == [f"{finding().id}.md"]
    assert run("sync", *config, cwd=tmp_path).code == 0
    assert run(*config, "sync", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("settings", "arguments", "code", "text"),
    [
        ("version: 1", (), 2, "no tracker is configured"),
        (SETTINGS, ("--tracker", "nobody"), 2, "there are: desk"),
        (SETTINGS + "tickets: {limit: 0}", ("full",), 2, "tickets.limit allows (0)"),
        (SETTINGS.replace("  desk:", "  a: {tracker: file, folder: x}\n  desk:"), (), 2, "several"),
        (SETTINGS.replace("file,", "fil,"), ("full",), 2, "did you mean 'file'"),
        (SETTINGS, ("--apply", "p.json", "--run", "x"), 2, "--apply takes nothing"),
        (SETTINGS, (), 3, "keyproof scan"),
    ],
)
def test_what_cannot_be_done_is_said(
    project: Path, run: Run, settings: str, arguments: tuple[str, ...], code: int, text: str
) -> None:
    (project / "keyproof.yaml").write_text(settings)
    if arguments == ("full",):
        _record(project, 0, [finding()])
        arguments = ()
    done = run(*arguments)
    assert (done.code, done.out) == (code, "")
    assert text in done.err


def test_a_tracker_that_fails_stops_there_and_the_rest_is_done_later(
    project: Path, run: Run
) -> None:
    _record(project, 0, [finding(key=f"k{n}") for n in range(3)])
    run("-o", "plan.json")
    plan = json.loads((project / "plan.json").read_text())["plan"]
    blocked = project / "tickets" / f"{plan['actions'][1]['finding_id']}.md"
    blocked.mkdir(parents=True)
    done = run("--apply", "plan.json")
    assert (done.code, "1 of 3 actions are done" in done.err) == (4, True)
    blocked.rmdir()
    assert run("--apply", "plan.json").code == 0
    assert len(_files(project)) == 3


def test_a_tracker_that_others_share_needs_an_identity_key_that_they_share(
    project: Path, run: Run
) -> None:
    (project / "keyproof.yaml").write_text(
        "store: state/keyproof.db\ntrackers: {forge: {tracker: github, repository: o/r}}\n"
    )
    _record(project, 0, [finding()])
    planned = run("-o", "plan.json")
    assert (planned.code, "KEYPROOF_KEY" in planned.err) == (0, True)
    done = run("--apply", "plan.json")
    assert (done.code, "shared with others" in done.err) == (2, True)
    assert "KEYPROOF_KEY" in done.err


KILLED = """\
import os, sys
from keyproof.trackers import file
from keyproof.stores._sql_store import SqlStore
where, count = sys.argv[1], int(sys.argv[2])
kind, name = (file, "apply") if where.startswith("tracker") else (SqlStore, "put_ticket")
original, calls = getattr(kind, name), [0]
def dying(*given):
    calls[0] += 1
    if where.endswith("before") and calls[0] == count:
        os.kill(os.getpid(), 9)
    result = original(*given)
    if where.endswith("after") and calls[0] == count:
        os.kill(os.getpid(), 9)
    return result
setattr(kind, name, dying)
sys.argv[1:] = ["tickets", "--apply", "plan.json"]
from keyproof.cli.main import main
main()
"""


@pytest.mark.parametrize(
    "where", ["tracker before", "tracker after", "store before", "store after"]
)
def test_kill_9_at_any_point_opens_nothing_twice(
    project: Path, run: Run, home: Path, where: str
) -> None:
    _record(project, 0, [finding(key=f"k{n}") for n in range(4)])
    run("-o", "plan.json")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, where, "2"], cwd=project, env=isolated(home), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    notes = {name: f"{name}: mine\n" for name in _files(project)}
    assert 1 <= len(notes) <= 2
    for name, text in notes.items():
        with (project / "tickets" / name).open("a") as handle:
            handle.write(text)
    done = run("--apply", "plan.json")
    assert done.code == 0, done.err
    assert len(_files(project)) == 4
    for name, text in notes.items():
        assert (project / "tickets" / name).read_text().endswith(text)
    assert len(run("list").out.splitlines()) == 4
    assert "nothing to do" in run().err


def test_kill_9_whenever_it_strikes(project: Path, run: Run, home: Path) -> None:
    _record(project, 0, [finding(key=f"k{n}") for n in range(50)])
    run("-o", "plan.json")
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-m", "keyproof", "tickets", "--apply", "plan.json"],
            cwd=project,
            env=isolated(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        while not (project / "tickets").exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(0.02)
        process.kill()
        process.communicate()
    done = run("--apply", "plan.json")
    assert done.code == 0, done.err
    assert len([name for name in _files(project) if not name.startswith(".")]) == 50
    assert len(run("list").out.splitlines()) == 50
