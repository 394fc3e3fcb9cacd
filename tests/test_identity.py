from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.planted import password
from tests.support.run import isolated

from keyproof.errors import ConfigError
from keyproof.identity import KeyedFingerprinter, load_fingerprinter, redact
from keyproof.model.secret import Secret


def test_the_same_secret_has_the_same_id_under_one_key_only() -> None:
    one, other = (
        KeyedFingerprinter(b"1" * 32, local=False),
        KeyedFingerprinter(b"2" * 32, local=False),
    )
    secret = Secret(password("identity"))
    assert one.secret_id(secret) == one.secret_id(secret)
    assert one.secret_id(secret) != other.secret_id(secret)
    assert one.key_id != other.key_id


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_occurrence_ids_never_confuse_their_parts(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    fingerprinter = KeyedFingerprinter(b"1" * 32, local=False)
    ids = [fingerprinter.occurrence_id(a, b, 0) for a, b in (first, second)]
    assert (ids[0] == ids[1]) == (first == second)


def test_the_local_key_is_made_once_and_readable_by_its_owner_only(home: Path, capsys) -> None:
    environment = isolated(home)
    first, second = load_fingerprinter(environment), load_fingerprinter(environment)
    path = home / "data" / "keyproof" / "identity.key"
    assert (first.key_id, first.local) == (second.key_id, True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert capsys.readouterr().err.count("made an identity key") == 1


def test_first_runs_at_once_agree_on_one_key(home: Path) -> None:
    code = (
        "import os; from keyproof.identity import load_fingerprinter as load;"
        "print(load(os.environ).key_id)"
    )

    def start(_: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=isolated(home),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    with ThreadPoolExecutor(6) as executor:
        assert len(set(executor.map(start, range(6)))) == 1


def test_a_shared_key_comes_from_the_environment_and_must_be_long(home: Path) -> None:
    environment = isolated(home) | {"KEYPROOF_KEY": "k" * 32}
    assert load_fingerprinter(environment).local is False
    with pytest.raises(ConfigError, match="shorter than"):
        load_fingerprinter(environment | {"KEYPROOF_KEY": "short"})


def test_a_damaged_or_unwritable_key_says_so(home: Path) -> None:
    environment = isolated(home)
    load_fingerprinter(environment)
    (home / "data" / "keyproof" / "identity.key").write_text("")
    with pytest.raises(ConfigError, match="damaged"):
        load_fingerprinter(environment)
    blocked = home / "blocked"
    blocked.write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match="cannot be used"):
        load_fingerprinter(environment | {"XDG_DATA_HOME": str(blocked)})


@given(st.binary(max_size=80), st.integers(0, 100))
def test_a_redaction_shows_at_most_the_public_half(value: bytes, prefix: int) -> None:
    shown = redact(value, public_prefix=prefix)
    text = value.decode("utf-8", "replace")
    assert shown.endswith(f"…[{len(text)} characters]")
    assert len(shown.split("…[")[0]) <= len(text) / 2


def test_a_redaction_carries_no_control_characters() -> None:
    assert "\x1b" not in redact("\x1b[31mred" + os.sep * 40, public_prefix=10)
