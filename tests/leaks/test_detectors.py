"""Every detector finds what its vendor documents, and nothing that only looks like it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from random import Random
from string import ascii_lowercase

import hyperscan
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.samples.by_name import samples_by_name
from tests.leaks.samples.roster import ROSTER
from tests.leaks.samples.tables import TABLES
from tests.leaks.samples.template import Sample, base62_crc, letters, samples
from tests.support.planted import plant

from keyproof.leaks.exact import confirm, resolve
from keyproof.leaks.hit import Hit
from keyproof.leaks.rules import RuleSet, detector_files, load_rules

WRITTEN = [s for table in TABLES for s in samples(table) if s.text != "skip"]
LISTED = [*samples(ROSTER, forms=2), *samples_by_name()]
ALL = WRITTEN + LISTED
BY_DETECTOR: dict[str, list[Sample]] = {}
for _sample in ALL:
    BY_DETECTOR.setdefault(_sample.detector, []).append(_sample)
BINARY = {"private_key.jks", "private_key.pkcs12_file", "private_key.der_file", "kerberos.keytab"}
BINARY |= {"keepass.database", "tor.onion_service_key"}
"""What ``test_key_files`` makes."""
NOT_SAMPLED = {"nuget.api_key_wide", "calendly.pat"} | BINARY
"""What another detector's sample shows already, or what cannot be made without a real value."""


class Bench:
    """Triggers compiled together, as the matcher does it, and the exact check behind them."""

    def __init__(self, folder: Path) -> None:
        self.rules: RuleSet = load_rules(folder)
        self.database = hyperscan.Database()
        triggers = self.rules.triggers
        self.database.compile(
            expressions=[t.expression for t in triggers],
            flags=[t.flags for t in triggers],
            ids=list(range(len(triggers))),
        )

    def triggered(self, text: bytes) -> set[tuple[int, int]]:
        """Return (detector, end) of every trigger that fires."""
        found: set[tuple[int, int]] = set()
        triggers = self.rules.triggers
        self.database.scan(
            text,
            match_event_handler=lambda i, _s, end, _f, _c: found.add((triggers[i].detector, end)),
        )
        return found

    def hits(self, text: str | bytes) -> list[Hit]:
        """Return what is left of a text after triggers, exact checks and resolution."""
        data = text.encode() if isinstance(text, str) else text
        found = [
            hit
            for detector, end in sorted(self.triggered(data))
            for hit in confirm(self.rules, detector, data, end)
        ]
        return resolve(self.rules, found)

    def named(self, text: str) -> set[str]:
        """Return the named detectors that hit."""
        names = {d.id for d in self.rules.detectors if d.named}
        return {hit.detector for hit in self.hits(text)} & names


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("rules"))


def _found(bench: Bench, sample: Sample) -> bool:
    return any(
        hit.detector == sample.detector and hit.secret.reveal_text() == sample.secret
        for hit in bench.hits(sample.text)
    )


@pytest.mark.parametrize("detector", sorted({sample.detector for sample in WRITTEN}))
def test_a_detector_finds_its_samples(bench: Bench, detector: str) -> None:
    made = BY_DETECTOR[detector]
    missed = sum(not _found(bench, sample) for sample in made)
    # entropy and word checks refuse one random value in some hundred, by design
    assert missed <= (1 if len(made) > 1 else 0)


@pytest.mark.parametrize("letter", ascii_lowercase)
def test_a_listed_provider_is_told_by_form_or_name(bench: Bench, letter: str) -> None:
    missed = [s.detector for s in LISTED if s.detector[0] == letter and not _found(bench, s)]
    assert not [detector for detector, times in Counter(missed).items() if times > 1]


def test_nearly_every_sample_is_found(bench: Bench) -> None:
    missed = Counter(s.detector for s in ALL if not _found(bench, s))
    assert sum(missed.values()) <= len(ALL) // 200, missed


def test_every_named_detector_has_samples(bench: Bench) -> None:
    named = {d.id for d in bench.rules.detectors if d.named and not d.files}
    assert named - BY_DETECTOR.keys() == NOT_SAMPLED
    assert BY_DETECTOR.keys() <= named


def test_the_span_is_the_secret(bench: Bench) -> None:
    for sample in ALL:
        data = sample.text.encode()
        for hit in bench.hits(data):
            assert data[hit.start : hit.end] == hit.secret.reveal()


def _fixed_tokens(bench: Bench) -> list[tuple[str, str, str]]:
    """Samples of detectors that need no context and whose token has one length only."""
    from keyproof.leaks.rules_bounds import width
    from keyproof.leaks.rules_source import _token, read_sources

    chosen: list[tuple[str, str, str]] = []
    for _, provider in read_sources(detector_files()):
        for source in provider.detectors:
            low, high = width(_token(source))
            name = f"{provider.provider}.{source.id}"
            if low == high and not source.context and "(?P<secret>" not in source.pattern:
                made = [s for s in BY_DETECTOR.get(name, []) if s.text.startswith(("{", "e", "c"))]
                chosen += [(name, s.text, s.secret) for s in made[:2]]
    return chosen


def test_a_token_of_the_wrong_length_is_not_the_vendors(bench: Bench) -> None:
    tokens = _fixed_tokens(bench)
    assert len(tokens) > 200
    for name, text, secret in tokens:
        shorter, longer = secret[:-1], secret + "Qw7Zk2"
        assert name not in bench.named(text.replace(secret, shorter)), (name, "one letter short")
        if secret[-1].isalnum():
            assert name not in bench.named(text.replace(secret, longer)), (name, "six letters more")


def test_a_placeholder_is_no_secret(bench: Bench) -> None:
    prefix = {d.id: d.public_prefix for d in bench.rules.detectors}
    for sample in ALL:
        kept = prefix[sample.detector]
        rest = len(sample.secret) - kept
        if rest < 12 or "PRIVATE KEY" in sample.secret:
            continue
        for fake in ("x" * rest, ("0123456789abcdef" * 200)[:rest], ("EXAMPLE" * 300)[:rest]):
            text = sample.text.replace(sample.secret, sample.secret[:kept] + fake)
            found = {h.secret.reveal_text() for h in bench.hits(text)}
            assert sample.secret[:kept] + fake not in found, (sample.detector, fake[:20])


@pytest.mark.parametrize("prefix", ["ghp_", "gho_", "npm_"])
def test_a_wrong_checksum_lowers_the_confidence(bench: Bench, prefix: str) -> None:
    body = letters(Random(prefix), 30)
    right = plant(prefix + body + base62_crc(body))
    wrong = plant(prefix + body + base62_crc(body + "x"))
    assert [h.confidence for h in bench.hits(f'token = "{right}"')] == ["high"]
    assert [h.confidence for h in bench.hits(f'token = "{wrong}"')] == ["low"]


def test_a_secret_key_carries_the_id_that_stands_beside_it(bench: Bench) -> None:
    for sample in BY_DETECTOR["aws.secret_access_key"]:
        hits = {hit.detector: hit for hit in bench.hits(sample.text)}
        key_id = hits["aws.access_key_id"].secret.reveal_text()
        assert hits["aws.secret_access_key"].key_ids == (key_id,)
        assert hits["aws.access_key_id"].key_ids == (key_id,)


def test_ids_inside_a_secret_are_read(bench: Bench) -> None:
    for name in ("sendgrid.api_key", "gcp.service_account_key"):
        for sample in BY_DETECTOR[name]:
            (hit,) = bench.hits(sample.text)
            assert len(hit.key_ids) == 1
            assert hit.key_ids[0] in sample.text


def test_hashes_are_those_that_the_provider_lists(bench: Bench) -> None:
    (sample, *_) = BY_DETECTOR["github.pat"]
    (hit,) = bench.hits(sample.text)
    assert [h.partition(":")[0] for h in hit.provider_hashes] == ["sha256_base64"]


SURROUNDINGS = st.text(
    alphabet=st.characters(min_codepoint=9, max_codepoint=1000, exclude_characters="\x00"),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), before=SURROUNDINGS, after=SURROUNDINGS)
def test_a_trigger_fires_wherever_the_exact_pattern_matches(
    bench: Bench, data: st.DataObject, before: str, after: str
) -> None:
    sample = data.draw(st.sampled_from(ALL))
    text = f"{before}\n{sample.text}\n{after}".encode()
    triggered = bench.triggered(text)
    with_triggers = {trigger.detector for trigger in bench.rules.triggers}
    for index, rule in enumerate(bench.rules.detectors):
        if rule.provider != sample.detector.split(".")[0] or index not in with_triggers:
            continue
        ends = {end for detector, end in triggered if detector == index}
        for match in re.finditer(rule.pattern.encode("latin-1"), text):
            if rule.covers:
                assert any(match.start() < end <= match.end() for end in ends), rule.id


@settings(max_examples=100, deadline=None)
@given(data=st.data(), before=SURROUNDINGS, after=SURROUNDINGS)
def test_a_secret_is_found_in_any_surroundings(
    bench: Bench, data: st.DataObject, before: str, after: str
) -> None:
    sample = data.draw(st.sampled_from(ALL))
    if not _found(bench, sample):
        return
    found = {h.secret.reveal_text() for h in bench.hits(f"{before}\n{sample.text}\n{after}")}
    assert sample.secret in found


def test_an_escaped_line_break_before_a_token_is_a_boundary(bench: Bench) -> None:
    (sample, *_) = BY_DETECTOR["github.pat"]
    for text in (f'"a\\n{sample.secret}\\n"', f"a%3D{sample.secret}", f'"\\u0022{sample.secret}"'):
        assert bench.named(text) == {"github.pat"}
