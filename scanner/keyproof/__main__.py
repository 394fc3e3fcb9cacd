"""``python -m keyproof``."""

from __future__ import annotations

from keyproof.cli.main import main

if __name__ == "__main__":
    main()
