"""docs/contracts.md is true: its files work, its outputs are real, nothing is left out."""

from __future__ import annotations

import importlib
import json
import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from tests.support.contracts_project import (
    CONTRACTS,
    Project,
    documented,
    inputs,
    make_project,
    output,
    tickets,
    write_inputs,
)
from tests.support.markdown import anchors, links, marked_tables, page, rows, section
from tests.support.needs import ROOT

from keyproof.app import registry, settings
from keyproof.errors import ConfigError, ExitCode, PolicyError
from keyproof.leaks import baseline, inline

OUTPUTS = ("leaks", "inventory", "scan", "sarif", "run", "ticket-plan", "rotation-plan")
FREE = {
    "scan": {
        *("findings[].evidence", "findings[].parameters", "findings[].parameter_origins"),
        *("policies[].parameters", "facts.counts"),
    },
    "inventory": {"[].labels"},
    "run": {"report.counts"},
    "sarif": set(),
}
"""Members whose own names are data."""

ROOTS = (
    "keyproof.app.settings.Settings",
    "keyproof.connectors._file_columns.KeyRow",
    "keyproof.pipeline.waiver_file.WaiverFile",
    "keyproof.leaks.baseline.Entry",
    "keyproof.pipeline.metadata.Annotations",
    "keyproof.pipeline.controls.Framework",
    "keyproof.app.tickets.SavedPlan",
    "keyproof.app.rotation_plan.RotationPlan",
    "keyproof.model.key.Key",
)
IN_WORDS = {
    "keyproof.model.key." + name
    for name in (
        *("Evidence", "Fingerprint", "LastUsedDetail", "NetworkRestrictions"),
        *("RotationSetting", "StorageRef"),
    )
} | {"keyproof.model.leak.Exposure"}
"""Parts of a key record that stand in the row of their member, each field by name."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("contracts"))


@pytest.fixture(scope="module")
def text() -> str:
    return page(CONTRACTS)


@pytest.fixture
def loaded(tmp_path: Path) -> settings.Loaded:
    write_inputs(tmp_path)
    return settings.load(tmp_path / "keyproof.yaml", {}, tmp_path)


# The files that a person writes


@pytest.mark.parametrize("part", ["sources", "trackers", "targets"])
def test_the_settings_show_every_adapter_and_each_accepts_its_own(part, loaded) -> None:
    word, kind = {
        "sources": ("connector", "connectors"),
        "trackers": ("tracker", "trackers"),
        "targets": ("target", "targets"),
    }[part]
    entries = getattr(loaded.settings, part)
    shown = {entry[word] for entry in entries.values()}
    assert shown == set(registry.names(kind))
    for name in entries:
        loaded.adapter(part, name)


def test_the_settings_show_every_setting_that_exists(loaded) -> None:
    given: dict[str, set[str]] = {}
    _given(loaded.document.data, settings.Settings, given)
    for part, word in (("sources", "connector"), ("trackers", "tracker"), ("targets", "target")):
        for name, entry in getattr(loaded.settings, part).items():
            module, _ = loaded.adapter(part, name)
            plain = {key: value for key, value in entry.items() if key != word}
            _given(plain, module.SETTINGS, given)
    for path, names in given.items():
        assert names == set(_fields(_load(path))), path


def test_a_setting_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    file = tmp_path / "keyproof.yaml"
    file.write_text(file.read_text().replace("fail_on:", "fail_at:"))
    with pytest.raises(ConfigError, match="unknown setting 'fail_at'"):
        settings.load(file, {}, tmp_path)


def test_every_rotator_is_shown(loaded) -> None:
    assert {rule.rotator for rule in loaded.settings.rotations} == set(registry.names("rotators"))


@pytest.mark.parametrize("name", ["keys.csv", "keys.json", "keys.jsonl"])
def test_inventory_examples_are_read_without_a_gap(name, project: Project) -> None:
    source = next(s for s in output(project, "scan")["sources"] if s["instance"] == name)
    assert source["complete"]
    assert source["listed"] == source["parsed"] > 0
    assert not [g for g in output(project, "scan")["gaps"] if g["source"] == source["id"]]


def test_the_whole_settings_file_is_used_by_the_command_line(project: Project) -> None:
    ran = project.run(
        *("scan", "--config", "keyproof.yaml", "--source", "other-keys", "--no-store"),
        *("--format", "json", "--fail-on", "critical"),
    )
    assert ran.code == 0, ran.err
    assert {s["id"] for s in json.loads(ran.out)["sources"]} == {"other-keys"}


def test_each_waiver_applies(project: Project) -> None:
    written = yaml.safe_load(inputs()["waivers.yaml"].text)["waivers"]
    noted = {note["id"]: note for note in output(project, "scan")["waivers"]}
    assert set(noted) == {waiver["id"] for waiver in written}
    for note in noted.values():
        assert (note["state"], len(note["findings"])) == ("in_force", 1)


def test_parameters_apply_by_policy_environment_and_owner(project: Project) -> None:
    found = output(project, "scan")["findings"]
    limits = {
        f["subject"]["name"]: f["parameters"]["days"]
        for f in found
        if f["policy"] == "keys.max_age"
    }
    assert limits["market maker"] == 30
    assert limits["quotes front end"] == 60
    origins = {
        f["parameter_origins"]["days"] for f in found if f["subject"]["name"] == "quotes front end"
        if f["policy"] == "keys.max_age"
    }  # fmt: skip
    assert origins == {"security handbook, 4.2"}


def test_the_policy_passes_check_and_test(project: Project) -> None:
    checked = project.run("policies", "check", "policies")
    assert (checked.code, "0 problems" in checked.err) == (0, True), checked.out
    tested = project.run("policies", "test", "policies")
    assert (tested.code, tested.out.strip()) == (0, "1 passed, 0 failed")


def test_the_policy_decides_and_gives_evidence_for_the_framework_of_ones_own(project) -> None:
    (policy,) = [
        p for p in output(project, "scan")["policies"] if p["id"] == "exchange.withdrawals"
    ]
    assert policy["verdicts"]["pass"] == 1
    assert [c["framework"] for c in policy["controls"]] == ["acme"]
    frameworks = {f["id"] for f in output(project, "run")["report"]["frameworks"]}
    assert frameworks == {"soc2", "acme"}


def test_a_framework_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    from keyproof.app.run import Rules

    write_inputs(tmp_path)
    (tmp_path / "frameworks" / "acme.yaml").unlink()
    (tmp_path / "frameworks").rmdir()
    with pytest.raises(ConfigError, match="there is no folder"):
        Rules.load(settings.load(tmp_path / "keyproof.yaml", {}, tmp_path))


def test_the_policy_of_the_page_is_refused_without_what_the_page_demands(tmp_path: Path) -> None:
    from keyproof.pipeline import policyset

    write_inputs(tmp_path)
    file = tmp_path / "policies" / "exchange" / "withdrawals.rego"
    file.write_text(file.read_text().replace("#   needs: [", "#   reads: ["))
    with pytest.raises(PolicyError):
        policyset.of_folder(tmp_path / "policies")


def test_the_baseline_example_loads_and_is_written_the_same(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    path = tmp_path / ".keyproof-baseline"
    found = baseline.load(path)
    assert found is not None
    assert {entry.scope.partition(":")[0] for entry in found.entries} == {"occurrence", "path"}
    assert baseline.dump(found) == path.read_text()


def test_inline_statements_are_those_that_are_understood(text: str) -> None:
    below = section(text, "Inline statements")
    words = re.search(r"Understood are: (?P<list>.*?)\.\s", below, re.DOTALL)
    assert words
    listed = re.findall(r"`([^`]+)`", words["list"])
    assert tuple(" ".join(word.split()) for word in listed) == inline.MARKERS
    found = inline.statement(b"", inputs()["inline.txt"].text.encode())
    assert found == inline.Inline("keyproof:allow", "a sample that opens nothing")


# The outputs


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_has_exactly_the_fields_that_its_example_shows(name, project: Project) -> None:
    shown = json.loads(documented(name))
    free = FREE.get(name, set())
    given = [shown] if isinstance(output(project, name), list) else shown
    real, told = Shape(output(project, name), free), Shape(given, free)
    assert told.objects, "an example without an object shows nothing"
    for path, names in told.objects.items():
        assert names == real.objects.get(path), f"members of {path or 'the document'}"
    for path, types in told.types.items():
        known = real.types.get(path, set())
        assert types <= known | {"null"} or known == {"null"}, f"{path}: {types} and {known}"


def test_the_ticket_file_has_the_shape_of_its_example(project: Project) -> None:
    (ticket,) = [t for t in tickets(project) if 'rotation: "sha256:' in t]
    shown = documented("ticket")
    for pattern in (r"^(\w+): ", r"^(## .*)$"):
        named = set(re.findall(pattern, shown, re.MULTILINE))
        assert named == set(re.findall(pattern, ticket, re.MULTILINE))
    front = yaml.safe_load(shown.split("---")[1])
    assert set(front) == {
        row[0].strip("`") for row in rows(section(page(CONTRACTS), "A ticket file"))
    }
    marker = "<!-- keyproof: what stands below this line is yours and is kept -->"
    assert marker in shown
    assert marker in ticket


def test_the_commands_of_the_examples_ended_as_the_page_says(project: Project) -> None:
    codes = {name: ran.code for name, ran in project.ran.items() if name}
    assert codes == {
        "scan": ExitCode.FINDINGS, "sarif": 0, "leaks": ExitCode.FINDINGS,
        "inventory": ExitCode.INCOMPLETE, "tickets": 0, "applied": 0, "rotation-plan": 0,
    }  # fmt: skip


# Everything is described


def test_every_field_is_described(text: str) -> None:
    tables = marked_tables(text)
    covered: set[str] = set()
    for mark, table in tables.items():
        listed = [row[0].strip("`") for row in table]
        if mark in OUTPUTS:
            first = output_members(mark)
            assert listed == first, mark
            continue
        name, _, base = mark.partition(" beyond ")
        name, _, tag = name.partition(" as ")
        skipped = set(_fields(_load(base))) if base else set()
        extra = [tag.partition("=")[0]] if tag else []
        assert listed == extra + [f for f in _fields(_load(name)) if f not in skipped], mark
        covered |= {_path(_load(name)), *([_path(_load(base))] if base else [])}
    wanted = {_path(kind) for root in _roots() for kind in _structs(_load(root))}
    assert wanted - covered - IN_WORDS == set()


def output_members(name: str) -> list[str]:
    return list(json.loads(documented(name)))


def test_parts_of_a_key_are_described_in_their_row(text: str) -> None:
    below = section(text, "keyproof inventory --format jsonl") + section(
        text, "keyproof scan --format json"
    )
    for path in IN_WORDS:
        for field in _fields(_load(path)):
            assert f"`{field}`" in below, f"{path}.{field}"


def test_every_value_and_default_is_the_real_one(text: str) -> None:
    for mark, table in marked_tables(text).items():
        if mark in OUTPUTS:
            continue
        kind = _load(mark.split(" ")[0])
        types, defaults = typing.get_type_hints(kind, include_extras=True), _defaults(kind)
        for row in table:
            field = row[0].strip("`")
            if field not in types:
                continue
            words = [
                word for literal in _literals(types[field]) for word in typing.get_args(literal)
            ]
            assert not words or re.findall(r"`([^`]+)`", row[1]) == [str(w) for w in words], (
                mark,
                field,
            )
            if len(row) == 4 and field in defaults:
                assert row[2] == _shown(defaults[field]), (mark, field)


def test_every_shape_of_the_scan_output_is_described(text: str) -> None:
    from keyproof.reporters import _scan_v1

    shapes = {
        f"{_scan_v1.__name__}.{name}"
        for name, kind in vars(_scan_v1).items()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    }
    assert shapes
    assert shapes - set(marked_tables(text)) == set()


def test_exit_codes_are_those_that_exist(text: str) -> None:
    listed = [int(row[0]) for row in rows(section(text, "Exit codes"))]
    assert listed == [code.value for code in ExitCode]


def test_formats_are_those_that_exist(text: str) -> None:
    listed = {row[0].strip("`"): row[1].strip("`") for row in rows(section(text, "Other formats"))}
    names = registry.names("reporters")
    assert listed == {name: registry.load("reporters", name).SUFFIX for name in names}


def test_every_variable_that_the_code_reads_is_listed(text: str) -> None:
    listed = {row[0].strip("`") for row in rows(section(text, "Environment variables"))}
    code = "\n".join(p.read_text() for p in (ROOT / "scanner" / "keyproof").rglob("*.py"))
    ours = set(re.findall(r"\bKEYPROOF_[A-Z_]*[A-Z]\b", code))
    assert ours == {name for name in listed if name.startswith("KEYPROOF_")}
    for name in listed:
        assert f'"{name}"' in code, f"{name} is listed, and nothing reads it"


def test_links_lead_somewhere(text: str) -> None:
    for target in links(text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        if path:
            assert (CONTRACTS.parent / path).exists(), target
        else:
            assert anchor in anchors(text), target


# How structs and documents are compared


class Shape:
    """What a JSON document is made of: members of each object, types of each value, by path."""

    def __init__(self, document: Any, free: set[str]) -> None:
        self.objects: dict[str, set[str]] = {}
        self.types: dict[str, set[str]] = {}
        self._walk(document, "", free)

    def _walk(self, value: Any, path: str, free: set[str]) -> None:
        word = {dict: "object", list: "array", str: "text", bool: "bool", type(None): "null"}
        self.types.setdefault(path, set()).add(word.get(type(value), "number"))
        if isinstance(value, dict) and path not in free:
            self.objects.setdefault(path, set()).update(value)
            for name, inner in value.items():
                self._walk(inner, f"{path}.{name}".lstrip("."), free)
        elif isinstance(value, list):
            for inner in value:
                self._walk(inner, f"{path}[]", free)


def _roots() -> Iterator[str]:
    yield from ROOTS
    for kind in ("connectors", "trackers", "targets"):
        for name in registry.names(kind):
            yield _path(registry.load(kind, name).SETTINGS)


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _fields(kind: Any) -> list[str]:
    if issubclass(kind, tuple):
        return list(kind._fields)
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _defaults(kind: Any) -> dict[str, Any]:
    if issubclass(kind, tuple):
        return {}
    made: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        if field.default_factory is not msgspec.NODEFAULT:
            made[field.encode_name] = field.default_factory()
        else:
            made[field.encode_name] = field.default
    return made


def _shown(value: Any) -> str:
    """Return a default as the tables write it."""
    if value is msgspec.NODEFAULT:
        return "required"
    if value is None or value is msgspec.UNSET:
        return "none"
    if isinstance(value, msgspec.Struct):
        return "as below"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple | list):
        words = (v if re.fullmatch(r"[\w-]+", v) else json.dumps(v) for v in value)
        return f"`[{', '.join(words)}]`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _parts(kind: Any) -> Iterator[Any]:
    yield kind
    for part in typing.get_args(kind):
        if not isinstance(part, str | int):
            yield from _parts(part)


def _literals(kind: Any) -> list[Any]:
    return [part for part in _parts(kind) if typing.get_origin(part) is typing.Literal]


def _structs(kind: Any) -> Iterator[type]:
    """Return a struct type and every struct type in it."""
    seen: set[type] = set()
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        if one in seen or not isinstance(one, type) or typing.get_origin(one):
            continue
        if issubclass(one, tuple) and hasattr(one, "_fields"):
            seen.add(one)
        elif issubclass(one, msgspec.Struct):
            seen.add(one)
            for field in msgspec.structs.fields(one):
                waiting += list(_parts(field.type))
    return iter(seen)


def _given(data: Any, kind: Any, found: dict[str, set[str]]) -> None:
    """Note which fields of each struct an example gives, over all its appearances."""
    if isinstance(data, Mapping):
        found.setdefault(_path(kind), set()).update(str(name) for name in data)
        types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        for name, value in data.items():
            for part in _parts(types.get(name)):
                if isinstance(part, type) and issubclass(part, msgspec.Struct):
                    for one in value if isinstance(value, list) else [value]:
                        _given(one, part, found)
