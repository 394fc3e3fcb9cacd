"""Policy-as-code compliance scanner for API keys."""

from __future__ import annotations

__version__ = "0.1.0"
