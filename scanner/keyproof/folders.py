"""Where keyproof keeps what belongs to its user. Imports next to nothing: the hook asks."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def data_folder(environment: Mapping[str, str]) -> str:
    """Return the user's data folder for keyproof (``$XDG_DATA_HOME/keyproof``)."""
    return _user_folder(environment, "XDG_DATA_HOME", ".local/share")


def cache_folder(environment: Mapping[str, str]) -> str:
    """Return the user's cache folder for keyproof (``$XDG_CACHE_HOME/keyproof``)."""
    return _user_folder(environment, "XDG_CACHE_HOME", ".cache")


def _user_folder(environment: Mapping[str, str], xdg: str, default: str) -> str:
    windows = environment.get("LOCALAPPDATA") if os.name == "nt" else None
    root = environment.get(xdg) or windows
    if not root:
        home = environment.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - no pathlib here
        root = f"{home}{os.sep}{default}"
    return f"{root}{os.sep}keyproof"
