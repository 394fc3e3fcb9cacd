"""What every connector's module must be; its own tests show what it reads."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from keyproof.app import registry
from keyproof.ports import Connector

HEAVY = {
    "boto3",
    "botocore",
    "detect_secrets",
    "git",
    "httpx2",
    "sqlalchemy",
    "stamina",
}
"""What a settings file that names a connector must not pay for: imported where it is used."""

SECRET_WORDS = ("token", "password", "secret", "credential", "private", "api_key")


@pytest.fixture(params=registry.names("connectors"))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def connector(name: str) -> Connector:
    module: Connector = registry.load("connectors", name)
    return module


def test_it_says_what_it_reads_and_with_which_rights(connector: Connector) -> None:
    assert isinstance(connector.TITLE, str)
    assert connector.TITLE
    assert inspect.getdoc(connector)
    assert isinstance(connector.SCOPES, tuple)
    assert all(isinstance(scope, str) and scope for scope in connector.SCOPES)


def test_it_has_the_ports_calls_with_the_ports_arguments(connector: Connector) -> None:
    for call in ("collect", "check"):
        expected = list(inspect.signature(getattr(Connector, call)).parameters)[1:]
        assert list(inspect.signature(getattr(connector, call)).parameters) == expected


def _structs(kind: object) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from _structs(field.type)
    for argument in getattr(kind, "__args__", ()):
        yield from _structs(argument)


def test_its_settings_are_frozen_and_refuse_what_they_do_not_know(connector: Connector) -> None:
    structs = list(_structs(connector.SETTINGS))
    assert structs
    for struct in structs:
        config = struct.__struct_config__
        assert (config.frozen, config.forbid_unknown_fields) == (True, True), struct


def test_its_settings_hold_no_secret_but_the_name_of_its_variable(connector: Connector) -> None:
    for struct in _structs(connector.SETTINGS):
        for field in msgspec.structs.fields(struct):
            named = any(word in field.name for word in SECRET_WORDS)
            assert not named or field.name.endswith("_variable"), field.name


def test_it_loads_without_the_libraries_that_it_reads_with(name: str) -> None:
    code = (
        f"import sys; from keyproof.app import registry; registry.load('connectors', '{name}')\n"
        f"sys.exit(','.join(sorted({HEAVY!r} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
