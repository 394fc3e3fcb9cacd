"""One error tree: each error says what failed, what to do about it, and with which code to exit.

::

    KeyproofError                5
    ├── UsageError               2   a flag, an argument, a name that does not exist
    │   └── MissingExtra         2   the command needs a package that is not installed
    ├── ConfigError              2   a file that a person writes: settings, waivers, inventory
    ├── PolicyError              2   a policy, its METADATA or its parameters
    ├── NothingToCheck           3   no source, or no policy
    ├── SourceError              4   a source could not be read (becomes a Gap in a scan)
    ├── EngineError              4   an engine died, hung or answered nonsense
    ├── StoreError               5   the database
    ├── TrackerError             4   a ticket system
    └── RotationError            4   a rotation that needs a person
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with. 2 and 5 stop the run; else 1 wins over 4, and 4 over 0."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    NOTHING = 3
    INCOMPLETE = 4
    INTERNAL = 5
    INTERRUPTED = 130


class KeyproofError(Exception):
    """An error that a person can act on.

    Args:
        message: what failed, lower case, without any value that was read.
        hint: what to do: a command, a scope, a setting.
        where: ``file:line`` or the call, where there is one.
    """

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(self, message: str, *, hint: str | None = None, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class UsageError(KeyproofError):
    """A flag, an argument or a name on the command line is wrong."""

    exit_code = ExitCode.USAGE


class MissingExtra(UsageError):
    """A package that this command needs is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(
            f"{what} needs the extra '{extra}'", hint=f"pip install 'keyproof[{extra}]'"
        )
        self.extra = extra


class ConfigError(KeyproofError):
    """A file that a person writes cannot be used as it stands."""

    exit_code = ExitCode.USAGE


class PolicyError(KeyproofError):
    """A policy, its METADATA or its parameters cannot be used as they stand."""

    exit_code = ExitCode.USAGE


class NothingToCheck(KeyproofError):
    """There is no source, or no policy: an empty run must not look like a clean one."""

    exit_code = ExitCode.NOTHING


class SourceError(KeyproofError):
    """A source could not be read. ``pipeline.collect`` turns it into a Gap.

    Args:
        reason: a :data:`keyproof.model.source.GapReason` word.
    """

    exit_code = ExitCode.INCOMPLETE

    def __init__(
        self,
        message: str,
        *,
        reason: str = "unavailable",
        hint: str | None = None,
        where: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, where=where)
        self.reason = reason


class EngineError(KeyproofError):
    """A policy engine died, hung or gave an answer that is none."""

    exit_code = ExitCode.INCOMPLETE


class StoreError(KeyproofError):
    """The database cannot be opened, read or written."""

    exit_code = ExitCode.INTERNAL


class TrackerError(KeyproofError):
    """A ticket system refused or did not answer."""

    exit_code = ExitCode.INCOMPLETE


class RotationError(KeyproofError):
    """A rotation stopped where only a person can go on."""

    exit_code = ExitCode.INCOMPLETE
