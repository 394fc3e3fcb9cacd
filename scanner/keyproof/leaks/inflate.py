"""Inflate: zlib's streams, undone by ISA-L where it is installed (in half the time), else by zlib."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from types import ModuleType

_fastest: ModuleType = zlib
try:
    from isal import isal_zlib
except ImportError:
    pass
else:
    _fastest = isal_zlib

inflate: Callable[[bytes, int, int], bytes] = _fastest.decompress
"""Takes a stream (what follows it is passed over), zlib's window bits and the expected size."""
DAMAGE: tuple[type[Exception], ...] = (zlib.error, _fastest.error)
"""What is raised where a stream is damaged or ends too early."""
