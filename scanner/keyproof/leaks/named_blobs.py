"""Named blobs: what files of a history hold that only their names give away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from keyproof.leaks import gitio
from keyproof.leaks.collector import Row
from keyproof.leaks.file_names import may_tell
from keyproof.leaks.gitio import Repository
from keyproof.leaks.glance import OBJECTS, parse_objects
from keyproof.leaks.locate import Identities, locate
from keyproof.leaks.named_files import MOST_BYTES, hits_named
from keyproof.leaks.rules import RuleSet

_SIZES = ("cat-file", "--batch-check", "--buffer")
_TOGETHER = 256
"""So many objects are asked for in one go."""


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
    """Yield the blobs among objects that are here, whole and not large."""
    for some in _parts(oids):
        small = list(_asked(repository, _SIZES, some, _small))
        for few in _parts(small):
            yield from _asked(repository, OBJECTS, few, parse_objects).items()


def _parts(oids: list[str]) -> Iterator[list[str]]:
    return (oids[at : at + _TOGETHER] for at in range(0, len(oids), _TOGETHER))


def _asked(
    repository: Repository,
    question: Sequence[str],
    oids: Sequence[str],
    parse: Callable[[bytes, Sequence[str]], dict[str, bytes] | None],
) -> dict[str, bytes]:
    """Ask git about objects, in halves where it ends at one that is damaged: the others count."""
    if not oids:
        return {}
    data = "".join(f"{oid}\n" for oid in oids).encode()
    parsed = parse(gitio.run(repository, *question, data=data, allow_failure=True), oids)
    if parsed is not None:
        return parsed
    half = len(oids) // 2
    if not half:
        return {}
    first, second = oids[:half], oids[half:]
    return {
        **_asked(repository, question, first, parse),
        **_asked(repository, question, second, parse),
    }


def _small(answer: bytes, oids: Sequence[str]) -> dict[str, bytes] | None:
    """Return what git says of blobs that are not large; ``None`` where it did not say all."""
    told = [line.split(b" ") for line in answer.splitlines()]
    if len(told) != len(oids):
        return None
    return {
        oid: said[1]
        for oid, said in zip(oids, told, strict=True)
        if said[1] == b"blob" and int(said[2]) <= MOST_BYTES
    }
