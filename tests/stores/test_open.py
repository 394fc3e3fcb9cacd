"""Opening a store: who may read it, what is refused, and that refusing loses nothing."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.support import planted
from tests.support.needs import tool
from tests.support.postgres import Server, postgres_server  # noqa: F401 (a fixture)
from tests.support.runs import SLA, day, finding, report, rotation

from keyproof.app.store import open_store
from keyproof.errors import ConfigError, KeyproofError, StoreError
from keyproof.model.record import canonical_json
from keyproof.ports import Store
from keyproof.stores import _schema, migrations
from keyproof.stores import open as opening

AWS = frozenset({"aws"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "keyproof.db"


def _opened(file: Path, query: str = "") -> Store:
    return open_store(f"sqlite:///{file}{query}")


def _filled(file: Path) -> None:
    store = _opened(file)
    store.record_run(report(day(0), [finding()]), resolvable_sources=AWS, sla_days=SLA)
    store.close()


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_the_users_alone_and_so_are_its_companions(file: Path) -> None:
    previous = os.umask(0)
    try:
        store = _opened(file)
        store.record_run(report(day(0), [finding()]), resolvable_sources=AWS, sla_days=SLA)
        found = {path.name: _mode(path) for path in file.parent.iterdir()}
        store.close()
    finally:
        os.umask(previous)
    assert _mode(file.parent) == 0o700
    assert found == {"keyproof.db": 0o600, "keyproof.db-wal": 0o600, "keyproof.db-shm": 0o600}


def test_a_file_that_others_may_read_is_closed_to_them_and_a_users_folder_is_left(
    file: Path,
) -> None:
    file.parent.mkdir()
    file.parent.chmod(0o755)
    file.touch(mode=0o644)
    _opened(file).close()
    assert (_mode(file), _mode(file.parent)) == (0o600, 0o755)


def test_sqlite_waits_for_locks_writes_ahead_and_holds_foreign_keys(file: Path) -> None:
    store = _opened(file)
    with store._database.read() as connection:  # type: ignore[attr-defined]
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        }
    store.close()
    assert found == {"journal_mode": "wal", "busy_timeout": 30_000, "foreign_keys": 1}


def test_the_tables_are_what_the_newest_migration_makes(file: Path) -> None:
    _opened(file).close()
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": _schema.VERSION_TABLE}
        )
        assert compare_metadata(context, _schema.METADATA) == []
        assert context.get_current_revision() == _schema.HEAD
    engine.dispose()
    config = Config()
    config.set_main_option("script_location", str(Path(str(migrations.__file__)).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == _schema.HEAD


def test_every_migration_ships_with_the_package() -> None:
    folder = Path(opening.__file__).parent / "migrations"
    assert (folder / "env.py").is_file()
    assert list((folder / "versions").glob("v0001_*.py"))


def test_a_newer_schema_is_refused_and_left(file: Path) -> None:
    _filled(file)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE keyproof_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="newer keyproof") as caught:
        _opened(file)
    assert caught.value.hint == "upgrade keyproof: pip install --upgrade keyproof"
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM keyproof_runs").fetchone() == (1,)
    connection.close()


def test_another_programs_database_is_refused_and_left(file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE accounts (id)")
    connection.close()
    with pytest.raises(StoreError, match="another program's"):
        _opened(file)
    with sqlite3.connect(file) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == [("accounts",)]


def test_a_file_that_is_no_database_is_refused_and_left(file: Path) -> None:
    file.parent.mkdir()
    content = b"notes about keys, not a database\n" * 100
    file.write_bytes(content)
    with pytest.raises(StoreError, match="not a database") as caught:
        _opened(file)
    assert "leaves it as it is" in str(caught.value.hint)
    assert file.read_bytes() == content


def test_a_damaged_file_is_named(file: Path) -> None:
    _filled(file)
    data = bytearray(file.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    file.write_bytes(data)
    store = _opened_or_none(file)
    with pytest.raises(StoreError, match=r"damaged|not a database"):
        (store or _opened(file)).open_findings()


def _opened_or_none(file: Path) -> Store | None:
    try:
        return _opened(file)
    except StoreError:
        return None


def test_a_record_of_another_kind_is_an_error_without_its_text(file: Path) -> None:
    _filled(file)
    with sqlite3.connect(file) as connection:
        connection.execute("""UPDATE keyproof_findings SET document = '{"quoted": "value"}'""")
    connection.close()
    store = _opened(file)
    with pytest.raises(StoreError, match="a stored record") as caught:
        store.open_findings()
    store.close()
    assert "quoted" not in f"{caught.value}{caught.value.hint}"


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="it is a folder"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_locked_database_says_so_and_goes_on_afterwards(file: Path) -> None:
    _filled(file)
    blocker = sqlite3.connect(file, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    store = _opened(file, "?timeout=0.1")
    with pytest.raises(StoreError, match="another process holds the database"):
        store.start_rotation(rotation("r1"))
    assert len(store.open_findings()) == 1
    blocker.execute("ROLLBACK")
    blocker.close()
    assert store.start_rotation(rotation("r1"))
    store.close()


def test_a_store_that_an_older_keyproof_wrote_is_read_and_goes_on(file: Path) -> None:
    _filled(file)
    store = _opened(file)
    known = store.open_findings()
    store.close()
    with sqlite3.connect(
        file
    ) as connection:  # as revision 0001 kept it: every row holds everything
        for one in known:
            whole = canonical_json(one).decode()
            connection.execute(
                "UPDATE keyproof_findings SET document = ? WHERE id = ?", (whole, one.id)
            )
        connection.execute("DROP TABLE keyproof_shared")
        connection.execute("UPDATE keyproof_version SET version_num = '0001'")
    store = _opened(file)
    assert store.open_findings() == known
    assert store.findings([known[0].id]) == [known[0]]
    run = report(day(1), [finding()])
    store.record_run(run, resolvable_sources=frozenset({"aws"}), sla_days=SLA)
    (again,) = store.open_findings()
    assert again.controls == known[0].controls
    assert again.history.first_seen_at == day(0)
    store.close()


def test_a_row_whose_shared_part_is_gone_is_an_error_not_half_a_finding(file: Path) -> None:
    _filled(file)
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM keyproof_shared")
    store = _opened(file)
    with pytest.raises(StoreError):
        store.open_findings()
    store.close()


def test_a_full_disk_loses_nothing(file: Path) -> None:
    _filled(file)
    code = (
        "import resource, signal, sys\n"
        "from tests.support.runs import *\n"
        "from keyproof.app.store import open_store\n"
        "from keyproof.errors import StoreError\n"
        "store = open_store(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "run = report(day(1), [finding(key=f'k{n}') for n in range(3000)])\n"
        "try:\n"
        "    store.record_run(run, resolvable_sources=frozenset({'aws'}), sla_days=SLA)\n"
        "except StoreError as error:\n"
        "    print(error.message, '|', error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{file}"],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONDONTWRITEBYTECODE": "1",  # the limit would cut .pyc files short, too
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "full" in done.stdout
    assert "nothing of this step was stored" in done.stdout
    store = _opened(file)
    last = store.last_report()
    assert last
    assert last.as_of == day(0)
    assert len(store.open_findings()) == 1
    store.close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 200_000


def _without_roots_rights() -> list[str]:
    """Root may write every file; without these capabilities it is a user like others."""
    if os.geteuid() != 0:
        return []
    return [tool("setpriv"), "--bounding-set=-dac_override,-dac_read_search"]


def test_a_read_only_database_is_read_and_not_written(file: Path) -> None:
    _filled(file)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    for path in (file, file.parent):
        path.chmod(0o555 if path.is_dir() else 0o444)
    code = (
        "import sys\n"
        "from tests.support.runs import *\n"
        "from keyproof.app.store import open_store\n"
        "from keyproof.errors import StoreError\n"
        "try:\n"
        "    open_store(sys.argv[1]).start_rotation(rotation('r1'))\n"
        "except StoreError as error:\n"
        "    print(error.message, '|', error.hint)\n"
    )
    done = subprocess.run(
        [*_without_roots_rights(), sys.executable, "-c", code, f"sqlite:///{file}"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    file.parent.chmod(0o700)
    assert "read-only" in done.stdout
    assert "write access" in done.stdout


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:{}@host/db",
        "nonsense {}",
        "oracle+thing://u:{}@h/x",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql+psycopg://u:{}@host:notaport/db",
    ],
)
def test_a_url_that_names_no_store_is_an_error_without_its_password(url: str) -> None:
    password = planted.password("store-url")
    with pytest.raises(ConfigError) as caught:
        open_store(url.format(password))
    shown = f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
    assert password not in shown
    assert "sqlite:///<file>" in shown


def test_a_server_that_cannot_be_reached_is_named_without_the_password() -> None:
    password = planted.password("store-server")
    with pytest.raises(StoreError) as caught:
        open_store(f"postgresql+psycopg://ada:{password}@127.0.0.1:1/audit?connect_timeout=5")
    shown = f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
    assert "postgresql database 'audit' on 127.0.0.1" in shown
    assert "cannot be reached" in shown
    assert password not in shown


def test_a_password_in_the_query_is_not_shown_either() -> None:
    password = planted.password("store-query")
    with pytest.raises(StoreError) as caught:
        open_store(f"postgresql://ada@127.0.0.1:1/audit?password={password}&connect_timeout=5")
    assert password not in f"{caught.value} {caught.value.hint}"


def test_a_database_that_the_server_does_not_have(postgres_server: Server) -> None:  # noqa: F811
    url = f"postgresql+psycopg://keyproof@/nobody_made_it?host={postgres_server.folder}"
    with pytest.raises(StoreError, match="nobody_made_it"):
        open_store(url)


def test_a_read_only_server_is_said_to_be_one(postgres_server: Server) -> None:  # noqa: F811
    url = postgres_server.database()
    open_store(url).close()
    store = open_store(f"{url}&options=-c%20default_transaction_read_only%3Don")
    assert list(store.open_findings()) == []
    with pytest.raises(StoreError, match="read-only"):
        store.start_rotation(rotation("r1"))
    store.close()


def test_a_run_needs_the_rules_of_a_findings_life(file: Path) -> None:
    store = opening.open_store(f"sqlite:///{file}")
    with pytest.raises(StoreError, match="rules"):
        store.record_run(report(day(0)), resolvable_sources=AWS, sla_days=SLA)
    store.close()


def test_a_percent_sign_in_the_path_is_a_letter_like_others(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/100%25 done/k.db")
    assert store.start_rotation(rotation("r1"))
    store.close()


def test_an_error_of_the_store_exits_with_5() -> None:
    assert StoreError("x").exit_code == 5
    assert issubclass(StoreError, KeyproofError)
