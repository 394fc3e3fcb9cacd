"""Reports what is flagged that should not be, beside what is found that should be.

    .venv/bin/python benchmarks/precision.py [REPOSITORY…]

Three tables: negatives by family (texts that hold no secret), positives by family with named and any
recall, and, of each repository given, leaks by detector with the places that they stand in, per
1,000 files of its history. Tuning one moves the others: read them together. What a repository's
leaks are is for a person to judge; no value is printed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COUNT = 200
"""Texts of each family."""


def main(repositories: list[str]) -> None:
    """Print every table."""
    sys.path[:0] = [str(ROOT), str(ROOT / "scanner")]
    with tempfile.TemporaryDirectory() as home:
        matcher, named = _matcher(Path(home))
        negatives(matcher)
        positives(matcher, named)
    for repository in repositories:
        real(repository)


def _matcher(folder: Path) -> tuple[Any, set[str]]:
    from keyproof.leaks.matcher import open_matcher
    from keyproof.leaks.rules import load_rules

    rules = load_rules(folder)
    return open_matcher(rules, folder), {rule.id for rule in rules.detectors if rule.named}


def negatives(matcher: Any) -> None:
    """Print which share of each family of negatives is flagged, and by what."""
    from tests.leaks.samples.negatives import FAMILIES
    from tests.leaks.samples.negatives import negatives as texts
    from tests.leaks.samples.negatives_seen import SEEN

    print(f"\n  {'negatives, ' + str(COUNT) + ' of each family':36}{'flagged':>9}")
    total, blame = 0, Counter[str]()
    every = {**FAMILIES, **SEEN}
    for family, make in every.items():
        hits = [matcher.find(text.encode()) for text in texts(family, make, COUNT)]
        flagged = sum(map(bool, hits))
        total += flagged
        blame.update(hit.detector for found in hits for hit in found)
        print(f"  {family:36}{flagged / COUNT:9.1%}")
    print(f"  {'all':36}{total / COUNT / len(every):9.2%}")
    _list(blame)


def positives(matcher: Any, named: set[str]) -> None:
    """Print named and any recall of the samples of detectors, and any recall of assignments."""
    from tests.leaks.samples.positives import POSITIVES
    from tests.leaks.samples.tables import TABLES
    from tests.leaks.samples.template import samples

    every = [one for table in TABLES for one in samples(table) if one.text != "skip"]
    found = [(one, matcher.find(one.text.encode())) for one in every]
    right = Counter(
        (
            any(hit.secret.reveal_text() == one.secret for hit in hits),
            any(hit.detector == one.detector for hit in hits),
            any(hit.detector in named for hit in hits),
        )
        for one, hits in found
    )
    print(f"\n  {'positives':36}{'found':>9}{'named':>9}{'by its own':>12}")
    shares = [sum(n for k, n in right.items() if k[i]) / len(every) for i in (0, 2, 1)]
    print(f"  {'samples of detectors':36}{shares[0]:9.1%}{shares[1]:9.1%}{shares[2]:12.1%}")
    for family, make in POSITIVES.items():
        made = [make(Random(f"{family}{number}")) for number in range(COUNT)]
        share = sum(
            any(hit.secret.reveal_text() == secret for hit in matcher.find(text.encode()))
            for text, secret in made
        )
        print(f"  {family:36}{share / COUNT:9.1%}")


def real(repository: str) -> None:
    """Print the leaks of a repository's history by detector."""
    places, leaks = Counter[str](), Counter[str]()
    seen: set[str] = set()
    for row in _rows(repository):
        places[row["detector"]] += 1
        if row["secret_id"] not in seen:
            seen.add(row["secret_id"])
            leaks[f"{row['detector']} {row['confidence']}"] += 1
    files = _files(repository)
    print(f"\n  {repository}: {files:,} files of its history")
    print(
        f"  {sum(leaks.values()):,} leaks, {1000 * sum(leaks.values()) / files:.2f} per 1,000 files"
    )
    _list(leaks)


def _rows(repository: str) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "keyproof", "leaks", repository, "-q", "--format", "jsonl"]
    with tempfile.TemporaryDirectory() as home:
        where = {"XDG_CACHE_HOME": home, "XDG_DATA_HOME": home, "PYTHONPATH": str(ROOT / "scanner")}
        done = subprocess.run(command, env=os.environ | where, stdout=subprocess.PIPE, check=False)
    for line in done.stdout.splitlines():
        yield json.loads(line)


def _files(repository: str) -> int:
    """Count the different blobs of all of a repository's objects."""
    command = ["git", "-C", repository, "cat-file", "--batch-all-objects", "--unordered"]
    listed = subprocess.run(
        [*command, "--batch-check=%(objecttype)"], capture_output=True, check=True
    ).stdout
    return max(1, listed.count(b"blob"))


def _list(counts: Counter[str]) -> None:
    for name, count in counts.most_common(40):
        print(f"    {count:6} {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
