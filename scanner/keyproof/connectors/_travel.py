"""How what a source reads travels: decided from the address alone, without a connection."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

Travel = Literal["tls", "plain", "local", "unknown"]
_ENCRYPTED = frozenset({"https", "ssh", "git+ssh", "ssh+git"})
_BARE = frozenset({"http", "git", "ftp"})
_WORST: tuple[Travel, ...] = ("plain", "unknown", "tls", "local")


def travel(url: str) -> Travel:
    """Return how an address is reached; ``git@host:path`` is SSH, a path is the machine itself."""
    if "::" in url.partition("[")[0]:
        return "unknown"  # a remote helper of git's: whatever program it runs
    if "://" not in url:
        host, colon, _ = url.partition(":")
        return "tls" if colon and "/" not in host and len(host) > 1 else "local"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "unknown"
    if parts.scheme == "file" or _is_here(host):
        return "local"
    if parts.scheme in _ENCRYPTED:
        return "tls"
    return "plain" if parts.scheme in _BARE else "unknown"


def worst(urls: Iterable[str]) -> Travel:
    """Return how the least protected of several addresses is reached; of none, ``local``."""
    found = {travel(url) for url in urls}
    return next((way for way in _WORST if way in found), "local")


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
