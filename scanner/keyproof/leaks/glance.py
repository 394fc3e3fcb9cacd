"""Glance: what a commit in the making holds, and whether any of it needs a closer look.

The hook's clean path, which every commit pays for: two git processes, started at once, and one
database. It imports nothing that a clean commit does not need, and decides nothing but "clean":
whatever is out of the ordinary is left to :mod:`keyproof.leaks.staged`.
"""

from __future__ import annotations

from keyproof.leaks.compiled import digest_of_current
from keyproof.leaks.file_names import may_tell
from keyproof.leaks.gitsafe import hook_environment
from keyproof.leaks.spawn import ask

TYPE_CHECKING = False  # importing typing would cost a clean commit two milliseconds
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keyproof.leaks.databases import Databases

LARGE = 64 << 20
"""Larger than this, a text is searched in windows, and so needs the exact check's care."""
DIFFERENCES = (
    *("diff-index", "--cached", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"),
    "--ignore-submodules=all",
)
OBJECTS = ("cat-file", "--batch", "--buffer")
_MODULE = b"160000"

Row = tuple[str, str, bytes]
"""Old id, new id, path of one entry of the index; zeros stand for "not there"."""


class Glance:
    """What the index adds to HEAD.

    Attributes:
        rows: what differs.
        contents: what is new, by id.
        databases: ``None`` where the cache holds none of these rules.
    """

    def __init__(
        self, rows: Sequence[Row], contents: Mapping[str, bytes], databases: Databases | None
    ) -> None:
        """See the attributes."""
        self.rows = rows
        self.contents = contents
        self.databases = databases

    def size(self) -> int:
        """Return how many bytes are new."""
        return sum(map(len, self.contents.values()))

    def is_clean(self) -> bool:
        """Tell whether nothing here can be a secret."""
        if not self.rows:
            return True
        if self.databases is None:
            return not self.contents
        if any(may_tell(row[2]) for row in self.rows):
            return False
        new_names = b"\n".join([row[2] for row in self.rows if not row[0].strip("0")])
        return not any(
            is_suspicious(self.databases, data) for data in (*self.contents.values(), new_names)
        )


def is_suspicious(databases: Databases, data: bytes) -> bool:
    """Tell whether a text, or what is packed in it, needs exact checks at all."""
    if len(data) > LARGE or _is_triggered(databases, data):
        return True
    if b"\0" in data and databases.scan("wide", data):
        return True
    from keyproof.leaks.unpack_forms import form

    return bool(form(data))


def _is_triggered(databases: Databases, data: bytes) -> bool:
    """Tell whether a trigger ends where a secret may be."""
    from keyproof.leaks.databases import SEARCHED
    from keyproof.leaks.sift import may_be_random

    into = databases.into
    for part in SEARCHED:
        for number, end in databases.scan(part, data):
            within = into[number] if number < len(into) else 0
            if not within or may_be_random(data, end - within):
                return True
    return False


def glance(environment: Mapping[str, str], cache_folder: str) -> Glance | None:
    """Read what the index that git names adds to HEAD; ``None`` where that takes a closer look."""
    git = hook_environment(environment)
    differences, objects = ask((*DIFFERENCES, "HEAD", "--"), git), ask(OBJECTS, git)
    if differences is None or objects is None:
        for asked in (differences, objects):
            if asked:
                asked.abandon()
        return None
    digest = digest_of_current(cache_folder)
    if digest:
        from keyproof.leaks.databases import stored_databases  # takes its time, while git works
    answer = differences.answer()
    rows = None if answer is None else parse_rows(answer)
    if rows is None or not objects.tell("".join(f"{oid}\n" for oid in new_ids(rows)).encode()):
        objects.abandon()
        return None
    databases = stored_databases(digest, cache_folder) if digest and rows else None
    read = objects.answer()
    contents = None if read is None else parse_objects(read, new_ids(rows))
    return None if contents is None else Glance(rows, contents, databases)


def parse_rows(answer: bytes) -> list[Row] | None:
    """Parse git's raw differences with zero bytes; ``None`` where a merge is not resolved yet.

    Submodules are no content.
    """
    fields = iter(answer.split(b"\0"))
    rows = []
    for field in fields:
        if field.startswith(b":"):
            old_mode, mode, old, new, state = field[1:].split(b" ")
            if state == b"U":
                return None
            gone = state == b"D" or mode == _MODULE
            before = "0" if old_mode == _MODULE else old.decode()
            rows.append((before, "0" if gone else new.decode(), next(fields)))
    return rows


def new_ids(rows: Sequence[Row]) -> list[str]:
    """Return the ids of the contents that rows bring; a changed mode brings none."""
    return sorted({new for old, new, _ in rows if new.strip("0") and new != old})


def parse_objects(answer: bytes, oids: Sequence[str]) -> dict[str, bytes] | None:
    """Parse what git says of objects; ``None`` where one cannot be read."""
    contents = {}
    at = 0
    for oid in oids:
        end = answer.find(b"\n", at)
        header = answer[at:end].split(b" ")
        if end < 0 or not header[-1].isdigit():
            return None
        at = end + 1 + int(header[-1])
        if at > len(answer):
            return None
        contents[oid] = answer[end + 1 : at]
        at += 1
    return contents
