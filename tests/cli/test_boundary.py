from __future__ import annotations

from pathlib import Path

import click
import pytest
from tests.support.planted import password
from tests.support.run import keyproof

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
