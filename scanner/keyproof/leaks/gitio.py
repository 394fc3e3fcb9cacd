"""The git wrapper: git processes, started as :mod:`keyproof.leaks.gitsafe` says, and repositories."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple, cast

from keyproof.errors import SourceError
from keyproof.leaks.gitsafe import command, git_environment

TIMEOUT_SECONDS = 600
PIPE_BYTES = 1 << 20


class NotARepository(SourceError):
    """The path is no git repository, nor inside one."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"not a git repository: {path}",
            reason="unsupported",
            hint="keyproof leaks --no-git PATH reads plain files and folders",
        )


class Repository(NamedTuple):
    """An opened repository.

    Attributes:
        git_dir: its git directory (of this worktree).
        common_dir: the git directory that holds objects, refs and configuration.
        worktree: the folder that holds ``.git``; ``None`` for a bare repository. Never what
            ``core.worktree`` says, which the repository itself chooses.
        environment: what git processes get.
    """

    git_dir: Path
    common_dir: Path
    worktree: Path | None
    environment: Mapping[str, str]

    @property
    def root(self) -> Path:
        """Return where a person would say that the repository lies."""
        return self.worktree or self.git_dir


def start(
    repository: Repository,
    *arguments: str,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start git with a large pipe from its standard output."""
    try:
        return subprocess.Popen(
            command(arguments),
            cwd=repository.git_dir if repository.worktree is None else repository.worktree,
            env=dict(repository.environment),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            pipesize=PIPE_BYTES,
        )
    except FileNotFoundError:
        raise _no_git() from None


def run(
    repository: Repository, *arguments: str, data: bytes = b"", allow_failure: bool = False
) -> bytes:
    """Run git to its end and return its output.

    Raises:
        SourceError: git failed (its words are not repeated: they may quote what it read), or
            took longer than ten minutes.
    """
    with start(repository, *arguments, stdin=subprocess.PIPE) as process:
        try:
            out, _ = process.communicate(data, timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise SourceError(
                "git took too long", reason="timeout", where=_call(arguments)
            ) from None
    if process.returncode and not allow_failure:
        raise SourceError("git could not read this", reason="corrupt", where=_call(arguments))
    return out


def large(repository: Repository, *arguments: str) -> bytes:
    """Run git to its end and return its output, which is never held twice.

    Raises:
        SourceError: git failed.
    """
    with start(repository, *arguments) as process:
        assert process.stdout is not None
        out = process.stdout.read()
    if process.returncode:
        raise SourceError("git could not read this", reason="corrupt", where=_call(arguments))
    return out


def lines(repository: Repository, *arguments: str) -> Iterator[bytes]:
    """Yield the lines of git's output, each with its end, while git still works.

    Raises:
        SourceError: git failed, after what it had said until then.
    """
    with start(repository, *arguments) as process:
        assert process.stdout is not None
        try:
            yield from io.BufferedReader(cast("io.RawIOBase", process.stdout), PIPE_BYTES)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise SourceError("git could not read this", reason="corrupt", where=_call(arguments))


def fields(repository: Repository, *arguments: str, data: bytes) -> Iterator[bytes]:
    """Yield what stands before each zero byte of git's output, while git works.

    Where git fails, what it had said until then is all.
    """
    import tempfile  # a clean commit needs none

    with tempfile.TemporaryFile() as given:  # a pipe could deadlock
        given.write(data)
        given.seek(0)
        process = start(repository, *arguments, stdin=given)
    with process:
        assert process.stdout is not None
        rest = b""
        try:
            while read := process.stdout.read(PIPE_BYTES):
                *whole, rest = (rest + read).split(b"\0")
                yield from whole
        except BaseException:
            process.kill()
            raise


def _call(arguments: Sequence[str]) -> str:
    return f"git {arguments[0]}"


def open_repository(path: Path, environment: Mapping[str, str]) -> Repository:
    """Open the repository at ``path``, or the one that ``path`` lies in.

    Raises:
        NotARepository: there is none.
        SourceError: git refuses or cannot read it; the hint says how to mend it.
    """
    folder = path.absolute()
    clean = git_environment(environment)
    arguments = ("rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir")
    try:
        done = subprocess.run(
            command(arguments),
            cwd=folder if folder.is_dir() else folder.parent,
            env=clean,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        if not folder.exists():
            raise SourceError(f"there is no {path}", hint="check the path") from None
        raise _no_git() from None
    except (OSError, subprocess.TimeoutExpired):
        raise SourceError(f"cannot be opened: {path}", reason="access_denied") from None
    if done.returncode:
        raise _refusal(path, folder, done.stderr)
    if done.stdout.startswith(b"--"):  # older ones repeat what they do not know
        raise SourceError("git is too old", reason="unsupported", hint="install git 2.31 or newer")
    git_dir, common_dir = (Path(os.fsdecode(line)) for line in done.stdout.splitlines()[:2])
    return Repository(git_dir, common_dir, _worktree(folder, git_dir), clean)


def _worktree(folder: Path, git_dir: Path) -> Path | None:
    real = folder.resolve()
    if real == git_dir.resolve() or git_dir.resolve() in real.parents:
        return None
    for candidate in (real, *real.parents):
        if (candidate / ".git").exists():
            return candidate
    return None


def _refusal(path: Path, folder: Path, stderr: bytes) -> SourceError:
    if b"dubious ownership" in stderr:
        return SourceError(
            f"git refuses the repository {path}: it belongs to another user",
            reason="access_denied",
            hint=f"git config --global --add safe.directory '{_top(folder)}'",
        )
    if b"not a git repository" in stderr:
        return NotARepository(path)
    if b"unknown repository extension" in stderr or b"Expected git repo version" in stderr:
        return SourceError(
            f"git is too old for the repository {path}", reason="unsupported", hint="upgrade git"
        )
    return SourceError(
        f"git cannot open the repository {path}",
        reason="corrupt",
        hint=f"git -C '{path}' status says why",
    )


def _top(folder: Path) -> Path:
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return folder


def _no_git() -> SourceError:
    return SourceError("git is not installed", reason="unsupported", hint="install git")
