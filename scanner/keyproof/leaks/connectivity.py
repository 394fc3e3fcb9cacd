"""Connectivity: which objects a repository refers to and lacks.

Everything was read, so what was read says it. Git walks the history itself only where that is not
enough: where something could not be read, or something is absent that perhaps nobody can reach.
"""

from __future__ import annotations

from keyproof.leaks import gitio, texts
from keyproof.leaks.gitio import Repository
from keyproof.leaks.known_ids import holds
from keyproof.leaks.places import Placer
from keyproof.leaks.references import Absent

MOST_PLACED = 10_000
"""So many absent files are placed in history with everything else; of more, git is asked."""


def missing_objects(
    repository: Repository, placer: Placer, absent: Absent | None, ids: bytes
) -> tuple[tuple[str, ...], bool]:
    """Return the ids of missing objects, and whether all that can be reached was checked.

    Args:
        placer: it has learnt where the absent files stood.
        absent: what is referred to and not there; ``None`` where not everything was read.
        ids: of every object there is, sorted, one a line.
    """
    if absent is not None and not absent.others and _are_there(repository, ids):
        placed = len(absent.files) <= MOST_PLACED
        if not absent.files or (placed and all(map(placer.is_reachable, absent.files))):
            return absent.files, True
    return _walked(repository)


def _are_there(repository: Repository, ids: bytes) -> bool:
    """Whether what refs and the index name is there, and no history was cut off."""
    if texts.shallow_boundary(repository):
        return False
    refs = gitio.run(repository, "for-each-ref", "--format=%(objectname)", allow_failure=True)
    staged = gitio.run(repository, "ls-files", "-s", "-z", allow_failure=True).split(b"\0")
    named = set(refs.split())
    named.update(entry.split(b" ")[1] for entry in staged if entry and entry[:2] != b"16")
    return all(holds(ids, oid) for oid in named)


def _walked(repository: Repository) -> tuple[tuple[str, ...], bool]:
    """Ask git for what is missing from what refs, reflogs and the index name."""
    arguments = (
        "--objects",
        "--quiet",
        "--missing=print",
        "--all",
        "--reflog",
        "--indexed-objects",
    )
    process = gitio.start(repository, "rev-list", *arguments, "--")
    try:
        out, _ = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    missing = {
        line[1:].split(b" ")[0].decode("ascii", "replace")
        for line in out.splitlines()
        if line.startswith(b"?")
    }
    return tuple(sorted(missing)), process.returncode == 0
