"""The git connector: leaks, gaps and one source, last."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from tests.support.planted import github_pat
from tests.support.repository import Repo, line, warm

from keyproof.app.clock import SystemClock
from keyproof.app.wiring import make_context
from keyproof.connectors import git
from keyproof.identity import KeyedFingerprinter
from keyproof.model.leak import Leak
from keyproof.model.source import Gap, Source
from keyproof.ports import Context


@pytest.fixture
def context(home: Path) -> Context:
    warm(home)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    fingerprinter = KeyedFingerprinter(b"k" * 32, local=True)
    return make_context("repos", environment, fingerprinter, SystemClock())


@pytest.fixture
def repos(planted: Path) -> tuple[Repo, Repo]:
    made = []
    for name in ("one", "two"):
        repo = Repo(planted / name, planted / "git-home")
        repo.write("app.py", line(github_pat("shared")))
        repo.write("own.py", line(github_pat(f"own {name}")))
        repo.commit("first")
        made.append(repo)
    secret_url = f"https://bot:{github_pat('remote')}@git.example.org:8443/team/one.git?x=1"
    made[0].git("remote", "add", "origin", secret_url)
    return made[0], made[1]


def test_one_leak_a_secret_over_all_repositories(
    repos: tuple[Repo, Repo], planted: Path, context: Context
) -> None:
    settings = msgspec.convert({"paths": [f"{planted}/*e", str(repos[1].path)]}, git.SETTINGS)
    records = list(git.collect(settings, context))
    leaks = [record for record in records if isinstance(record, Leak)]
    names = {o.repository for leak in leaks for o in leak.occurrences}
    assert names == {"https://git.example.org:8443/team/one.git", str(repos[1].path)}
    assert sorted(len(leak.occurrences) for leak in leaks) == [1, 1, 1, 2]
    source = records[-1]
    assert isinstance(source, Source)
    assert (source.complete, source.scope, source.kind) == (True, "whole", "repository")
    assert source.listed == source.parsed
    assert dict(source.coverage)["commit"] == 2


def test_every_fork_with_a_leak_counts(
    repos: tuple[Repo, Repo], planted: Path, context: Context
) -> None:
    fork = planted / "fork"
    repos[1].git("clone", "-q", "--bare", str(repos[1].path), str(fork))
    repos[1].git("--git-dir", str(fork), "remote", "remove", "origin")
    settings = git.SETTINGS(paths=(str(repos[1].path), str(fork)))
    leaks = [record for record in git.collect(settings, context) if isinstance(record, Leak)]
    assert {tuple(o.repository for o in leak.occurrences) for leak in leaks} == {
        (str(fork), str(repos[1].path))
    }


def test_a_path_that_is_no_repository_is_a_gap(
    repos: tuple[Repo, Repo], planted: Path, context: Context
) -> None:
    (planted / "plain").mkdir()
    settings = git.SETTINGS(paths=(str(repos[0].path), str(planted / "plain")))
    records = list(git.collect(settings, context))
    gaps = [record for record in records if isinstance(record, Gap)]
    assert [gap.reason for gap in gaps] == ["unsupported"]
    assert sum(isinstance(record, Leak) for record in records) == 3
    assert isinstance(records[-1], Source)
    assert not records[-1].complete
    assert [check.ok for check in git.check(settings, context)] == [True, False]


def test_a_range_is_a_part(repos: tuple[Repo, Repo], context: Context) -> None:
    repos[0].write("new.py", line(github_pat("range")))
    repos[0].commit("second")
    settings = git.SETTINGS(path=str(repos[0].path), range="HEAD~1..HEAD")
    *leaks, source = git.collect(settings, context)
    assert [o.path for leak in leaks for o in leak.occurrences] == ["new.py"]
    assert source.scope == "partial"


def test_repositories_in_a_repository_are_read_under_their_own_names(
    repos: tuple[Repo, Repo], planted: Path, context: Context
) -> None:
    inner = Repo(repos[1].path / "inner", planted / "git-home")
    inner.write("deep.py", line(github_pat("inner")))
    inner.commit("first")
    inner.git("remote", "add", "origin", "https://git.example.org/inner.git")
    repos[1].git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},libs/absent")
    records = list(git.collect(git.SETTINGS(path=str(repos[1].path)), context))
    places = [o for leak in records if isinstance(leak, Leak) for o in leak.occurrences]
    assert [one.repository for one in places if one.path == "deep.py"] == [
        "https://git.example.org/inner.git"
    ]
    assert [one.call for one in records if isinstance(one, Gap)] == ["git submodule"]
    assert isinstance(records[-1], Source)
    assert (records[-1].complete, records[-1].listed) == (False, (records[-1].parsed or 0) + 1)
