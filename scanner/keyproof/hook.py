"""``keyproof-hook``: stops a commit or a push that would leak a secret.

The clean path, which every commit pays for, loads the rules, the matcher and git's answer, and
nothing else. What cannot be read stops the commit too: a hook that passes in silence is none.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from keyproof.errors import ExitCode, KeyproofError, UsageError

if TYPE_CHECKING:
    from keyproof.leaks.added import Judge, Sighting
    from keyproof.leaks.assemble import Cleaner
    from keyproof.leaks.gitio import Repository
    from keyproof.leaks.matcher import Matcher
    from keyproof.leaks.staged import Change, Olds

USAGE = """\
usage: keyproof-hook [pre-commit | pre-push [REMOTE [URL]] | pre-receive] [--no-inline]

Scans what a commit or push adds, and nothing else. Exit codes: 0 nothing new, 1 new secrets,
2 usage or baseline error, 4 something could not be read, 5 internal error.
"""
_STAGES = ("pre-commit", "pre-push", "pre-receive")
_SHOWN = 20


def main() -> None:
    """Run the hook and leave with its exit code."""
    gc.disable()  # a process of some milliseconds has nothing to collect
    code = run(sys.argv[1:], os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # taking the matcher apart in good order would cost a tenth of the time


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one hook. Everything that it says goes to stderr."""
    words = [word for word in arguments if word != "--no-inline"]
    stage = words[0] if words else "pre-commit"
    if stage in {"-h", "--help"}:
        print(USAGE, end="")
        return ExitCode.OK
    try:
        if stage not in _STAGES or any(word.startswith("-") for word in words):
            raise UsageError(f"unknown argument: {' '.join(words)}", hint=USAGE.splitlines()[0])
        return _scan(stage, words[1:], environment, inline=len(words) == len(arguments))
    except KeyproofError as error:
        return _refuse(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except (ImportError, OSError, MemoryError, ValueError) as error:
        _say(f"keyproof: nothing was checked: internal error ({type(error).__qualname__})")
        return ExitCode.INTERNAL


def _scan(stage: str, words: Sequence[str], environment: Mapping[str, str], *, inline: bool) -> int:
    from keyproof.leaks import staged

    repository = staged.hook_repository(Path.cwd(), environment)
    if stage != "pre-commit":
        matcher = _matcher(environment)
        return _report(_pushed(stage, words, repository, matcher, environment, inline), stage)
    asked = staged.ask_changes(repository)
    import_module("keyproof.leaks.matcher")  # while git works
    changes = staged.changes(repository, asked)
    oids = staged.added_blobs(changes)
    if not oids:
        return ExitCode.OK
    reading = staged.ask_blobs(repository, oids)
    matcher = _matcher(environment)
    suspects = staged.suspects(repository, matcher, changes, reading)
    if not suspects:
        return ExitCode.OK
    return _report(_staged(repository, matcher, changes, suspects, inline), stage)


def _matcher(environment: Mapping[str, str]) -> Matcher:
    from keyproof.identity import cache_folder
    from keyproof.leaks.matcher import open_matcher
    from keyproof.leaks.rules import load_rules

    folder = cache_folder(environment)
    return open_matcher(load_rules(folder), folder)


def _staged(
    repository: Repository,
    matcher: Matcher,
    changes: Sequence[Change],
    suspects: Sequence[tuple[Change, bytes | None]],
    inline: bool,  # noqa: FBT001
) -> list[Sighting]:
    """Return what the suspicious changes add to what they replace."""
    from keyproof.leaks import staged
    from keyproof.leaks.added import added
    from keyproof.leaks.assemble import Cleaner

    judge = _judge(repository, inline)
    olds = staged.old_contents(repository, changes)
    olds = staged.merged_contents(repository, changes, olds)
    names = [change.path for change in changes if change.old.strip("0")]
    found: list[Sighting] = []
    cleaner = Cleaner(matcher)
    for change, data in suspects:
        shown = cleaner.show(change.path)
        if data is not None:
            found += added(matcher, judge, data, olds.of(change.path), "index", shown)
            continue
        for one in added(matcher, judge, change.path, names, "file_name", shown):
            found.append(one._replace(found=one.found._replace(line=None, column=None)))
    if all(one.accepted for one in found):
        return found
    return [*found, *_candidates(judge, suspects, olds, found, cleaner)]


def _candidates(
    judge: Judge,
    suspects: Sequence[tuple[Change, bytes | None]],
    olds: Olds,
    found: Sequence[Sighting],
    cleaner: Cleaner,
) -> Iterator[Sighting]:
    """Yield what detect-secrets would add: it loads slowly, so only a stopped commit asks it."""
    from keyproof.leaks.added import sightings_of
    from keyproof.leaks.engine_detect_secrets import scan_lines

    known = {(one.path, one.found.line) for one in found}
    for change, data in suspects:
        if data is not None:
            shown = cleaner.show(change.path)
            hits = scan_lines(data, shown)
            for one in sightings_of(
                judge, data, hits, olds.of(change.path), "index", shown, line=1
            ):
                if (one.path, one.found.line) not in known:
                    yield one


def _pushed(
    stage: str,
    words: Sequence[str],
    repository: Repository,
    matcher: Matcher,
    environment: Mapping[str, str],
    inline: bool,  # noqa: FBT001
) -> list[Sighting]:
    """Return what a push brings that the other side does not have."""
    from keyproof.leaks import pushed

    if stage == "pre-receive":
        wanted = pushed.incoming(pushed.read_updates(sys.stdin, received=True))
    elif "PRE_COMMIT" in environment:
        wanted = pushed.announced(repository, environment)
    else:
        updates = pushed.read_updates(sys.stdin, received=False)
        wanted = pushed.outgoing(repository, updates, words[0] if words else None)
    if wanted is None:
        return []
    return list(pushed.sightings(repository, matcher, _judge(repository, inline), wanted))


def _judge(repository: Repository, inline: bool) -> Judge:  # noqa: FBT001
    from datetime import UTC, datetime

    from keyproof.leaks import baseline
    from keyproof.leaks.added import Judge

    accepted = baseline.load(repository.root / baseline.FILE_NAME)
    identities = (accepted or baseline.new_baseline()).identities()
    return Judge(identities, accepted, inline, datetime.now(UTC).date().isoformat())


def _report(found: Sequence[Sighting], stage: str) -> int:
    """Say what was found and what to do about it."""
    fresh = [one for one in found if not one.accepted]
    if len(fresh) < len(found):
        _say(f"keyproof: {len(found) - len(fresh)} accepted by inline comments or the baseline")
    if not fresh:
        return ExitCode.OK
    what = "commit" if stage == "pre-commit" else "push"
    count = "a new secret" if len(fresh) == 1 else f"{len(fresh)} new secrets"
    _say(f"keyproof: {count} in this {what}; it is stopped")
    for one in fresh[:_SHOWN]:
        _say(f"  {_printable(_place(one))}  {one.found.detector}  {_printable(one.found.redacted)}")
        if one.lapsed and one.entry:
            _say(f"    its baseline entry ended on {one.entry.expires}")
    if len(fresh) > _SHOWN:
        _say(f"  and {len(fresh) - _SHOWN} more")
    _say(_ADVICE[what])
    return ExitCode.FINDINGS


_WAIVE = """\
  If it is no secret, say so on its line, with the reason:  keyproof:allow WHY
  or record all of them:  keyproof hook baseline --reason WHY"""
_ADVICE = {
    "commit": f"""\
  Take it out, and read it from the environment or a secrets manager. Wherever it has been already
  (a push, a chat, another machine), deleting it is not enough: rotate it at its issuer.
{_WAIVE}""",
    "push": f"""\
  Rotate it at its issuer: it stands in commits. Then take it out of them before you push
  (git rebase -i, or git commit --amend); a later commit that deletes it does not help.
{_WAIVE}""",
}


def _place(one: Sighting) -> str:
    at = one.path or one.where.replace("_", " ")
    if one.found.line is not None:
        at += f":{one.found.line}"
        at += f":{one.found.column}" if one.found.column is not None else ""
    name = " (file name)" if one.where == "file_name" else ""
    return f"{at}{name}" + (f" in {one.commit[:12]}" if one.commit else "")


def _printable(text: str) -> str:
    """Replace what a terminal would obey: names are their author's choice."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _refuse(error: KeyproofError) -> int:
    _say(f"keyproof: nothing was checked: {error}")
    if error.hint:
        _say(f"  fix: {error.hint}")
    code = ExitCode(error.exit_code)
    return code if code in {ExitCode.USAGE, ExitCode.INTERNAL} else ExitCode.INCOMPLETE


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
