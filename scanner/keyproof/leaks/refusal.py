"""Refusal: what the hook tells somebody whose commit or push it stops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from keyproof.leaks.added import News, Sighting
from keyproof.leaks.advice import Advice, advice

_SHOWN = 20
_WAIVE = """\
  If it is no secret, say so on its line, with the reason:  keyproof:allow WHY
  or record all of them:  keyproof hook baseline --reason WHY"""
_HOW = {
    "commit": f"""\
  Take it out, and read it from the environment or a secrets manager. Wherever it has been already
  (a push, a chat, another machine), deleting it is not enough: rotate it at its issuer.
{_WAIVE}""",
    "push": f"""\
  Rotate it at its issuer: it stands in commits. Then take it out of them before you push
  (git rebase -i, or git commit --amend); a later commit that deletes it does not help.
{_WAIVE}""",
}


def refused(news: News) -> list[Sighting]:
    """Return the secrets that nobody accepts."""
    return [one for one in news.sightings if not one.accepted]


def lines(news: News, what: str, *, strict: bool = False) -> Iterator[str]:
    """Yield what there is to say, line by line; nothing of a secret stands in it.

    Args:
        what: is stopped: ``commit`` or ``push``.
        strict: what could not be looked into stops it too.
    """
    for path, reason in news.unread:
        yield f"keyproof: not looked into: {printable(path)} ({reason.replace('_', ' ')})"
    fresh = refused(news)
    if news.unread and strict:
        yield f"keyproof: the {what} is stopped: unpack what was not looked into, or leave it out"
    elif news.unread and not fresh:
        yield f"keyproof: the {what} goes on without that; --refuse-unread would stop it"
    yield from _accepted([one for one in news.sightings if one.accepted])
    if not fresh:
        return
    count = "a new secret" if len(fresh) == 1 else f"{len(fresh)} new secrets"
    yield f"keyproof: {count} in this {what}; it is stopped"
    known = advice(one.found.detector for one in fresh)
    for detector, group in groupby(fresh[:_SHOWN], key=lambda one: one.found.detector):
        for one in group:
            shown = printable(one.found.redacted)
            yield f"  {printable(_place(one))}  {detector}  {shown}"
            if one.lapsed and one.entry:
                yield f"    its baseline entry ended on {one.entry.expires}"
        yield from _advised(known.get(detector, Advice()))
    if len(fresh) > _SHOWN:
        yield f"  and {len(fresh) - _SHOWN} more"
    yield from _HOW[what].splitlines()


def _accepted(accepted: Sequence[Sighting]) -> Iterator[str]:
    inline = sum(one.inline for one in accepted)
    for count, how in ((inline, "an inline comment"), (len(accepted) - inline, "the baseline")):
        if count:
            yield f"keyproof: {count} accepted by {how}"


def _advised(known: Advice) -> Iterator[str]:
    if known.revoke:
        yield f"    revoke: {known.revoke}"
    if known.rotate:
        yield f"    rotate: {known.rotate}"
    if known.docs:
        yield f"    {known.docs}"


def _place(one: Sighting) -> str:
    at = one.path or one.where.replace("_", " ")
    if one.found.line is not None:
        at += f":{one.found.line}"
        at += f":{one.found.column}" if one.found.column is not None else ""
    name = " (file name)" if one.where == "file_name" else ""
    return f"{at}{name}" + (f" in {one.commit[:12]}" if one.commit else "")


def printable(text: str) -> str:
    """Replace what a terminal would obey: names are their author's choice."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
