"""What a repository's own configuration says of it, read by GitPython without following includes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from keyproof.leaks.gitio import Repository


def identity(repository: Repository) -> str:
    """Return the repository's name: where ``origin`` lies, without credentials, else its folder."""
    for name, url in remote_urls(repository):
        if name == "origin":
            return without_credentials(url)
    return str(repository.root)


def remote_urls(repository: Repository) -> Iterator[tuple[str, str]]:
    """Yield ``(name, url)`` of every remote in the repository's own configuration file."""
    for section, key, value in _values(repository.common_dir / "config"):
        kind, _, name = section.partition(" ")
        if kind == "remote" and key == "url":
            yield name.strip('"'), value


def without_credentials(url: str) -> str:
    """Return a remote's URL without user, password, query and fragment."""
    if "://" not in url:
        return url.rpartition("@")[2]
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url.partition("://")[0] + "://…"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _values(path: Path) -> Iterator[tuple[str, str, str]]:
    from configparser import Error

    from git.config import GitConfigParser  # 100 ms, which a scan from the command line saves

    try:
        with GitConfigParser(str(path), read_only=True, merge_includes=False) as parser:
            parser.read()
            for section in parser.sections():
                for key, value in parser.items(section):
                    yield section, key, str(value)
    except (OSError, Error, ValueError):
        return
