"""Git LFS: what a pointer stands for lies in the repository's own store, or is not here."""

from __future__ import annotations

from collections.abc import Iterable

from keyproof.leaks.archives import Inside
from keyproof.leaks.gitio import Repository
from keyproof.leaks.unpack_forms import LFS

_DIGITS = 64


def absent(repository: Repository, within: Iterable[Inside]) -> tuple[Inside, ...]:
    """Return what was not read, less the pointers whose content lies in the repository's store.

    That content is read with the other files of the git directory.
    """
    return tuple(one for one in within if not _stored(repository, one))


def _stored(repository: Repository, one: Inside) -> bool:
    _, marked, name = one.path.rpartition(LFS.encode())
    if not marked or len(name) != _DIGITS:
        return False
    digest = name.decode("ascii")
    folder = repository.common_dir / "lfs" / "objects" / digest[:2] / digest[2:4]
    return (folder / digest).is_file()
