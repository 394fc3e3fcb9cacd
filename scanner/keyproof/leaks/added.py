"""Added: the secrets that a text holds and its older versions do not.

A hit counts as old where its whole lines stand in an older text: a line that was only moved, and a
line that was not touched while its file was, are no news.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from keyproof.leaks import decode, inline
from keyproof.leaks.baseline import Baseline, Entry
from keyproof.leaks.hit import Hit
from keyproof.leaks.inline import Inline
from keyproof.leaks.locate import Found, Identities, locate
from keyproof.leaks.matcher import Matcher


class Sighting(NamedTuple):
    """A new secret at one place, without its value, and what is stated about it.

    Attributes:
        where: a ``model.leak.Where`` word.
        commit: the commit that brings it, for a push.
        lapsed: the baseline's entry has come to its end, and accepts nothing any more.
    """

    found: Found
    where: str
    path: str | None
    commit: str | None = None
    stated: Inline | None = None
    entry: Entry | None = None
    lapsed: bool = False

    @property
    def accepted(self) -> bool:
        """Whether somebody's valid statement accepts it."""
        return self.stated is not None or (self.entry is not None and not self.lapsed)


class Judge(NamedTuple):
    """What places are judged by: ids, statements, and the day."""

    identities: Identities
    baseline: Baseline | None
    inline: bool
    today: str

    def sighting(
        self, found: Found, where: str, path: str | None, stated: Inline | None
    ) -> Sighting:
        """Return a found secret with what is stated about it."""
        entry = None
        if self.baseline is not None:
            entry = self.baseline.entry(found.secret_id, found.occurrence_id, path)
        lapsed = bool(entry and entry.expires and entry.expires < self.today)
        stated = stated if self.inline else None
        return Sighting(found, where, path, None, stated, entry, lapsed)


def added(
    matcher: Matcher, judge: Judge, data: bytes, olds: Sequence[bytes], where: str, path: str | None
) -> list[Sighting]:
    """Return the secrets that ``data`` holds and ``olds`` do not, by place."""
    seen = sightings_of(judge, data, matcher.find(data), olds, where, path, line=1)
    if b"\0" in data:
        old_views = [view.text for old in olds if b"\0" in old for view in decode.views(old)]
        for view in decode.views(data):
            hits = matcher.find(view.text)
            more = sightings_of(judge, view.text, hits, old_views, where, path, line=view.line)
            seen += more if view.exact else [_inexact(one) for one in more]
    return seen


def _inexact(sighting: Sighting) -> Sighting:
    return sighting._replace(found=sighting.found._replace(column=None))


def sightings_of(
    judge: Judge,
    text: bytes,
    hits: Sequence[Hit],
    olds: Sequence[bytes],
    where: str,
    path: str | None,
    *,
    line: int,
) -> list[Sighting]:
    """Return those of a text's hits that its older versions do not hold.

    Args:
        line: the number of the text's first line.
    """
    if not hits:
        return []
    located = locate(judge.identities, text, hits, first_line=line)
    return [
        judge.sighting(found, where, path, stated_about(text, hit))
        for found, hit in zip(located, hits, strict=True)
        if not is_old(text, hit, olds)
    ]


def is_old(text: bytes, hit: Hit, olds: Sequence[bytes]) -> bool:
    """Tell whether the whole lines of a hit stand in an older text."""
    begin, finish = _lines(text, hit)
    block = text[begin:finish].rstrip(b"\r")
    for old in olds:
        at = old.find(block)
        while at >= 0:
            stop = at + len(block)
            if (at == 0 or old[at - 1 : at] == b"\n") and old[stop : stop + 1] in {
                b"",
                b"\n",
                b"\r",
            }:
                return True
            at = old.find(block, at + 1)
    return False


def _lines(text: bytes, hit: Hit) -> tuple[int, int]:
    begin = text.rfind(b"\n", 0, hit.start) + 1
    finish = text.find(b"\n", hit.end)
    return begin, len(text) if finish < 0 else finish


def stated_about(text: bytes, hit: Hit) -> Inline | None:
    """Return the inline statement on a hit's lines, or for them on the line above."""
    begin, finish = _lines(text, hit)
    above = text[text.rfind(b"\n", 0, max(0, begin - 1)) + 1 : max(0, begin - 1)]
    return inline.statement(above, text[begin : hit.start] + b"\0" + text[hit.end : finish])
