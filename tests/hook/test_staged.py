"""The pre-commit hook: only what a commit adds, never a silent pass, and next to no time."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.hook.repository import Work
from tests.support.hiding_files import zipped
from tests.support.planted import aws_key_id, aws_secret_key, github_pat
from tests.support.run import keyproof


@pytest.fixture
def work(planted: Path, home: Path, warm: Path) -> Work:
    return Work(planted / "work", home, warm)


def line(seed: str = "one") -> str:
    return f'TOKEN = "{github_pat(seed)}"\n'


def test_a_clean_commit_passes_in_silence(work: Work) -> None:
    work.commit("a.py", "x = 1\n")
    work.add("a.py", "x = 2\n")
    work.add("b.py", "y = 2\n")
    assert work.hook() == (0, "", "")


def test_a_new_secret_stops_the_commit_and_is_not_shown(work: Work) -> None:
    work.commit("a.py", "x = 1\n")
    work.add("deep/settings.py", "x = 1\n" + line())
    ran = work.hook()
    assert ran.code == 1
    assert ran.out == ""
    assert "a new secret in this commit; it is stopped" in ran.err
    assert "deep/settings.py:2:10  github." in ran.err
    assert "rotate it at its issuer" in ran.err
    assert "keyproof:allow WHY" in ran.err
    assert github_pat("one") not in ran.err


def test_it_works_before_the_first_commit(work: Work) -> None:
    assert work.hook().code == 0
    work.add("settings.py", line())
    assert work.hook().code == 1


def test_only_added_content_counts(work: Work) -> None:
    work.commit("settings.py", "a = 1\n" + line() + "b = 1\n")
    work.add("settings.py", "a = 2\n" + line() + "b = 2\n")
    assert work.hook().code == 0, "an untouched line between touched ones"
    work.add("settings.py", "b = 1\n\n\n" + line() + "a = 1\n")
    assert work.hook().code == 0, "a line that moved"
    work.git("mv", "-f", "settings.py", "moved.py")
    assert work.hook().code == 0, "a file that moved"
    work.add("moved.py", line("two"))
    assert work.hook().code == 1, "another secret in the same place"


def test_a_copy_elsewhere_is_news(work: Work) -> None:
    work.commit("settings.py", line())
    work.add("copy.py", line())
    assert work.hook().code == 1


def test_a_pair_across_old_and_new_lines_is_seen(work: Work) -> None:
    key_id, secret = aws_key_id("pair"), aws_secret_key("pair")
    work.commit("aws.env", f"AWS_ACCESS_KEY_ID={key_id}\nREGION=eu\n")
    work.add("aws.env", f"AWS_ACCESS_KEY_ID={key_id}\nAWS_SECRET_ACCESS_KEY={secret}\nREGION=eu\n")
    assert work.hook().code == 1


def test_what_the_worktree_holds_does_not_matter(work: Work) -> None:
    work.add("settings.py", line())
    work.write("settings.py", "clean\n")
    assert work.hook().code == 1
    work.add("settings.py", "clean\n")
    work.write("settings.py", line())
    assert work.hook().code == 0


def test_the_index_that_git_names_is_read(work: Work) -> None:
    work.commit("settings.py", "x = 1\n")
    hook = work.folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m keyproof.hook\n')
    hook.chmod(0o755)
    work.write("settings.py", line())
    stopped = work.try_git("commit", "-a", "-m", "all")
    assert stopped.code == 1
    assert "settings.py:1:10" in stopped.err
    stopped = work.try_git("commit", "-m", "one", "--", "settings.py")
    assert stopped.code == 1
    assert work.try_git("commit", "-a", "--no-verify", "-m", "all").code == 0


def test_a_linked_worktree_and_a_subfolder_are_read(work: Work) -> None:
    work.commit("a.py", "x = 1\n")
    other = work.folder.parent / "other"
    work.git("worktree", "add", "-q", str(other))
    (other / "sub").mkdir()
    (other / "sub" / "settings.py").write_text(line())
    subprocess.run(["git", "add", "."], cwd=other, env=work.environment, check=True)
    assert work.hook(cwd=other).code == 1
    assert work.hook(cwd=other / "sub").code == 1
    assert work.hook().code == 0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_wide_text_is_read(work: Work, encoding: str) -> None:
    work.add("settings.txt", ("first line\nsecond line\n" + line()).encode(encoding))
    assert work.hook().code == 1


def test_attributes_and_drivers_of_the_repository_change_nothing(work: Work) -> None:
    trap = work.home / "trapped"
    work.add(".gitattributes", "*.py -diff diff=trap filter=trap\n*.bin binary\n")
    work.add("settings.py", line())
    work.git("config", "diff.external", f"touch {trap}")
    work.git("config", "diff.trap.textconv", f"touch {trap}; true")
    work.git("config", "core.fsmonitor", f"touch {trap}")
    ran = work.hook()
    assert ran.code == 1
    assert not trap.exists()


def test_a_secret_in_a_new_file_name_is_seen_once_it_is_new(work: Work) -> None:
    name = f"keys/{github_pat('name')}.txt"
    work.add(name, "x\n")
    ran = work.hook()
    assert ran.code == 1
    assert "(file name)" in ran.err
    assert github_pat("name") not in ran.err
    work.git("commit", "-q", "--no-verify", "-m", "x")
    work.add(name, "y\n")
    assert work.hook().code == 0


def test_names_that_would_command_a_terminal_are_defused(work: Work) -> None:
    work.add("a\x1b[2Jb\n.py", line())
    ran = work.hook()
    assert ran.code == 1
    assert "\x1b" not in ran.err
    assert "a\\x1b[2Jb\\x0a.py:1:10" in ran.err


def test_a_merge_is_not_blamed_for_what_the_other_branch_has(work: Work) -> None:
    work.commit("a.py", "x = 1\n")
    work.git("checkout", "-q", "-b", "side")
    work.commit("settings.py", line(), "--no-verify")
    work.git("checkout", "-q", "main")
    work.commit("b.py", "y = 1\n")
    work.git("merge", "-q", "--no-commit", "--no-ff", "side")
    assert work.hook().code == 0
    work.add("b.py", line("two"))
    assert work.hook().code == 1


def test_submodules_links_and_deletions_are_no_content(work: Work) -> None:
    work.commit("gone.py", line(), "--no-verify")
    work.git("rm", "-q", "gone.py")
    work.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    (work.folder / "link").symlink_to("nowhere")
    work.git("add", "link")
    assert work.hook().code == 0


# --- never a silent pass --------------------------------------------------------------------------


def test_an_object_that_cannot_be_read_stops_the_commit(work: Work) -> None:
    work.commit("a.py", "x = 1\n")
    work.add("settings.py", line())
    oid = work.git("rev-parse", ":settings.py").strip()
    (work.folder / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    ran = work.hook()
    assert ran.code == 4
    assert "nothing was checked" in ran.err


def test_a_broken_index_stops_the_commit(work: Work) -> None:
    work.commit("a.py", "x = 1\n")
    (work.folder / ".git" / "index").write_bytes(b"DIRC nonsense")
    ran = work.hook()
    assert ran.code == 4
    assert "nothing was checked" in ran.err


def test_no_repository_and_no_git_are_said(work: Work, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    assert work.hook(cwd=outside).code == 4
    work.add("a.py", "x\n")
    ran = work.hook(PATH="/nonexistent")
    assert ran.code == 4
    assert "git is not installed" in ran.err


def test_an_unknown_argument_is_a_usage_error(work: Work) -> None:
    ran = work.hook("post-commit")
    assert ran.code == 2
    assert "usage: keyproof-hook" in ran.err
    assert work.hook("--help").out.startswith("usage: keyproof-hook")


def test_a_broken_baseline_stops_the_commit_that_needs_it(work: Work) -> None:
    work.write(".keyproof-baseline", "<<<<<<< HEAD\n")
    work.add("settings.py", line())
    ran = work.hook()
    assert ran.code == 2
    assert ".keyproof-baseline:1" in ran.err
    assert "keep the lines of both sides" in ran.err


# --- inline statements ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "marker",
    [
        "keyproof:allow a token of the test server",
        "gitleaks:allow",
        "betterleaks:allow",
        "trufflehog:ignore",
        "kingfisher:ignore",
        "pragma: allowlist secret",
        "pragma: whitelist secret",
        "ggignore",
    ],
)
def test_an_inline_statement_accepts_its_line_only(work: Work, marker: str) -> None:
    work.add("settings.py", line().rstrip() + f"  # {marker}\n")
    ran = work.hook()
    assert ran.code == 0
    assert "1 accepted by an inline comment" in ran.err
    assert work.hook("--no-inline").code == 1
    assert work.hook("pre-commit", "--no-inline").code == 1
    work.add("settings.py", line().rstrip() + f"  # {marker}\n" + line("two"))
    assert work.hook().code == 1


def test_the_next_line_can_be_accepted(work: Work) -> None:
    work.add("settings.py", "# pragma: allowlist nextline secret\n" + line())
    assert work.hook().code == 0
    work.add("settings.py", "# pragma: allowlist nextline secret\n\n" + line())
    assert work.hook().code == 1


# --- cost -----------------------------------------------------------------------------------------

CLEAN_PATH = """
import sys
import os
from keyproof.hook import run
assert run([], os.environ) == 0
heavy = {"click", "msgspec", "yaml", "git", "detect_secrets", "jinja2", "rich", "json", "tempfile"}
found = sorted(heavy & set(sys.modules))
sys.exit(",".join(found) if found else 0)
"""


def test_the_clean_path_imports_nothing_heavy(work: Work) -> None:
    for number in range(5):
        work.add(f"{number}.py", f"x = {number}\n" * 50)
    assert work.hook().code == 0  # fills the cache
    done = subprocess.run(
        [sys.executable, "-P", "-c", CLEAN_PATH],
        cwd=work.folder,
        env=work.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_cache_that_cannot_be_written_costs_time_only(work: Work) -> None:
    work.add("settings.py", line())
    blocked = work.home / "blocked"
    blocked.write_text("")
    assert work.hook(XDG_CACHE_HOME=str(blocked)).code == 1
    assert blocked.is_file()


# --- as often as it stands there ------------------------------------------------------------------


def test_a_second_copy_in_the_same_file_is_news(work: Work) -> None:
    work.commit("settings.py", "a = 1\n" + line() + "b = 1\n", "--no-verify")
    work.add("settings.py", "a = 1\n" + line() + "b = 1\n" + line())
    ran = work.hook()
    assert ran.code == 1
    assert "settings.py:4:10" in ran.err
    assert "settings.py:2:10" not in ran.err
    assert lines_of_leaks(work, "--staged") == [4]
    base = work.git("rev-parse", "HEAD").strip()
    work.git("commit", "-q", "--no-verify", "-m", "copy")
    assert lines_of_leaks(work, "--range", f"{base}..HEAD") == [4]


def lines_of_leaks(work: Work, *scope: str) -> list[int]:
    ran = keyproof(
        *("leaks", ".", *scope, "--format", "jsonl", "-q"),
        cwd=work.folder,
        home=work.home,
        env=work.environment,
    )
    return [json.loads(row)["line"] for row in ran.out.splitlines()]


def test_a_line_that_moved_to_another_file_moved_once(work: Work) -> None:
    work.commit("a.py", "x = 1\n" + line(), "--no-verify")
    work.add("a.py", "x = 1\n")
    work.add("b.py", "y = 1\n" + line())
    assert work.hook().code == 0
    work.add("c.py", "z = 1\n" + line())
    assert work.hook().code == 1


def test_archives_are_looked_into_and_what_is_in_them_is_news_once(work: Work) -> None:
    work.add("packed.zip", zipped({"in.env": line().encode()}))
    ran = work.hook()
    assert ran.code == 1
    assert "packed.zip!in.env:1:10" in ran.err
    work.git("commit", "-q", "--no-verify", "-m", "x")
    work.add("packed.zip", zipped({"in.env": line().encode(), "more.txt": b"nothing\n"}))
    assert work.hook().code == 0
    work.add("packed.zip", zipped({"in.env": line().encode(), "more.txt": line("two").encode()}))
    assert work.hook().code == 1
    work.git("reset", "-q", "--hard")
    work.add("sealed.7z", b"7z\xbc\xaf\x27\x1c" + bytes(64))
    ran = work.hook()
    assert (ran.code, "not looked into: sealed.7z" in ran.err) == (0, True)
    assert "goes on without that; --refuse-unread would stop it" in ran.err
    strict = work.hook("--refuse-unread")
    assert (strict.code, "the commit is stopped: unpack" in strict.err) == (4, True)


def test_encoded_secrets_are_read(work: Work) -> None:
    work.add("values.yaml", b"data: " + base64.b64encode(line().encode()) + b"\n")
    assert work.hook().code == 1


def test_an_unresolved_merge_is_not_passed_over(work: Work) -> None:
    work.commit("a.py", "x = 1\n")
    work.git("checkout", "-q", "-b", "side")
    work.commit("a.py", "x = 2\n")
    work.git("checkout", "-q", "main")
    work.commit("a.py", "x = 3\n")
    assert work.try_git("merge", "side").code == 1
    ran = work.hook()
    assert ran.code == 4
    assert "a merge is not resolved yet" in ran.err


def test_modes_intentions_and_odd_names(work: Work) -> None:
    work.commit("run.sh", line(), "--no-verify")
    work.git("update-index", "--chmod=+x", "run.sh")
    assert work.hook() == (0, "", "")
    work.write("later.py", line("later"))
    work.git("add", "-N", "later.py")
    assert work.hook().code == 0, "nothing of it is committed yet"
    work.git("rm", "-q", "--cached", "later.py")
    odd = os.fsdecode(b"a b\n\xff.py")
    work.add(odd, line("odd"))
    ran = work.hook()
    assert ran.code == 1
    assert "a b\\x0a\\xff.py:1:10" in ran.err
    work.git("commit", "-q", "--no-verify", "-m", "x")
    (work.folder / "link").symlink_to(f"/tokens/{github_pat('link')}")
    work.git("add", "link")
    assert work.hook().code == 1


def test_sha256_repositories_are_read(planted: Path, home: Path, warm: Path) -> None:
    work = Work(planted / "work", home, warm)
    work.git("init", "-q", "--object-format=sha256", "-b", "main", "../other")
    work.folder = work.folder.parent / "other"
    work.commit("a.py", "x = 1\n")
    work.add("a.py", "x = 2\n")
    assert work.hook() == (0, "", "")
    work.add("a.py", line())
    assert work.hook().code == 1


def test_it_says_how_to_revoke_and_rotate(work: Work) -> None:
    work.add("settings.py", line())
    ran = work.hook()
    assert "    revoke: " in ran.err
    assert "    rotate: " in ran.err
    assert "https://docs.github.com" in ran.err


def test_what_is_too_long_to_be_decoded_whole_is_said(work: Work) -> None:
    work.add("dump.b64", base64.b64encode(b"a line of plain text, of many\n" * 250_000))
    ran = work.hook()
    assert (ran.code, "not looked into: dump.b64 (limit)" in ran.err) == (0, True)
