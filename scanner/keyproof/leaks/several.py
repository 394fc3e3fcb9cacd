"""Several: reads many repositories, the large ones one by one, the small ones several at once.

A large repository is read with every processor; one that is too small for that gives way to others
that are read beside it, each in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from keyproof.leaks.listing import default_workers
from keyproof.leaks.workers import Crashed, spread

P = TypeVar("P")
R = TypeVar("R")

LARGE_BYTES = 64 << 20
"""From this size of its packs on, a repository has work for all processors."""


def several(
    work: Callable[[P], R], pieces: Sequence[P], size: Callable[[P], int]
) -> Iterator[tuple[P, R | Crashed]]:
    """Yield each piece with its result, as they come; ``Crashed`` where its process died.

    The largest piece is read here, however small: what is compiled for it is there for the others.
    """
    sizes = {index: size(piece) for index, piece in enumerate(pieces)}
    order = sorted(sizes, key=lambda index: (-sizes[index], index))
    alone = sum(1 for index in order if sizes[index] >= LARGE_BYTES) or min(1, len(order))
    for index in order[:alone]:
        yield pieces[index], work(pieces[index])
    yield from spread(work, [pieces[index] for index in order[alone:]], default_workers())


def packed_bytes(path: Path) -> int:
    """Return the size of a repository's packs; 0 for what is none, or has its objects elsewhere."""
    folders = (path / ".git" / "objects" / "pack", path / "objects" / "pack")
    try:
        return sum(pack.stat().st_size for one in folders for pack in one.glob("*.pack"))
    except OSError:
        return 0
