"""Added: the secrets that a text holds and its older versions do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keyproof.leaks import archives
from keyproof.leaks.assemble import Cleaner
from keyproof.leaks.baseline import Baseline, Entry
from keyproof.leaks.file_names import may_tell
from keyproof.leaks.held import Held, Holding
from keyproof.leaks.locate import Found, Identities, locate
from keyproof.leaks.matcher import Matcher
from keyproof.leaks.stood import Stood

_MOST = 1 << 20
"""Texts longer than this are not given to detect-secrets, which is slow."""


class Sighting(NamedTuple):
    """A new secret at one place, without its value, and what is stated about it.

    Attributes:
        where: a ``model.leak.Where`` word.
        commit: the commit that brings it, for a push.
        inline: a comment beside it counts.
        lapsed: the baseline's entry has come to its end, and accepts nothing any more.
    """

    found: Found
    where: str
    path: str | None
    commit: str | None = None
    inline: bool = False
    entry: Entry | None = None
    lapsed: bool = False

    @property
    def accepted(self) -> bool:
        """Whether somebody's valid statement accepts it."""
        return self.inline or (self.entry is not None and not self.lapsed)


class News(NamedTuple):
    """What a commit or push brings; ``unread``: shown paths, and why they were not looked into."""

    sightings: list[Sighting]
    unread: list[tuple[str, str]]


class Judge(NamedTuple):
    """What places are judged by: ids, statements, and the day."""

    identities: Identities
    baseline: Baseline | None
    inline: bool
    today: str

    def sighting(self, found: Found, where: str, path: str | None) -> Sighting:
        """Return a found secret with what is stated about it."""
        entry = None
        if self.baseline is not None:
            entry = self.baseline.entry(found.secret_id, found.occurrence_id, path)
        lapsed = bool(entry and entry.expires and entry.expires < self.today)
        inline = self.inline and found.stated is not None
        return Sighting(found, where, path, None, inline, entry, lapsed)


def added(
    judge: Judge, texts: Sequence[Held], stood: Stood, path: bytes, where: str, shown: str | None
) -> Iterator[Sighting]:
    """Yield the secrets in a file's texts that did not stand there, by place.

    Args:
        shown: the path as it may be shown.
    """
    for text in texts:
        fresh = set(stood.news(path, text.text, text.hits, decoded=text.decoded))
        located = locate(
            judge.identities, text.text, text.hits, first_line=text.line, exact=text.exact
        )
        for found, hit in zip(located, text.hits, strict=True):
            if hit in fresh:
                yield judge.sighting(found, where, shown)


class PackedNews(NamedTuple):
    """What is packed in a file.

    Attributes:
        found: every secret, with the path inside; ``fresh``: those that its older versions lack.
        unread: paths inside, and why they could not be read.
    """

    found: Sequence[tuple[bytes, Found]]
    fresh: Sequence[tuple[bytes, Found]]
    unread: Sequence[tuple[bytes, str]]


def search_packed(matcher: Matcher, judge: Judge, data: bytes, olds: Sequence[bytes]) -> PackedNews:
    """Search what is packed in a file; a secret is news where older versions hold fewer of it."""
    packed = _packed(matcher, judge, data)
    known: Counter[str] = Counter()
    for old in olds:
        if archives.is_packed(old):
            known.update(found.secret_id for _, found in _packed(matcher, judge, old).found)
    fresh = []
    for inner, found in packed.found:
        known[found.secret_id] -= 1
        if known[found.secret_id] < 0:
            fresh.append((inner, found))
    return PackedNews(packed.found, fresh, packed.unread)


def _packed(matcher: Matcher, judge: Judge, data: bytes) -> archives.Packed:
    from keyproof.leaks.collector import search_text

    return archives.search_packed(data, lambda text: search_text(matcher, judge.identities, text))


class Files:
    """Files that are searched for what they add to what stood there.

    Attributes:
        sightings: what was found.
        unread: paths as they may be shown, and why they could not be looked into.
    """

    def __init__(self, matcher: Matcher, judge: Judge, stood: Stood, where: str) -> None:
        """Take what is the same for all of them."""
        self.sightings: list[Sighting] = []
        self.unread: list[tuple[str, str]] = []
        self._matcher = matcher
        self._judge = judge
        self._stood = stood
        self._where = where
        self._cleaner = Cleaner(matcher)

    def search(self, path: bytes, data: bytes, holding: Holding) -> None:
        """Search one file, of which is known what it holds, and what is packed in it."""
        shown = self._cleaner.show(path)
        texts = self._with_named(path, data, holding.texts)
        plain = list(added(self._judge, texts, self._stood, path, self._where, shown))
        if holding.cut:
            self.unread.append((shown, "limit"))
        if archives.is_packed(data):
            packed = search_packed(self._matcher, self._judge, data, self._stood.of(path))
            known = {found.secret_id for _, found in packed.found}
            # what is stored unpacked was found in the file as it stands, too
            plain = [one for one in plain if one.found.secret_id not in known]
            for inner, found in packed.fresh:
                place = self._cleaner.show(archives.inside(path, inner) or path)
                self.sightings.append(self._judge.sighting(found, self._where, place))
            for inner, reason in packed.unread:
                place = self._cleaner.show(archives.inside(path, inner) or path)
                self.unread.append((place, reason))
        self.sightings += plain

    def _with_named(self, path: bytes, data: bytes, texts: Sequence[Held]) -> Sequence[Held]:
        """Return a file's texts, and with them what only its path says that it holds."""
        if not may_tell(path):
            return texts
        from keyproof.leaks.named_files import hits_at

        rules = self._matcher.rules
        known = {(hit.start, hit.end) for text in texts if not text.decoded for hit in text.hits}
        named = [h for h in hits_at(rules, path, data) if (h.start, h.end) not in known]
        return [*texts, Held(data, named)] if named else texts

    def search_name(self, path: bytes, texts: Sequence[Held]) -> None:
        """Search the name of a file that is new."""
        shown = self._cleaner.show(path)
        nothing = Stood({}, ())
        for one in added(self._judge, texts, nothing, path, "file_name", shown):
            self.sightings.append(one._replace(found=one.found._replace(line=None, column=None)))

    def ask_detect_secrets(self, path: bytes, data: bytes) -> None:
        """Add its candidates: it loads slowly, so only a stopped commit asks it."""
        if len(data) > _MOST:
            return
        from keyproof.leaks.engine_detect_secrets import scan_lines

        shown = self._cleaner.show(path)
        known = {(one.path, one.found.line) for one in self.sightings}
        texts = [Held(data, scan_lines(data, shown))]
        for one in added(self._judge, texts, self._stood, path, self._where, shown):
            if (one.path, one.found.line) not in known:
                self.sightings.append(one)
