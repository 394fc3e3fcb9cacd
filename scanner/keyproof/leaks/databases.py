"""Databases: what hyperscan makes of a rule set's triggers, kept in the user's cache.

One file a rule set. Hyperscan itself checks what it loads: its version, the kind of processor, a
checksum. A cache that is damaged, foreign or cannot be written costs time and nothing else. The
hook's clean path reads databases, so this module imports next to nothing.

Facts about hyperscan that shape this module: a database is compiled for one kind of processor; one
read from a file has no scratch; a scratch belongs to one thread.
"""

from __future__ import annotations

import os

from keyproof.leaks import compiled, engine_hyperscan

TYPE_CHECKING = False  # importing typing would cost a clean commit two milliseconds
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from keyproof.leaks.rules import RuleSet, Trigger

hyperscan = engine_hyperscan.load()
WIDTHS = (144, 640)
"""What the triggers of the ``short`` and of the ``middle`` part match at most, in bytes."""
SEARCHED = ("short", "encoded", "middle", "long")
"""The parts that together find all that needs an exact check."""
_PARTS = (*SEARCHED, "wide")
_MAGIC = b"keyproof databases 8\n"
_SECTIONS = (*_PARTS, "into")
_HEAD = len(_MAGIC) + 8 * len(_SECTIONS)
_KEPT = 4
"""So many files stay: of versions and branches that somebody goes back and forth between."""
WIDE = rb"(?:[\x20-\x7e]\x00){10}|(?:[\x20-\x7e]\x00\x00\x00){10}"
_NOTHING = rb"\x00{8}keyproof"


class Databases:
    """The databases of one rule set, with scratches for one thread.

    Its parts: triggers of detectors by their width (``short``, ``middle``, ``long``), because what
    may lie across the edge of a stretch is looked for in as much around it; triggers of ``encoded``
    runs, which are short; and ``wide`` text.
    """

    def __init__(self, loaded: Mapping[str, Any], into: bytes = b"") -> None:
        """Take loaded databases and make scratches for them.

        Args:
            into: of each trigger, how many bytes of a value lie before its end (``Detector.into``).
        """
        self._loaded = loaded
        self.into = into
        self._scratches = {part: hyperscan.Scratch(loaded[part]) for part in _PARTS}

    def copy(self) -> Databases:
        """Return the same databases for another thread, with scratches of its own."""
        return Databases(self._loaded, self.into)

    def expect(self, size: int) -> None:
        """Make ready for so many bytes: said before copies are made for workers."""

    def scan(self, part: str, data: Any) -> list[tuple[int, int]]:
        """Return ``(trigger, offset after the match)`` of everything that a part matches."""
        found: list[tuple[int, int]] = []

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((number, end))

        self._loaded[part].scan(data, match_event_handler=on_match, scratch=self._scratches[part])
        return found


def stored_databases(digest: str, cache_folder: str) -> Databases | None:
    """Return the databases of the rule set with this digest; ``None`` where none are kept."""
    try:
        handle = os.open(_path(digest, cache_folder), os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        return _load(handle)
    except (OSError, ValueError, hyperscan.error):
        return None
    finally:
        os.close(handle)


def made_databases(rules: RuleSet, cache_folder: str) -> Databases:
    """Compile the databases of ``rules``, which takes seconds, and keep them in the cache."""
    from keyproof.leaks.listing import default_workers
    from keyproof.leaks.workers import Crashed, spread

    def compiled(part: str) -> bytes:
        return bytes(hyperscan.dumpb(_compile_part(rules, part)))

    # each in a process of its own: hyperscan holds the interpreter's lock while it compiles
    dumped = {
        part: compiled(part) if isinstance(one, Crashed) else one
        for part, one in spread(compiled, _PARTS, default_workers())
    }
    into = bytes(rules.detectors[trigger.detector].into for trigger in rules.triggers)
    _keep(_path(rules.digest, cache_folder), [*(dumped[part] for part in _PARTS), into])
    return Databases({part: _loaded(one) for part, one in dumped.items()}, into)


def refused(trigger: Trigger) -> str:
    """Return what hyperscan says against a trigger; nothing where it takes it."""
    try:
        _compile([(0, trigger.expression, trigger.flags)])
    except hyperscan.error as failure:
        return str(failure).rstrip(".")
    return ""


def part_of(width: int) -> str:
    """Return the part that a trigger of this width belongs to."""
    return "short" if width <= WIDTHS[0] else "middle" if width <= WIDTHS[1] else "long"


def _load(handle: int) -> Databases:
    head = os.read(handle, _HEAD)
    sizes = [int.from_bytes(head[at : at + 8], "big") for at in range(len(_MAGIC), _HEAD, 8)]
    if not head.startswith(_MAGIC) or os.fstat(handle).st_size != _HEAD + sum(sizes):
        raise ValueError
    loaded = {
        part: _loaded(os.read(handle, size)) for part, size in zip(_PARTS, sizes, strict=False)
    }
    return Databases(loaded, os.read(handle, sizes[-1]))


def _loaded(dumped: bytes) -> Any:
    return hyperscan.loadb(dumped, mode=hyperscan.HS_MODE_BLOCK)


def _path(digest: str, cache_folder: str) -> str:
    """Return where the databases are kept: each kind of processor needs its own."""
    return f"{cache_folder}{os.sep}matcher-{digest[:32]}-{_processor():08x}.hs"


def _processor() -> int:
    import zlib

    try:
        handle = os.open("/proc/cpuinfo", os.O_RDONLY)
        with os.fdopen(handle, "rb", 0) as lines:
            told = lines.read(4096)
    except OSError:
        import platform

        return zlib.crc32(f"{platform.machine()} {platform.processor()}".encode())
    at = max(told.find(b"\nflags"), told.find(b"\nFeatures"))
    return zlib.crc32(told[at : told.find(b"\n", at + 1)])


def _compile_part(rules: RuleSet, part: str) -> Any:
    if part == "encoded":
        return _compile_encodings(len(rules.triggers))
    if part == "wide":
        return _compile([(0, WIDE, hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL)])
    return _compile_triggers(rules, part)


def _compile_triggers(rules: RuleSet, part: str) -> Any:
    chosen = [
        (number, one.expression, one.flags)
        for number, one in enumerate(rules.triggers)
        if part_of(one.width) == part
    ]
    return _compile(chosen or [(0, _NOTHING, 0)])


def _compile_encodings(first: int) -> Any:
    from keyproof.leaks.encoded import ENCODINGS

    dotall = hyperscan.HS_FLAG_DOTALL
    return _compile([(n, one.expression, dotall) for n, one in enumerate(ENCODINGS, first)])


def _compile(triggers: list[tuple[int, bytes, int]]) -> Any:
    ids, expressions, flags = (list(column) for column in zip(*triggers, strict=True))
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=expressions, ids=ids, elements=len(ids), flags=flags)
    return database


def _keep(path: str, parts: list[bytes]) -> None:
    """Write the databases in one step, readable by their user only, and forget older ones."""
    from contextlib import suppress
    from pathlib import Path

    sizes = b"".join(len(one).to_bytes(8, "big") for one in parts)
    compiled.write(path, b"".join((_MAGIC, sizes, *parts)))
    with suppress(OSError):
        for old in sorted(Path(path).parent.glob("matcher-*.hs"), key=_age)[_KEPT:]:
            old.unlink(missing_ok=True)


def _age(path: Path) -> int:
    return -path.stat().st_mtime_ns
