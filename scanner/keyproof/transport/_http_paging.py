"""Lists that come in pages: a repeated or missing page is never taken for the end."""

from __future__ import annotations

import re

from keyproof.transport._http_errors import HttpError

_LINK = re.compile(r"<(?P<target>[^<>]{1,4096})>(?P<parameters>[^<]*)")
_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"(?:[^\"]*\s)?next(?:\s[^\"]*)?\"|next)\s*(?:[;,]|$)")


def next_link(header: str) -> str | None:
    """Return the target whose relation is ``next`` in a ``Link`` header (RFC 8288)."""
    for link in _LINK.finditer(header):
        if _NEXT.search(link["parameters"]):
            return link["target"]
    return None


class PageTrail:
    """Follows one list from page to page by the token or address of the next one."""

    def __init__(self, where: str, maximum: int = 10_000) -> None:
        """Start at the first page; ``where`` names the list in errors."""
        self._where = where
        self._maximum = maximum
        self._seen: set[str] = set()

    def advance(self, token: str | None, *, more: bool) -> str | None:
        """Return the token of the next page, or ``None`` at the end.

        Args:
            more: whether the server says that there are more pages.

        Raises:
            HttpError: (``truncated``) more pages, but no token or one that came before;
                (``limit``) more pages than allowed.
        """
        if not more:
            return None
        if not token or token in self._seen:
            what = "came twice" if token else "is missing"
            raise HttpError(
                f"the list is cut short: the next page {what}",
                reason="truncated",
                hint="run it again; the list may have changed while it was read",
                where=self._where,
            )
        self._seen.add(token)
        if len(self._seen) >= self._maximum:
            raise HttpError(
                f"the list has more than {self._maximum} pages",
                reason="limit",
                hint="raise http.maximum_pages",
                where=self._where,
            )
        return token
