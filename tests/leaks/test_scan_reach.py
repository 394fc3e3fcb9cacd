"""Every hiding place of a repository is reached, and each secret is placed where it stands."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from tests.support.repository import Trap, trap_repository, warm
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

    def of(self, place: str) -> list[dict[str, object]]:
        wanted = IDENTITIES.secret_id(Secret(self.trap.secrets[place]))
        return [row for row in self.rows if row["secret_id"] == wanted]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    root = tmp_path_factory.mktemp("reach")
    trap = trap_repository(root / "planted" / "repo", root / "planted" / "git-home")
    home = root / "home"
    warm(home)
    done = keyproof(
        "leaks",
        str(trap.repo.path),
        "--format",
        "jsonl",
        cwd=root,
        home=home,
        env={"KEYPROOF_KEY": KEY},
    )
    return Scanned(trap, done.code, [json.loads(x) for x in done.out.splitlines()], done.err)


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
}


@pytest.mark.parametrize("place", PLACES)
def test_the_secret_is_found_where_it_stands(scanned: Scanned, place: str) -> None:
    assert [(row["where"], row["path"]) for row in scanned.of(place)] == [PLACES[place]]
    assert scanned.of(place)[0]["detector"] == "github.pat"


def test_names_are_found_and_shown_without_the_secret(scanned: Scanned) -> None:
    (by_file,) = scanned.of("file_name")
    assert by_file["where"] == "file_name"
    assert str(by_file["path"]).startswith("dir/ghp_")
    assert str(by_file["path"]).endswith(".txt")
    (by_ref,) = scanned.of("ref_name")
    assert by_ref["where"] == "ref_name"
    for secret in scanned.trap.secrets.values():
        assert secret[8:] not in json.dumps(scanned.rows) + scanned.err


def test_nothing_else_is_reported_and_the_code_says_leaks(scanned: Scanned) -> None:
    known = {IDENTITIES.secret_id(Secret(value)) for value in scanned.trap.secrets.values()}
    assert {row["secret_id"] for row in scanned.rows} == known
    assert scanned.code == 1
    assert "incomplete" not in scanned.err
