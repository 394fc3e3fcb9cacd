"""``keyproof-hook``: stops a commit or a push that would leak a secret.

The clean path, which every commit pays for, loads one database and git's answer, and nothing else.
What git cannot read stops the commit too: a hook that passes in silence is none. A packed file that
cannot be looked into is named, and stops it where ``--refuse-unread`` asks for that.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # importing typing would cost a clean commit two milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keyproof.leaks.added import Judge, News
    from keyproof.leaks.databases import Databases
    from keyproof.leaks.gitio import Repository
    from keyproof.leaks.matcher import Matcher

USAGE = """\
usage: keyproof-hook [pre-commit | pre-push [REMOTE [URL]] | pre-receive | update REF OLD NEW]
                     [--no-inline] [--refuse-unread]

Scans what a commit or push adds, and nothing else. A packed file that cannot be looked into is
named, and stops nothing but with --refuse-unread. Exit codes: 0 nothing new, 1 new secrets,
2 usage or baseline error, 4 something could not be read, 5 internal error, 130 interrupted.
"""
_STAGES = ("pre-commit", "pre-push", "pre-receive", "update")


def main() -> None:
    """Run the hook and leave with its exit code."""
    from keyproof.interrupts import leave_quietly

    leave_quietly()
    gc.disable()  # a process of some milliseconds has nothing to collect
    code = run(sys.argv[1:], os.environ)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # closed, or nobody reads it
            continue
    os._exit(code)  # taking the matcher apart in good order would cost a tenth of the time


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one hook. Everything that it says goes to stderr."""
    words = [word for word in arguments if word not in {"--no-inline", "--refuse-unread"}]
    stage = words[0] if words else "pre-commit"
    if stage in {"-h", "--help"}:
        print(USAGE, end="")
        return 0
    try:
        if stage not in _STAGES or any(word.startswith("-") for word in words):
            return _refuse_usage(words)
        inline, strict = "--no-inline" not in arguments, "--refuse-unread" in arguments
        if stage == "pre-commit":
            return _commit(environment, inline=inline, strict=strict)
        return _push(stage, words[1:], environment, inline=inline, strict=strict)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        return _failed(error)


def _refuse_usage(words: Sequence[str]) -> int:
    from keyproof.errors import UsageError

    hint = " ".join(USAGE.partition("\n\n")[0].split())
    return _failed(UsageError(f"unknown argument: {' '.join(words)}", hint=hint))


def _commit(environment: Mapping[str, str], *, inline: bool, strict: bool) -> int:
    from keyproof.folders import cache_folder
    from keyproof.leaks.glance import glance

    seen = glance(environment, cache_folder(environment))
    if seen is not None and seen.is_clean():
        return 0
    from pathlib import Path

    from keyproof.leaks import staged

    repository = staged.hook_repository(Path.cwd(), environment)
    if seen is None:
        seen = staged.look(repository)
    if not seen.contents:
        return 0
    matcher = _matcher(environment, seen.size, seen.databases)
    found = staged.news(repository, matcher, lambda: _judge(repository, inline=inline), seen)
    code = 0 if found is None else _report(found, "commit", strict=strict)
    _prepare(environment, matcher)
    return code


def _matcher(
    environment: Mapping[str, str], size: Callable[[], int], databases: Databases | None = None
) -> Matcher:
    """Return a matcher for texts of so many bytes: small ones need not wait for any compiling."""
    from pathlib import Path

    from keyproof.folders import cache_folder
    from keyproof.leaks.databases import stored_databases
    from keyproof.leaks.matcher import Matcher, open_matcher
    from keyproof.leaks.rules import load_rules

    folder = Path(cache_folder(environment))
    rules = load_rules(folder)
    databases = databases or stored_databases(rules.digest, str(folder))
    if databases:
        return Matcher(rules, databases)
    from keyproof.leaks.plain import MOST_BYTES, PlainDatabases

    if size() > MOST_BYTES:
        return open_matcher(rules, folder)
    return Matcher(rules, PlainDatabases(rules))


def _prepare(environment: Mapping[str, str], matcher: Matcher) -> None:
    """Let the databases be compiled, if the matcher had to do without."""
    from keyproof.leaks.plain import PlainDatabases

    if isinstance(matcher.databases, PlainDatabases):
        from pathlib import Path

        from keyproof.folders import cache_folder
        from keyproof.leaks.background import compile_later

        compile_later(environment, Path(cache_folder(environment)))


def _push(
    stage: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    inline: bool,
    strict: bool,
) -> int:
    """Look at what a push brings that the other side does not have."""
    from pathlib import Path

    from keyproof.leaks import pushed, staged

    repository = staged.hook_repository(Path.cwd(), environment)
    if stage in {"pre-receive", "update"}:
        lines = sys.stdin if stage == "pre-receive" else [_update(words)]
        wanted = pushed.incoming(pushed.read_updates(lines, received=True))
    elif "PRE_COMMIT" in environment:
        wanted = pushed.announced(repository, environment)
    else:
        updates = pushed.read_updates(sys.stdin, received=False)
        wanted = pushed.outgoing(repository, updates, words[0] if words else None)
    if wanted is None:
        return 0
    objects = pushed.objects(repository, wanted)
    if not objects:
        return 0
    matcher = _matcher(environment, lambda: pushed.size(repository, objects))
    judge = _judge(repository, inline=inline)
    found = pushed.news(repository, matcher, judge, wanted, objects)
    code = _report(found, "push", strict=strict)
    if stage == "pre-push":
        _prepare(environment, matcher)
    return code


def _update(words: Sequence[str]) -> str:
    """Return as a line of pre-receive's input what git gives the hook ``update`` as arguments."""
    return " ".join([*words[1:], *words[:1]])


def _judge(repository: Repository, *, inline: bool) -> Judge:
    from datetime import UTC, datetime

    from keyproof.leaks import baseline
    from keyproof.leaks.added import Judge

    accepted = baseline.load(repository.root / baseline.FILE_NAME)
    identities = (accepted or baseline.new_baseline()).identities()
    return Judge(identities, accepted, inline, datetime.now(UTC).date().isoformat())


def _report(news: News, what: str, *, strict: bool) -> int:
    if not news.sightings and not news.unread:
        return 0
    from keyproof.leaks import refusal

    for line in refusal.lines(news, what, strict=strict):
        _say(line)
    if refusal.refused(news):
        return 1
    return 4 if strict and news.unread else 0


def _failed(error: Exception) -> int:
    """Say why nothing was checked: never a silent pass."""
    from keyproof.errors import ExitCode, KeyproofError

    if not isinstance(error, KeyproofError):
        _say(f"keyproof: nothing was checked: internal error ({type(error).__qualname__})")
        return ExitCode.INTERNAL
    _say(f"keyproof: nothing was checked: {error}")
    if error.hint:
        _say(f"  fix: {error.hint}")
    code = ExitCode(error.exit_code)
    return code if code in {ExitCode.USAGE, ExitCode.INTERNAL} else ExitCode.INCOMPLETE


def _say(text: str) -> None:
    if sys.stderr is not None:
        print(
            text.encode("ascii", "backslashreplace").decode() if _is_plain() else text,
            file=sys.stderr,
        )


def _is_plain() -> bool:
    """Tell whether stderr takes ASCII only."""
    return (sys.stderr.encoding or "").lower().replace("-", "") not in {"utf8", "utf16"}


if __name__ == "__main__":
    main()
