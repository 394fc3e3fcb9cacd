"""Spawn: git processes for the hook's clean path.

Python's own ``subprocess`` takes longer to load than git takes to answer. Where the system has no
``posix_spawn``, and wherever something is out of the ordinary, nothing is answered here, and
:mod:`keyproof.leaks.gitio` is asked, which says what is wrong.
"""

from __future__ import annotations

import os

from keyproof.leaks.gitsafe import command

TYPE_CHECKING = False  # importing typing would cost a clean commit two milliseconds
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STANDARD = 3
_PIPE = 32_000
"""So many bytes fit into a pipe before anybody reads."""


class Asked:
    """A git process at work. It must be waited for: :meth:`answer` or :meth:`abandon`."""

    def __init__(self, process: int, into: int, out: int) -> None:
        """Take the process and our ends of its pipes."""
        self._process = process
        self._into = into
        self._out = out

    def tell(self, data: bytes) -> bool:
        """Give the process all its input; false where that is more than a pipe takes at once."""
        fits = len(data) <= _PIPE
        if fits:
            os.write(self._into, data)
        os.close(self._into)
        self._into = -1
        return fits

    def answer(self) -> bytes | None:
        """Return what the process writes; ``None`` where it fails."""
        if self._into >= 0:
            self.tell(b"")
        pieces = []
        while piece := os.read(self._out, 1 << 20):
            pieces.append(piece)
        os.close(self._out)
        _, status = os.waitpid(self._process, 0)
        return None if status else b"".join(pieces)

    def abandon(self) -> None:
        """Let the process end: nobody listens any more."""
        if self._into >= 0:
            os.close(self._into)
        os.close(self._out)
        os.waitpid(self._process, 0)


def ask(arguments: Sequence[str], environment: Mapping[str, str]) -> Asked | None:
    """Start git; ``None`` where that is not possible this way."""
    if not hasattr(os, "posix_spawnp"):
        return None
    ends = (*os.pipe(), *os.pipe())
    theirs_in, into, out, theirs_out = ends
    try:
        if min(ends) < _STANDARD:  # a standard stream is closed: its number must stay free
            raise OSError  # noqa: TRY301
        actions = [
            (os.POSIX_SPAWN_DUP2, theirs_in, 0),
            (os.POSIX_SPAWN_DUP2, theirs_out, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        words = command(arguments)
        process = os.posix_spawnp("git", words, environment, file_actions=actions)
    except (OSError, ValueError):
        for end in ends:
            os.close(end)
        return None
    os.close(theirs_in)
    os.close(theirs_out)
    return Asked(process, into, out)
