"""Hyperscan's compiled half, loaded alone: its package imports ``typing``, and that imports ``re``.

Together they take a clean commit longer than all its matching.
"""

from __future__ import annotations

import sys
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PACKAGE, _HALF = "hyperscan", "hyperscan._hs_ext"


def load() -> Any:
    """Return what holds hyperscan's classes, functions and flags."""
    spec = None if _PACKAGE in sys.modules else PathFinder.find_spec(_PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        shell = type(sys)(_PACKAGE)
        shell.__path__ = list(spec.submodule_search_locations)
        sys.modules[_PACKAGE] = shell
        try:
            __import__(_HALF)
        except ImportError:
            sys.modules.pop(_HALF, None)
        finally:
            del sys.modules[_PACKAGE]  # whoever asks for the package gets it whole
    return sys.modules.get(_HALF) or __import__(_PACKAGE)
