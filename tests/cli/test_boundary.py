from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from tests.support.planted import password
from tests.support.run import isolated, keyproof

from keyproof.cli import boundary
from keyproof.errors import ConfigError, KeyproofError, MissingExtra, NothingToCheck, SourceError


def command(raised: BaseException | None, returned: int | None = None) -> click.Command:
    @click.command()
    def act() -> int | None:
        if raised:
            raise raised
        return returned

    return act


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (ConfigError("wrong", where="k.yaml:2", hint="write it right"), 2),
        (MissingExtra("aws", "the source"), 2),
        (NothingToCheck("no source"), 3),
        (SourceError("refused"), 4),
        (KeyproofError("else"), 5),
        (click.UsageError("no such option"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_failure_has_its_exit_code(raised, code, capsys) -> None:
    assert boundary.run(command(raised), []) == code
    assert capsys.readouterr().out == ""


def test_a_command_returns_its_exit_code() -> None:
    assert boundary.run(command(None, 4), []) == 4
    assert boundary.run(command(None), []) == 0


def test_an_error_says_where_and_how_to_mend_it(capsys) -> None:
    boundary.run(command(ConfigError("wrong", where="k.yaml:2", hint="write it right")), [])
    assert capsys.readouterr().err == "error: k.yaml:2: wrong\n  fix: write it right\n"


def test_an_internal_error_names_a_log_without_the_text_of_the_exception(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    secret = password("internal")
    monkeypatch.setenv("KEYPROOF_LOG_DIR", str(tmp_path / "logs"))
    assert boundary.run(command(RuntimeError(secret)), []) == 5
    (log,) = (tmp_path / "logs").iterdir()
    assert "builtins.RuntimeError" in log.read_text()
    assert secret not in log.read_text() + capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["scna"], "Did you mean 'scan'?"), (["--nope"], "No such option")],
)
def test_a_misspelt_command_or_option_exits_2(arguments, says, home: Path) -> None:
    ran = keyproof(*arguments, cwd=home, home=home)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_version_and_help_print_on_stdout(home: Path) -> None:
    assert keyproof("--version", cwd=home, home=home).out.startswith("keyproof, version ")
    ran = keyproof("--help", cwd=home, home=home)
    assert ran.code == 0
    assert len(ran.out.splitlines()) <= 45


def shell(line: str, home: Path) -> subprocess.CompletedProcess[str]:
    command = f"{sys.executable} -m keyproof {line}"
    return subprocess.run(
        ["sh", "-c", command],
        cwd=home,
        env=isolated(home),
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_an_error_that_says_so(home: Path) -> None:
    home.mkdir(exist_ok=True)
    ran = shell("policies list >/dev/full", home)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 2)
    assert "No space left on device" in ran.stderr


def test_output_into_a_pipe_leaves_the_pipe_there(home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "a.txt").write_text("nothing\n")
    os.mkfifo(home / "pipe")
    reader = os.open(home / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert shell("leaks --no-git a.txt --format json -o pipe", home).returncode == 0
    assert os.read(reader, 1) == b"{"
    os.close(reader)
    assert stat.S_ISFIFO((home / "pipe").stat().st_mode)


def test_output_does_not_go_through_a_link_that_lies_in_its_way(home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "a.txt").write_text("nothing\n")
    (home / "precious").write_text("kept")
    for name in (".out.json.part", "out.json"):
        (home / name).symlink_to("precious")
    assert shell("leaks --no-git a.txt --format json -o out.json", home).returncode == 0
    assert (home / "precious").read_text() == "kept"
    assert (home / "out.json").read_text().startswith("{")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_closed_stream_does_not_bring_a_command_down(closed: str, home: Path) -> None:
    home.mkdir(exist_ok=True)
    assert shell(f"policies list {closed}", home).returncode == 0


def test_a_terminal_without_unicode_gets_what_it_can_show(home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "k.csv").write_text("native_id\n")
    ran = keyproof(
        "scan", "--file", "k.csv", cwd=home, home=home, env={"PYTHONIOENCODING": "ascii"}
    )
    assert ran.code == 4
    assert r" \xb7 0 waived" in ran.out


def test_a_closed_standard_input_is_not_an_empty_one(home: Path) -> None:
    home.mkdir(exist_ok=True)
    ran = shell("leaks --stdin <&-", home)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "standard input is closed" in ran.stderr


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_command_in_good_order_with_the_shells_codes(
    sent: int, code: int, capsys
) -> None:
    cleaned = []

    @click.command()
    def act() -> None:
        try:
            os.kill(os.getpid(), sent)
            time.sleep(5)
        finally:
            cleaned.append(True)

    before = signal.getsignal(signal.SIGTERM)
    assert (boundary.run(act, []), cleaned) == (code, [True])
    assert capsys.readouterr().err.strip() == "keyproof: interrupted"
    assert signal.getsignal(signal.SIGTERM) == before
