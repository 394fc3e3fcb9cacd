"""Second: what detect-secrets adds to the files, staged texts and streams that a scan is asked for.

It is opt-in, and it sees no history: every line that it has looked at lies in the worktree, the
index or the stream. Where our own detectors have found something on a line, they are right.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from keyproof.leaks import gitio, texts
from keyproof.leaks.assemble import assemble
from keyproof.leaks.collector import search_text
from keyproof.leaks.coverage import NotAsked, Statement
from keyproof.leaks.engine_detect_secrets import scan_lines
from keyproof.leaks.locate import locate
from keyproof.leaks.partial import staged_entries
from keyproof.leaks.places import Place
from keyproof.leaks.scan import Scanner, ScanResult
from keyproof.leaks.scopes import Scope
from keyproof.leaks.texts import Text

_NOT_ASKED = (
    NotAsked("history, messages and names, by detect-secrets", "nothing: it reads lines of files"),
)


def candidates(
    scanner: Scanner, paths: Iterable[Path], scope: Scope, stream: bytes | None = None
) -> Iterator[Statement]:
    """Yield what detect-secrets adds to what was scanned already; a range has no texts.

    Args:
        scanner: its rules know the detectors of detect-secrets.
        stream: what was read in place of paths.
    """
    if stream is not None:
        yield _stated(scanner, [Text("worktree", b"stdin", stream)], "stdin")
        return
    for path in paths:
        yield _stated(scanner, _texts(scanner, path, scope), str(path))


def _stated(scanner: Scanner, every: Iterable[Text], name: str) -> Statement:
    places: list[Place] = []
    count = 0
    for text in every:
        if text.data is not None:
            count += 1
            places += _places(scanner, text, text.data)
    leaks = assemble(
        places,
        scanner.matcher,
        source=scanner.source,
        repository=name,
        suppressor=scanner.suppressor,
    )
    result = ScanResult(leaks, (), (("files", count),) if count else (), count, count)
    return Statement(f"{name} (detect-secrets)", "files", result, _NOT_ASKED)


def _places(scanner: Scanner, text: Text, data: bytes) -> list[Place]:
    hits = scan_lines(data, os.fsdecode(text.path))
    if not hits:
        return []
    known = {found.line for found in search_text(scanner.matcher, scanner.fingerprinter, data)}
    located = locate(scanner.fingerprinter, data, sorted(hits, key=lambda hit: hit.start))
    return [Place(one, text.where, text.path) for one in located if one.line not in known]


def _texts(scanner: Scanner, path: Path, scope: Scope) -> Iterator[Text]:
    if scope.no_git or (path.is_file() and scope.name == "whole"):
        if path.is_dir():
            yield from texts.folder_files(path)
            return
        text = texts.read_file(path.resolve(), "worktree", os.fsencode(path))
        yield from [text] if text else []
        return
    repository = gitio.open_repository(path, scanner.environment)
    if scope.staged:
        for _, oid, name in staged_entries(repository):
            yield Text("index", name, gitio.run(repository, "cat-file", "blob", oid))
    elif scope.revisions is None:
        yield from texts.worktree_files(repository)
