"""Every hiding place of a repository is reached, and each secret is placed where it stands."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from tests.support.hiding_files import FILES, UNREAD
from tests.support.hiding_places import everything
from tests.support.repository import Trap, warm
from tests.support.run import keyproof

from keyproof.identity import KeyedFingerprinter
from keyproof.model.secret import Secret

KEY = "0123456789abcdef0123456789abcdef"
IDENTITIES = KeyedFingerprinter(KEY.encode(), local=False)


class Scanned(NamedTuple):
    trap: Trap
    code: int
    rows: list[dict[str, object]]
    err: str
    coverage: dict[str, Any]

    def of(self, place: str) -> list[dict[str, object]]:
        wanted = IDENTITIES.secret_id(Secret(self.trap.secrets[place]))
        return [row for row in self.rows if row["secret_id"] == wanted]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    root = tmp_path_factory.mktemp("reach")
    trap = everything(root / "planted" / "repo", root / "planted" / "git-home")
    home = root / "home"
    warm(home)
    done = keyproof(
        "leaks",
        str(trap.repo.path),
        "--format",
        "jsonl",
        "--ignored",
        "--coverage",
        "--coverage-file",
        str(home / "coverage.json"),
        cwd=root,
        home=home,
        env={"KEYPROOF_KEY": KEY},
    )
    rows = [json.loads(row) for row in done.out.splitlines()]
    coverage = json.loads((home / "coverage.json").read_text())
    return Scanned(trap, done.code, rows, done.err, coverage)


REFS = ("other_branch", "pull_request", "odd_ref", "remote_ref")
PLACES = {
    "deleted_file": ("blob", "old.env"),
    "deleted_line": ("blob", "app.py"),
    "merge_result": ("blob", "app.py"),
    "utf16_bom": ("blob", "wide-le.txt"),
    "utf16_be": ("blob", "wide-be.txt"),
    "utf16_le": ("blob", "wide.txt"),
    "utf32": ("blob", "wide-32.txt"),
    "utf16_in_binary": ("blob", "program.bin"),
    "nul_bytes": ("blob", "nul.bin"),
    "latin1": ("blob", "latin.txt"),
    "no_diff": ("blob", "secret.dat"),
    "lock_file": ("blob", "yarn.lock"),
    "node_modules": ("blob", "node_modules/m/index.js"),
    "long_line": ("blob", "long.json"),
    "odd_path": ("blob", "caf\\xe9/name.txt"),
    "symlink": ("blob", "link"),
    "config_url": ("config", ".git/config"),
    "commit_message": ("commit_message", None),
    "author_line": ("commit_message", None),
    "tag_message": ("tag_message", None),
    "note": ("note", None),
    "stash": ("blob", "app.py"),
    "stash_untracked": ("blob", "untracked.txt"),
    "older_stash": ("blob", "app.py"),
    "amended_away": ("blob", "app.py"),
    "unreachable": ("blob", "gone.py"),
    "index_only": ("index", "stage.py"),
    "loose_blob": ("blob", None),
    "worktree_untracked": ("worktree", "draft.py"),
    "worktree_modified": ("worktree", "other.py"),
    **{place: ("blob", hidden.shown) for place, hidden in FILES.items()},
    "mailmap": ("blob", ".mailmap"),
    "bundle": ("blob", "history.bundle"),
    **{place: ("blob", f"{place}.env") for place in REFS},
    "extra_header": ("config", ".git/config"),
    "instead_of": ("config", ".git/config"),
    "fetch_head": ("config", ".git/FETCH_HEAD"),
    "reflog_message": ("config", ".git/logs/HEAD"),
    "hook_script": ("config", ".git/hooks/pre-push"),
    "exclude_file": ("config", ".git/info/exclude"),
    "rebase_message": ("config", ".git/rebase-merge/message"),
    "description": ("config", ".git/description"),
    "ignored": ("worktree", "ignored/local.env"),
    "linked_index": ("blob", "staged.py"),
    "linked_draft": ("worktree", "draft.py"),
    "submodule_history": ("blob", "old.env"),
    "submodule_worktree": ("worktree", "draft.env"),
    "submodule_git_directory": ("config", ".git/hooks/post-merge"),
    "removed_submodule": ("blob", "app.env"),
    "nested_history": ("blob", "app.env"),
    "nested_worktree": ("worktree", "draft.env"),
    "nested_twice": ("blob", "app.env"),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_secret_is_found_where_it_stands(scanned: Scanned, place: str) -> None:
    assert [(row["where"], row["path"]) for row in scanned.of(place)] == [PLACES[place]]
    assert scanned.of(place)[0]["detector"] == "github.pat"


SEVERAL = {
    "renamed": {("blob", "new-name.env"), ("blob", "old-name.env")},
    "linked_head": {
        ("commit_message", None),
        ("config", ".git/worktrees/linked/COMMIT_EDITMSG"),
        ("config", ".git/worktrees/linked/logs/HEAD"),
    },
}


@pytest.mark.parametrize("place", SEVERAL)
def test_every_place_of_a_secret_is_found(scanned: Scanned, place: str) -> None:
    assert {(row["where"], row["path"]) for row in scanned.of(place)} == SEVERAL[place]


def test_every_planted_secret_is_looked_for(scanned: Scanned) -> None:
    named = {"file_name", "ref_name", "staged_name", "lfs_stored"}
    assert scanned.trap.secrets.keys() == {*PLACES, *SEVERAL, *named}


def test_a_file_of_large_file_storage_is_found_in_its_store(scanned: Scanned) -> None:
    (row,) = scanned.of("lfs_stored")
    assert (row["where"], str(row["path"])[:17]) == ("config", ".git/lfs/objects/")


def test_repositories_in_it_bear_their_own_names(scanned: Scanned) -> None:
    top = str(scanned.trap.repo.path)
    expected = {
        "submodule_history": "libs/here",
        "submodule_worktree": "libs/here",
        "removed_submodule": ".git/modules/group/removed",
        "nested_history": "checkouts/inner",
        "nested_twice": "checkouts/inner/deeper",
        "linked_draft": ".worktrees/linked",
    }
    found = {place: scanned.of(place)[0]["repository"] for place in expected}
    assert found == {place: f"{top}/{path}" for place, path in expected.items()}


GAPS = {
    "unpack": ("unsupported", sorted(name for name, _, _ in UNREAD.values())),
    "git lfs": ("missing_object", ["big/lfs_absent.bin"]),
    "git submodule": ("missing_object", ["libs/absent"]),
}


@pytest.mark.parametrize("call", GAPS)
def test_what_cannot_be_read_is_named(scanned: Scanned, call: str) -> None:
    (gap,) = (one for one in scanned.coverage["unread"] if one["call"] == call)
    reason, names = GAPS[call]
    assert gap["reason"] == reason
    assert gap["detail"].endswith(": " + ", ".join(names))
    assert gap["detail"] in scanned.err


def test_nothing_else_is_unread(scanned: Scanned) -> None:
    assert {one["call"] for one in scanned.coverage["unread"]} == set(GAPS)


def test_names_are_found_and_shown_without_the_secret(scanned: Scanned) -> None:
    (by_file,) = scanned.of("file_name")
    assert by_file["where"] == "file_name"
    assert str(by_file["path"]).startswith("dir/ghp_")
    assert str(by_file["path"]).endswith(".txt")
    (by_ref,) = scanned.of("ref_name")
    assert by_ref["where"] == "ref_name"
    (by_index,) = scanned.of("staged_name")
    assert (by_index["where"], by_index["path"]) == ("config", ".git/index")
    for secret in scanned.trap.secrets.values():
        assert secret[8:] not in json.dumps(scanned.rows) + scanned.err


def test_nothing_else_is_reported_and_the_code_says_leaks(scanned: Scanned) -> None:
    known = {IDENTITIES.secret_id(Secret(value)) for value in scanned.trap.secrets.values()}
    assert {row["secret_id"] for row in scanned.rows} == known
    assert scanned.code == 1
