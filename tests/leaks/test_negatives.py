"""What looks like a secret and is none is not flagged; what somebody chose or generated is."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from tests.leaks.samples.negatives import FAMILIES, negatives
from tests.leaks.samples.negatives_seen import SEEN
from tests.leaks.samples.positives import POSITIVES
from tests.leaks.samples.template import letters
from tests.support.planted import aws_key_id, aws_secret_key, plant
from tests.support.run import keyproof

from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.rules import load_rules

EVERY = {**FAMILIES, **SEEN}
COUNT = 60
FLAGGED = 0.03
"""The most of a family that may be flagged: chance makes random letters of some names."""
FOUND = 0.9


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    folder = tmp_path_factory.mktemp("rules")
    return open_matcher(load_rules(folder), folder)


@pytest.mark.parametrize("family", EVERY)
def test_what_is_no_secret_is_not_flagged(matcher: Matcher, family: str) -> None:
    texts = negatives(family, EVERY[family], COUNT)
    assert len(set(texts)) > 5, "a family of a few texts shows nothing"
    flagged = [(text, hits) for text in texts if (hits := matcher.find(text.encode()))]
    shown = [(text[:80], [hit.detector for hit in hits]) for text, hits in flagged[:3]]
    assert len(flagged) <= COUNT * FLAGGED, shown


@pytest.mark.parametrize("family", POSITIVES)
def test_what_somebody_chose_or_generated_is_found(matcher: Matcher, family: str) -> None:
    made = [POSITIVES[family](Random(f"{family}{number}")) for number in range(COUNT)]
    found = [
        any(hit.secret.reveal_text() == secret for hit in matcher.find(text.encode()))
        for text, secret in made
    ]
    assert sum(found) >= COUNT * FOUND


def test_the_public_half_of_a_pair_is_no_leak_of_its_own(planted: Path, tmp_path: Path) -> None:
    public, secret = aws_key_id("pair"), aws_secret_key("pair")
    (planted / "credentials").write_text(
        f"[default]\naws_access_key_id = {public}\naws_secret_access_key = {secret}\n"
    )
    (row,) = _rows(planted, tmp_path)
    assert row["detector"] == "aws.secret_access_key"
    (planted / "credentials").write_text(f"[default]\naws_access_key_id = {public}\n")
    (row,) = _rows(planted, tmp_path)
    assert row["detector"] == "aws.access_key_id"


def test_what_context_alone_says_is_less_sure_among_tests(planted: Path, tmp_path: Path) -> None:
    for folder, expected in (("src", "medium"), ("tests", "low")):
        (planted / folder).mkdir()
        value = plant(letters(Random(folder), 28))
        (planted / folder / "settings.py").write_text(f'api_key = "{value}"\n')
        (row,) = [row for row in _rows(planted, tmp_path) if row["path"] == f"{folder}/settings.py"]
        assert row["confidence"] == expected


def _rows(folder: Path, home: Path) -> list[dict[str, str]]:
    done = keyproof("leaks", "--no-git", str(folder), "--format", "jsonl", cwd=folder, home=home)
    return [json.loads(line) for line in done.out.splitlines()]
