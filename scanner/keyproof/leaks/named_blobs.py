"""Named blobs: what files of a history hold that only their names give away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyproof.leaks import gitio
from keyproof.leaks.collector import Row
from keyproof.leaks.file_names import may_tell
from keyproof.leaks.gitio import Repository
from keyproof.leaks.glance import OBJECTS, parse_objects
from keyproof.leaks.locate import Identities, locate
from keyproof.leaks.named_files import MOST_BYTES, hits_named
from keyproof.leaks.rules import RuleSet

_TOGETHER = 256
"""So many blobs are read in one go."""


def rows(
    repository: Repository,
    rules: RuleSet,
    identities: Identities,
    named: Iterable[tuple[str, bytes]],
) -> Iterator[Row]:
    """Yield what blobs hold, given by id and a path, or a name, that each of them has.

    A blob that cannot be read is a gap of who reads all of them.
    """
    names: dict[str, set[bytes]] = {}
    for oid, path in named:
        if may_tell(path):
            names.setdefault(oid, set()).add(path.rpartition(b"/")[2])
    for oid, data in _contents(repository, sorted(names)):
        found = {hit for name in names[oid] for hit in hits_named(rules, name, data)}
        ordered = sorted(found, key=lambda hit: (hit.start, hit.end, hit.detector))
        for one in locate(identities, data, ordered):
            yield Row("blob", oid, one)


def _contents(repository: Repository, oids: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the blobs among objects that are here and not large."""
    wanted = "".join(f"{oid}\n" for oid in oids).encode()
    told = gitio.run(repository, "cat-file", "--batch-check", "--buffer", data=wanted)
    small = [
        oid.decode()
        for oid, kind, *size in map(bytes.split, told.splitlines())
        if kind == b"blob" and int(size[0]) <= MOST_BYTES
    ]
    for at in range(0, len(small), _TOGETHER):
        some = small[at : at + _TOGETHER]
        answer = gitio.run(repository, *OBJECTS, data="".join(f"{o}\n" for o in some).encode())
        yield from (parse_objects(answer, some) or {}).items()
