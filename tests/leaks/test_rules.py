"""Detector files are a closed schema, and the compiled rules come back from the cache whole."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import hyperscan
import pytest

from keyproof.errors import ConfigError
from keyproof.leaks import rules_source
from keyproof.leaks.rules import _SHIPPED, load_rules
from keyproof.leaks.rules_bounds import Unsafe, check_bounded
from keyproof.leaks.rules_trigger import derive

ONE = """provider: acme
name: Acme
docs: https://docs.acme.test/tokens
revoke: Revoke it.
rotate: Make another.
detectors:
  - id: token
    kind: api_key
    pattern: 'acme_[0-9a-f]{32}'
    source: documented
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "acme.yaml").write_text(ONE)
    return folder


def test_the_second_load_is_the_first(tmp_path: Path, own: Path) -> None:
    cache = tmp_path / "cache" / "keyproof"
    first = load_rules(cache, [own])
    assert load_rules(cache, [own]) == first
    assert [d.id for d in first.detectors] == ["acme.token"]
    (file,) = cache.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_cache_is_rebuilt(tmp_path: Path, own: Path, damage: bytes | None) -> None:
    first = load_rules(tmp_path / "cache", [own])
    (file,) = (tmp_path / "cache").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-3] + b"\0\0\0" if damage is None else damage)
    assert load_rules(tmp_path / "cache", [own]) == first
    assert file.read_bytes()[:32] == content[:32]


def test_changed_files_are_compiled_again_and_have_another_digest(
    tmp_path: Path, own: Path
) -> None:
    first = load_rules(tmp_path / "cache", [own])
    (own / "acme.yaml").write_text(ONE.replace("acme_", "acmf_"))
    second = load_rules(tmp_path / "cache", [own])
    assert second.digest != first.digest
    assert "acmf_" in second.detectors[0].pattern


def test_touched_files_keep_the_digest(tmp_path: Path, own: Path) -> None:
    first = load_rules(tmp_path / "cache", [own])
    os.utime(own / "acme.yaml", (1, 1))
    assert load_rules(tmp_path / "cache", [own]) == first


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path, own: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert load_rules(tmp_path / "cache", [own]).detectors


def test_the_warm_path_imports_neither_yaml_nor_msgspec(tmp_path: Path) -> None:
    load_rules(tmp_path)
    code = (
        "import sys; from pathlib import Path\n"
        "from keyproof.leaks.rules import load_rules\n"
        "import keyproof.leaks.exact\n"
        f"assert len(load_rules(Path({str(tmp_path)!r})).detectors) > 150\n"
        "heavy = {'msgspec', 'yaml', 'click', 'git', 'json', 'pickle'} & set(sys.modules)\n"
        "sys.exit(','.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (("kind:", "kinds:"), "unknown setting 'kinds'", 8),
        (("source: documented", "source: heard"), "not allowed here", 10),
        (("[0-9a-f]{32}", "[0-9a-f]{32,}"), "bound its repeats", 9),
        (("[0-9a-f]{32}", "(?:a{1,9}|b){1,40}"), "a variable repeat inside a repeat", 9),
        (("[0-9a-f]{32}", "([0-9a-f]"), "not a valid expression", 9),
        (("revoke: Revoke it.\n", ""), "'revoke' is missing", 6),
        (("kind: api_key", "kind: api_key\n    check: [{name: nonsense}]"), "no check is named", 7),
        (("kind: api_key", "kind: api_key\n    shape: nonsense"), "no shape is named", 7),
    ],
)
def test_a_wrong_file_is_named_with_its_line(
    tmp_path: Path, own: Path, change: tuple[str, str], message: str, line: int
) -> None:
    assert change[0] in ONE
    (own / "acme.yaml").write_text(ONE.replace(*change))
    with pytest.raises(ConfigError, match=message) as raised:
        load_rules(tmp_path / "cache", [own])
    assert raised.value.where == f"acme.yaml:{line}"


def test_an_id_stands_once(tmp_path: Path, own: Path) -> None:
    (own / "other.yaml").write_text(ONE)
    with pytest.raises(ConfigError, match="the id stands twice"):
        load_rules(tmp_path / "cache", [own])


def test_every_detector_says_where_its_format_is_known_from_and_how_to_revoke() -> None:
    for _, provider in rules_source.read_sources(sorted(_SHIPPED.glob("*.yaml"))):
        for source in provider.detectors:
            assert source.source in {"documented", "observed", "guessed"}
            if source.named:
                assert (source.docs or provider.docs).startswith("https://")
                assert len(source.revoke or provider.revoke) > 10
                assert len(source.rotate or provider.rotate) > 10
                if source.source == "guessed":
                    assert source.confidence != "high"


def test_a_file_is_named_after_its_provider() -> None:
    for document, provider in rules_source.read_sources(sorted(_SHIPPED.glob("*.yaml"))):
        if not document.name.startswith("roster_"):
            assert document.name == f"{provider.provider}.yaml"


def test_every_trigger_compiles_alone(tmp_path: Path) -> None:
    rules = load_rules(tmp_path)
    assert sum(d.named for d in rules.detectors) > 150
    for trigger in rules.triggers:
        database = hyperscan.Database()
        database.compile(expressions=[trigger.expression], flags=[trigger.flags], ids=[0])


def test_no_exact_pattern_runs_long(tmp_path: Path) -> None:
    """A full window of the letters that each pattern likes best takes milliseconds."""
    import re

    rules = load_rules(tmp_path)
    fillers = [
        b"a",
        b"A",
        b"0",
        b"-",
        b" ",
        b"=",
        b"a1B2",
        b"\n",
        b'"a": "',
        b"password=",
        b"sv=a&",
    ]
    for rule in rules.detectors:
        check_bounded(rule.pattern)
        pattern = re.compile(rule.pattern.encode("latin-1"))
        size = min(rule.before + rule.after + 2, 40_000)
        words = re.findall(r"[A-Za-z_]{4,}", rule.pattern)
        own = [word.encode() for word in words[:3]]
        own += [(word + "=").encode() + b"a1" * 6 for word in words[:1]]
        for filler in [*fillers, *own]:
            text = (filler * (size // len(filler) + 1))[:size]
            started = time.perf_counter()
            list(pattern.finditer(text))
            assert time.perf_counter() - started < 0.5, (rule.id, filler)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(?<![a-z])ab[0-9]{3,9}(?![a-z])", b"ab123456789"),
        (r"(?i:key)[\s\S]{0,5}?=[^\x22]{2,4}", b"KEY xx=abc"),
        (r"(?:abc|abd)?xyz[^a-c]\d{2}", b"abcxyzZ01"),
        (r"foo(?P<secret>[A-F]{2}(?:-[0-9]{2})?)", b"fooAB-12"),
    ],
)
def test_a_derived_trigger_reports_an_end_inside_the_match(pattern: str, text: bytes) -> None:
    import re

    derived = derive(pattern)
    database = hyperscan.Database()
    database.compile(expressions=[derived.expression.encode()], flags=[0], ids=[0])
    ends: list[int] = []
    database.scan(text, match_event_handler=lambda _i, _s, end, _f, _c: ends.append(end))
    match = re.search(pattern.encode(), text)
    assert match
    assert any(match.start() < end <= match.end() for end in ends)


@pytest.mark.parametrize("pattern", [r"(a{3})\1", r"[a-z]{0,9}", "ab"])
def test_a_pattern_without_a_usable_trigger_is_refused(pattern: str) -> None:
    with pytest.raises(Unsafe):
        derive(pattern)
